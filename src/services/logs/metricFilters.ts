import type { MetricFilter, MetricTransformation } from "@aws-sdk/client-cloudwatch-logs";
import type { Context } from "../../kit/context.ts";
import { type Page, pageOf } from "../../kit/paging.ts";
import { existingGroup, groupAccess, namedGroup } from "./access.ts";
import { logs } from "./contract.ts";
import { putGroup } from "./groups.ts";
import { maxMetricFiltersPerGroup, maxRegexFiltersPerGroup } from "./limits.ts";
import { logsPage } from "./pages.ts";
import { compilePattern, type Pattern, patternOf } from "./patterns/index.ts";
import { type MetricFilterRow, metricFilters } from "./tables.ts";

/** Metrics made of lines. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/MonitoringLogData.html */

/** Of a filter's dimensions: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html */
const maxDimensions = 3;

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html */
export const putMetricFilter = logs.operation("PutMetricFilter", {
  access: ({ logGroupName }, ctx) => groupAccess("PutMetricFilter", namedGroup(logGroupName, ctx), ctx),
  async handle(input, ctx) {
    const { logGroupName, filterName, filterPattern, metricTransformations } = input;
    const [transformation] = metricTransformations as [MetricTransformation];
    const group = await existingGroup(namedGroup(logGroupName, ctx), ctx);
    if (group.class !== "STANDARD") {
      throw ctx.error("InvalidOperationException", "Metric filters need a log group of the Standard class.");
    }
    if (input.fieldSelectionCriteria !== undefined || input.emitSystemFieldDimensions !== undefined) {
      throw ctx.error(
        "InvalidParameterException",
        "Field selection criteria belong to centralized log groups.",
      );
    }
    const pattern = await patternOf(filterPattern, ctx);
    checkTransformation(transformation, pattern, ctx);
    const scope = [ctx.account, ctx.region, logGroupName] as const;
    const held = await metricFilters.get(ctx.tx, ...scope, filterName);
    await checkQuotas(held, pattern, scope, ctx);
    if (held === undefined) putGroup({ ...group, metricFilters: group.metricFilters + 1 }, ctx as Context);
    metricFilters.put(ctx.tx, [...scope, filterName], {
      filterName,
      logGroupName,
      filterPattern,
      creationTime: ctx.clock.now(),
      transformation: rowOf(transformation),
      applyOnTransformedLogs: input.applyOnTransformedLogs ?? false,
    });
    return {};
  },
});

function rowOf(transformation: MetricTransformation): MetricFilterRow["transformation"] {
  const { metricName = "", metricNamespace = "", metricValue = "" } = transformation;
  const { defaultValue, dimensions, unit } = transformation;
  return {
    metricName,
    metricNamespace,
    metricValue,
    ...(defaultValue !== undefined && { defaultValue }),
    ...(dimensions && { dimensions }),
    ...(unit && { unit }),
  };
}

const number = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** Values and dimensions name what the pattern takes from a line: "$size" of a field, "$.latency" of JSON. */
function checkTransformation(
  { metricValue = "", dimensions = {}, defaultValue }: MetricTransformation,
  { kind }: Pattern,
  ctx: Context<"InvalidParameterException">,
): void {
  const takesFields = kind === "json" || kind === "fields";
  const isSelector = kind === "json" ? metricValue.startsWith("$.") : /^\$[\w-]+$/.test(metricValue);
  if (!number.test(metricValue) && !(takesFields && isSelector)) {
    throw ctx.error(
      "InvalidParameterException",
      `Invalid metric transformation: metricValue '${metricValue}'`,
    );
  }
  const names = Object.keys(dimensions);
  if (names.length === 0) return;
  if (!takesFields) {
    throw ctx.error("InvalidParameterException", "The specified filter pattern does not support dimensions");
  }
  if (defaultValue !== undefined) {
    throw ctx.error(
      "InvalidParameterException",
      "Invalid metric transformation: dimensions and default value are mutually exclusive properties.",
    );
  }
  if (names.length > maxDimensions) {
    throw ctx.error("InvalidParameterException", `At most ${maxDimensions} dimensions can be specified.`);
  }
}

