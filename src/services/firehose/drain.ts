import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import type { DeliveryScope } from "../../kit/service.ts";
import { bufferOf, type Drain, drainSoon, endOf, hintsOf } from "./buffer.ts";
import { countDelivery, type Delivery } from "./delivered.ts";
import { openFrame } from "./encryption.ts";
import { logProblems, type Problem } from "./errorLog.ts";
import { post } from "./httpEndpoint.ts";
import {
  defaultHttpRetrySeconds,
  firstRetryMs,
  longestRetryMs,
  maxHttpRecords,
  maxObjectBytes,
  retentionMs,
} from "./limits.ts";
import { metric } from "./metrics.ts";
import { asRole } from "./names.ts";
import { type BucketConfig, deliveredObjects, failedObject, type NewObject } from "./objects.ts";
import { decodeRecords, deletePending, pendingFrames, shortPosition, timeDigits } from "./pendingRows.ts";
import { processedRecords } from "./prepare.ts";
import { failedRecord, type Incoming, type Processed } from "./records.ts";
import { type DeliveryStreamRow, deliveryStreams } from "./tables.ts";

/**
 * One delivery: what is buffered is processed outside of any transaction; then its objects are put into S3 in the very
 * transaction that takes it out of the buffer. So each record is delivered to S3 once, however often the process dies;
 * functions and endpoints may see it again.
 */

/** Read at a time. */
const framesAtATime = 32;

export const drain = {
  async send(job: Drain, scope: DeliveryScope): Promise<Delivery | undefined> {
    const taken = await take(job, scope);
    if (taken === undefined) return undefined;
    const { stream, records } = taken;
    if (taken.error !== undefined) return taken;
    const processed = await processedRecords(stream, records, scope);
    const { destination } = stream;
    if (destination.kind === "http") {
      const { config } = destination;
      const posted =
        processed.ready.length === 0
          ? undefined
          : await post(stream, config, processed.ready, scope.nowMs, job.requestId);
      return { ...taken, processed, ...(posted && { posted }) };
    }
    return { ...taken, processed, objects: await objectsOf(stream, records, processed) };
  },

  async settle(job: Drain, ctx: Context, delivery: Delivery | undefined): Promise<void> {
    if (delivery === undefined) return;
    const stream = await deliveryStreams.get(ctx.tx, ctx.account, ctx.region, job.name);
    if (stream?.streamId !== job.streamId) return;
    if (delivery.posted !== undefined && (await postedAgain(job, delivery, ctx))) return;
    const savepoint = ctx.tx.savepoint();
    try {
      if (delivery.error !== undefined) throw delivery.error;
      for (const object of await toWrite(job, delivery, ctx.clock.now()))
        await putObject(delivery.stream, object, ctx);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      ctx.tx.rollback(savepoint);
      await failed(job, delivery, error, ctx);
      return;
    }
    forget(job, delivery, ctx);
    bufferOf(job.streamId, ctx).blockedUntilMs = 0;
    countDelivery(delivery, ctx);
    await logProblems(stream, delivery.processed.problems, destinationName(stream), ctx);
    const { attempts, requestId: _, firstTriedMs: __, ...rest } = job;
    // What came while nothing could be delivered was left to whoever tries again.
    if (attempts !== undefined) drainSoon({ ...rest, upTo: endOf(ctx.clock.now()) }, ctx);
    else if (job.upTo !== undefined) drainSoon(rest, ctx);
  },
};

