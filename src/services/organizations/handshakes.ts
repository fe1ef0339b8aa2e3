import type { Handshake, HandshakeParty, HandshakeResource } from "@aws-sdk/client-organizations";
import type { Context } from "../../kit/context.ts";
import { randomText } from "../../kit/ids.ts";
import { arnPrefix } from "./membership.ts";
import {
  type HandshakeRow,
  handshakes,
  handshakesOfAccount,
  handshakesOfOrganization,
  type OrganizationRow,
} from "./tables.ts";

/**
 * What one account asks of another.
 * https://docs.aws.amazon.com/organizations/latest/APIReference/API_Handshake.html
 */

const dayMs = 24 * 3_600_000;
/** What has ended is shown for this long. */
const shownMs = 30 * dayMs;

export type HandshakeState = HandshakeRow["state"] | "EXPIRED";

export function stateOf(row: HandshakeRow, nowMs: number): HandshakeState {
  return row.endedDate === undefined && nowMs >= row.expirationDate ? "EXPIRED" : row.state;
}

export function isPending(row: HandshakeRow, nowMs: number): boolean {
  return row.endedDate === undefined && nowMs < row.expirationDate;
}

export function isShown(row: HandshakeRow, nowMs: number): boolean {
  return nowMs < (row.endedDate ?? row.expirationDate) + shownMs;
}

export function handshakeArn({ id, organization, action }: HandshakeRow): string {
  return `${arnPrefix(organization)}handshake/${organization.id}/${action.toLowerCase()}/${id}`;
}

export function describeHandshake(row: HandshakeRow, nowMs: number): Handshake {
  const { id, organization, target, account, action } = row;
  const asked: HandshakeParty | undefined =
    action === "INVITE"
      ? target && { Id: target.id, Type: target.type }
      : account
        ? { Id: account, Type: "ACCOUNT" }
        : undefined;
  const resources: HandshakeResource[] = [
    {
      Type: "ORGANIZATION",
      Value: organization.id,
      Resources: [
        { Type: "MASTER_EMAIL", Value: organization.managementEmail },
        { Type: "MASTER_NAME", Value: "management" },
        {
          Type: "ORGANIZATION_FEATURE_SET",
          Value: organization.billingOnly ? "CONSOLIDATED_BILLING" : "ALL",
        },
      ],
    },
  ];
  if (asked !== undefined)
    resources.push({ Type: asked.Type === "EMAIL" ? "EMAIL" : "ACCOUNT", Value: asked.Id });
  if (row.notes !== undefined) resources.push({ Type: "NOTES", Value: row.notes });
  if (row.parent !== undefined) resources.push({ Type: "PARENT_HANDSHAKE", Value: row.parent });
  return {
    Id: id,
    Arn: handshakeArn(row),
    Action: action,
    State: stateOf(row, nowMs),
    RequestedTimestamp: new Date(row.requestedDate),
    ExpirationTimestamp: new Date(row.expirationDate),
    Parties: [{ Id: organization.id, Type: "ORGANIZATION" }, ...(asked ? [asked] : [])],
    Resources: resources,
  };
}

/** A new one, known to both sides. */
export function addHandshake(
  organization: OrganizationRow,
  {
    days,
    ...asked
  }: Pick<HandshakeRow, "action" | "state" | "target" | "account" | "notes" | "parent"> & {
    days: number;
    tags?: Record<string, string>;
  },
  ctx: Context,
): HandshakeRow {
  const now = ctx.clock.now();
  const row: HandshakeRow = {
    tags: {},
    ...asked,
    id: `h-${randomText(32, "lower36")}`,
    organization,
    requestedDate: now,
    expirationDate: now + days * dayMs,
  };
  handshakes.put(ctx.tx, [row.id], row);
  handshakesOfOrganization.put(ctx.tx, [organization.id, row.id], {});
  if (row.account !== undefined) handshakesOfAccount.put(ctx.tx, [row.account, row.id], {});
  return row;
}

export function endHandshake(
  row: HandshakeRow,
  state: "ACCEPTED" | "DECLINED" | "CANCELED",
  ctx: Context,
): HandshakeRow {
  const ended: HandshakeRow = { ...row, state, endedDate: ctx.clock.now() };
  handshakes.put(ctx.tx, [row.id], ended);
  return ended;
}

/** All of an organization. */
export async function handshakesOf(organization: string, ctx: Context): Promise<HandshakeRow[]> {
  const keys = await handshakesOfOrganization.list(ctx.tx, [organization]);
  return found(
    keys.map(({ key }) => key[1]),
    ctx,
  );
}

/** All that an account was asked. */
export async function handshakesTo(account: string, ctx: Context): Promise<HandshakeRow[]> {
  const keys = await handshakesOfAccount.list(ctx.tx, [account]);
  return found(
    keys.map(({ key }) => key[1]),
    ctx,
  );
}

async function found(ids: string[], ctx: Context): Promise<HandshakeRow[]> {
  const rows = await Promise.all(ids.map((id) => handshakes.get(ctx.tx, id)));
  return rows.filter((row) => row !== undefined).sort((a, b) => a.requestedDate - b.requestedDate);
}

/** What nobody is shown any more goes. */
export async function dropOld(organization: string, ctx: Context): Promise<void> {
  const now = ctx.clock.now();
  for (const row of await handshakesOf(organization, ctx)) if (!isShown(row, now)) drop(row, ctx);
}

function drop({ id, organization, account }: HandshakeRow, ctx: Context): void {
  handshakes.delete(ctx.tx, id);
  handshakesOfOrganization.delete(ctx.tx, organization.id, id);
  if (account !== undefined) handshakesOfAccount.delete(ctx.tx, account, id);
}

/** An organization ends: whom it asked sees that. */
export async function cancelAll(organization: string, ctx: Context): Promise<void> {
  const now = ctx.clock.now();
  for (const row of await handshakesOf(organization, ctx)) {
    if (isPending(row, now)) endHandshake(row, "CANCELED", ctx);
    handshakesOfOrganization.delete(ctx.tx, organization, row.id);
  }
}
