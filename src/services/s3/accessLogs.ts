import type { LoggingEnabled } from "@aws-sdk/client-s3";
import { servicePrincipal } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { randomText } from "../../kit/ids.ts";
import { chain, type MaybePromise } from "../../kit/maybe.ts";
import type { NotedCall } from "../../kit/service.ts";
import { accessLine } from "./accessLine.ts";
import { deliveryService } from "./aclGrants.ts";
import { bucketArn } from "./names.ts";
import { accessRecords, type BucketRow, buckets } from "./tables.ts";

/**
 * Server access logs: a record of each request, kept with it, and delivered every few minutes by the clock.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html
 */

const intervalMs = 5 * 60_000;
const recordsPerFile = 2_000;
/** What cannot be delivered for so long is given up. */
const longestWaitMs = 24 * 3_600_000;

type AccessLogs = NonNullable<BucketRow["accessLogs"]>;

function timerId(bucket: string): string {
  return `accessLogs/${bucket}`;
}

function schedule(bucket: string, due: number, ctx: Context): void {
  ctx.timers.set(timerId(bucket), "deliverAccessLogs", due, { bucket });
}

/** The bucket with its requests recorded. */
export function withAccessLogs(bucket: BucketRow, to: LoggingEnabled, ctx: Context): BucketRow {
  const { PartitionedPrefix: partitioned } = to.TargetObjectKeyFormat ?? {};
  const accessLogs: AccessLogs = {
    bucket: to.TargetBucket ?? "",
    prefix: to.TargetPrefix ?? "",
    ...(partitioned && { partitionedBy: partitioned.PartitionDateSource ?? "DeliveryTime" }),
    due: bucket.accessLogs?.due ?? ctx.clock.now() + intervalMs,
  };
  if (bucket.accessLogs === undefined) schedule(bucket.name, accessLogs.due, ctx);
  return { ...bucket, accessLogs };
}

export function withoutAccessLogs({ accessLogs, ...bucket }: BucketRow, ctx: Context): BucketRow {
  if (accessLogs !== undefined) ctx.timers.cancel(timerId(bucket.name), accessLogs.due);
  return bucket;
}

/** Leaves a record of a request, if its bucket wants one; of its own deliveries there is none. */
export function noteAccess(call: NotedCall, ctx: Context): MaybePromise<void> {
  const { Bucket } = call.input;
  if (typeof Bucket !== "string" || ctx.caller.principal.service === deliveryService) return;
  return chain(buckets.get(ctx.tx, Bucket), (bucket) => {
    if (bucket?.accessLogs === undefined) return;
    const atMs = Math.floor(ctx.clock.now());
    const order = `${String(atMs).padStart(15, "0")}/${ctx.requestId}/${randomText(6, "lower36")}`;
    accessRecords.put(ctx.tx, [bucket.name, order], { atMs, line: accessLine(bucket, call, ctx) });
  });
}

/** Timer: delivers what has gathered. */
export async function deliverAccessLogs({ bucket: name }: { bucket: string }, ctx: Context): Promise<void> {
  const bucket = await buckets.get(ctx.tx, name);
  const records = await ctx.peek((tx) => accessRecords.list(tx, [name], { limit: recordsPerFile }));
  const accessLogs = bucket?.accessLogs;
  if (bucket === undefined || accessLogs === undefined) {
    for (const { key } of records) accessRecords.delete(ctx.tx, ...key);
    return;
  }
  const now = ctx.clock.now();
  // Of an earlier bucket of the name.
  if (accessLogs.due > now) return;
  const delivered = await deliverFiles(bucket, accessLogs, records, ctx);
  for (const { key, row } of records)
    if (delivered || row.atMs < now - longestWaitMs) accessRecords.delete(ctx.tx, ...key);
  const due = delivered && records.length === recordsPerFile ? now : now + intervalMs;
  schedule(name, due, ctx);
  buckets.put(ctx.tx, [name], { ...bucket, accessLogs: { ...accessLogs, due } });
}

type Records = { row: { atMs: number; line: string } }[];

/** False where the target does not take them: what it refused stands in the record. */
async function deliverFiles(
  bucket: BucketRow,
  to: AccessLogs,
  records: Records,
  ctx: Context,
): Promise<boolean> {
  const byFolder = new Map<string, string[]>();
  for (const { row } of records) {
    const folder = folderOf(bucket, to, row.atMs, ctx);
    byFolder.set(folder, [...(byFolder.get(folder) ?? []), row.line]);
  }
  const sourceArn = bucketArn(bucket.name);
  const as = servicePrincipal(deliveryService, { sourceArn, sourceAccount: bucket.account });
  const savepoint = ctx.tx.savepoint();
  try {
    for (const [folder, lines] of byFolder) {
      const Key = `${folder}${fileName(ctx.clock.now())}`;
      const body = Buffer.from(`${lines.join("\n")}\n`);
      const options = { as, account: bucket.account, region: bucket.region, body };
      await ctx.call("s3", "PutObject", { Bucket: to.bucket, Key, ContentType: "text/plain" }, options);
    }
    return true;
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    ctx.tx.rollback(savepoint);
    return false;
  }
}

function folderOf(bucket: BucketRow, to: AccessLogs, atMs: number, ctx: Context): string {
  if (to.partitionedBy === undefined) return to.prefix;
  const ms = to.partitionedBy === "EventTime" ? atMs : ctx.clock.now();
  const day = new Date(ms).toISOString().slice(0, 10).replaceAll("-", "/");
  return `${to.prefix}${bucket.account}/${bucket.region}/${bucket.name}/${day}/`;
}

/** "2026-11-25-15-04-05-0123456789ABCDEF" */
function fileName(ms: number): string {
  const time = new Date(ms).toISOString().slice(0, 19).replace(/[T:]/g, "-");
  return `${time}-${randomText(16, "lower36").toUpperCase()}`;
}
