import type { Context } from "../../kit/context.ts";
import type { Reads } from "../../storage/store.ts";
import { decodeFrame } from "./frames.ts";
import { hourMs } from "./limits.ts";
import { shardKey } from "./memory.ts";
import { beforeTime, countOf, type Position, positionOf, sequenceNumber, timeOf } from "./positions.ts";
import { framesAfter, type StoredFrame } from "./recordRows.ts";
import type { StreamRow } from "./tables.ts";

/** Reading a shard's records in order. */

export interface ReadRecord {
  SequenceNumber: string;
  ApproximateArrivalTimestamp: Date;
  Data: Buffer;
  PartitionKey: string;
  EncryptionType?: "KMS";
}

export interface ReadResult {
  records: ReadRecord[];
  /** Of data and partition keys. */
  bytes: number;
  /** Where the reader stands now. */
  after: Position;
  /** Nothing is behind it. */
  atEnd: boolean;
}

export interface ReadLimits {
  records: number;
  bytes: number;
}

/** Frames that are read at a time. */
const framesAtATime = 64;

/** Gives the data key of a frame; undefined for one that is not sealed. */
export type KeyOf = (frame: Buffer) => Promise<Uint8Array | undefined>;

/** What expired is not shown from the moment that it expires. */
export function trimHorizon({ retentionHours }: StreamRow, nowMs: number): Position {
  return beforeTime(nowMs - retentionHours * hourMs);
}

/** Records behind a position, as many as the limits allow, but one at least. */
export async function readShard(
  stream: StreamRow,
  shard: number,
  from: Position,
  limits: ReadLimits,
  ctx: Pick<Context, "peek" | "clock">,
  keyOf: KeyOf,
): Promise<ReadResult> {
  const horizon = trimHorizon(stream, ctx.clock.now());
  const result: ReadResult = { records: [], bytes: 0, after: from > horizon ? from : horizon, atEnd: false };
  for (;;) {
    const { after } = result;
    const limit = Math.min(framesAtATime, limits.records + 1);
    const read = (tx: Reads) => framesAfter(tx, shardKey(stream, shard), after, limit);
    const frames = await ctx.peek(read);
    for (const frame of frames) {
      const key = await keyOf(frame.frame);
      if (!addFrame(result, frame, { shard, limits, key })) return result;
    }
    if (frames.length < limit) return { ...result, atEnd: true };
  }
}

/** Adds what fits; false once something did not. */
function addFrame(
  result: ReadResult,
  { last, frame }: StoredFrame,
  { shard, limits, key }: { shard: number; limits: ReadLimits; key: Uint8Array | undefined },
): boolean {
  const decoded = decodeFrame(frame, 0, key);
  const timeMs = timeOf(last);
  const first = countOf(last) - decoded.length + 1;
  const seen = timeOf(result.after) === timeMs ? Math.max(0, countOf(result.after) - first + 1) : 0;
  const arrival = new Date(timeMs);
  for (let i = seen; i < decoded.length; i += 1) {
    const { partitionKey, data } = decoded[i] as (typeof decoded)[number];
    const bytes = data.length + Buffer.byteLength(partitionKey);
    const full = result.records.length >= limits.records || result.bytes + bytes > limits.bytes;
    if (full && result.records.length > 0) return false;
    const position = positionOf(timeMs, first + i);
    result.records.push({
      SequenceNumber: sequenceNumber(position, shard),
      ApproximateArrivalTimestamp: arrival,
      Data: data,
      PartitionKey: partitionKey,
      ...(key !== undefined && { EncryptionType: "KMS" as const }),
    });
    result.bytes += bytes;
    result.after = position;
  }
  return true;
}

/** How far a reader is behind: the age of what it read last, unless nothing is behind that. */
export function millisBehind({ records, atEnd }: ReadResult, nowMs: number): number {
  const last = records.at(-1);
  if (atEnd || last === undefined) return 0;
  return Math.max(0, Math.floor(nowMs - last.ApproximateArrivalTimestamp.getTime()));
}
