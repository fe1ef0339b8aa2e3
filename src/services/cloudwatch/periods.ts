import { secondMs } from "./limits.ts";
import type { TimedPoint } from "./store/blocks.ts";
import { addPoint, newPoint, type Point } from "./store/point.ts";
import { fiveMinutes, floorTo, hour, minute } from "./store/tiers.ts";

/** Datapoints gathered by periods. */

/** 1, 5, 10, 20 and 30 seconds, and whole minutes. */
export function isPeriod(period: number): boolean {
  return [1, 5, 10, 20, 30].includes(period) || period % 60 === 0;
}

/**
 * The start of a range, as AWS rounds it: to the period below a minute, else to minutes, and to coarser steps for
 * what is kept so. Periods are counted from there.
 */
export function roundedStart(startMs: number, period: number, nowMs: number): number {
  const start = startMs / secondMs;
  if (period < minute.step) return floorTo(start, period);
  const age = nowMs - startMs;
  const step = age > fiveMinutes.keptMs ? hour.step : age > minute.keptMs ? fiveMinutes.step : minute.step;
  return floorTo(start, step);
}

/** Points by unit, and then by the start of their period. */
export function byUnitAndPeriod(
  points: readonly TimedPoint[],
  start: number,
  period: number,
): Map<string, Map<number, Point>> {
  const units = new Map<string, Map<number, Point>>();
  for (const point of points) {
    let periods = units.get(point.unit);
    if (periods === undefined) {
      periods = new Map();
      units.set(point.unit, periods);
    }
    const time = start + floorTo(point.time - start, period);
    let sum = periods.get(time);
    if (sum === undefined) {
      sum = newPoint();
      periods.set(time, sum);
    }
    addPoint(sum, point);
  }
  return units;
}

/** Units as stored: none is "". */
export function storedUnit(unit: string): string {
  return unit === "None" ? "" : unit;
}

export function shownUnit(unit: string): string {
  return unit === "" ? "None" : unit;
}
