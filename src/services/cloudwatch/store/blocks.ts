import type { MaybePromise, Reads, Transaction } from "../../../storage/store.ts";
import type { Point } from "./point.ts";
import type { Tier } from "./tiers.ts";

/** A metric's datapoints of some minutes, hours or days: one row for each metric, tier and block of time. */

export interface TimedPoint extends Point {
  /** Seconds since the epoch. */
  time: number;
  unit: string;
}

export interface Block {
  /** Id of the last batch that was merged into it. */
  merged: string;
  points: TimedPoint[];
}

export interface Series {
  account: string;
  region: string;
  id: string;
}

const prefix = "cloudwatch/blocks\u0000";

function under({ account, region, id }: Series, tier: Tier): string {
  return `${prefix}${account}\u0000${region}\u0000${id}\u0000${tier.id}\u0000`;
}

/** Of fixed width, so that blocks lie in order. */
function startKey(start: number): string {
  return String(Math.max(0, start)).padStart(12, "0");
}

/** A point's row: values are left out where all are one, and are 0 where they are not known. */
type PointRow = [
  time: number,
  unit: string,
  count: number,
  sum: number,
  min: number,
  max: number,
  values?: number[] | 0,
];

export function putBlock(tx: Transaction, series: Series, tier: Tier, start: number, block: Block): void {
  const points = block.points.map(rowOf);
  tx.put(under(series, tier) + startKey(start), Buffer.from(JSON.stringify({ m: block.merged, p: points })));
}

function rowOf({ time, unit, count, sum, min, max, values }: TimedPoint): PointRow {
  const row: PointRow = [time, unit, count, sum, min, max];
  if (values === undefined) row.push(0);
  else if (values.size > 1 || !values.has(min)) row.push([...values].flat());
  return row;
}

function pointOf([time, unit, count, sum, min, max, flat]: PointRow): TimedPoint {
  let values: Map<number, number> | undefined;
  if (flat === undefined) values = new Map([[min, count]]);
  else if (flat !== 0) {
    values = new Map();
    for (let i = 0; i < flat.length; i += 2) values.set(flat[i] as number, flat[i + 1] as number);
  }
  return { time, unit, count, sum, min, max, values };
}

function decode(bytes: Uint8Array): Block {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
  const { m, p } = JSON.parse(text) as { m: string; p: PointRow[] };
  return { merged: m, points: p.map(pointOf) };
}

export function getBlock(
  tx: Reads,
  series: Series,
  tier: Tier,
  start: number,
): MaybePromise<Block | undefined> {
  const found = tx.get(under(series, tier) + startKey(start));
  if (found instanceof Promise) return found.then((bytes) => bytes && decode(bytes));
  return found && decode(found);
}

export function deleteBlock(tx: Transaction, series: Series, tier: Tier, start: number): void {
  tx.delete(under(series, tier) + startKey(start));
}

export interface PlacedBlock extends Block {
  start: number;
}

/** Blocks that hold points of from <= time < to. */
export async function blocksBetween(
  tx: Reads,
  series: Series,
  tier: Tier,
  { from, to, limit }: { from: number; to: number; limit?: number },
): Promise<PlacedBlock[]> {
  const base = under(series, tier);
  const first = Math.floor(from / tier.block) * tier.block;
  const found = await tx.range(
    base + startKey(first),
    base + startKey(to),
    limit === undefined ? {} : { limit },
  );
  return found.map(([key, bytes]) => ({ start: Number(key.slice(base.length)), ...decode(bytes) }));
}
