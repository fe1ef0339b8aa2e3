import type {
  GetMetricDataCommandInput,
  MetricDataQuery,
  MetricDataResult,
} from "@aws-sdk/client-cloudwatch";
import type { Context } from "../../kit/context.ts";
import { BadMarker, markerOf, positionOf } from "../../kit/paging.ts";
import { modelsOf } from "./anomaly/band.ts";
import { cloudwatch } from "./contract.ts";
import { defaultLabels, dynamicLabel, offsetOf } from "./labels.ts";
import { maxDatapointsPerGet, maxQueriesPerGet, secondMs } from "./limits.ts";
import { isSeries, type Series, type Value } from "./math/values.ts";
import { roundedStart } from "./periods.ts";
import { QueryRun, seconds } from "./queries.ts";
import { asExpressionError, checkQueries } from "./queryChecks.ts";

/**
 * Datapoints of several metrics, and of expressions over them.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
 */
export const getMetricData = cloudwatch.operation("GetMetricData", {
  access: () => ({ action: "cloudwatch:GetMetricData", resource: "*" }),
  async handle(input, ctx) {
    const offsetMs = check(input, ctx);
    const shown = input.MetricDataQueries.filter(({ ReturnData }) => ReturnData !== false);
    const found = await resultsOf(input, shown, ctx);
    const labels = defaultLabels(input.MetricDataQueries);
    const results = found.flatMap(({ query, series }) =>
      series.map((one) =>
        resultOf(query, one, labels, { offsetMs, ascending: input.ScanBy === "TimestampAscending" }),
      ),
    );
    return { ...page(results, input, ctx), Messages: [] };
  },
});

type Input = Pick<
  GetMetricDataCommandInput,
  "MetricDataQueries" | "StartTime" | "EndTime" | "ScanBy" | "NextToken" | "MaxDatapoints" | "LabelOptions"
>;

/** The offset of the time zone that labels show. */
function check(
  { MetricDataQueries = [], StartTime, EndTime, LabelOptions, MaxDatapoints }: Input,
  ctx: Context,
): number {
  const invalid = (message: string) => ctx.error("ValidationError", message);
  if (MetricDataQueries.length === 0) throw invalid("The parameter MetricDataQueries is required.");
  if (MetricDataQueries.length > maxQueriesPerGet)
    throw invalid(`The collection MetricDataQueries must not have a size greater than ${maxQueriesPerGet}.`);
  if (!((StartTime as Date) < (EndTime as Date)))
    throw invalid("The parameter StartTime must be less than the parameter EndTime.");
  if (MaxDatapoints !== undefined && !(MaxDatapoints >= 1 && MaxDatapoints <= maxDatapointsPerGet))
    throw invalid(`The parameter MaxDatapoints must be between 1 and ${maxDatapointsPerGet}.`);
  const offsetMs = offsetOf(LabelOptions?.Timezone);
  if (offsetMs === undefined)
    throw invalid(`The value ${LabelOptions?.Timezone} for parameter LabelOptions.Timezone is invalid.`);
  checkQueries(MetricDataQueries, "MetricDataQueries", ctx);
  return offsetMs;
}

interface Found {
  query: MetricDataQuery;
  series: Series[];
}

async function resultsOf(
  { MetricDataQueries = [], StartTime, EndTime }: Input,
  shown: readonly MetricDataQuery[],
  ctx: Context,
): Promise<Found[]> {
  const nowMs = ctx.clock.now();
  const { account, region } = ctx;
  const shortest = Math.min(
    ...MetricDataQueries.map((query) => query.MetricStat?.Period ?? query.Period ?? 60),
  );
  const start = roundedStart((StartTime as Date).getTime(), shortest, nowMs);
  const range = { start, end: seconds(EndTime as Date), nowMs, account, region, models: modelsOf(ctx) };
  return await ctx.peek(async (tx) => {
    const run = new QueryRun(tx, MetricDataQueries, range);
    return await Promise.all(
      shown.map(async (query) => ({ query, series: await seriesOf(query.Id ?? "", run, ctx) })),
    );
  });
}

async function seriesOf(id: string, run: QueryRun, ctx: Context): Promise<Series[]> {
  let value: Value;
  try {
    value = await run.value(id);
  } catch (error) {
    throw asExpressionError(id, error, ctx);
  }
  if (Array.isArray(value)) return value;
  if (isSeries(value)) return [value];
  throw ctx.error(
    "ValidationError",
    `Error in expression '${id}': The expression must return a time series.`,
  );
}

function resultOf(
  { Id = "", Label, MetricStat }: MetricDataQuery,
  series: Series,
  labels: ReadonlyMap<string, string>,
  { offsetMs, ascending }: { offsetMs: number; ascending: boolean },
): MetricDataResult {
  const own = labels.get(Id) ?? (series.label === "" ? Id : series.label);
  const points = [...series.points].sort(([a], [b]) => (ascending ? a - b : b - a));
  const units = MetricStat?.Unit === undefined && "units" in series ? (series.units as string[]) : [];
  return {
    Id,
    Label: Label === undefined ? own : dynamicLabel(Label, own, series, offsetMs),
    Timestamps: points.map(([time]) => new Date(time * secondMs)),
    Values: points.map(([, value]) => value),
    StatusCode: "Complete",
    ...(units.length > 1 && {
      Messages: [{ Code: "MultipleUnits", Value: `Multiple units returned: '[${units.join(", ")}]'` }],
    }),
  };
}

/** So many datapoints, counted through all results; what is cut says so. */
function page(
  results: readonly MetricDataResult[],
  { NextToken, MaxDatapoints = maxDatapointsPerGet }: Input,
  ctx: Context<"InvalidNextToken">,
): { MetricDataResults: MetricDataResult[]; NextToken?: string } {
  const from = NextToken === undefined ? 0 : offsetIn(NextToken, ctx);
  const to = from + MaxDatapoints;
  const MetricDataResults: MetricDataResult[] = [];
  let at = 0;
  for (const result of results) {
    const { Timestamps = [], Values = [] } = result;
    const [first, last] = [Math.max(0, from - at), Math.min(Values.length, to - at)];
    if (first < last || (Values.length === 0 && from === 0)) {
      MetricDataResults.push({
        ...result,
        Timestamps: Timestamps.slice(first, last),
        Values: Values.slice(first, last),
        ...(last < Values.length && { StatusCode: "PartialData" as const }),
      });
    }
    at += Values.length;
  }
  return { MetricDataResults, ...(to < at && { NextToken: markerOf([String(to)]) }) };
}

function offsetIn(token: string, ctx: Context<"InvalidNextToken">): number {
  try {
    const offset = Number(positionOf(token)[0]);
    if (Number.isInteger(offset) && offset >= 0) return offset;
  } catch (error) {
    if (!(error instanceof BadMarker)) throw error;
  }
  throw ctx.error("InvalidNextToken", "The token is invalid.");
}
