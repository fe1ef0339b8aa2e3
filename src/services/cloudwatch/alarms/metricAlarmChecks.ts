import type { Context } from "../../../kit/context.ts";
import type { AlarmInput } from "../contract.ts";
import { checkQueries, notBuilt } from "../queryChecks.ts";
import { isPlain, statisticOf } from "../statistics.ts";
import { isBandComparison, isComparison } from "./decide.ts";

/** What PutMetricAlarm refuses. */

const treatments = ["breaching", "notBreaching", "ignore", "missing"];
const lowSampleTreatments = ["evaluate", "ignore"];
/** Metrics are checked across no more than a day, or a week with periods of an hour or more. */
const maxRangeSeconds = 86_400;
const maxLongRangeSeconds = 604_800;

type Input = AlarmInput;

export function checkMetricAlarm(input: Input, ctx: Context): void {
  const invalid = (message: string) => ctx.error("ValidationError", message);
  if (input.EvaluationCriteria !== undefined) throw notBuilt("alarms on PromQL queries", ctx);
  if (input.EvaluationWindow !== undefined && "WallClockWindow" in input.EvaluationWindow)
    throw notBuilt("alarms with wall clock windows", ctx);
  const { EvaluationPeriods, ComparisonOperator, Threshold, DatapointsToAlarm } = input;
  if (EvaluationPeriods === undefined) throw invalid("The parameter EvaluationPeriods is required.");
  if (ComparisonOperator === undefined) throw invalid("The parameter ComparisonOperator is required.");
  if (isBandComparison(ComparisonOperator)) checkBand(input, ctx);
  else {
    if (!isComparison(ComparisonOperator))
      throw invalid(`The value ${ComparisonOperator} for parameter ComparisonOperator is not supported.`);
    if (input.ThresholdMetricId !== undefined)
      throw invalid("ThresholdMetricId must be specified with an operator of anomaly detection only.");
    if (Threshold === undefined || !Number.isFinite(Threshold))
      throw invalid("The parameter Threshold is required.");
  }
  if (DatapointsToAlarm !== undefined && DatapointsToAlarm > EvaluationPeriods)
    throw invalid("The parameter DatapointsToAlarm must be less than or equal to EvaluationPeriods.");
  checkOption("TreatMissingData", input.TreatMissingData, treatments, ctx);
  checkOption(
    "EvaluateLowSampleCountPercentile",
    input.EvaluateLowSampleCountPercentile,
    lowSampleTreatments,
    ctx,
  );
  if (input.Metrics !== undefined && input.Metrics.length > 0) checkMetrics(input, ctx);
  else checkMetric(input, ctx);
}

/** The query that yields the band of an alarm on anomalies; undefined where there is none. */
export function bandQueryOf({
  Metrics = [],
  ThresholdMetricId,
}: Pick<Input, "Metrics" | "ThresholdMetricId">) {
  const query = Metrics.find(({ Id }) => Id === ThresholdMetricId);
  const watched = /^\s*ANOMALY_DETECTION_BAND\(\s*(\w+)\s*[,)]/i.exec(query?.Expression ?? "")?.[1];
  return watched === undefined ? undefined : { watched };
}

function checkBand(input: Input, ctx: Context): void {
  const invalid = (message: string) => ctx.error("ValidationError", message);
  if (input.Threshold !== undefined)
    throw invalid("Threshold must not be specified with an operator of anomaly detection.");
  if (input.ThresholdMetricId === undefined) throw invalid("The parameter ThresholdMetricId is required.");
  const band = bandQueryOf(input);
  if (band === undefined)
    throw invalid(
      "ThresholdMetricId must be the ID of an ANOMALY_DETECTION_BAND function in the metrics list.",
    );
  const watched = (input.Metrics ?? []).find(({ Id }) => Id === band.watched);
  if (watched === undefined || watched.ReturnData === false)
    throw invalid("The metric of the ANOMALY_DETECTION_BAND function must return data.");
}

function checkOption(
  name: string,
  value: string | undefined,
  options: readonly string[],
  ctx: Context,
): void {
  if (value === undefined || options.includes(value)) return;
  throw ctx.error(
    "ValidationError",
    `Option ${value} for parameter ${name} is not supported. Supported options are [${options.join(", ")}].`,
  );
}

function checkMetric(input: Input, ctx: Context): void {
  const invalid = (message: string) => ctx.error("ValidationError", message);
  for (const name of ["MetricName", "Namespace", "Period"] as const)
    if (input[name] === undefined) throw invalid(`The parameter ${name} is required.`);
  const { Statistic, ExtendedStatistic } = input;
  if (Statistic === undefined && ExtendedStatistic === undefined)
    throw invalid("Exactly one of Statistic and ExtendedStatistic must be specified.");
  if (Statistic !== undefined && ExtendedStatistic !== undefined)
    throw invalid("Exactly one of Statistic and ExtendedStatistic must be specified.");
  if (
    ExtendedStatistic !== undefined &&
    (isPlain(ExtendedStatistic) || statisticOf(ExtendedStatistic) === undefined)
  )
    throw invalid(`The value ${ExtendedStatistic} for parameter ExtendedStatistic is not supported.`);
  checkPeriod(input.Period ?? 0, input.EvaluationPeriods ?? 1, ctx);
}

/** 10, 20 and 30 seconds, and whole minutes; and not too many of them. */
function checkPeriod(period: number, periods: number, ctx: Context): void {
  if (![10, 20, 30].includes(period) && period % 60 !== 0)
    throw ctx.error("ValidationError", "Invalid period: it must be 10, 20, 30 or a multiple of 60.");
  const most = period >= 3_600 ? maxLongRangeSeconds : maxRangeSeconds;
  if (period * periods > most) {
    throw ctx.error(
      "ValidationError",
      `Metrics cannot be checked across more than ${most === maxRangeSeconds ? "a day" : "seven days"} (EvaluationPeriods * Period must be <= ${most}).`,
    );
  }
}

/** Members that belong to alarms on one metric. */
const ofOneMetric = [
  "MetricName",
  "Namespace",
  "Statistic",
  "ExtendedStatistic",
  "Dimensions",
  "Period",
  "Unit",
] as const;

function checkMetrics(input: Input, ctx: Context): void {
  const { Metrics = [], EvaluationPeriods = 1 } = input;
  for (const name of ofOneMetric) {
    if (input[name] === undefined) continue;
    throw ctx.error("ValidationError", `Metrics list and ${name} must not be specified together.`);
  }
  checkQueries(Metrics, "Metrics", ctx);
  const shown = Metrics.filter(
    ({ Id, ReturnData }) => ReturnData !== false && Id !== input.ThresholdMetricId,
  );
  if (shown.length !== 1)
    throw ctx.error("ValidationError", "Exactly one element of the metrics list should return data.");
  const periods = Metrics.map(({ MetricStat, Period }) => MetricStat?.Period ?? Period ?? 0);
  checkPeriod(Math.max(...periods) || 60, EvaluationPeriods, ctx);
}