/** As many frames as make one delivery, the oldest first. */
async function take(
  { name, streamId, upTo, attempts }: Drain,
  scope: DeliveryScope,
): Promise<Delivery | undefined> {
  return await scope.act(async (ctx) => {
    const isBlocked = bufferOf(streamId, ctx).blockedUntilMs > ctx.clock.now();
    if (isBlocked && attempts === undefined) return undefined;
    const stream = await deliveryStreams.get(ctx.tx, scope.account, scope.region, name);
    if (stream?.streamId !== streamId) return undefined;
    const limit = Math.min(hintsOf(stream).bytes, maxObjectBytes);
    const maxRecords = stream.destination.kind === "http" ? maxHttpRecords : Number.POSITIVE_INFINITY;
    const delivery: Delivery = {
      stream,
      positions: [],
      lastBytes: 0,
      records: [],
      bytes: 0,
      oldestMs: Number.POSITIVE_INFINITY,
      processed: { ready: [], failed: [], problems: [] },
      objects: [],
    };
    let after = "";
    for (;;) {
      const frames = await ctx.peek((tx) => pendingFrames(tx, stream, { limit: framesAtATime, after }));
      for (const { position, bytes } of frames) {
        if (upTo !== undefined && position > upTo)
          return delivery.positions.length > 0 ? delivery : undefined;
        const full = delivery.bytes + bytes.length > limit && delivery.positions.length > 0;
        if (full || delivery.records.length >= maxRecords) return delivery;
        try {
          add(delivery, position, await openFrame(stream, bytes, ctx));
          delivery.lastBytes = bytes.length;
        } catch (error) {
          if (!(error instanceof AwsError)) throw error;
          const oldestMs = Number(position.slice(0, timeDigits));
          return { ...delivery, positions: [position], lastBytes: bytes.length, oldestMs, error };
        }
        after = position;
      }
      if (frames.length < framesAtATime) break;
    }
    // Asked for by size: another delivery has taken it already.
    const enough = upTo !== undefined || delivery.bytes >= limit;
    return enough && delivery.positions.length > 0 ? delivery : undefined;
  });
}

function add(delivery: Delivery, position: string, body: Buffer): void {
  for (const [i, { arrivalMs, data }] of decodeRecords(body).entries()) {
    delivery.records.push({
      id: `49${shortPosition(position)}${String(i).padStart(9, "0")}`,
      arrivalMs,
      data,
    });
    delivery.bytes += data.length;
    delivery.oldestMs = Math.min(delivery.oldestMs, arrivalMs);
  }
  delivery.positions.push(position);
}

async function objectsOf(
  stream: DeliveryStreamRow,
  records: readonly Incoming[],
  { ready, failed: failures }: Processed,
): Promise<NewObject[]> {
  if (stream.destination.kind !== "s3") return [];
  const { config } = stream.destination;
  const objects = await deliveredObjects(stream, ready, config as BucketConfig, "delivery");
  if (failures.length > 0)
    objects.push(await failedObject(stream, failures, config as BucketConfig, "processing-failed"));
  if (config.S3BackupMode === "Enabled" && config.S3BackupConfiguration !== undefined) {
    objects.push(...(await deliveredObjects(stream, records, config.S3BackupConfiguration, "backup")));
  }
  return objects;
}

/** What goes to S3: all of a delivery to S3; of one to an endpoint, what failed and what is backed up. */
async function toWrite(
  job: Drain,
  { stream, records, processed, objects, posted }: Delivery,
  nowMs: number,
): Promise<NewObject[]> {
  const { destination } = stream;
  if (destination.kind === "s3") return objects;
  const { S3Configuration: backup, S3BackupMode } = destination.config;
  if (backup === undefined) return [];
  const made: NewObject[] = [];
  if (processed.failed.length > 0)
    made.push(await failedObject(stream, processed.failed, backup, "processing-failed"));
  const failure = posted?.failure;
  if (failure !== undefined && posted?.permanent !== true) {
    const facts = { attempts: (job.attempts ?? 0) + 1, nowMs };
    const lost = processed.ready.map((record) => failedRecord(record, failure, facts));
    made.push(await failedObject(stream, lost, backup, "http-endpoint-failed"));
  }
  if (S3BackupMode === "AllData") made.push(...(await deliveredObjects(stream, records, backup, "backup")));
  return made;
}

