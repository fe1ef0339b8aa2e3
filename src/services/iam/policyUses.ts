import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { managedPolicy } from "./managedPolicies.ts";
import { lastPart } from "./shared.ts";
import { type HolderKind, type PolicyRow, policies, policyUses } from "./tables.ts";

/** Which users, groups and roles use a managed policy. */

export interface Holder {
  kind: HolderKind;
  /** In lower case. */
  name: string;
}

type Usage = "attached" | "boundary";

const policyArn = /^arn:aws:iam::(?:aws|partner|\d{12}):policy\/(?:[\u0021-\u007e]+\/)?[\w+=,.@-]+$/;

export function checkPolicyArn(arn: string, ctx: Context): void {
  if (!policyArn.test(arn)) throw ctx.error("ValidationError", "Invalid ARN:  Could not be parsed!");
}

/** Whether an account may use the policy: it is the account's own, or AWS's. */
async function isUsable(arn: string, { account, tx }: Context): Promise<boolean> {
  if (managedPolicy(arn) !== undefined) return true;
  return (await policies.get(tx, account, lastPart(arn).toLowerCase()))?.arn === arn;
}

/** A permissions boundary that the operator registered for a partner: of all accounts, and unchanging. */
export async function partnerPolicy(arn: string, { tx }: Context): Promise<PolicyRow | undefined> {
  if (!arn.startsWith("arn:aws:iam::partner:policy/")) return undefined;
  const row = await policies.get(tx, "partner", lastPart(arn).toLowerCase());
  return row?.arn === arn ? row : undefined;
}

export async function checkAttachable(arn: string, ctx: Context<"NoSuchEntityException">): Promise<void> {
  checkPolicyArn(arn, ctx);
  if (await isUsable(arn, ctx)) return;
  throw ctx.error("NoSuchEntityException", `Policy ${arn} does not exist or is not attachable.`);
}

/** AWS answers this of operations, too, whose model does not name the error. */
export async function checkBoundary(arn: string, ctx: Context): Promise<void> {
  checkPolicyArn(arn, ctx);
  if ((await isUsable(arn, ctx)) || (await partnerPolicy(arn, ctx)) !== undefined) return;
  throw new AwsError("NoSuchEntity", `Scope ARN: ${arn} does not exist or is not attachable.`, {
    status: 404,
  });
}

export function addUse(arn: string, usage: Usage, { kind, name }: Holder, ctx: Context): void {
  policyUses.put(ctx.tx, [ctx.account, arn, usage, kind, name], {});
}

export function dropUse(arn: string, usage: Usage, { kind, name }: Holder, ctx: Context): void {
  policyUses.delete(ctx.tx, ctx.account, arn, usage, kind, name);
}

/** Everybody that uses one policy. */
export async function usesOf(arn: string, ctx: Context): Promise<(Holder & { usage: Usage })[]> {
  const rows = await policyUses.list(ctx.tx, [ctx.account, arn]);
  return rows.map(({ key: [, , usage, kind, name] }) => ({ usage, kind, name }));
}

export interface UseCounts {
  attached: number;
  boundary: number;
}

/** How often each policy of the account is used, by ARN. */
export async function countUses(ctx: Context): Promise<Map<string, UseCounts>> {
  const found = new Map<string, UseCounts>();
  for (const { key } of await policyUses.list(ctx.tx, [ctx.account])) {
    const [, arn, usage] = key;
    const soFar = found.get(arn) ?? { attached: 0, boundary: 0 };
    found.set(arn, { ...soFar, [usage]: soFar[usage] + 1 });
  }
  return found;
}

/** Follows a change of the holder's name. */
export function moveUses(
  { attached, boundary }: { attached: readonly string[]; boundary?: string },
  from: Holder,
  to: Holder,
  ctx: Context,
): void {
  for (const arn of attached) {
    dropUse(arn, "attached", from, ctx);
    addUse(arn, "attached", to, ctx);
  }
  if (boundary === undefined) return;
  dropUse(boundary, "boundary", from, ctx);
  addUse(boundary, "boundary", to, ctx);
}

/** Lays a boundary over a user or role, or takes it off. */
export function withBoundary<Row extends { boundary?: string }>(
  row: Row,
  boundary: string | undefined,
  holder: Holder,
  ctx: Context,
): Row {
  const { boundary: before, ...rest } = row;
  if (before !== undefined) dropUse(before, "boundary", holder, ctx);
  if (boundary !== undefined) addUse(boundary, "boundary", holder, ctx);
  return { ...rest, ...(boundary !== undefined && { boundary }) } as Row;
}
