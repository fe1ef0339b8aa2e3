import type { MetricAlarmRow } from "../tables.ts";
import type { Decision, Evaluated } from "./decide.ts";
import { jsonTime } from "./history.ts";

/** Why an alarm is in its state, in AWS's words. */

const comparisonWords: Record<string, string> = {
  GreaterThanThreshold: "greater than",
  GreaterThanOrEqualToThreshold: "greater than or equal to",
  LessThanThreshold: "less than",
  LessThanOrEqualToThreshold: "less than or equal to",
};

const shownAtOnce = 5;

/** What datapoints are held against: the threshold, or the bounds of what was expected at their times. */
function limits({ operator, threshold }: MetricAlarmRow, newest: readonly Evaluated[]): string {
  if (threshold !== undefined) return `${comparisonWords[operator]} the threshold (${double(threshold)})`;
  const bounds = (side: "lower" | "upper") =>
    `the ${side} thresholds [${newest.map((one) => double(one[side] ?? Number.NaN)).join(", ")}]`;
  const less = `less than ${bounds("lower")}`;
  const greater = `greater than ${bounds("upper")}`;
  if (operator === "LessThanLowerThreshold") return less;
  return operator === "GreaterThanUpperThreshold" ? greater : `${less} or ${greater}`;
}

const treatmentWords: Record<string, string> = {
  breaching: "Breaching",
  notBreaching: "NonBreaching",
  missing: "Missing",
  ignore: "Ignore",
};

const initialReason = "Unchecked: Initial alarm creation";

export const initialState = (at: number) => ({
  value: "INSUFFICIENT_DATA" as const,
  reason: initialReason,
  updatedAt: at,
  transitionedAt: at,
});

/** A number as Java writes a double: "21.0". */
function double(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e7 ? `${value}.0` : String(value);
}

/** "25/11/26 02:00:00" */
function shortTime(seconds: number): string {
  const [date = "", time = ""] = new Date(seconds * 1000).toISOString().split("T");
  const [year = "", month = "", day = ""] = date.split("-");
  return `${day}/${month}/${year.slice(2)} ${time.slice(0, 8)}`;
}

const counted = (count: number, word: string) => `${count} ${word}${count === 1 ? "" : "s"}`;
const were = (count: number) => (count === 1 ? "was" : "were");

export function reasonOf(alarm: MetricAlarmRow, { state, datapoints, filled }: Decision): string {
  if (state === "INSUFFICIENT_DATA") {
    const { evaluationPeriods } = alarm;
    return `Insufficient Data: ${counted(evaluationPeriods, "datapoint")} ${were(evaluationPeriods)} unknown.`;
  }
  const treatment = treatmentWords[alarm.treatMissingData ?? "missing"];
  const filling = `${counted(filled, "missing datapoint")} ${were(filled)} treated as [${treatment}]`;
  if (datapoints.length === 0) {
    return `Threshold Crossed: no datapoints were received for ${counted(filled, "period")} and ${filling}.`;
  }
  const { evaluationPeriods, datapointsToAlarm } = alarm;
  const newest = [...datapoints].reverse().slice(0, shownAtOnce);
  const shown = `[${newest.map(shownPoint).join(", ")}]`;
  const than = limits(alarm, newest);
  const crossed = alarm.threshold === undefined ? "Thresholds Crossed" : "Threshold Crossed";
  const not = state === "ALARM" ? "" : "not ";
  const added = filled > 0 && treatment !== "Missing" && treatment !== "Ignore" ? ` and ${filling}` : "";
  if (datapointsToAlarm === undefined) {
    const { length } = datapoints;
    return `${crossed}: ${counted(length, "datapoint")} ${shown} ${were(length)} ${not}${than}${added}.`;
  }
  const direction = state === "ALARM" ? "OK -> ALARM" : "ALARM -> OK";
  const minimum = state === "ALARM" ? datapointsToAlarm : evaluationPeriods - datapointsToAlarm + 1;
  const { length } = datapoints;
  return `${crossed}: ${length} out of the last ${counted(evaluationPeriods, "datapoint")} ${shown} ${were(length)} ${not}${than}${added} (minimum ${counted(minimum, "datapoint")} for ${direction} transition).`;
}

function shownPoint({ value = 0, time }: Evaluated): string {
  return `${double(value)} (${shortTime(time)})`;
}

/** The same for programs: the state's `StateReasonData`. */
export function reasonDataOf(
  alarm: MetricAlarmRow,
  { datapoints, filled }: Decision,
  { nowMs, periods }: { nowMs: number; periods: readonly Evaluated[] },
): string {
  const { metric, threshold } = alarm;
  const oldest = datapoints[0];
  const missing = periods.filter(({ value }) => value === undefined).slice(-filled || periods.length);
  const evaluated = [...datapoints, ...(filled > 0 ? missing : [])].sort((a, b) => b.time - a.time);
  return JSON.stringify({
    version: "1.0",
    queryDate: jsonTime(nowMs),
    ...(oldest && { startDate: jsonTime(oldest.time * 1000) }),
    ...(metric?.unit !== undefined && { unit: metric.unit }),
    ...(metric && { statistic: metric.statistic ?? metric.extendedStatistic, period: metric.period }),
    recentDatapoints: datapoints.map(({ value }) => value),
    ...(threshold === undefined
      ? {
          recentLowerThresholds: datapoints.map(({ lower }) => lower),
          recentUpperThresholds: datapoints.map(({ upper }) => upper),
        }
      : { threshold }),
    evaluatedDatapoints: evaluated.slice(0, 20).map(({ time, value, samples }) => ({
      timestamp: jsonTime(time * 1000),
      ...(value !== undefined && samples !== undefined && { sampleCount: samples }),
      ...(value !== undefined && { value }),
    })),
  });
}
