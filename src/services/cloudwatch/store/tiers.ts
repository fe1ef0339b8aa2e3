import { dayMs, hourMs } from "../limits.ts";

/**
 * How long datapoints are kept, and how finely. Times are seconds since the epoch.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
 */
export interface Tier {
  /** Part of the blocks' keys. */
  id: string;
  /** Seconds from one point to the next. */
  step: number;
  /** Seconds that one block holds. */
  block: number;
  keptMs: number;
}

export const second: Tier = { id: "a", step: 1, block: 60, keptMs: 3 * hourMs };
export const minute: Tier = { id: "b", step: 60, block: 600, keptMs: 15 * dayMs };
export const fiveMinutes: Tier = { id: "c", step: 300, block: 21_600, keptMs: 63 * dayMs };
export const hour: Tier = { id: "d", step: 3_600, block: 604_800, keptMs: 455 * dayMs };

export const keptTiers: readonly Tier[] = [minute, fiveMinutes, hour];

/** Whether a datapoint so old is shown with periods of so many seconds; those between are not, on AWS too. */
export function isShown(ageMs: number, period: number): boolean {
  if (ageMs > hour.keptMs) return false;
  if (ageMs > fiveMinutes.keptMs) return period % hour.step === 0;
  if (ageMs > minute.keptMs) return period % fiveMinutes.step === 0;
  return ageMs <= second.keptMs || period % minute.step === 0;
}

/** Where blocks of periods of so many seconds may lie. */
export function tiersFor(period: number): readonly Tier[] {
  if (period % minute.step !== 0) return [second, minute];
  return keptTiers.filter(({ step }) => period % step === 0);
}

export function floorTo(time: number, step: number): number {
  return Math.floor(time / step) * step;
}
