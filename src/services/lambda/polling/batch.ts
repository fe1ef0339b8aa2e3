import type { Caller } from "../../../kit/caller.ts";
import type { Context } from "../../../kit/context.ts";
import { uuid } from "../../../kit/ids.ts";
import { fieldsOf, matches, type Pattern, parsePattern } from "../../../kit/patterns/pattern.ts";
import { resolve } from "../find.ts";
import { arnOf, type FunctionName, functionArn } from "../names.ts";
import { resolveToRun } from "../run.ts";
import { runnableOf } from "../runnable.ts";
import { Execution } from "../runtime/execution.ts";
import { roleSession } from "../runtime/journal.ts";
import type { Outcome } from "../runtime/types.ts";
import { engineIn, type Mapping, type PollScope } from "./pollers.ts";

/** Batches of records: filtered, handed to the function, and what it says of them. */

export function functionOf({ account, region, row }: Mapping): FunctionName {
  return { account, region, name: row.functionName, qualifier: row.qualifier };
}

/** A session of the function's role, with which its sources are read. */
export async function sourceSession(
  mapping: Mapping,
  ctx: Context,
): Promise<{ as: Caller; roleArn: string }> {
  const named = functionOf(mapping);
  const { configuration } = await resolve(named, ctx);
  const role = { roleArn: configuration.role, functionName: named.name };
  const as = await roleSession({ ...role, functionArn: functionArn(named), account: named.account }, ctx);
  return { as, roleArn: configuration.role };
}

/** What a function said of a batch. */
export interface Answer {
  requestId: string;
  /** Undefined where it was not run: it had no room, or could not be started. */
  outcome: Outcome | undefined;
}

/** Invokes the function with records, and waits for its answer. */
export async function invokeWith(
  scope: PollScope,
  records: readonly unknown[],
  more: Record<string, unknown> = {},
): Promise<Answer> {
  const requestId = uuid();
  const payload = Buffer.from(JSON.stringify({ Records: records, ...more }));
  const named = functionOf(scope.mapping);
  const begun = await scope.act(async (ctx) => {
    const runnable = runnableOf(named, await resolveToRun(named, ctx));
    const request = { id: requestId, payload, invokedArn: arnOf(named), hops: ctx.hops };
    return engineIn(ctx).begin(runnable, request, `lambda/${requestId}`);
  });
  if (!(begun instanceof Execution)) return { requestId, outcome: undefined };
  await begun.done();
  return { requestId, outcome: begun.outcome };
}

export function compile(filters: readonly string[]): Pattern[] {
  return filters.map(parsePattern);
}

/** Whether a record passes; without filters all do. */
export function passes(patterns: readonly Pattern[], record: Record<string, unknown>): boolean {
  if (patterns.length === 0) return true;
  const fields = fieldsOf(record);
  return patterns.some((pattern) => matches(pattern, fields));
}

/** JSON as what it says, anything else as text. */
export function parsedBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * Ids of the records that failed, where the function reports them; "all" where the report makes no sense.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
 */
export function failuresIn(outcome: Outcome, known: ReadonlySet<string>): "all" | Set<string> {
  if (outcome.functionError !== undefined) return "all";
  const text = outcome.payload.toString();
  if (text === "" || text === "null") return new Set();
  const answer = parsedBody(text);
  // An empty text, a null and an object without the list are all success.
  if (answer === "" || answer === null) return new Set();
  if (typeof answer !== "object") return "all";
  const { batchItemFailures } = answer as { batchItemFailures?: unknown };
  if (batchItemFailures === undefined || batchItemFailures === null) return new Set();
  if (!Array.isArray(batchItemFailures)) return "all";
  const failed = new Set<string>();
  for (const item of batchItemFailures as { itemIdentifier?: unknown }[]) {
    const id = item?.itemIdentifier;
    if (typeof id !== "string" || !known.has(id)) return "all";
    failed.add(id);
  }
  return failed;
}
