import { hash } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { randomText } from "../../kit/ids.ts";
import { type RecordRow, recordLog, type TrailEvent } from "../../kit/record.ts";
import { cloudtrailFor, keyPrefix, putObject } from "./destinations.ts";
import { byRegion } from "./follow.ts";
import { keyOf, outcome, timerId } from "./logging.ts";
import type { TrailName } from "./names.ts";
import { logs } from "./selectors.ts";
import { logFiles, type StatusRow, statuses, type TrailRow, trails } from "./tables.ts";

/** Log files in S3. https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html */

/** Entries of the record that one file is written from at the most; what is beyond goes into the next at once. */
const maxEntries = 10_000;
/** How soon a failed delivery is tried again. AWS tries for 30 days. */
const retryMs = 5 * 60_000;

/** "20261125T1000Z", "2026/11/25" */
export function fileTime(ms: number, seconds: boolean): { stamp: string; day: string } {
  const text = new Date(ms).toISOString();
  const stamp = text.replace(/[-:]|\.\d{3}/g, "");
  return { stamp: seconds ? stamp : `${stamp.slice(0, 13)}Z`, day: text.slice(0, 10).replaceAll("-", "/") };
}

/** Timer: writes what the trail logged since its last files, a file for each Region. */
export async function writeLogFiles(trail: TrailName, ctx: Context): Promise<void> {
  const status = await statuses.get(ctx.tx, ...keyOf(trail));
  const row = await trails.get(ctx.tx, ...keyOf(trail));
  if (status === undefined || row === undefined) return;
  const { entries, next } = await ctx.log(recordLog).read({
    limit: maxEntries,
    ...(status.position !== "" && { after: status.position }),
  });
  const untilMs = status.isLogging ? Number.POSITIVE_INFINITY : (status.stoppedAt ?? 0);
  const events = entries
    .filter(({ at }) => at <= untilMs)
    .map(({ text }) => JSON.parse(text) as RecordRow)
    .filter(({ account, event }) => account === trail.account && logs(row, trail.region, event))
    .map(({ event }) => event);
  const { filesDueMs: _, ...rest } = status;
  const savepoint = ctx.tx.savepoint();
  try {
    const keys: string[] = [];
    for (const [region, list] of byRegion(events)) keys.push(await writeFile(trail, row, region, list, ctx));
    const notification = await notify(trail, row, keys, status, ctx);
    let after: StatusRow = {
      ...rest,
      position: entries.at(-1)?.position ?? status.position,
      ...(keys.length > 0 && { delivery: outcome(status.delivery, undefined, ctx) }),
      ...(notification && { notification }),
    };
    if (next !== undefined) after = due(trail, after, ctx.clock.now(), ctx);
    statuses.put(ctx.tx, keyOf(trail), after);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    ctx.tx.rollback(savepoint);
    const failed = { ...rest, delivery: outcome(status.delivery, error.code, ctx) };
    statuses.put(ctx.tx, keyOf(trail), due(trail, failed, ctx.clock.now() + retryMs, ctx));
  }
}

function due(trail: TrailName, status: StatusRow, filesDueMs: number, ctx: Context): StatusRow {
  ctx.timers.set(timerId("files", trail), "writeLogFiles", filesDueMs, { ...trail });
  return { ...status, filesDueMs };
}

async function writeFile(
  trail: TrailName,
  row: TrailRow,
  region: string,
  events: readonly TrailEvent[],
  ctx: Context,
): Promise<string> {
  const { stamp, day } = fileTime(ctx.clock.now(), false);
  const name = `${trail.account}_CloudTrail_${region}_${stamp}_${randomText(16, "mixed62")}.json.gz`;
  const key = `${keyPrefix(trail, row)}CloudTrail/${region}/${day}/${name}`;
  const text = JSON.stringify({ Records: events });
  await putObject(trail, row, { key, body: gzipSync(text) }, ctx);
  const times = events.map(({ eventTime }) => eventTime).sort();
  if (row.validation) {
    const file = { hash: hash("sha256", text), oldest: times[0] ?? "", newest: times.at(-1) ?? "" };
    logFiles.put(ctx.tx, [...keyOf(trail), region, key], file);
  }
  return key;
}

/** https://docs.aws.amazon.com/awscloudtrail/latest/userguide/configure-cloudtrail-to-send-notifications.html */
async function notify(
  trail: TrailName,
  { topicArn, bucket }: TrailRow,
  s3ObjectKey: string[],
  status: StatusRow,
  ctx: Context,
): Promise<StatusRow["notification"]> {
  if (topicArn === undefined || s3ObjectKey.length === 0) return undefined;
  try {
    const input = { TopicArn: topicArn, Message: JSON.stringify({ s3Bucket: bucket, s3ObjectKey }) };
    const options = { as: cloudtrailFor(trail), account: trail.account, region: trail.region };
    await ctx.call("sns", "Publish", input, options);
    return outcome(status.notification, undefined, ctx);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return outcome(status.notification, error.code, ctx);
  }
}
