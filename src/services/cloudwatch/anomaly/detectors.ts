import type {
  AnomalyDetector,
  AnomalyDetectorConfiguration,
  Dimension,
  MetricDataQuery,
} from "@aws-sdk/client-cloudwatch";
import type { Context } from "../../../kit/context.ts";
import { BadMarker, keyedPageOf } from "../../../kit/paging.ts";
import { isTimeZone } from "../../../kit/schedule.ts";
import { cloudwatch } from "../contract.ts";
import { hourMs, secondMs } from "../limits.ts";
import { QueryRun } from "../queries.ts";
import { checkQueries } from "../queryChecks.ts";
import { statisticOf } from "../statistics.ts";
import { type DetectorRow, detectors } from "../tables.ts";
import { detectorIdOf, learntMs, metricDetectorId, modelsOf } from "./band.ts";

/** What is watched for anomalies. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Anomaly_Detection.html */

const defaultPageSize = 10;
const maxPageSize = 100;
const maxExcludedRanges = 10;

type Codes =
  | "InvalidParameterValueException"
  | "MissingRequiredParameterException"
  | "InvalidParameterCombinationException";

interface Watching {
  Namespace?: string | undefined;
  MetricName?: string | undefined;
  Dimensions?: readonly Dimension[] | undefined;
  Stat?: string | undefined;
  SingleMetricAnomalyDetector?:
    | Omit<Watching, "SingleMetricAnomalyDetector" | "MetricMathAnomalyDetector">
    | undefined;
  MetricMathAnomalyDetector?: { MetricDataQueries?: readonly MetricDataQuery[] | undefined } | undefined;
}

/** What an input names: one metric, in either of two ways, or queries. */
function watchedBy(input: Watching, ctx: Context<Codes>): { id: string; row: Omit<DetectorRow, "excluded"> } {
  const { SingleMetricAnomalyDetector: single, MetricMathAnomalyDetector: math } = input;
  const isPlain = input.Namespace !== undefined || input.MetricName !== undefined || input.Stat !== undefined;
  if ([isPlain, single !== undefined, math !== undefined].filter(Boolean).length > 1) {
    throw ctx.error(
      "InvalidParameterCombinationException",
      "Only one of SingleMetricAnomalyDetector, MetricMathAnomalyDetector and the metric's own parameters may be given.",
    );
  }
  if (math !== undefined) return watchedQueries(math.MetricDataQueries ?? [], ctx);
  const { Namespace, MetricName, Dimensions = [], Stat } = single ?? input;
  for (const [name, value] of Object.entries({ Namespace, MetricName, Stat }))
    if (value === undefined)
      throw ctx.error("MissingRequiredParameterException", `The parameter ${name} is required.`);
  if (statisticOf(Stat ?? "") === undefined)
    throw ctx.error(
      "InvalidParameterValueException",
      `The value ${Stat} for parameter Stat is not supported.`,
    );
  const dimensions = Dimensions.map(({ Name = "", Value = "" }) => ({ Name, Value }));
  const metric = { namespace: Namespace ?? "", name: MetricName ?? "", dimensions };
  return {
    id: metricDetectorId(metric.namespace, metric.name, dimensions, Stat ?? ""),
    row: { metric, stat: Stat ?? "" },
  };
}

