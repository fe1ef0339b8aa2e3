import type { CompositeAlarm, DescribeAlarmsCommandInput, MetricAlarm } from "@aws-sdk/client-cloudwatch";
import type { Context } from "../../../kit/context.ts";
import { BadMarker, type Page, pageOf } from "../../../kit/paging.ts";
import { cloudwatch } from "../contract.ts";
import { identityOf, seriesId } from "../store/identity.ts";
import { type AlarmRow, alarms, type CompositeAlarmRow, type MetricAlarmRow, watches } from "../tables.ts";
import { compositesOn } from "./configure.ts";
import { alarmAccess, alarmArn, findAlarm } from "./names.ts";
import { shownSuppression } from "./suppression.ts";

const defaultPageSize = 50;

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html */
export const describeAlarms = cloudwatch.operation("DescribeAlarms", {
  access: (_, ctx) => alarmAccess("DescribeAlarms", "*", ctx),
  async handle(input, ctx) {
    const related = input.ChildrenOfAlarmName ?? input.ParentsOfAlarmName;
    if (related !== undefined) return await relatives(input, related, ctx);
    if (input.AlarmNames !== undefined && input.AlarmNamePrefix !== undefined)
      throw ctx.error("ValidationError", "AlarmNames and AlarmNamePrefix are mutually exclusive.");
    const { items, next } = await matching(input, ctx);
    return { ...byKind(items, ctx), ...(next !== undefined && { NextToken: next }) };
  },
});

async function matching(
  input: DescribeAlarmsCommandInput,
  ctx: Context<"InvalidNextToken">,
): Promise<Page<AlarmRow>> {
  const { AlarmNames, AlarmNamePrefix, StateValue, ActionPrefix, MaxRecords = defaultPageSize } = input;
  // Only metric alarms are shown to who does not ask for others.
  const types: readonly string[] = input.AlarmTypes ?? ["MetricAlarm"];
  const where = (row: AlarmRow) =>
    types.includes(row.kind === "metric" ? "MetricAlarm" : "CompositeAlarm") &&
    (StateValue === undefined || row.state.value === StateValue) &&
    (ActionPrefix === undefined || actionsOf(row).some((arn) => arn.startsWith(ActionPrefix)));
  if (AlarmNames !== undefined) {
    const rows = await Promise.all([...new Set(AlarmNames)].map((name) => findAlarm(name, ctx)));
    return { items: rows.filter((row) => row !== undefined).filter(where) };
  }
  try {
    return await pageOf(alarms, ctx.tx, [ctx.account, ctx.region], {
      limit: MaxRecords,
      marker: input.NextToken,
      startsWith: AlarmNamePrefix,
      where,
    });
  } catch (error) {
    if (error instanceof BadMarker) throw ctx.error("InvalidNextToken", "The token is invalid.");
    throw error;
  }
}

function actionsOf(row: AlarmRow): string[] {
  return [...row.okActions, ...row.alarmActions, ...row.insufficientDataActions];
}

function byKind(rows: readonly AlarmRow[], ctx: Context) {
  return {
    MetricAlarms: rows.filter((row) => row.kind === "metric").map((row) => shownMetricAlarm(row, ctx)),
    CompositeAlarms: rows
      .filter((row) => row.kind === "composite")
      .map((row) => shownCompositeAlarm(row, ctx)),
    LogAlarms: [],
  };
}

/** Children or parents of an alarm; of these, AWS shows little. */
async function relatives(input: DescribeAlarmsCommandInput, name: string, ctx: Context) {
  const row = await findAlarm(name, ctx);
  const names =
    input.ChildrenOfAlarmName === undefined
      ? await compositesOn(name, ctx)
      : row?.kind === "composite"
        ? row.children
        : [];
  const rows = await Promise.all(names.map((one) => findAlarm(one, ctx)));
  const found = rows.filter((one) => one !== undefined);
  const shown = (one: AlarmRow) => ({
    AlarmName: one.name,
    AlarmArn: alarmArn(one.name, ctx),
    StateValue: one.state.value,
    StateTransitionedTimestamp: new Date(one.state.transitionedAt),
  });
  return {
    MetricAlarms: found.filter(({ kind }) => kind === "metric").map(shown),
    CompositeAlarms: found.filter(({ kind }) => kind === "composite").map(shown),
    LogAlarms: [],
  };
}

