import type { Datapoint, GetMetricStatisticsCommandInput, StandardUnit } from "@aws-sdk/client-cloudwatch";
import type { Context } from "../../kit/context.ts";
import { cloudwatch } from "./contract.ts";
import { maxDatapointsPerStatistics, secondMs } from "./limits.ts";
import { byUnitAndPeriod, isPeriod, roundedStart, shownUnit, storedUnit } from "./periods.ts";
import { isPlain, statisticOf } from "./statistics.ts";
import type { Dimension } from "./store/identity.ts";
import type { Point } from "./store/point.ts";
import { MetricReader } from "./store/read.ts";

/**
 * Datapoints of one metric, each unit by itself.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
 */
export const getMetricStatistics = cloudwatch.operation("GetMetricStatistics", {
  access: () => ({ action: "cloudwatch:GetMetricStatistics", resource: "*" }),
  async handle(input, ctx) {
    const { Namespace, MetricName, Dimensions = [], Period, StartTime, EndTime, Unit } = input;
    checkRange(StartTime, EndTime, Period, ctx);
    const names = statisticsAsked(input, ctx);
    const nowMs = ctx.clock.now();
    const start = roundedStart(StartTime.getTime(), Period, nowMs);
    const metric = { namespace: Namespace, name: MetricName, dimensions: Dimensions as Dimension[] };
    const range = { from: start, to: EndTime.getTime() / secondMs, period: Period, nowMs };
    const points = await ctx.peek((tx) => new MetricReader(tx, ctx).points(metric, range));
    const Datapoints: Datapoint[] = [];
    for (const [unit, periods] of byUnitAndPeriod(points, start, Period)) {
      if (Unit !== undefined && unit !== storedUnit(Unit)) continue;
      for (const [time, point] of periods) {
        const shown = datapoint(point, names);
        if (shown === undefined) continue;
        const Timestamp = new Date(time * secondMs);
        Datapoints.push({ Timestamp, ...shown, Unit: shownUnit(unit) as StandardUnit });
      }
    }
    return { Label: MetricName, Datapoints };
  },
});

interface Asked {
  plain: string[];
  extended: string[];
}

type Codes =
  | "InvalidParameterValueException"
  | "MissingRequiredParameterException"
  | "InvalidParameterCombinationException";

function checkRange(start: Date, end: Date, period: number, ctx: Context<Codes>): void {
  const spanMs = end.getTime() - start.getTime();
  if (!(spanMs > 0)) {
    throw ctx.error(
      "InvalidParameterValueException",
      "The parameter StartTime must be less than the parameter EndTime.",
    );
  }
  if (!isPeriod(period)) {
    throw ctx.error(
      "InvalidParameterValueException",
      "The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.",
    );
  }
  const datapoints = Math.ceil(spanMs / secondMs / period);
  if (datapoints > maxDatapointsPerStatistics) {
    throw ctx.error(
      "InvalidParameterCombinationException",
      `You have requested up to ${datapoints} datapoints, which exceeds the limit of ${maxDatapointsPerStatistics}. You may reduce the datapoints requested by increasing Period, or decreasing the time range.`,
    );
  }
}

function statisticsAsked(
  {
    Statistics,
    ExtendedStatistics,
  }: Pick<GetMetricStatisticsCommandInput, "Statistics" | "ExtendedStatistics">,
  ctx: Context<Codes>,
): Asked {
  if (Statistics === undefined && ExtendedStatistics === undefined) {
    throw ctx.error(
      "MissingRequiredParameterException",
      "At least one of the parameters Statistics and ExtendedStatistics must be specified.",
    );
  }
  for (const [i, name] of (ExtendedStatistics ?? []).entries()) {
    if (statisticOf(name) !== undefined && !isPlain(name)) continue;
    throw ctx.error(
      "InvalidParameterValueException",
      `The value ${name} for parameter ExtendedStatistics.member.${i + 1} is invalid.`,
    );
  }
  return { plain: Statistics ?? [], extended: ExtendedStatistics ?? [] };
}

/** Undefined where a metric has none of the statistics: percentiles of statistic sets. */
function datapoint(point: Point, { plain, extended }: Asked): Datapoint | undefined {
  const shown: Record<string, number> = {};
  for (const name of plain) {
    const value = statisticOf(name)?.(point);
    if (value !== undefined) shown[name] = value;
  }
  const percentiles: Record<string, number> = {};
  for (const name of extended) {
    const value = statisticOf(name)?.(point);
    if (value !== undefined) percentiles[name] = value;
  }
  if (Object.keys(shown).length + Object.keys(percentiles).length === 0) return undefined;
  return { ...shown, ...(Object.keys(percentiles).length > 0 && { ExtendedStatistics: percentiles }) };
}
