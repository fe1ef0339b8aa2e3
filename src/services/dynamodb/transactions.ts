import { hash } from "node:crypto";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import type { Meters } from "./capacity.ts";
import { tokens } from "./tables.ts";
import { charge } from "./throttle.ts";
import { validation } from "./words.ts";
import { carryOut, type Planned, plan, type WriteRequest } from "./write.ts";

/**
 * All of several writes, or none. The store's own transactions are serializable: nothing that one has read changes
 * before it commits. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
 */

export const maxActions = 100;
/** A token is remembered so long. */
const tokenMs = 10 * 60_000;
const sweepRows = 1_000;

/** Why one action of a transaction failed. */
export interface Reason {
  Code: string;
  Message?: string;
  Item?: unknown;
}

const none: Reason = { Code: "None" };

const reasonCodes: Record<string, string> = {
  ConditionalCheckFailedException: "ConditionalCheckFailed",
  ValidationException: "ValidationError",
  ProvisionedThroughputExceededException: "ProvisionedThroughputExceeded",
  DuplicateItemException: "DuplicateItem",
};

export function reasonOf(error: unknown): Reason {
  const code = error instanceof AwsError ? reasonCodes[error.code] : undefined;
  if (!(error instanceof AwsError) || code === undefined) throw error;
  const Item = error.members?.Item;
  return { Code: code, Message: error.message, ...(Item !== undefined && { Item }) };
}

export function canceled(reasons: readonly (Reason | undefined)[]): AwsError {
  const CancellationReasons = reasons.map((reason) => reason ?? none);
  const codes = CancellationReasons.map(({ Code }) => Code).join(", ");
  return new AwsError(
    "TransactionCanceledException",
    `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`,
    { members: { CancellationReasons } },
  );
}

/** An action: what to write, or only a condition; or why it cannot be. */
export type ActionPlan = WriteRequest | Reason;

export function checkDistinct(actions: readonly WriteRequest[]): void {
  const seen = new Set<string>();
  for (const { table, place } of actions) {
    const name = `${table.store}/${place.partition}/${place.sort}`;
    if (seen.has(name))
      throw validation("Transaction request cannot include multiple operations on one item");
    seen.add(name);
  }
}

/** Plans every action before the first is carried out: one that fails cancels all. */
export async function runAll(
  actions: readonly ActionPlan[],
  meters: Meters,
  ctx: Context,
): Promise<Planned[]> {
  checkDistinct(actions.filter((action): action is WriteRequest => "table" in action));
  const plans: Planned[] = [];
  const reasons: (Reason | undefined)[] = [];
  // What is wrong with an action by itself is found before any condition is looked at, and ends the search.
  const wrong = actions.findIndex((action) => !("table" in action));
  if (wrong >= 0) throw canceled(actions.map((action, i) => (i === wrong ? (action as Reason) : undefined)));
  for (const action of actions as readonly WriteRequest[]) {
    try {
      plans.push(await plan(action, ctx));
      reasons.push(undefined);
    } catch (error) {
      reasons.push(reasonOf(error));
    }
  }
  if (reasons.some((reason) => reason !== undefined)) throw canceled(reasons);
  for (const planned of plans) {
    const meter = meters.of(planned.request.table);
    await carryOut(planned, meter, ctx);
  }
  for (const meter of meters.all) {
    meter.double();
    charge(meter, ctx);
  }
  return plans;
}

function periodOf(ms: number): string {
  return String(Math.floor(ms / tokenMs)).padStart(12, "0");
}

const armed = new Set<string>();
const maxArmed = 10_000;

/** Whether the same request has been carried out under the token already. */
export async function doneBefore(
  token: string | undefined,
  input: Record<string, unknown>,
  ctx: Context,
): Promise<boolean> {
  if (token === undefined) return false;
  const { account, region } = ctx;
  const now = ctx.clock.now();
  const { ClientRequestToken: _, ReturnConsumedCapacity: __, ...asked } = input;
  const digest = hash("sha256", JSON.stringify(asked), "hex");
  for (const period of [periodOf(now), periodOf(now - tokenMs)]) {
    const known = await tokens.get(ctx.tx, account, region, period, token);
    if (known === undefined || known.at + tokenMs <= now) continue;
    if (known.digest === digest) return true;
    throw new AwsError(
      "IdempotentParameterMismatchException",
      "The provided client token was used with a different request within the last 10 minutes",
    );
  }
  tokens.put(ctx.tx, [account, region, periodOf(now), token], { at: now, digest });
  armForget(now, ctx);
  return false;
}

/** Sets the timer that forgets a period's tokens; most often it is set already. */
function armForget(now: number, ctx: Context): void {
  const period = periodOf(now);
  const { account, region } = ctx;
  const name = `${account}/${region}/${period}`;
  if (armed.has(name)) return;
  const at = (Math.floor(now / tokenMs) + 2) * tokenMs;
  ctx.timers.set(`tokens/${name}`, "forgetTokens", at, { period });
  ctx.afterCommit(() => {
    if (armed.size >= maxArmed) armed.clear();
    armed.add(name);
  });
}

export async function forgetTokens({ period }: { period: string }, ctx: Context): Promise<void> {
  const { account, region } = ctx;
  const page = await tokens.list(ctx.tx, [account, region, period], { limit: sweepRows });
  for (const { key } of page) tokens.delete(ctx.tx, ...key);
  if (page.length === sweepRows)
    ctx.timers.set(`tokens/${account}/${region}/${period}`, "forgetTokens", ctx.clock.now() + 1, { period });
}
