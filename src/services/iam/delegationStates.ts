import { hash } from "node:crypto";
import { servicePrincipal } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import type { Delivery } from "../../kit/service.ts";
import { isRetriable } from "../../kit/targets.ts";
import {
  type DelegationRow,
  delegations,
  delegationTokens,
  delegationWorkflows,
  ownedDelegations,
} from "./delegationTables.ts";

/**
 * How a request goes from state to state, and how its partner learns of it.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/temporary-delegation-building-integration.html
 */

const dayMs = 24 * 60 * 60_000;
const unassignedMs = dayMs;
const otherMs = 7 * dayMs;
/** For so long an expired request can still be seen. */
const retentionMs = 7 * dayMs;

export function requestArn(account: string, id: string): string {
  return `arn:aws:iam::${account}:delegation-request/${id}`;
}

export const hashed = (text: string): string => hash("sha256", text);

/** The request as it stands by the clock. */
export async function delegation(id: string, ctx: Context): Promise<DelegationRow | undefined> {
  const row = await delegations.get(ctx.tx, id);
  const isOver = row !== undefined && row.state !== "EXPIRED" && row.expiresMs <= ctx.clock.now();
  return isOver ? { ...row, state: "EXPIRED" } : row;
}

/** Puts a request into a state, and sees to it that the state ends. */
export function enter(row: Omit<DelegationRow, "updatedMs" | "expiresMs">, ctx: Context): DelegationRow {
  const now = ctx.clock.now();
  const { id, state } = row;
  const lifeMs = state === "UNASSIGNED" ? unassignedMs : state === "EXPIRED" ? retentionMs : otherMs;
  const entered = { ...row, updatedMs: now, expiresMs: now + lifeMs };
  delegations.put(ctx.tx, [id], entered);
  // A timer that finds another end than its own has nothing to do: states change in several accounts.
  const { expiresMs } = entered;
  ctx.timers.set(`delegation/${id}/${expiresMs}`, "endDelegation", expiresMs, { id, expiresMs });
  if (state !== "UNASSIGNED") tell(entered, "StateChange", {}, ctx);
  return entered;
}

export async function endDelegation(
  { id, expiresMs }: { id: string; expiresMs: number },
  ctx: Context,
): Promise<void> {
  const row = await delegations.get(ctx.tx, id);
  if (row?.expiresMs !== expiresMs) return;
  if (row.state !== "EXPIRED") return void enter({ ...row, state: "EXPIRED" }, ctx);
  delegations.delete(ctx.tx, id);
  delegationWorkflows.delete(ctx.tx, row.requestorAccount, hashed(row.workflowId));
  if (row.ownerAccount !== undefined) ownedDelegations.delete(ctx.tx, row.ownerAccount, id);
  if (row.tokenHash !== undefined) delegationTokens.delete(ctx.tx, row.tokenHash);
}

/** Tells the partner's topic, soon and in order. */
export function tell(
  row: DelegationRow,
  Type: "StateChange" | "ExchangeToken",
  more: Record<string, string>,
  ctx: Context,
): void {
  const message = {
    RequestId: row.id,
    RequestorWorkflowId: row.workflowId,
    State: row.state,
    OwnerAccountId: row.ownerAccount ?? "",
    ...more,
    UpdatedAt: new Date(row.updatedMs).toISOString(),
    Type,
  };
  const { id, channel, requestorAccount } = row;
  const payload = { id, channel, requestorAccount, message: JSON.stringify(message) };
  ctx.outbox.put("delegationNotice", payload, { group: `delegation/${id}` });
}

interface Notice {
  id: string;
  channel: string;
  requestorAccount: string;
  message: string;
}

export const delegationNotice: Delivery = {
  async settle({ id, channel, requestorAccount, message }: Notice, ctx: Context): Promise<void> {
    const [, , , region = "", account = ""] = channel.split(":");
    const source = { sourceArn: requestArn(requestorAccount, id), sourceAccount: requestorAccount };
    const as = servicePrincipal("iam.amazonaws.com", source);
    try {
      await ctx.call("sns", "Publish", { TopicArn: channel, Message: message }, { as, account, region });
    } catch (error) {
      // A topic that is gone, or does not let IAM publish, is not told: as on AWS.
      if (!(error instanceof AwsError) || isRetriable(error)) throw error;
    }
  },
};
