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

export function breaches(value: number, { operator, threshold }: Criteria): boolean {
  return comparisons[operator]?.(value, threshold) ?? false;
}

/** `periods` are those of the evaluation range, oldest first. */
export function decide(periods: readonly Evaluated[], alarm: Criteria): Decision {
  const { evaluationPeriods, datapointsToAlarm = evaluationPeriods, treatMissingData = "missing" } = alarm;
  const real = periods.filter(({ value }) => value !== undefined);
  const isBreaching = ({ value = 0 }: Evaluated) => breaches(value, alarm);
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
