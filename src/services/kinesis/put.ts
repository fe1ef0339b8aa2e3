import type { Context } from "../../kit/context.ts";
import { existingStream, onStream, shardsOf } from "./access.ts";
import { kinesis } from "./contract.ts";
import { dataKeyFor } from "./encryption.ts";
import { encodeFrames, type NewRecord } from "./frames.ts";
import { noteBusy } from "./growth.ts";
import { hashOfPartitionKey, hexOf, largestHashKey } from "./hashKeys.ts";
import { maxPutBytes } from "./limits.ts";
import { knownMemory, type ShardMemory, shardKey } from "./memory.ts";
import { metric, shardMetric } from "./metrics.ts";
import { shardId } from "./names.ts";
import { parseSequenceNumber, positionOf, sequenceNumber, timeOf } from "./positions.ts";
import { putFrame } from "./recordRows.ts";
import { setTrim } from "./retention.ts";
import { shardFor } from "./shards.ts";
import type { StreamRow } from "./tables.ts";

/**
 * Taking records in. Their order in a shard is that of the commits: each shard's next position is given out in the
 * turn of the commit, so that no reader ever sees a record whose predecessor is still to come, and calls do not
 * conflict with each other.
 */

interface Given {
  Data: Uint8Array;
  PartitionKey: string;
  ExplicitHashKey?: string | undefined;
}

/** What a record's answer says; sequence numbers are known once the call commits. */
interface Result {
  ShardId?: string;
  SequenceNumber?: string;
  ErrorCode?: string;
  ErrorMessage?: string;
}

/** What one call puts into one shard. */
interface Share {
  memory: ShardMemory;
  shard: number;
  records: NewRecord[];
  results: Result[];
  bytes: number;
}

export function rateExceeded(shard: number, { name, account }: StreamRow): string {
  return `Rate exceeded for shard ${shardId(shard)} in stream ${name} under account ${account}.`;
}

/** Of a data event, AWS shows where records went, and not what they hold. */
const requestOnly = ({
  StreamName,
  StreamARN,
}: {
  StreamName?: string | undefined;
  StreamARN?: string | undefined;
}) => ({
  ...(StreamName !== undefined && { streamName: StreamName }),
  ...(StreamARN !== undefined && { streamARN: StreamARN }),
});

/** The numbers of its answer are not known when the event is written. */
const record = { data: true as const, requestOnly, response: () => null };

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html */
export const putRecord = kinesis.operation("PutRecord", {
  access: onStream("PutRecord"),
  async handle(input, ctx) {
    const stream = await existingStream(input, ctx);
    const given = input as Given;
    checkRecord(stream, given, ctx);
    const taken = await take(stream, [given], ctx, (memory, shard) =>
      goBehind(input.SequenceNumberForOrdering, memory, shard, stream, ctx),
    );
    const [result] = taken.results;
    if (result?.ErrorCode !== undefined) {
      throw ctx.error("ProvisionedThroughputExceededException", result.ErrorMessage ?? "");
    }
    metric(stream, "PutRecord.Bytes", taken.bytes, ctx, "Bytes");
    metric(stream, "PutRecord.Success", 1, ctx);
    return result as { ShardId: string; SequenceNumber: string };
  },
  record,
});

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html */
export const putRecords = kinesis.operation("PutRecords", {
  access: onStream("PutRecords"),
  async handle(input, ctx) {
    const stream = await existingStream(input, ctx);
    const given = input.Records as Given[];
    let bytes = 0;
    for (const one of given) {
      checkRecord(stream, one, ctx);
      bytes += sizeOf(one);
    }
    if (bytes > maxPutBytes) {
      throw ctx.error("InvalidArgumentException", `Records size exceeds ${maxPutBytes / 2 ** 20} MB limit`);
    }
    const taken = await take(stream, given, ctx);
    const failed = taken.refused;
    metric(stream, "PutRecords.Bytes", taken.bytes, ctx, "Bytes");
    metric(stream, "PutRecords.Success", failed < given.length ? 1 : 0, ctx);
    metric(stream, "PutRecords.TotalRecords", given.length, ctx);
    metric(stream, "PutRecords.SuccessfulRecords", given.length - failed, ctx);
    metric(stream, "PutRecords.FailedRecords", 0, ctx);
    metric(stream, "PutRecords.ThrottledRecords", failed, ctx);
    return {
      FailedRecordCount: failed,
      Records: taken.results,
      ...(stream.kmsKeyId !== undefined && { EncryptionType: "KMS" }),
    };
  },
  record,
});

/** Partition key and data, as AWS counts a record. */
function sizeOf({ Data, PartitionKey }: Given): number {
  return Data.byteLength + Buffer.byteLength(PartitionKey);
}

function checkRecord(
  { maxRecordKiB, name, account }: StreamRow,
  given: Given,
  ctx: Context<"InvalidArgumentException">,
): void {
  if (sizeOf(given) > maxRecordKiB * 1024) {
    throw ctx.error(
      "InvalidArgumentException",
      `Record size exceeds the maximum of ${maxRecordKiB} KiB for stream ${name} under account ${account}.`,
    );
  }
  const { ExplicitHashKey } = given;
  if (ExplicitHashKey !== undefined && BigInt(ExplicitHashKey) > largestHashKey) {
    throw ctx.error(
      "InvalidArgumentException",
      `Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was ${ExplicitHashKey}`,
    );
  }
}

