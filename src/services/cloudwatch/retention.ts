import type { Context } from "../../kit/context.ts";
import { dayMs, secondMs } from "./limits.ts";
import {
  type Block,
  blocksBetween,
  deleteBlock,
  getBlock,
  putBlock,
  type Series,
  type TimedPoint,
} from "./store/blocks.ts";
import { seriesId } from "./store/identity.ts";
import { addPoint, newPoint } from "./store/point.ts";
import { fiveMinutes, floorTo, hour, minute, second, type Tier } from "./store/tiers.ts";
import { kept, metrics } from "./tables.ts";

/**
 * What becomes of old datapoints: once a day, minutes that are older than 15 days become five minutes, these hours
 * after 63 days, and hours go after 455. Readers see no datapoint that is too old for its step, so when this happens
 * makes no difference to them.
 */

/** Metrics that one transaction looks after, and blocks of each. */
const maxMetrics = 100;
const maxBlocks = 50;

export interface Upkeep {
  /** Where the last transaction ended. */
  after?: readonly [namespace: string, identity: string];
}

/** Begins the daily upkeep of an account and Region in which metrics are. */
export async function beginUpkeep(ctx: Context): Promise<void> {
  const scope = [ctx.account, ctx.region] as const;
  if ((await kept.get(ctx.tx, ...scope)) !== undefined) return;
  kept.put(ctx.tx, [...scope], {});
  setUpkeep(Math.ceil((ctx.clock.now() + 1) / dayMs) * dayMs, {}, ctx);
}

function setUpkeep(atMs: number, payload: Upkeep, ctx: Context): void {
  ctx.timers.set(`upkeep/${ctx.account}/${ctx.region}`, "keepUp", atMs, { ...payload });
}

/** Timer: looks after some metrics, and goes on with the next. */
export async function keepUp({ after }: Upkeep, ctx: Context): Promise<void> {
  const { account, region } = ctx;
  const now = ctx.clock.now();
  const rows = await ctx.peek((tx) =>
    metrics.list(tx, [account, region], { limit: maxMetrics, ...(after && { after }) }),
  );
  for (const { key, row } of rows) {
    const [, , namespace, identity] = key;
    const series = { account, region, id: seriesId(namespace, identity) };
    const more = await keepSeries(series, now, ctx);
    if (!more && row.lastSeen < now - hour.keptMs - dayMs) metrics.delete(ctx.tx, ...key);
  }
  const last = rows.at(-1)?.key;
  if (last !== undefined && rows.length === maxMetrics) setUpkeep(now, { after: [last[2], last[3]] }, ctx);
  else setUpkeep(floorTo(now, dayMs) + dayMs, {}, ctx);
}

/** Whether there is more than one transaction should do. */
async function keepSeries(series: Series, nowMs: number, ctx: Context): Promise<boolean> {
  const found = [
    await drop(series, second, nowMs, ctx),
    await coarsen(series, minute, fiveMinutes, nowMs, ctx),
    await coarsen(series, fiveMinutes, hour, nowMs, ctx),
    await drop(series, hour, nowMs, ctx),
  ];
  return found.includes(maxBlocks);
}

/** Blocks all of whose points are too old for their tier. */
async function oldBlocks(series: Series, tier: Tier, nowMs: number, ctx: Context) {
  const to = (nowMs - tier.keptMs) / secondMs - tier.block;
  return to <= 0
    ? []
    : await blocksBetween(ctx.tx, series, tier, { from: 0, to: Math.floor(to), limit: maxBlocks });
}

async function drop(series: Series, tier: Tier, nowMs: number, ctx: Context): Promise<number> {
  const blocks = await oldBlocks(series, tier, nowMs, ctx);
  for (const { start } of blocks) deleteBlock(ctx.tx, series, tier, start);
  return blocks.length;
}

async function coarsen(series: Series, from: Tier, to: Tier, nowMs: number, ctx: Context): Promise<number> {
  const old = await oldBlocks(series, from, nowMs, ctx);
  const coarse = new Map<number, Block>();
  for (const { start, points } of old) {
    for (const point of points) await addCoarse(series, to, point, coarse, ctx);
    deleteBlock(ctx.tx, series, from, start);
  }
  for (const [start, block] of coarse) putBlock(ctx.tx, series, to, start, block);
  return old.length;
}

async function addCoarse(
  series: Series,
  tier: Tier,
  point: TimedPoint,
  blocks: Map<number, Block>,
  ctx: Context,
): Promise<void> {
  const start = floorTo(point.time, tier.block);
  let block = blocks.get(start);
  if (block === undefined) {
    block = (await getBlock(ctx.tx, series, tier, start)) ?? { merged: "", points: [] };
    blocks.set(start, block);
  }
  const time = floorTo(point.time, tier.step);
  let sum = block.points.find((one) => one.time === time && one.unit === point.unit);
  if (sum === undefined) {
    sum = { time, unit: point.unit, ...newPoint() };
    block.points.push(sum);
  }
  addPoint(sum, point);
}