async function checkQuotas(
  held: MetricFilterRow | undefined,
  pattern: Pattern,
  scope: readonly string[],
  ctx: Context<"LimitExceededException">,
): Promise<void> {
  if (held !== undefined && pattern.regexes === 0) return;
  const rows = await metricFilters.list(ctx.tx, scope);
  if (held === undefined && rows.length >= maxMetricFiltersPerGroup) {
    throw ctx.error("LimitExceededException", "Resource limit exceeded.");
  }
  if (pattern.regexes === 0) return;
  const others = rows.filter(({ row }) => row.filterName !== held?.filterName);
  const compiled = await Promise.all(others.map(({ row }) => compilePattern(row.filterPattern)));
  if (compiled.filter(({ regexes }) => regexes > 0).length >= maxRegexFiltersPerGroup) {
    throw ctx.error("LimitExceededException", "Resource limit exceeded.");
  }
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteMetricFilter.html */
export const deleteMetricFilter = logs.operation("DeleteMetricFilter", {
  access: ({ logGroupName }, ctx) => groupAccess("DeleteMetricFilter", namedGroup(logGroupName, ctx), ctx),
  async handle({ logGroupName, filterName }, ctx) {
    const group = await existingGroup(namedGroup(logGroupName, ctx), ctx);
    const key = [ctx.account, ctx.region, logGroupName, filterName] as const;
    const held = await metricFilters.get(ctx.tx, ...key);
    if (held === undefined) {
      throw ctx.error("ResourceNotFoundException", "The specified metric filter does not exist.");
    }
    metricFilters.delete(ctx.tx, ...key);
    putGroup({ ...group, metricFilters: group.metricFilters - 1 }, ctx as Context);
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeMetricFilters.html */
export const describeMetricFilters = logs.operation("DescribeMetricFilters", {
  access: ({ logGroupName }, ctx) =>
    groupAccess(
      "DescribeMetricFilters",
      logGroupName === undefined ? undefined : namedGroup(logGroupName, ctx),
      ctx,
    ),
  async handle(input, ctx) {
    const { logGroupName, filterNamePrefix: prefix, metricName, metricNamespace, limit = 50 } = input;
    if ((metricName === undefined) !== (metricNamespace === undefined)) {
      throw ctx.error(
        "InvalidParameterException",
        "Both metricName and metricNamespace must be specified, or neither.",
      );
    }
    if (logGroupName !== undefined) await existingGroup(namedGroup(logGroupName, ctx), ctx);
    const where = ({
      filterName,
      transformation: { metricName: name, metricNamespace: space },
    }: MetricFilterRow) =>
      (prefix === undefined || filterName.startsWith(prefix)) &&
      (metricName === undefined || (name === metricName && space === metricNamespace));
    const scope = [ctx.account, ctx.region, ...(logGroupName === undefined ? [] : [logGroupName])];
    const { items, end } = await logsPage(
      ctx,
      (): Promise<Page<MetricFilterRow>> =>
        pageOf(metricFilters, ctx.tx, scope, { limit, marker: input.nextToken, where }),
    );
    return { metricFilters: items.map(shown), ...end };
  },
});

function shown(row: MetricFilterRow): MetricFilter {
  const { filterName, logGroupName, filterPattern, creationTime, transformation, applyOnTransformedLogs } =
    row;
  return {
    filterName,
    filterPattern,
    metricTransformations: [transformation as MetricTransformation],
    creationTime,
    logGroupName,
    applyOnTransformedLogs,
  };
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_TestMetricFilter.html */
export const testMetricFilter = logs.operation("TestMetricFilter", {
  access: () => ({ action: "logs:TestMetricFilter", resource: "*" }),
  async handle({ filterPattern, logEventMessages }, ctx) {
    const pattern = await patternOf(filterPattern, ctx);
    const matches = logEventMessages.flatMap((eventMessage, i) =>
      pattern.matches(eventMessage)
        ? [{ eventNumber: i + 1, eventMessage, extractedValues: pattern.values(eventMessage) }]
        : [],
    );
    return { matches };
  },
});