/** Whether an endpoint is to be asked once more, in a while. */
async function postedAgain(
  job: Drain,
  { stream, posted, positions }: Delivery,
  ctx: Context,
): Promise<boolean> {
  const { destination } = stream;
  if (posted?.failure === undefined || destination.kind !== "http") return false;
  const nowMs = ctx.clock.now();
  const firstTriedMs = job.firstTriedMs ?? nowMs;
  const attempts = (job.attempts ?? 0) + 1;
  await logProblems(stream, [posted.failure], destinationName(stream), ctx);
  metric(stream, "DeliveryToHttpEndpoint.Success", 0, ctx);
  const { DurationInSeconds = defaultHttpRetrySeconds } = destination.config.RetryOptions ?? {};
  const delayMs = retryDelayMs(attempts);
  if (posted.permanent === true || nowMs + delayMs > firstTriedMs + DurationInSeconds * 1000) return false;
  block(job, delayMs, ctx);
  const upTo = job.upTo ?? (positions.at(-1) as string);
  drainSoon({ ...job, upTo, attempts, firstTriedMs, requestId: posted.requestId }, ctx, delayMs);
  return true;
}

function retryDelayMs(attempts: number): number {
  return Math.min(longestRetryMs, firstRetryMs * 2 ** (attempts - 1));
}

/** Takes what was delivered, or is lost, out of the buffer. */
function forget({ streamId }: Drain, { stream, positions, lastBytes }: Delivery, ctx: Context): void {
  for (const position of positions) deletePending(ctx.tx, stream, position);
  const last = positions.at(-1);
  if (last !== undefined) ctx.afterCommit(() => bufferOf(streamId, ctx).gone(last, lastBytes));
}

function block({ streamId }: Drain, delayMs: number, ctx: Context): void {
  bufferOf(streamId, ctx).blockedUntilMs = ctx.clock.now() + delayMs;
}

function destinationName({ destination }: DeliveryStreamRow): string {
  return destination.kind === "s3"
    ? (destination.config.BucketARN ?? "")
    : (destination.config.EndpointConfiguration?.Name ?? "");
}

async function putObject(
  stream: DeliveryStreamRow,
  { config, key, body }: NewObject,
  ctx: Context,
): Promise<void> {
  const as = await asRole(stream, config.RoleARN ?? "", ctx);
  const kmsKey = config.EncryptionConfiguration?.KMSEncryptionConfig?.AWSKMSKeyARN;
  await ctx.call(
    "s3",
    "PutObject",
    {
      Bucket: config.BucketARN?.replace(/^arn:[^:]+:s3:::/, ""),
      Key: key,
      ContentType: "application/octet-stream",
      ...(kmsKey !== undefined && { ServerSideEncryption: "aws:kms", SSEKMSKeyId: kmsKey }),
    },
    { as, account: stream.account, region: stream.region, body },
  );
}

const s3Words: Record<string, string> = {
  AccessDenied:
    "Access was denied. Ensure that the trust policy for the provided IAM role allows Kinesis Data Firehose to assume the role, and the access policy allows access to the S3 bucket.",
  NoSuchBucket:
    "The specified bucket does not exist. Create the bucket or use a different bucket that does exist.",
};

/** Tries again later; what has waited for a day is lost, as AWS documents. */
async function failed(job: Drain, delivery: Delivery, error: AwsError, ctx: Context): Promise<void> {
  const { stream, positions, oldestMs } = delivery;
  const nowMs = ctx.clock.now();
  const problem: Problem = { code: `S3.${error.code}`, message: s3Words[error.code] ?? error.message };
  await logProblems(stream, [problem], destinationName(stream), ctx);
  metric(stream, "DeliveryToS3.Success", 0, ctx);
  metric(
    stream,
    "DeliveryToS3.DataFreshness",
    Math.max(0, Math.round((nowMs - oldestMs) / 1000)),
    ctx,
    "Seconds",
  );
  if (nowMs - oldestMs > retentionMs) {
    forget(job, delivery, ctx);
    drainSoon({ ...job, upTo: endOf(nowMs) }, ctx);
    return;
  }
  const attempts = (job.attempts ?? 0) + 1;
  const delayMs = retryDelayMs(attempts);
  block(job, delayMs, ctx);
  drainSoon({ ...job, upTo: job.upTo ?? (positions.at(-1) as string), attempts }, ctx, delayMs);
}
