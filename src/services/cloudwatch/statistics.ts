import type { Point } from "./store/point.ts";

/**
 * Statistics by name: Average, p99.9, tm90, TM(10%:90%), PR(:300), IQM, …
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
 */
export type Statistic = (point: Point) => number | undefined;

const plain: Record<string, Statistic> = {
  samplecount: ({ count }) => count,
  average: ({ sum, count }) => (count === 0 ? undefined : sum / count),
  sum: ({ sum }) => sum,
  minimum: ({ min }) => min,
  maximum: ({ max }) => max,
  iqm: trimmed({ percent: true, from: 25, to: 75 }, mean),
};

/** The statistic of a name; undefined for any other text. */
export function statisticOf(name: string): Statistic | undefined {
  const known = name.toLowerCase();
  if (Object.hasOwn(plain, known)) return plain[known];
  return short(name) ?? ranged(name);
}

/** Those that one name in `Statistics` may be, and not in `ExtendedStatistics`. */
export function isPlain(name: string): boolean {
  return /^(?:samplecount|average|sum|minimum|maximum)$/i.test(name);
}

/** "p99", "tm95.5": up to a percentage. */
function short(name: string): Statistic | undefined {
  const match = /^(p|tm|wm|tc|ts)(\d{1,3}(?:\.\d{1,10})?)$/i.exec(name);
  if (match === null) return undefined;
  const to = Number(match[2]);
  if (to > 100) return undefined;
  const kind = (match[1] as string).toLowerCase();
  return kind === "p" ? percentile(to) : of(kind, { percent: true, from: 0, to });
}

interface Bounds {
  /** Bounds are percentages of the values; otherwise values themselves. */
  percent: boolean;
  from: number;
  to: number;
}

/** "TM(10%:90%)", "PR(100:2000)", "TS(:0.5)": either bound may be left out. */
function ranged(name: string): Statistic | undefined {
  const match = /^(tm|wm|tc|ts|pr)\((-?[\d.]*)(%?):(-?[\d.]*)(%?)\)$/i.exec(name);
  if (match === null) return undefined;
  const [, kind = "", from = "", fromPercent, to = "", toPercent] = match;
  if (from === "" && to === "") return undefined;
  const percent = fromPercent === "%" || toPercent === "%";
  if (percent && ((from !== "" && fromPercent === "") || (to !== "" && toPercent === ""))) return undefined;
  const bounds = {
    percent,
    from: from === "" ? (percent ? 0 : Number.NEGATIVE_INFINITY) : Number(from),
    to: to === "" ? (percent ? 100 : Number.POSITIVE_INFINITY) : Number(to),
  };
  if (Number.isNaN(bounds.from) || Number.isNaN(bounds.to) || bounds.from >= bounds.to) return undefined;
  if (percent && (bounds.from < 0 || bounds.to > 100)) return undefined;
  if (kind.toLowerCase() === "pr" && percent) return undefined;
  return of(kind.toLowerCase(), bounds);
}

function of(kind: string, bounds: Bounds): Statistic {
  if (kind === "tm") return trimmed(bounds, mean);
  if (kind === "tc") return trimmed(bounds, ({ count }) => count);
  if (kind === "ts") return trimmed(bounds, ({ sum }) => sum);
  if (kind === "wm") return winsorized(bounds);
  return trimmed(bounds, ({ count }, point) => (100 * count) / point.count);
}

type Counted = readonly (readonly [value: number, count: number])[];

/** Values in order. Where some are not known, or negative, there is no percentile. */
function ordered({ values, min }: Point): Counted | undefined {
  if (values === undefined || min < 0) return undefined;
  return [...values].sort(([a], [b]) => a - b);
}

/** The smallest value that so many percent of all do not exceed. */
function percentile(percent: number): Statistic {
  return (point) => {
    const values = ordered(point);
    return values && valueAt(values, (percent / 100) * point.count);
  };
}

function valueAt(values: Counted, rank: number): number | undefined {
  let seen = 0;
  for (const [value, count] of values) {
    seen += count;
    if (seen >= rank - 1e-9) return value;
  }
  return values.at(-1)?.[0];
}

interface Kept {
  count: number;
  sum: number;
}

function mean({ count, sum }: Kept): number | undefined {
  return count === 0 ? undefined : sum / count;
}

function trimmed(bounds: Bounds, result: (kept: Kept, point: Point) => number | undefined): Statistic {
  return (point) => {
    const values = ordered(point);
    return values && result(keptOf(values, point.count, bounds), point);
  };
}

/** What lies within the bounds: above the lower, and not above the upper. */
function keptOf(values: Counted, total: number, { percent, from, to }: Bounds): Kept {
  const kept = { count: 0, sum: 0 };
  let seen = 0;
  for (const [value, count] of values) {
    const inside = percent
      ? Math.min(seen + count, (to / 100) * total) - Math.max(seen, (from / 100) * total)
      : value > from && value <= to
        ? count
        : 0;
    seen += count;
    if (inside <= 0) continue;
    kept.count += inside;
    kept.sum += inside * value;
  }
  return kept;
}

/** Values outside of the bounds count as the bounds themselves. */
function winsorized({ percent, from, to }: Bounds): Statistic {
  return (point) => {
    const values = ordered(point);
    if (values === undefined) return undefined;
    const low = percent ? (valueAt(values, (from / 100) * point.count) ?? 0) : from;
    const high = percent ? (valueAt(values, (to / 100) * point.count) ?? 0) : to;
    const sum = values.reduce(
      (total, [value, count]) => total + count * Math.min(Math.max(value, low), high),
      0,
    );
    return point.count === 0 ? undefined : sum / point.count;
  };
}
