import type { MetricStreamFilter } from "@aws-sdk/client-cloudwatch";
import type { Context } from "../../../kit/context.ts";
import { BadMarker, pageOf } from "../../../kit/paging.ts";
import { passRole } from "../../../kit/passRole.ts";
import type { Access } from "../../../kit/service.ts";
import { parseArn } from "../../../kit/targets.ts";
import { newTags } from "../alarms/configure.ts";
import { cloudwatch } from "../contract.ts";
import { statisticOf } from "../statistics.ts";
import { type MetricStreamRow, metricStreams, type StreamFilter } from "../tables.ts";

/** Metrics on their way to delivery streams. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Metric-Streams.html */

export const streamsPrincipal = "streams.metrics.cloudwatch.amazonaws.com";
const defaultPageSize = 100;
const maxFilters = 1_000;
const maxAdditionalStatistics = 20;
const maxConfiguredMetrics = 100;

interface Owner {
  account: string;
  region: string;
}

export function metricStreamArn(name: string, { account, region }: Owner): string {
  return `arn:aws:cloudwatch:${region}:${account}:metric-stream/${name}`;
}

export function findMetricStream(name: string, ctx: Context) {
  return metricStreams.get(ctx.tx, ctx.account, ctx.region, name);
}

export function putMetricStreamRow(row: MetricStreamRow, ctx: Context): void {
  metricStreams.put(ctx.tx, [ctx.account, ctx.region, row.name], row);
}

async function streamAccess(action: string, name: string, ctx: Context): Promise<Access> {
  const row = await findMetricStream(name, ctx);
  return {
    action: `cloudwatch:${action}`,
    resource: metricStreamArn(name, ctx),
    ...(row && { resourceTags: row.tags }),
  };
}

type Codes = "InvalidParameterValueException" | "InvalidParameterCombinationException";

/** Makes a stream, which runs, or changes one, which goes on as it did. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricStream.html */
export const putMetricStream = cloudwatch.operation("PutMetricStream", {
  access: async ({ Name, Tags }, ctx) => ({
    ...(await streamAccess("PutMetricStream", Name, ctx)),
    requestTags: Tags,
  }),
  async handle(input, ctx) {
    const { Name: name, FirehoseArn, RoleArn, OutputFormat, Tags } = input;
    const invalid = (message: string) => ctx.error("InvalidParameterValueException", message);
    if (!/^[\w-]+$/.test(name))
      throw invalid(
        "The value for field Name contains invalid characters. It can only contain A-Z, a-z, 0-9, '-' and '_'.",
      );
    if (OutputFormat !== "json")
      throw invalid(`Cloudkeep streams metrics in the format json; ${OutputFormat} is not built.`);
    const firehose = parseArn(FirehoseArn);
    if (firehose?.service !== "firehose" || firehose.region !== ctx.region)
      throw invalid("The value for field FirehoseArn must be the ARN of a delivery stream in this Region.");
    if (parseArn(RoleArn)?.service !== "iam")
      throw invalid("The value for field RoleArn must be the ARN of a role.");
    if (input.IncludeFilters?.length && input.ExcludeFilters?.length) {
      throw ctx.error(
        "InvalidParameterCombinationException",
        "IncludeFilters and ExcludeFilters cannot both be specified.",
      );
    }
    await passRole(ctx as Context, RoleArn, streamsPrincipal);
    const held = await findMetricStream(name, ctx);
    const now = ctx.clock.now();
    const row: MetricStreamRow = {
      name,
      running: held?.running ?? true,
      firehoseArn: FirehoseArn,
      roleArn: RoleArn,
      ...(input.IncludeFilters?.length && { include: filtersOf(input.IncludeFilters, ctx) }),
      ...(input.ExcludeFilters?.length && { exclude: filtersOf(input.ExcludeFilters, ctx) }),
      statistics: statisticsOf(input.StatisticsConfigurations ?? [], ctx),
      tags: held?.tags ?? newTags(Tags, ctx as Context),
      createdAt: held?.createdAt ?? now,
      updatedAt: now,
    };
    putMetricStreamRow(row, ctx);
    return { Arn: metricStreamArn(name, ctx) };
  },
});

function filtersOf(filters: readonly MetricStreamFilter[], ctx: Context<Codes>): StreamFilter[] {
  const names = filters.reduce((count, { MetricNames = [] }) => count + MetricNames.length, filters.length);
  if (names > maxFilters)
    throw ctx.error(
      "InvalidParameterValueException",
      `A metric stream can have at most ${maxFilters} filters.`,
    );
  return filters.map(({ Namespace, MetricNames = [] }) => {
    if (Namespace === undefined)
      throw ctx.error("InvalidParameterValueException", "The Namespace of a filter is required.");
    return { namespace: Namespace, ...(MetricNames.length > 0 && { names: MetricNames }) };
  });
}

interface StatisticsConfiguration {
  IncludeMetrics?: readonly { Namespace?: string | undefined; MetricName?: string | undefined }[] | undefined;
  AdditionalStatistics?: readonly string[] | undefined;
}

