import type { MaybePromise, Reads, Transaction } from "../../../storage/store.ts";

/**
 * The rows that hold chunks: bytes under account, Region, stream and place. Not a table of the kit, whose rows are
 * JSON. No part of a key holds the separator: accounts, Regions, ids and places are letters, digits and dashes.
 */

export interface StreamKey {
  account: string;
  region: string;
  streamId: string;
}

const prefix = "logs/chunks\u0000";

function keyOf({ account, region, streamId }: StreamKey, place: string): string {
  return `${prefix}${account}\u0000${region}\u0000${streamId}\u0000${place}`;
}

export function putChunk(tx: Transaction, stream: StreamKey, place: string, value: Uint8Array): void {
  tx.put(keyOf(stream, place), value);
}

export function deleteChunk(tx: Transaction, stream: StreamKey, place: string): void {
  tx.delete(keyOf(stream, place));
}

export function getChunk(tx: Reads, stream: StreamKey, place: string): MaybePromise<Uint8Array | undefined> {
  return tx.get(keyOf(stream, place));
}

/** Places (and values) of a stream's chunks with from <= place < to. */
export async function chunksBetween(
  tx: Reads,
  stream: StreamKey,
  [from, to]: readonly [string, string],
  options: { limit: number; reverse: boolean },
): Promise<{ place: string; value: Uint8Array }[]> {
  const start = keyOf(stream, "").length;
  const entries = await tx.range(keyOf(stream, from), keyOf(stream, to), options);
  return entries.map(([key, value]) => ({ place: key.slice(start), value }));
}
