import { hourMs, secondMs } from "../limits.ts";
import type { DetectorRow } from "../tables.ts";

/**
 * What is to be expected of a metric, by the hour of the week: the median of the values that came in that hour in the
 * two weeks before, and their spread, the median distance from it. Where an hour of the week has too few values, the
 * hour of the day speaks for it, and then all values.
 */

/** So many values tell something of an hour. */
const minValues = 3;
const hoursPerDay = 24;
const hoursPerWeek = 168;
/** Makes the median distance of a normal distribution its standard deviation. */
const deviationPerMedianDistance = 1.4826;
/** Hours that are steadier than the rest may differ by this share of what all values spread. */
const leastShareOfSpread = 0.1;
/** And what never changes, by this share of itself. */
const leastShareOfValue = 0.005;

export interface Expectation {
  middle: number;
  spread: number;
}

export interface Model {
  /** Undefined where nothing is known. */
  at(time: number): Expectation | undefined;
  values: number;
  /** Seconds from the first value to the last. */
  span: number;
}

function median(sorted: readonly number[]): number {
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

function expectationOf(values: readonly number[], least: number): Expectation | undefined {
  if (values.length < minValues) return undefined;
  const ordered = (list: readonly number[]) => Float64Array.from(list).sort() as unknown as number[];
  const middle = median(ordered(values));
  const distance = median(ordered(values.map((value) => Math.abs(value - middle))));
  const spread = Math.max(deviationPerMedianDistance * distance, least, leastShareOfValue * Math.abs(middle));
  return { middle, spread };
}

/** Hours since the epoch in a time zone, so that hours of the day and week fall where people have them. */
function hourIn(timeZone: string): (time: number) => number {
  if (timeZone === "UTC") return (time) => Math.floor((time * secondMs) / hourMs);
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
  });
  const known = new Map<number, number>();
  return (time) => {
    const utc = Math.floor((time * secondMs) / hourMs);
    const held = known.get(utc);
    if (held !== undefined) return held;
    const parts = new Map(
      format.formatToParts(time * secondMs).map(({ type, value }) => [type, Number(value)]),
    );
    const part = (type: "year" | "month" | "day" | "hour") => parts.get(type) ?? 0;
    const local = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour")) / hourMs;
    known.set(utc, local);
    return local;
  };
}

type Settings = Pick<DetectorRow, "excluded" | "timeZone" | "periodicSpikes">;

/** Learns from points: seconds since the epoch, values. */
export function train(points: ReadonlyMap<number, number>, settings: Settings): Model {
  const { excluded, timeZone = "UTC", periodicSpikes = false } = settings;
  const hourOf = hourIn(timeZone);
  const isExcluded = (time: number) =>
    excluded.some(({ from, to }) => time * secondMs >= from && time * secondMs < to);
  const known = [...points].filter(([time]) => !isExcluded(time));
  const all = known.map(([, value]) => value);
  const whole = expectationOf(all, 0);
  const least = (whole?.spread ?? 0) * leastShareOfSpread;
  const byHour = (hours: number) => grouped(known, (time) => hourOf(time) % hours, least, periodicSpikes);
  const ofWeek = byHour(hoursPerWeek);
  const ofDay = byHour(hoursPerDay);
  return {
    at(time) {
      const hour = hourOf(time);
      return ofWeek.get(hour % hoursPerWeek) ?? ofDay.get(hour % hoursPerDay) ?? whole;
    },
    values: all.length,
    span: known.length === 0 ? 0 : (known.at(-1)?.[0] ?? 0) - (known[0]?.[0] ?? 0),
  };
}

function grouped(
  points: readonly (readonly [time: number, value: number])[],
  groupOf: (time: number) => number,
  least: number,
  periodicSpikes: boolean,
): Map<number, Expectation> {
  const groups = new Map<number, number[]>();
  for (const [time, value] of points) {
    const group = groupOf(time);
    const held = groups.get(group);
    if (held === undefined) groups.set(group, [value]);
    else held.push(value);
  }
  const found = new Map<number, Expectation>();
  for (const [group, values] of groups) {
    const expectation = expectationOf(values, least);
    if (expectation === undefined) continue;
    // Spikes that are to be expected widen their hour to the farthest that came in it.
    const farthest = Math.max(...values.map((value) => Math.abs(value - expectation.middle)));
    found.set(
      group,
      periodicSpikes ? { ...expectation, spread: Math.max(expectation.spread, farthest) } : expectation,
    );
  }
  return found;
}