/** `SequenceNumberForOrdering`: what comes now comes behind it. */
function goBehind(
  number: string | undefined,
  memory: ShardMemory,
  shard: number,
  { name, account }: StreamRow,
  ctx: Context<"InvalidArgumentException">,
): void {
  if (number === undefined) return;
  const parsed = parseSequenceNumber(number);
  if (parsed === undefined || timeOf(parsed.position) > ctx.clock.now()) {
    throw ctx.error(
      "InvalidArgumentException",
      `ExclusiveMinimumSequenceNumber ${number} used in PutRecord on stream ${name} under account ${account} is invalid.`,
    );
  }
  if (parsed.shard === shard) memory.goBehind(parsed.position);
}

interface Taken {
  results: Result[];
  bytes: number;
  refused: number;
}

/** Takes what the shards' rates allow; the rest is refused, each record by itself. */
async function take(
  stream: StreamRow,
  given: readonly Given[],
  ctx: Context,
  before: (memory: ShardMemory, shard: number) => void = () => {},
): Promise<Taken> {
  const row = await shardsOf(stream, ctx);
  const nowMs = ctx.clock.now();
  const shares = new Map<number, Share>();
  const results: Result[] = [];
  let refused = 0;
  for (const { Data, PartitionKey, ExplicitHashKey } of given) {
    const hashKey =
      ExplicitHashKey === undefined ? hashOfPartitionKey(PartitionKey) : hexOf(BigInt(ExplicitHashKey));
    const { number } = shardFor(row, hashKey);
    const share = shares.get(number) ?? (await newShare(stream, number, shares, ctx));
    before(share.memory, number);
    const bytes = Data.byteLength + Buffer.byteLength(PartitionKey);
    const result: Result = {};
    results.push(result);
    if (share.memory.rates.admits(bytes, nowMs)) {
      result.ShardId = shardId(number);
      share.records.push({ partitionKey: PartitionKey, data: Data });
      share.results.push(result);
      share.bytes += bytes;
    } else {
      refused += 1;
      share.memory.refusedWrites += 1;
      result.ErrorCode = "ProvisionedThroughputExceededException";
      result.ErrorMessage = rateExceeded(number, stream);
    }
  }
  if (stream.mode === "ON_DEMAND" && [...shares.values()].some(({ memory }) => memory.rates.busy(nowMs))) {
    noteBusy(stream, ctx);
  }
  const bytes = await keep(stream, [...shares.values()], ctx);
  return { results, bytes, refused };
}

async function newShare(
  stream: StreamRow,
  shard: number,
  shares: Map<number, Share>,
  ctx: Context,
): Promise<Share> {
  const memory = await knownMemory(shardKey(stream, shard), ctx);
  const share: Share = { memory, shard, records: [], results: [], bytes: 0 };
  shares.set(shard, share);
  return share;
}

/** Writes what was taken, and tells of it. Returns its bytes. */
async function keep(stream: StreamRow, shares: readonly Share[], ctx: Context): Promise<number> {
  const filled = shares.filter(({ records }) => records.length > 0);
  if (filled.length === 0) return 0;
  const under = await dataKeyFor(stream, ctx);
  const frames = encodeFrames(
    filled.map(({ records }) => records),
    under,
  );
  ctx.tx.atCommit(() => {
    const nowMs = ctx.clock.now();
    for (const [i, { memory, shard, results }] of filled.entries()) {
      const { timeMs, firstCount } = memory.next(results.length, nowMs);
      for (const [k, result] of results.entries()) {
        result.SequenceNumber = sequenceNumber(positionOf(timeMs, firstCount + k), shard);
      }
      const last = positionOf(timeMs, firstCount + results.length - 1);
      putFrame(ctx.tx, shardKey(stream, shard), last, frames[i] as Buffer);
    }
  });
  ctx.afterCommit(() => {
    for (const { memory } of filled) memory.wake();
  });
  setTrim(stream, ctx);
  return count(stream, filled, ctx);
}

function count(stream: StreamRow, shares: readonly Share[], ctx: Context): number {
  let bytes = 0;
  let records = 0;
  let refused = 0;
  for (const share of shares) {
    bytes += share.bytes;
    records += share.records.length;
    refused += share.memory.refusedWrites;
    shardMetric(stream, share.shard, "IncomingBytes", share.bytes, ctx, "Bytes");
    shardMetric(stream, share.shard, "IncomingRecords", share.records.length, ctx);
    shardMetric(stream, share.shard, "WriteProvisionedThroughputExceeded", share.memory.refusedWrites, ctx);
    share.memory.refusedWrites = 0;
  }
  metric(stream, "IncomingBytes", bytes, ctx, "Bytes");
  metric(stream, "IncomingRecords", records, ctx);
  metric(stream, "WriteProvisionedThroughputExceeded", refused, ctx);
  return bytes;
}
