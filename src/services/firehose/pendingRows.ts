import type { Reads, Transaction } from "../../storage/store.ts";
import type { DeliveryStreamRow } from "./tables.ts";

/**
 * Records that wait to be delivered: a row for each call that brought some, in the order of the calls' commits. A row:
 * how many (4 bytes), each one's arrival (8) and length (4), all data; behind a data key's length (2) and bytes, which
 * are empty unless the stream has a customer's KMS key. Not a table of the kit, whose rows are JSON.
 */

const countBytes = 4;
const factsBytes = 12;

export interface PendingRecord {
  arrivalMs: number;
  data: Uint8Array;
}

/** A position: time in ms, a count, and how many bytes the stream had buffered before. */
export const timeDigits = 15;
export const countDigits = 15;
const totalDigits = 16;

export function positionText(timeMs: number, count: number, bytes: number): string {
  const digits = (value: number, length: number) => String(value).padStart(length, "0");
  return digits(timeMs, timeDigits) + digits(count, countDigits) + digits(bytes, totalDigits);
}

export function bytesBefore(position: string): number {
  return Number(position.slice(timeDigits + countDigits));
}

/** What tells a position from all others. */
export function shortPosition(position: string): string {
  return position.slice(0, timeDigits + countDigits);
}

export interface PendingFrame {
  position: string;
  bytes: Buffer;
}

type StreamKey = Pick<DeliveryStreamRow, "account" | "region" | "streamId">;

function prefixOf({ account, region, streamId }: StreamKey): string {
  return `firehose/pending\u0000${account}\u0000${region}\u0000${streamId}\u0000`;
}

export function encodeRecords(records: readonly PendingRecord[]): Buffer {
  let size = countBytes + records.length * factsBytes;
  for (const { data } of records) size += data.byteLength;
  const bytes = Buffer.allocUnsafe(size);
  let at = bytes.writeUInt32LE(records.length);
  for (const { arrivalMs, data } of records) {
    at = bytes.writeDoubleLE(arrivalMs, at);
    at = bytes.writeUInt32LE(data.byteLength, at);
  }
  for (const { data } of records) {
    bytes.set(data, at);
    at += data.byteLength;
  }
  return bytes;
}

export function decodeRecords(bytes: Buffer): (PendingRecord & { data: Buffer })[] {
  const count = bytes.readUInt32LE();
  let at = countBytes + count * factsBytes;
  return Array.from({ length: count }, (_, i) => {
    const factsAt = countBytes + i * factsBytes;
    const length = bytes.readUInt32LE(factsAt + 8);
    const data = bytes.subarray(at, at + length);
    at += length;
    return { arrivalMs: bytes.readDoubleLE(factsAt), data };
  });
}

export function putPending(tx: Transaction, stream: StreamKey, { position, bytes }: PendingFrame): void {
  tx.put(prefixOf(stream) + position, bytes);
}

export function deletePending(tx: Transaction, stream: StreamKey, position: string): void {
  tx.delete(prefixOf(stream) + position);
}

/** The oldest frames, or with `reverse` the newest. */
export async function pendingFrames(
  tx: Reads,
  stream: StreamKey,
  { limit, after = "", reverse = false }: { limit: number; after?: string; reverse?: boolean },
): Promise<PendingFrame[]> {
  const prefix = prefixOf(stream);
  const rows = await tx.range(`${prefix}${after}\u0001`, `${prefix}~`, { limit, reverse });
  return rows.map(([key, value]) => ({
    position: key.slice(prefix.length),
    bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength),
  }));
}