function watchedQueries(queries: readonly MetricDataQuery[], ctx: Context<Codes>) {
  checkQueries(queries, "MetricMathAnomalyDetector.MetricDataQueries", ctx as Context);
  const shown = queries.filter(({ ReturnData }) => ReturnData !== false);
  const watched = shown[0]?.Id;
  if (watched === undefined || shown.length > 1) {
    throw ctx.error(
      "InvalidParameterValueException",
      "Exactly one element of the MetricDataQueries list should return data.",
    );
  }
  return { id: detectorIdOf(queries, watched), row: { queries: queries.map((query) => ({ ...query })) } };
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutAnomalyDetector.html */
export const putAnomalyDetector = cloudwatch.operation("PutAnomalyDetector", {
  access: () => ({ action: "cloudwatch:PutAnomalyDetector", resource: "*" }),
  async handle({ Configuration, MetricCharacteristics, ...input }, ctx) {
    const { id, row } = watchedBy(input as Watching, ctx);
    const { ExcludedTimeRanges = [], MetricTimezone } = Configuration ?? {};
    const excluded = ExcludedTimeRanges.map(({ StartTime, EndTime }) => ({
      from: (StartTime as Date).getTime(),
      to: (EndTime as Date).getTime(),
    }));
    const invalid = (message: string) => ctx.error("InvalidParameterValueException", message);
    if (excluded.length > maxExcludedRanges)
      throw invalid(`A detector can have at most ${maxExcludedRanges} ExcludedTimeRanges.`);
    if (excluded.some(({ from, to }) => from >= to))
      throw invalid("The StartTime of a range must be less than its EndTime.");
    if (MetricTimezone !== undefined && !isTimeZone(MetricTimezone))
      throw invalid(`The value ${MetricTimezone} for parameter MetricTimezone is not a valid time zone.`);
    detectors.put(ctx.tx, [ctx.account, ctx.region, id], {
      ...row,
      excluded,
      ...(MetricTimezone !== undefined && { timeZone: MetricTimezone }),
      ...(MetricCharacteristics?.PeriodicSpikes !== undefined && {
        periodicSpikes: MetricCharacteristics.PeriodicSpikes,
      }),
    });
    return { AnomalyDetectorId: id };
  },
});

/** An alarm on a band makes the detector that it needs. */
export async function ensureDetector(
  queries: readonly MetricDataQuery[],
  watched: string,
  ctx: Context,
): Promise<void> {
  const id = detectorIdOf(queries, watched);
  if ((await detectors.get(ctx.tx, ctx.account, ctx.region, id)) !== undefined) return;
  const { MetricStat } = queries.find(({ Id }) => Id === watched) ?? {};
  const { Namespace = "", MetricName = "", Dimensions = [] } = MetricStat?.Metric ?? {};
  const dimensions = Dimensions.map(({ Name = "", Value = "" }) => ({ Name, Value }));
  const row: DetectorRow =
    MetricStat === undefined
      ? { queries: neededBy(queries, watched), excluded: [] }
      : {
          metric: { namespace: Namespace, name: MetricName, dimensions },
          stat: MetricStat.Stat ?? "",
          excluded: [],
        };
  detectors.put(ctx.tx, [ctx.account, ctx.region, id], row);
}

/** A query and those beside it that are no bands; it alone returns data. */
function neededBy(queries: readonly MetricDataQuery[], watched: string): MetricDataQuery[] {
  return queries
    .filter(({ Expression = "" }) => !/ANOMALY_DETECTION_BAND/i.test(Expression))
    .map((query) => ({ ...query, ReturnData: query.Id === watched }));
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DeleteAnomalyDetector.html */
export const deleteAnomalyDetector = cloudwatch.operation("DeleteAnomalyDetector", {
  access: () => ({ action: "cloudwatch:DeleteAnomalyDetector", resource: "*" }),
  async handle(input, ctx) {
    const { id } = watchedBy(input as Watching, ctx);
    if ((await detectors.get(ctx.tx, ctx.account, ctx.region, id)) === undefined) {
      throw ctx.error("ResourceNotFoundException", "Anomaly detector does not exist.", {
        ResourceType: "AnomalyDetector",
        ResourceId: id,
      });
    }
    detectors.delete(ctx.tx, ctx.account, ctx.region, id);
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAnomalyDetectors.html */
export const describeAnomalyDetectors = cloudwatch.operation("DescribeAnomalyDetectors", {
  access: () => ({ action: "cloudwatch:DescribeAnomalyDetectors", resource: "*" }),
  async handle(input, ctx) {
    const { Namespace, MetricName, Dimensions, MaxResults = defaultPageSize, NextToken } = input;
    if (MaxResults > maxPageSize)
      throw ctx.error("InvalidParameterValueException", `MaxResults must be at most ${maxPageSize}.`);
    const types = input.AnomalyDetectorTypes ?? ["SINGLE_METRIC"];
    const where = ({ metric }: DetectorRow) =>
      types.includes(metric === undefined ? "METRIC_MATH" : "SINGLE_METRIC") &&
      (Namespace === undefined || metric?.namespace === Namespace) &&
      (MetricName === undefined || metric?.name === MetricName) &&
      (Dimensions === undefined ||
        Dimensions.every(({ Name, Value }) =>
          metric?.dimensions.some((one) => one.Name === Name && one.Value === Value),
        ));
    try {
      const options = { limit: MaxResults, marker: NextToken, where };
      const { items, next } = await keyedPageOf(detectors, ctx.tx, [ctx.account, ctx.region], options);
      const AnomalyDetectors: AnomalyDetector[] = [];
      for (const { key, row } of items) AnomalyDetectors.push(await shown(key[2], row, ctx as Context));
      return { AnomalyDetectors, ...(next !== undefined && { NextToken: next }) };
    } catch (error) {
      if (error instanceof BadMarker) throw ctx.error("InvalidNextToken", "The token is invalid.");
      throw error;
    }
  },
});

async function shown(id: string, row: DetectorRow, ctx: Context): Promise<AnomalyDetector> {
  const Configuration: AnomalyDetectorConfiguration = {
    ExcludedTimeRanges: row.excluded.map(({ from, to }) => ({
      StartTime: new Date(from),
      EndTime: new Date(to),
    })),
    ...(row.timeZone !== undefined && { MetricTimezone: row.timeZone }),
  };
  const { metric, stat = "", queries, periodicSpikes } = row;
  const one = metric && {
    Namespace: metric.namespace,
    MetricName: metric.name,
    Dimensions: [...metric.dimensions],
    Stat: stat,
  };
  return {
    AnomalyDetectorId: id,
    ...(one && { ...one, SingleMetricAnomalyDetector: { AccountId: ctx.account, ...one } }),
    ...(queries && { MetricMathAnomalyDetector: { MetricDataQueries: [...queries] } }),
    Configuration,
    ...(periodicSpikes !== undefined && { MetricCharacteristics: { PeriodicSpikes: periodicSpikes } }),
    StateValue: await stateOf(row, ctx),
  };
}

/** A detector that has seen less than this is not trained. */
const leastSpanSeconds = (3 * hourMs) / secondMs;
const statePeriod = 300;

async function stateOf({ metric, stat, queries }: DetectorRow, ctx: Context) {
  const nowMs = ctx.clock.now();
  const { account, region } = ctx;
  const { namespace: Namespace = "", name: MetricName = "", dimensions = [] } = metric ?? {};
  const Metric = { Namespace, MetricName, Dimensions: [...dimensions] };
  const asked: readonly MetricDataQuery[] = queries ?? [
    { Id: "m", MetricStat: { Metric, Period: statePeriod, Stat: stat } },
  ];
  const watched = asked.find(({ ReturnData }) => ReturnData !== false)?.Id ?? "";
  const model = await ctx.peek(async (tx) => {
    const end = Math.floor(nowMs / secondMs);
    const range = { start: end - learntMs / secondMs, end, nowMs, account, region, models: modelsOf(ctx) };
    return await new QueryRun(tx, asked, range).model(watched);
  });
  if (model === undefined || model.values === 0) return "PENDING_TRAINING" as const;
  return model.span < leastSpanSeconds ? ("TRAINED_INSUFFICIENT_DATA" as const) : ("TRAINED" as const);
}
