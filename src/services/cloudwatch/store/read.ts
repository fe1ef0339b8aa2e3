import type { Reads } from "../../../storage/store.ts";
import { secondMs } from "../limits.ts";
import { mergedBuckets } from "../tables.ts";
import { type Batch, batchesOf, type Entry, entriesIn } from "./batches.ts";
import { blocksBetween, type Series, type TimedPoint } from "./blocks.ts";
import { identityOf, type Metric, namespaceId, seriesId } from "./identity.ts";
import { addEntry } from "./merge.ts";
import { newPoint } from "./point.ts";
import { floorTo, isShown, minute, second, type Tier, tiersFor } from "./tiers.ts";

export interface Range {
  /** Seconds since the epoch: from <= time < to. */
  from: number;
  to: number;
  /** Seconds; decides how finely is read. */
  period: number;
  nowMs: number;
}

/** Reads metrics of one account and Region; what is not merged yet is read once for each namespace. */
export class MetricReader {
  readonly #tx: Reads;
  readonly #account: string;
  readonly #region: string;
  readonly #batches = new Map<string, Promise<Batch[]>>();

  constructor(tx: Reads, { account, region }: { account: string; region: string }) {
    this.#tx = tx;
    this.#account = account;
    this.#region = region;
  }

  #batchesOf(namespace: string): Promise<Batch[]> {
    const held = this.#batches.get(namespace);
    if (held !== undefined) return held;
    const read = this.#readBatches(namespaceId(namespace));
    this.#batches.set(namespace, read);
    return read;
  }

  async #readBatches(namespace: string): Promise<Batch[]> {
    const [account, region] = [this.#account, this.#region];
    const merged = await mergedBuckets.get(this.#tx, account, region, namespace);
    const place = { account, region, namespace };
    return await batchesOf(this.#tx, place, merged === undefined ? {} : { after: merged.bucket });
  }

  /** Datapoints in the finest steps that are kept and that the period allows, in order of time. */
  async points({ namespace, name, dimensions }: Metric, range: Range): Promise<TimedPoint[]> {
    const identity = identityOf(name, dimensions);
    const series = { account: this.#account, region: this.#region, id: seriesId(namespace, identity) };
    // First what is not merged: what is merged meanwhile, the blocks tell by the last batch that they hold.
    const batches = await this.#batchesOf(namespace);
    const waiting = batches.flatMap((batch) =>
      entriesIn(batch, identity).map((entry) => ({ batch: batch.id, entry })),
    );
    const found = await Promise.all(
      tiersFor(range.period).map((tier) => pointsOfTier(this.#tx, series, tier, waiting, range)),
    );
    const points = range.period < minute.step ? finest(found) : found.flat();
    const { from, to, period, nowMs } = range;
    return points
      .filter(({ time }) => time >= from && time < to && isShown(nowMs - time * secondMs, period))
      .sort((a, b) => a.time - b.time);
  }
}

/** Seconds where there are any; whole minutes where a metric has no more. */
function finest([seconds = [], minutes = []]: readonly TimedPoint[][]): TimedPoint[] {
  const covered = new Set(seconds.map(({ time }) => floorTo(time, minute.step)));
  return [...seconds, ...minutes.filter(({ time }) => !covered.has(time))];
}

interface Waiting {
  batch: string;
  entry: Entry;
}

async function pointsOfTier(
  tx: Reads,
  series: Series,
  tier: Tier,
  waiting: readonly Waiting[],
  { from, to }: Range,
): Promise<TimedPoint[]> {
  const blocks = await blocksBetween(tx, series, tier, { from, to });
  const merged = new Map(blocks.map((block) => [block.start, block.merged]));
  const points = blocks.flatMap((block) => block.points);
  if (tier !== minute && tier !== second) return points;
  const added = new Map<string, TimedPoint>();
  for (const { batch, entry } of waiting) {
    const [time, resolution, unit] = entry;
    if (tier === second && resolution !== 1) continue;
    const at = floorTo(time, tier.step);
    if (batch <= (merged.get(floorTo(at, tier.block)) ?? "")) continue;
    const key = `${at}\n${unit}`;
    let point = added.get(key);
    if (point === undefined) {
      point = points.find((one) => one.time === at && one.unit === unit);
      if (point === undefined) {
        point = { time: at, unit, ...newPoint() };
        points.push(point);
      }
      added.set(key, point);
    }
    addEntry(point, entry);
  }
  return points;
}
