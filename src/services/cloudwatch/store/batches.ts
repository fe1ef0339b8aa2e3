import { randomText } from "../../../kit/ids.ts";
import type { Reads, Transaction } from "../../../storage/store.ts";
import type { StatisticSet } from "./point.ts";

/**
 * What one PutMetricData brought, as one row: a line for each metric, its identity, a tab, and its entries. So a call
 * writes one row however many metrics it has, and a reader finds a metric's line by its bytes, without parsing the
 * others. A timer merges the rows of each bucket of time into the metrics' own blocks soon after.
 */

/** Values of one moment: seconds since the epoch, resolution in seconds, unit, and values with counts or a set. */
export type Entry = [
  time: number,
  resolution: number,
  unit: string,
  values: readonly number[] | null,
  counts?: readonly number[] | null,
  set?: readonly [count: number, sum: number, min: number, max: number],
];

export interface Place {
  account: string;
  region: string;
  /** Id of the namespace. */
  namespace: string;
}

const prefix = "cloudwatch/batches\u0000";

function under({ account, region, namespace }: Place): string {
  return `${prefix}${account}\u0000${region}\u0000${namespace}\u0000`;
}

/** Lengths of the buckets, and how long after its end one is merged: what was begun in it is written by then. */
export const bucketMs = 10_000;
export const graceMs = 1_000;

export function bucketAt(nowMs: number): { id: string; endMs: number } {
  const endMs = (Math.floor(nowMs / bucketMs) + 1) * bucketMs;
  return { id: String(endMs).padStart(15, "0"), endMs };
}

export function putBatch(
  tx: Transaction,
  place: Place,
  bucket: string,
  entries: ReadonlyMap<string, readonly Entry[]>,
): void {
  let text = "\n";
  for (const [identity, list] of entries) text += `${identity}\t[${list.map(entryText)}]\n`;
  tx.put(`${under(place)}${bucket}${randomText(10, "lower36")}`, Buffer.from(text));
}

/** JSON: units are words, all else is numbers. */
function entryText([time, resolution, unit, values, counts, set]: Entry): string {
  const start = `[${time},${resolution},"${unit}",`;
  if (set !== undefined) return `${start}null,null,[${set}]]`;
  return counts ? `${start}[${values}],[${counts}]]` : `${start}[${values}]]`;
}

export interface Batch {
  /** Behind all earlier buckets; blocks remember up to which they hold. */
  id: string;
  bytes: Uint8Array;
}

interface Range {
  /** Only those of one bucket. */
  bucket?: string;
  /** Only those behind this batch, or this bucket. */
  after?: string;
  limit?: number;
}

/** Batches that are not merged yet. */
export async function batchesOf(
  tx: Reads,
  place: Place,
  { bucket = "", after, limit }: Range = {},
): Promise<Batch[]> {
  const start = under(place);
  const from = after === undefined ? start + bucket : `${start}${after}~`;
  const found = await tx.range(from, `${start}${bucket}~`, limit === undefined ? {} : { limit });
  return found.map(([key, bytes]) => ({ id: key.slice(start.length), bytes }));
}

export function deleteBatch(tx: Transaction, place: Place, id: string): void {
  tx.delete(under(place) + id);
}

function textOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The entries of one metric. */
export function entriesIn({ bytes }: Batch, identity: string): Entry[] {
  const text = textOf(bytes);
  const mark = `\n${identity}\t`;
  const at = text.indexOf(mark);
  if (at < 0) return [];
  const start = at + Buffer.byteLength(mark);
  return JSON.parse(text.toString("utf8", start, text.indexOf("\n", start))) as Entry[];
}

/** All metrics of a batch. */
export function linesOf({ bytes }: Batch): [identity: string, entries: Entry[]][] {
  return textOf(bytes)
    .toString()
    .split("\n")
    .slice(1, -1)
    .map((line) => {
      const tab = line.indexOf("\t");
      return [line.slice(0, tab), JSON.parse(line.slice(tab + 1)) as Entry[]];
    });
}

export function setOf(entry: Entry): StatisticSet | undefined {
  const [count, sum, min, max] = entry[5] ?? [];
  return count === undefined ? undefined : { count, sum: sum ?? 0, min: min ?? 0, max: max ?? 0 };
}
