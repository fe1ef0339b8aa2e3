import { servicePrincipal } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { nextRun, parseSchedule } from "../../kit/schedule.ts";
import { type RunRow, type ScheduledQueryRow, scheduledQueries, scheduledRuns } from "./scheduledTables.ts";
import { type QueryRow, queries, queryResults, timeKey } from "./tables.ts";

/**
 * Runs of scheduled queries. A query is started as the role that it names, through the gate; its answer is written
 * to the bucket as the role of the destination.
 */

/** Runs that are kept of each query. */
const maxRuns = 1_000;

function timerId({ account, region }: Context, { id }: ScheduledQueryRow): string {
  return `scheduled/${account}/${region}/${id}`;
}

/** Keeps a query with the time of its next run. */
export function schedule(row: ScheduledQueryRow, ctx: Context): void {
  const { dueMs: _, ...rest } = row;
  const parsed = parseSchedule(row.scheduleExpression);
  const now = Math.max(ctx.clock.now(), row.scheduleStartTime ?? 0);
  const due = parsed && nextRun(parsed, { afterMs: now, startMs: now, timeZone: row.timezone });
  const runs = row.state === "ENABLED" && due !== undefined && due <= (row.scheduleEndTime ?? due);
  scheduledQueries.put(ctx.tx, [ctx.account, ctx.region, row.id], { ...rest, ...(runs && { dueMs: due }) });
  if (runs) ctx.timers.set(timerId(ctx, row), "startScheduled", due, { id: row.id });
}

export function cancelSchedule(row: ScheduledQueryRow, ctx: Context): void {
  if (row.dueMs !== undefined) ctx.timers.cancel(timerId(ctx, row), row.dueMs);
}

/** Timer: starts a query, and sets the time of the next run. */
export async function startScheduled({ id }: { id: string }, ctx: Context): Promise<void> {
  const row = await scheduledQueries.get(ctx.tx, ctx.account, ctx.region, id);
  if (row === undefined || row.state !== "ENABLED") return;
  const triggeredAt = ctx.clock.now();
  const run = await started(row, triggeredAt, ctx);
  await keepRun(row, run, ctx);
  schedule({ ...row, lastTriggeredTime: triggeredAt, lastStatus: run.status }, ctx);
}

async function started(row: ScheduledQueryRow, triggeredAt: number, ctx: Context): Promise<RunRow> {
  const savepoint = ctx.tx.savepoint();
  try {
    const as = await ctx.assumeRole(row.executionRoleArn, principalFor(row, ctx), "ScheduledQuery");
    const seconds = Math.floor(triggeredAt / 1000);
    const { queryId } = await ctx.call(
      "logs",
      "StartQuery",
      {
        queryString: row.queryString,
        logGroupIdentifiers: row.logGroupIdentifiers,
        startTime: seconds - row.startTimeOffset,
        endTime: seconds - row.endTimeOffset,
      },
      { as, account: ctx.account, region: ctx.region },
    );
    const key = [ctx.account, ctx.region, queryId as string] as const;
    const query = (await queries.get(ctx.tx, ...key)) as QueryRow;
    queries.put(ctx.tx, [...key], { ...query, scheduled: { id: row.id, triggeredAt } });
    return { queryId: queryId as string, status: "Running", triggeredAt };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    ctx.tx.rollback(savepoint);
    const status = error.code === "MalformedQueryException" ? "InvalidQuery" : "Failed";
    return { status, triggeredAt, errorMessage: error.message };
  }
}

function principalFor({ arn }: ScheduledQueryRow, { account }: Context) {
  return servicePrincipal("logs.amazonaws.com", { sourceArn: arn, sourceAccount: account });
}

async function keepRun(row: ScheduledQueryRow, run: RunRow, ctx: Context): Promise<void> {
  const scope = [ctx.account, ctx.region, row.id] as const;
  scheduledRuns.put(ctx.tx, [...scope, timeKey(run.triggeredAt)], run);
  const held = await scheduledRuns.list(ctx.tx, scope, { limit: maxRuns + 1 });
  const [oldest] = held;
  if (held.length > maxRuns && oldest !== undefined) scheduledRuns.delete(ctx.tx, ...oldest.key);
}

/** What the outbox holds for `endScheduled`. */
interface Ended {
  queryId: string;
}

/** Leaves what is to be done of a query that has ended. */
export function scheduledHasEnded({ queryId, scheduled }: QueryRow, ctx: Context): void {
  if (scheduled !== undefined) ctx.outbox.put("endScheduled", { queryId } satisfies Ended);
}

/** Delivery: notes how a run ended, tells EventBridge, and writes the answer to the bucket. */
export async function endScheduled({ queryId }: Ended, ctx: Context): Promise<void> {
  const { tx, account, region } = ctx;
  const query = await queries.get(tx, account, region, queryId);
  if (query?.scheduled === undefined) return;
  const { id, triggeredAt } = query.scheduled;
  const row = await scheduledQueries.get(tx, account, region, id);
  const run = await scheduledRuns.get(tx, account, region, id, timeKey(triggeredAt));
  if (row === undefined || run === undefined) return;
  const status = query.status === "Complete" ? "Complete" : query.status === "Timeout" ? "Timeout" : "Failed";
  const delivered = status === "Complete" ? await deliverAnswer(row, query, ctx) : undefined;
  const ended: RunRow = { ...run, status, ...(delivered && { delivered }) };
  scheduledRuns.put(tx, [account, region, id, timeKey(triggeredAt)], ended);
  const last = row.lastTriggeredTime === triggeredAt;
  if (last) scheduledQueries.put(tx, [account, region, id], { ...row, lastStatus: status });
  ctx.emit({
    source: "aws.logs",
    detailType: "Scheduled Query Completed",
    resources: [row.arn],
    detail: { queryId, queryString: row.queryString, status, scheduledQueryArn: row.arn },
  });
}

async function deliverAnswer(
  row: ScheduledQueryRow,
  query: QueryRow,
  ctx: Context,
): Promise<RunRow["delivered"]> {
  const s3 = row.destination?.s3Configuration;
  if (s3?.destinationIdentifier === undefined || s3.roleArn === undefined) return undefined;
  const uri = s3.destinationIdentifier;
  const [Bucket = "", ...prefix] = uri.replace("s3://", "").split("/");
  const Key = [...prefix, `${row.name}/${query.queryId}.json`].filter((part) => part !== "").join("/");
  const { account, region } = ctx;
  const savepoint = ctx.tx.savepoint();
  try {
    const as = await ctx.assumeRole(s3.roleArn, principalFor(row, ctx), "ScheduledQuery");
    const body = Buffer.from(JSON.stringify(await answerOf(query, ctx)));
    const kms = s3.kmsKeyId !== undefined && { ServerSideEncryption: "aws:kms", SSEKMSKeyId: s3.kmsKeyId };
    const owner = s3.ownerAccountId !== undefined && { ExpectedBucketOwner: s3.ownerAccountId };
    await ctx.call("s3", "PutObject", { Bucket, Key, ...kms, ...owner }, { as, account, region, body });
    return { uri, status: "COMPLETE", key: `s3://${Bucket}/${Key}` };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    ctx.tx.rollback(savepoint);
    return { uri, status: "FAILED", errorMessage: error.message };
  }
}

/** As GetQueryResults shows it: a list of rows, each its fields by name. */
async function answerOf({ queryId }: QueryRow, ctx: Context): Promise<Record<string, string>[]> {
  const pages = await queryResults.list(ctx.tx, [ctx.account, ctx.region, queryId]);
  return pages.flatMap(({ row }) => row.rows.map((fields) => Object.fromEntries(fields)));
}