function statisticsOf(given: readonly StatisticsConfiguration[], ctx: Context<Codes>) {
  const invalid = (message: string) => ctx.error("InvalidParameterValueException", message);
  return given.map(({ IncludeMetrics = [], AdditionalStatistics = [] }) => {
    if (IncludeMetrics.length > maxConfiguredMetrics || AdditionalStatistics.length > maxAdditionalStatistics)
      throw invalid("A statistics configuration names too many metrics or statistics.");
    for (const name of AdditionalStatistics)
      if (statisticOf(name) === undefined) throw invalid(`The statistic ${name} is not supported.`);
    return {
      metrics: IncludeMetrics.map(({ Namespace = "", MetricName = "" }) => ({
        namespace: Namespace,
        name: MetricName,
      })),
      statistics: [...AdditionalStatistics],
    };
  });
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStream.html */
export const getMetricStream = cloudwatch.operation("GetMetricStream", {
  access: ({ Name }, ctx) => streamAccess("GetMetricStream", Name, ctx),
  async handle({ Name }, ctx) {
    const row = await findMetricStream(Name, ctx);
    if (row === undefined) {
      throw ctx.error("ResourceNotFoundException", `MetricStream ${Name} does not exist`, {
        ResourceType: "MetricStream",
        ResourceId: Name,
      });
    }
    return {
      ...entryOf(row, ctx),
      RoleArn: row.roleArn,
      ...(row.include && { IncludeFilters: row.include.map(shownFilter) }),
      ...(row.exclude && { ExcludeFilters: row.exclude.map(shownFilter) }),
      ...(row.statistics.length > 0 && { StatisticsConfigurations: row.statistics.map(shownStatistics) }),
      IncludeLinkedAccountsMetrics: false,
    };
  },
});

function shownStatistics({ metrics, statistics }: MetricStreamRow["statistics"][number]) {
  return {
    IncludeMetrics: metrics.map(({ namespace, name }) => ({ Namespace: namespace, MetricName: name })),
    AdditionalStatistics: [...statistics],
  };
}

function shownFilter({ namespace, names }: StreamFilter): MetricStreamFilter {
  return { Namespace: namespace, ...(names && { MetricNames: [...names] }) };
}

function entryOf(row: MetricStreamRow, ctx: Context) {
  return {
    Arn: metricStreamArn(row.name, ctx),
    Name: row.name,
    FirehoseArn: row.firehoseArn,
    State: row.running ? "running" : "stopped",
    OutputFormat: "json" as const,
    CreationDate: new Date(row.createdAt),
    LastUpdateDate: new Date(row.updatedAt),
  };
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetricStreams.html */
export const listMetricStreams = cloudwatch.operation("ListMetricStreams", {
  access: () => ({ action: "cloudwatch:ListMetricStreams", resource: "*" }),
  async handle({ NextToken, MaxResults = defaultPageSize }, ctx) {
    try {
      const options = { limit: MaxResults, marker: NextToken };
      const { items, next } = await pageOf(metricStreams, ctx.tx, [ctx.account, ctx.region], options);
      return {
        Entries: items.map((row) => entryOf(row, ctx)),
        ...(next !== undefined && { NextToken: next }),
      };
    } catch (error) {
      if (error instanceof BadMarker) throw ctx.error("InvalidNextToken", "The token is invalid.");
      throw error;
    }
  },
});

/** All of them, or none. */
async function setRunning(
  names: readonly string[],
  running: boolean,
  ctx: Context<"InvalidParameterValueException">,
): Promise<void> {
  for (const name of names) {
    const row = await findMetricStream(name, ctx as Context);
    if (row === undefined)
      throw ctx.error("InvalidParameterValueException", `MetricStream ${name} does not exist`);
    if (row.running !== running)
      putMetricStreamRow({ ...row, running, updatedAt: ctx.clock.now() }, ctx as Context);
  }
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_StartMetricStreams.html */
export const startMetricStreams = cloudwatch.operation("StartMetricStreams", {
  access: ({ Names }, ctx) => Promise.all(Names.map((name) => streamAccess("StartMetricStreams", name, ctx))),
  async handle({ Names }, ctx) {
    await setRunning(Names, true, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_StopMetricStreams.html */
export const stopMetricStreams = cloudwatch.operation("StopMetricStreams", {
  access: ({ Names }, ctx) => Promise.all(Names.map((name) => streamAccess("StopMetricStreams", name, ctx))),
  async handle({ Names }, ctx) {
    await setRunning(Names, false, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DeleteMetricStream.html */
export const deleteMetricStream = cloudwatch.operation("DeleteMetricStream", {
  access: ({ Name }, ctx) => streamAccess("DeleteMetricStream", Name, ctx),
  handle({ Name }, ctx) {
    metricStreams.delete(ctx.tx, ctx.account, ctx.region, Name);
    return {};
  },
});

/** Whether a stream sends a metric. */
export function isStreamed(
  { include, exclude }: Pick<MetricStreamRow, "include" | "exclude">,
  namespace: string,
  name: string,
): boolean {
  const names = (filters: readonly StreamFilter[]) =>
    filters.some((one) => one.namespace === namespace && (one.names?.includes(name) ?? true));
  return (include === undefined || names(include)) && !names(exclude ?? []);
}