function shownFacts(row: AlarmRow, ctx: Context) {
  const { state, description } = row;
  return {
    AlarmName: row.name,
    AlarmArn: alarmArn(row.name, ctx),
    ...(description !== undefined && { AlarmDescription: description }),
    AlarmConfigurationUpdatedTimestamp: new Date(row.configuredAt),
    ActionsEnabled: row.actionsEnabled,
    OKActions: [...row.okActions],
    AlarmActions: [...row.alarmActions],
    InsufficientDataActions: [...row.insufficientDataActions],
    StateValue: state.value,
    StateReason: state.reason,
    ...(state.reasonData !== undefined && { StateReasonData: state.reasonData }),
    StateUpdatedTimestamp: new Date(state.updatedAt),
    StateTransitionedTimestamp: new Date(state.transitionedAt),
  };
}

function shownMetricAlarm(row: MetricAlarmRow, ctx: Context): MetricAlarm {
  const { metric, queries, datapointsToAlarm, treatMissingData, lowSampleCount } = row;
  const shown = {
    ...shownFacts(row, ctx),
    ...(metric && {
      MetricName: metric.name,
      Namespace: metric.namespace,
      ...(metric.statistic !== undefined && { Statistic: metric.statistic }),
      ...(metric.extendedStatistic !== undefined && { ExtendedStatistic: metric.extendedStatistic }),
      Dimensions: [...metric.dimensions],
      Period: metric.period,
      ...(metric.unit !== undefined && { Unit: metric.unit }),
    }),
    ...(queries && { Metrics: [...queries] }),
    EvaluationPeriods: row.evaluationPeriods,
    ...(datapointsToAlarm !== undefined && { DatapointsToAlarm: datapointsToAlarm }),
    ...(row.threshold !== undefined && { Threshold: row.threshold }),
    ...(row.thresholdMetricId !== undefined && { ThresholdMetricId: row.thresholdMetricId }),
    ComparisonOperator: row.operator,
    ...(treatMissingData !== undefined && { TreatMissingData: treatMissingData }),
    ...(lowSampleCount !== undefined && { EvaluateLowSampleCountPercentile: lowSampleCount }),
  };
  return shown as MetricAlarm;
}

function shownCompositeAlarm(row: CompositeAlarmRow, ctx: Context): CompositeAlarm {
  return { ...shownFacts(row, ctx), AlarmRule: row.rule, ...shownSuppression(row, ctx) };
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmsForMetric.html */
export const describeAlarmsForMetric = cloudwatch.operation("DescribeAlarmsForMetric", {
  access: () => ({ action: "cloudwatch:DescribeAlarmsForMetric", resource: "*" }),
  async handle({ Namespace, MetricName, Dimensions = [], ...filter }, ctx) {
    const dimensions = Dimensions.map(({ Name = "", Value = "" }) => ({ Name, Value }));
    const series = seriesId(Namespace, identityOf(MetricName, dimensions));
    const watching = await watches.get(ctx.tx, ctx.account, ctx.region, series);
    const rows = await Promise.all((watching?.alarms ?? []).map((name) => findAlarm(name, ctx)));
    const found = rows
      .filter((row) => row?.kind === "metric")
      .filter((row) => {
        const { metric } = row;
        if (metric === undefined) return Object.keys(filter).length === 0;
        return (
          (filter.Statistic === undefined || filter.Statistic === metric.statistic) &&
          (filter.ExtendedStatistic === undefined || filter.ExtendedStatistic === metric.extendedStatistic) &&
          (filter.Period === undefined || filter.Period === metric.period) &&
          (filter.Unit === undefined || filter.Unit === metric.unit)
        );
      });
    return { MetricAlarms: found.map((row) => shownMetricAlarm(row, ctx)) };
  },
});
