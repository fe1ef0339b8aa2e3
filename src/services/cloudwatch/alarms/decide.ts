import type { MetricAlarmRow, StateValue } from "../tables.ts";

/**
 * What state datapoints put an alarm into, as AWS's tables have it.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
 */

/**
 * Periods beyond the evaluation periods that are looked at where some datapoints are missing: two, as in AWS's
 * examples; with periods below a minute, a minute of them, as values of standard resolution stand at its beginning.
 */
export function extraPeriods(period: number): number {
  return period < 60 ? Math.ceil(60 / period) : 2;
}

type Criteria = Pick<
  MetricAlarmRow,
  "evaluationPeriods" | "datapointsToAlarm" | "operator" | "threshold" | "treatMissingData"
>;

/** One period; without a value, it is missing. */
export interface Evaluated {
  /** Seconds since the epoch. */
  time: number;
  value?: number | undefined;
  samples?: number | undefined;
  /** The band that the value is held against, for alarms on anomalies. */
  lower?: number | undefined;
  upper?: number | undefined;
}

export interface Decision {
  /** Undefined: the alarm stays as it is. */
  state: StateValue | undefined;
  /** Datapoints that decided, oldest first. */
  datapoints: Evaluated[];
  /** How many missing ones were filled in. */
  filled: number;
}

const comparisons: Record<string, (value: number, threshold: number) => boolean> = {
  GreaterThanThreshold: (value, threshold) => value > threshold,
  GreaterThanOrEqualToThreshold: (value, threshold) => value >= threshold,
  LessThanThreshold: (value, threshold) => value < threshold,
  LessThanOrEqualToThreshold: (value, threshold) => value <= threshold,
};

/** Whether it is an operator of static thresholds. */
export function isComparison(operator: string): boolean {
  return Object.hasOwn(comparisons, operator);
}

type BandComparison = (one: Required<Pick<Evaluated, "value" | "lower" | "upper">>) => boolean;

const bandComparisons: Record<string, BandComparison> = {
  LessThanLowerOrGreaterThanUpperThreshold: ({ value = 0, lower = 0, upper = 0 }) =>
    value < lower || value > upper,
  LessThanLowerThreshold: ({ value = 0, lower = 0 }) => value < lower,
  GreaterThanUpperThreshold: ({ value = 0, upper = 0 }) => value > upper,
};

/** Whether it is an operator of bands. */
export function isBandComparison(operator: string): boolean {
  return Object.hasOwn(bandComparisons, operator);
}

function breaches({ value = 0, lower, upper }: Evaluated, { operator, threshold }: Criteria): boolean {
  if (threshold !== undefined) return comparisons[operator]?.(value, threshold) ?? false;
  // Where nothing is expected, nothing is an anomaly.
  if (lower === undefined || upper === undefined) return false;
  return bandComparisons[operator]?.({ value, lower, upper }) ?? false;
}

/** `periods` are those of the evaluation range, oldest first. */
export function decide(periods: readonly Evaluated[], alarm: Criteria): Decision {
  const { evaluationPeriods, datapointsToAlarm = evaluationPeriods, treatMissingData = "missing" } = alarm;
  const real = periods.filter(({ value }) => value !== undefined);
  const isBreaching = (one: Evaluated) => breaches(one, alarm);
  if (real.length >= evaluationPeriods) {
    const datapoints = real.slice(-evaluationPeriods);
    const breaching = datapoints.filter(isBreaching).length;
    return { state: breaching >= datapointsToAlarm ? "ALARM" : "OK", datapoints, filled: 0 };
  }
  const filled = evaluationPeriods - real.length;
  const breaching = real.filter(isBreaching).length;
  const facts = { datapoints: real, filled };
  if (treatMissingData === "breaching")
    return { ...facts, state: breaching + filled >= datapointsToAlarm ? "ALARM" : "OK" };
  if (breaching >= datapointsToAlarm) return { ...facts, state: "ALARM" };
  if (treatMissingData === "notBreaching") return { ...facts, state: "OK" };
  const stays = treatMissingData === "ignore" ? undefined : null;
  if (real.length === 0) return { ...facts, state: stays === null ? "INSUFFICIENT_DATA" : undefined };
  if (breaching < real.length) return { ...facts, state: "OK" };
  // All that is there breaches. Once the oldest is as old as the datapoints to alarm, no more is waited for.
  if (stays === undefined) return { ...facts, state: undefined };
  const age = periods.length - periods.findIndex(({ value }) => value !== undefined);
  return { ...facts, state: age >= datapointsToAlarm ? "ALARM" : "OK" };
}

/** What values to come in a period can still do to its statistic. */
type Movement = "up" | "down" | "both";

function movementOf(statistic: string): Movement {
  const name = statistic.toLowerCase();
  if (name === "sum" || name === "samplecount" || name === "maximum") return "up";
  return name === "minimum" ? "down" : "both";
}

/**
 * Whether a decision may stand although its last period is not over: values that are still to come must not be able
 * to take back what a statistic that only grows (or only falls) says now. Averages and percentiles count as they are.
 */
export function standsEarly(
  state: StateValue,
  statistic: string,
  operator: string,
  now: StateValue,
): boolean {
  if (state === "INSUFFICIENT_DATA") return false;
  const movement = movementOf(statistic);
  if (movement === "both") return true;
  const breachesAbove = operator.startsWith("Greater");
  const final = breachesAbove === (movement === "up") ? "ALARM" : "OK";
  return state === final || (state === "OK" && now === "INSUFFICIENT_DATA");
}
