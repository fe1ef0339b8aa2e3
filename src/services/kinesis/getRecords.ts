import type { Context } from "../../kit/context.ts";
import { accessToStream, findStream, missingStream, shardsOf } from "./access.ts";
import { kinesis } from "./contract.ts";
import { keyOfFrame } from "./encryption.ts";
import { type Iterator, iteratorText, parseIterator } from "./iterators.ts";
import { iteratorLifeMs, maxGetBytes, maxRecordsPerGet } from "./limits.ts";
import { knownMemory, type ShardMemory, shardKey } from "./memory.ts";
import { metric, shardMetric } from "./metrics.ts";
import { namedStream } from "./names.ts";
import { rateExceeded } from "./put.ts";
import { millisBehind, type ReadResult, readShard } from "./reading.ts";
import { childrenOf, shardNumbered, shownChild } from "./shards.ts";
import type { StreamRow } from "./tables.ts";

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html */
export const getRecords = kinesis.operation("GetRecords", {
  access: ({ ShardIterator, StreamARN }, ctx) =>
    accessToStream("GetRecords", parseIterator(ShardIterator) ?? namedStream({ StreamARN }, ctx), ctx),
  async handle({ ShardIterator, StreamARN, Limit = maxRecordsPerGet }, ctx) {
    const iterator = checked(ShardIterator, StreamARN, ctx);
    const stream = await findStream(iterator, ctx);
    if (stream?.streamId !== iterator.streamId || stream.region !== ctx.region) {
      throw ctx.error("ResourceNotFoundException", missingStream(iterator));
    }
    const nowMs = ctx.clock.now();
    const memory = await knownMemory(shardKey(stream, iterator.shard), ctx);
    if (!memory.rates.admitsRead(nowMs)) {
      memory.refusedReads += 1;
      throw ctx.error("ProvisionedThroughputExceededException", rateExceeded(iterator.shard, stream));
    }
    const limits = { records: Limit, bytes: maxGetBytes };
    const read = await readShard(stream, iterator.shard, iterator.after, limits, ctx, (frame) =>
      keyOfFrame(stream, frame, ctx),
    );
    memory.rates.gave(read.bytes);
    const behind = millisBehind(read, nowMs);
    count(stream, iterator.shard, read, behind, memory, ctx);
    return {
      ...(await whatFollows(stream, iterator.shard, read, ctx)),
      Records: read.records,
      MillisBehindLatest: behind,
    };
  },
  record: { data: true, readOnly: true },
});

function checked(
  text: string,
  streamArn: string | undefined,
  ctx: Context<"InvalidArgumentException" | "ExpiredIteratorException">,
): Iterator {
  const iterator = parseIterator(text);
  if (iterator === undefined) throw ctx.error("InvalidArgumentException", "Invalid ShardIterator.");
  if (streamArn !== undefined && streamArn !== iterator.arn) {
    throw ctx.error(
      "InvalidArgumentException",
      `StreamARN ${streamArn} does not match the stream of the ShardIterator.`,
    );
  }
  const nowMs = ctx.clock.now();
  if (nowMs - iterator.created <= iteratorLifeMs) return iterator;
  throw ctx.error(
    "ExpiredIteratorException",
    `Iterator expired. The iterator was created at time ${javaDate(iterator.created)} while right now it is ${javaDate(nowMs)} which is further in the future than the tolerated delay of ${iteratorLifeMs} milliseconds.`,
  );
}

/** "Wed Nov 25 03:40:00 UTC 2026" */
function javaDate(ms: number): string {
  const [day = "", date, month, year, time] = new Date(ms).toUTCString().split(" ");
  return `${day.slice(0, 3)} ${month} ${date} ${time} UTC ${year}`;
}

/** The next iterator; at the end of a closed shard, its children instead. */
async function whatFollows(stream: StreamRow, number: number, { after, atEnd }: ReadResult, ctx: Context) {
  const row = await shardsOf(stream, ctx);
  const shard = shardNumbered(row, number);
  if (atEnd && shard?.end !== undefined) return { ChildShards: childrenOf(row, shard).map(shownChild) };
  return { NextShardIterator: iteratorText(stream, number, after, ctx.clock.now()) };
}

function count(
  stream: StreamRow,
  shard: number,
  { bytes, records }: ReadResult,
  behind: number,
  memory: ShardMemory,
  ctx: Context,
): void {
  const last = records.at(-1)?.ApproximateArrivalTimestamp.getTime();
  const age = last === undefined ? behind : Math.max(0, ctx.clock.now() - last);
  metric(stream, "GetRecords.Bytes", bytes, ctx, "Bytes");
  metric(stream, "GetRecords.IteratorAgeMilliseconds", behind === 0 ? 0 : age, ctx, "Milliseconds");
  metric(stream, "GetRecords.Records", records.length, ctx);
  metric(stream, "GetRecords.Success", 1, ctx);
  metric(stream, "ReadProvisionedThroughputExceeded", memory.refusedReads, ctx);
  shardMetric(stream, shard, "OutgoingBytes", bytes, ctx, "Bytes");
  shardMetric(stream, shard, "OutgoingRecords", records.length, ctx);
  shardMetric(stream, shard, "IteratorAgeMilliseconds", behind, ctx, "Milliseconds");
  shardMetric(stream, shard, "ReadProvisionedThroughputExceeded", memory.refusedReads, ctx);
  memory.refusedReads = 0;
}
