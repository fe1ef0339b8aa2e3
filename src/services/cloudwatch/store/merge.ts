import type { Context } from "../../../kit/context.ts";
import { hourMs } from "../limits.ts";
import { noteMetric } from "../registry.ts";
import { beginUpkeep } from "../retention.ts";
import { noteStreamed } from "../streams/send.ts";
import { mergedBuckets } from "../tables.ts";
import { batchesOf, deleteBatch, type Entry, linesOf, type Place, setOf } from "./batches.ts";
import { type Block, getBlock, putBlock, type Series, type TimedPoint } from "./blocks.ts";
import { seriesId } from "./identity.ts";
import { addSet, addValue, newPoint, type Point } from "./point.ts";
import { floorTo, minute, second, type Tier } from "./tiers.ts";

/** Batches into blocks: done by a timer for each bucket of time, so that writers share no row. */

/** Batches that one transaction takes up. */
const maxTaken = 40;

export interface Merging {
  namespace: string;
  namespaceId: string;
  bucket: string;
  /** Where the transaction before this ended. */
  after?: string;
}

export function addEntry(point: Point, entry: Entry): void {
  const set = setOf(entry);
  if (set !== undefined) {
    addSet(point, set);
    return;
  }
  const [, , , values, counts] = entry;
  for (const [i, value] of (values ?? []).entries()) addValue(point, value, counts?.[i] ?? 1);
}

/** Timer: merges what a bucket holds. */
export async function mergeBatches(
  { namespace, namespaceId, bucket, after }: Merging,
  ctx: Context,
): Promise<void> {
  const { tx, account, region } = ctx;
  const place: Place = { account, region, namespace: namespaceId };
  const batches = await batchesOf(tx, place, {
    bucket,
    limit: maxTaken,
    ...(after !== undefined && { after }),
  });
  const entries = new Map<string, Entry[]>();
  for (const batch of batches) {
    for (const [identity, list] of linesOf(batch)) {
      const held = entries.get(identity);
      if (held === undefined) entries.set(identity, list);
      else for (const entry of list) held.push(entry);
    }
    deleteBatch(tx, place, batch.id);
  }
  const last = batches.at(-1)?.id ?? "";
  await beginUpkeep(ctx);
  await noteStreamed(namespace, entries, ctx);
  for (const [identity, list] of entries) {
    const series = { account, region, id: seriesId(namespace, identity) };
    await mergeSeries(series, list, last, ctx);
    await noteMetric({ namespace, identity }, ctx);
  }
  if (batches.length === maxTaken) {
    const rest: Merging = { namespace, namespaceId, bucket, after: last };
    const id = `merge/${account}/${region}/${namespaceId}/more`;
    ctx.timers.set(id, "mergeBatches", ctx.clock.now(), { ...rest });
    return;
  }
  // What comes late for a bucket that is over sets this timer anew; readers miss it for no longer than that takes.
  const held = await mergedBuckets.get(tx, account, region, namespaceId);
  if (bucket > (held?.bucket ?? "")) mergedBuckets.put(tx, [account, region, namespaceId], { bucket });
}

async function mergeSeries(
  series: Series,
  entries: readonly Entry[],
  last: string,
  ctx: Context,
): Promise<void> {
  await mergeTier(series, minute, entries, last, ctx);
  const fine = entries.filter(
    ([time, resolution]) => resolution === 1 && time * 1_000 > ctx.clock.now() - second.keptMs - hourMs,
  );
  if (fine.length > 0) await mergeTier(series, second, fine, last, ctx);
}

async function mergeTier(
  series: Series,
  tier: Tier,
  entries: readonly Entry[],
  last: string,
  ctx: Context,
): Promise<void> {
  const byBlock = new Map<number, Entry[]>();
  for (const entry of entries) {
    const start = floorTo(entry[0], tier.block);
    const held = byBlock.get(start);
    if (held === undefined) byBlock.set(start, [entry]);
    else held.push(entry);
  }
  for (const [start, list] of byBlock) {
    const block = (await getBlock(ctx.tx, series, tier, start)) ?? { merged: "", points: [] };
    addToBlock(block, tier, list);
    // A late batch of an earlier bucket must not make the block forget what it holds.
    if (last > block.merged) block.merged = last;
    putBlock(ctx.tx, series, tier, start, block);
  }
}

function addToBlock({ points }: Block, tier: Tier, entries: readonly Entry[]): void {
  const held = new Map<string, TimedPoint>();
  for (const point of points) held.set(`${point.time}\n${point.unit}`, point);
  for (const entry of entries) {
    const time = floorTo(entry[0], tier.step);
    const key = `${time}\n${entry[2]}`;
    let point = held.get(key);
    if (point === undefined) {
      point = { time, unit: entry[2], ...newPoint() };
      held.set(key, point);
      points.push(point);
    }
    addEntry(point, entry);
  }
}
