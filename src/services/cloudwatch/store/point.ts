/**
 * What is known of a metric's values in one span of time: count, sum, extremes, and how often each value came. Past
 * `maxDistinct` values they are counted in buckets whose width is a share of the value, so that a percentile stays
 * within that share of what it would be.
 */
export interface Point {
  count: number;
  sum: number;
  min: number;
  max: number;
  /** Count by value; undefined where a statistic set left its values out. */
  values: Map<number, number> | undefined;
}

/** Values that are kept apart. */
const maxDistinct = 256;
/** Width of the buckets that follow, as a share of the value; doubled while there are still too many. */
const firstWidth = 0.01;

export function newPoint(): Point {
  return {
    count: 0,
    sum: 0,
    min: Number.POSITIVE_INFINITY,
    max: Number.NEGATIVE_INFINITY,
    values: new Map(),
  };
}

export function addValue(point: Point, value: number, count: number): void {
  point.count += count;
  point.sum += value * count;
  if (value < point.min) point.min = value;
  if (value > point.max) point.max = value;
  if (point.values === undefined) return;
  point.values.set(value, (point.values.get(value) ?? 0) + count);
  if (point.values.size > maxDistinct) point.values = bucketed(point.values);
}

export interface StatisticSet {
  count: number;
  sum: number;
  min: number;
  max: number;
}

/** A statistic set has a distribution only where all of its values are one. */
export function addSet(point: Point, { count, sum, min, max }: StatisticSet): void {
  if (min === max) {
    addValue(point, min, count);
    return;
  }
  point.count += count;
  point.sum += sum;
  point.min = Math.min(point.min, min);
  point.max = Math.max(point.max, max);
  point.values = undefined;
}

export function addPoint(to: Point, from: Point): void {
  to.count += from.count;
  to.sum += from.sum;
  to.min = Math.min(to.min, from.min);
  to.max = Math.max(to.max, from.max);
  if (from.values === undefined) to.values = undefined;
  if (to.values === undefined || from.values === undefined) return;
  for (const [value, count] of from.values) to.values.set(value, (to.values.get(value) ?? 0) + count);
  if (to.values.size > maxDistinct) to.values = bucketed(to.values);
}

function bucketed(values: Map<number, number>): Map<number, number> {
  let width = firstWidth;
  for (;;) {
    const made = withWidth(values, width);
    // Half full, so that the next values do not make it do this again.
    if (made.size <= maxDistinct / 2) return made;
    width *= 2;
  }
}

function withWidth(values: Map<number, number>, width: number): Map<number, number> {
  const step = Math.log1p(width);
  const made = new Map<number, number>();
  for (const [value, count] of values) {
    const size = Math.abs(value);
    const middle =
      size === 0 ? 0 : Math.sign(value) * Math.exp((Math.floor(Math.log(size) / step) + 0.5) * step);
    made.set(middle, (made.get(middle) ?? 0) + count);
  }
  return made;
}
