import type { Context } from "../../kit/context.ts";
import { managedKey } from "./awsManaged.ts";
import { keyArn } from "./make.ts";
import { aliases, type KeyRow, keys } from "./tables.ts";

/**
 * Keys by any of their names: id, ARN, alias, alias ARN.
 * https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id
 */

/** Where a name points, whether or not anything is there. */
export interface Named {
  account: string;
  region: string;
  /** Undefined where an alias does not exist. */
  keyId?: string;
  alias?: string;
  /** The ARN that the name stands for, for messages and for authorization of what does not exist. */
  arn: string;
  key?: KeyRow | undefined;
  /** Set where the name is no name at all. */
  malformed?: string;
}

const keyIdForm = /^(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/;
const arnForm = /^arn:aws:kms:([a-z0-9-]+):(\d{12}):(key\/|alias\/)(.+)$/;

export async function locate(name: string, ctx: Context): Promise<Named> {
  const arn = arnForm.exec(name);
  if (name.startsWith("arn:") && arn === null) {
    return { account: ctx.account, region: ctx.region, arn: name, malformed: `Invalid arn ${name}` };
  }
  const region = arn?.[1] ?? ctx.region;
  const account = arn?.[2] ?? ctx.account;
  if (region !== ctx.region) return { account, region, arn: name, malformed: `Invalid arn ${region}` };
  const rest = arn === null ? name : arn[3] === "alias/" ? `alias/${arn[4]}` : (arn[4] as string);
  if (rest.startsWith("alias/")) return await byAlias(account, region, rest, ctx);
  if (!keyIdForm.test(rest)) {
    return { account, region, arn: keyArn(account, region, rest), malformed: `Invalid keyId '${rest}'` };
  }
  const key = await keys.get(ctx.tx, account, region, rest);
  return { account, region, keyId: rest, arn: keyArn(account, region, rest), key };
}

async function byAlias(account: string, region: string, alias: string, ctx: Context): Promise<Named> {
  const row = await aliases.get(ctx.tx, account, region, alias);
  const key =
    row === undefined
      ? await managedKey(alias, account, ctx)
      : await keys.get(ctx.tx, account, region, row.keyId);
  const arn = key?.arn ?? `arn:aws:kms:${region}:${account}:${alias}`;
  return { account, region, alias, arn, ...(key && { keyId: key.keyId, key }) };
}

/** The key itself, or NotFoundException in AWS's words. */
export async function findKey(name: string, ctx: Context<"NotFoundException">): Promise<KeyRow> {
  return existing(await locate(name, ctx), ctx);
}

export function existing(named: Named, ctx: Context<"NotFoundException">): KeyRow {
  const { malformed, key, alias, arn } = named;
  if (malformed !== undefined) throw ctx.error("NotFoundException", malformed);
  if (key !== undefined) return key;
  const what = alias === undefined ? `Key '${arn}' does not exist` : `Alias ${arn} is not found.`;
  throw ctx.error("NotFoundException", what);
}

/** For operations that take a key's id or ARN, but no alias. */
export async function findKeyById(
  name: string,
  ctx: Context<"NotFoundException" | "InvalidArnException">,
): Promise<KeyRow> {
  if (name.startsWith("alias/")) throw ctx.error("NotFoundException", `Invalid keyId '${name}'`);
  if (name.includes(":alias/")) throw ctx.error("InvalidArnException", `${name} is not a key ARN.`);
  return existing(await locate(name, ctx), ctx);
}

type StateErrors = "DisabledException" | "KMSInvalidStateException";

/**
 * The key, if it is in a state to be used. https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
 */
export function usable(key: KeyRow, ctx: Context<StateErrors>): KeyRow {
  if (key.state === "Disabled") throw ctx.error("DisabledException", `${key.arn} is disabled.`);
  return notPending(key, ctx);
}

/** The key, unless it is about to be deleted or has no material yet. */
export function notPending(key: KeyRow, ctx: Context<"KMSInvalidStateException">): KeyRow {
  notPendingDeletion(key, ctx);
  if (key.state === "PendingImport")
    throw ctx.error("KMSInvalidStateException", `${key.arn} is pending import.`);
  return key;
}

export function notPendingDeletion(key: KeyRow, ctx: Context<"KMSInvalidStateException">): KeyRow {
  if (key.state === "PendingDeletion")
    throw ctx.error("KMSInvalidStateException", `${key.arn} is pending deletion.`);
  if (key.state === "PendingReplicaDeletion") {
    throw ctx.error("KMSInvalidStateException", `${key.arn} is pending replica deletion.`);
  }
  return key;
}

/** The key, if it is a customer's own: AWS's keys cannot be changed. */
export function customersOwn(key: KeyRow, ctx: Context): KeyRow {
  if (key.manager === "AWS") {
    throw ctx.error("AccessDeniedException", `${key.arn} is managed by AWS and cannot be changed.`);
  }
  return key;
}
