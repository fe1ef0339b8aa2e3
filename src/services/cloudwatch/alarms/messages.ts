import type { MetricDataQuery } from "@aws-sdk/client-cloudwatch";
import type { AwsEvent, Context } from "../../../kit/context.ts";
import type { AlarmRow, AlarmState, MetricAlarmRow, StateValue } from "../tables.ts";
import { jsonTime } from "./history.ts";
import { alarmArn } from "./names.ts";

/** What alarms tell: to topics, to functions, to EventBridge. */

/** https://docs.aws.amazon.com/general/latest/gr/cw_region.html */
const regionNames: Record<string, string> = {
  "us-east-1": "US East (N. Virginia)",
  "us-east-2": "US East (Ohio)",
  "us-west-1": "US West (N. California)",
  "us-west-2": "US West (Oregon)",
  "af-south-1": "Africa (Cape Town)",
  "ap-east-1": "Asia Pacific (Hong Kong)",
  "ap-northeast-1": "Asia Pacific (Tokyo)",
  "ap-northeast-2": "Asia Pacific (Seoul)",
  "ap-northeast-3": "Asia Pacific (Osaka)",
  "ap-south-1": "Asia Pacific (Mumbai)",
  "ap-south-2": "Asia Pacific (Hyderabad)",
  "ap-southeast-1": "Asia Pacific (Singapore)",
  "ap-southeast-2": "Asia Pacific (Sydney)",
  "ap-southeast-3": "Asia Pacific (Jakarta)",
  "ca-central-1": "Canada (Central)",
  "eu-central-1": "EU (Frankfurt)",
  "eu-central-2": "EU (Zurich)",
  "eu-north-1": "EU (Stockholm)",
  "eu-south-1": "EU (Milan)",
  "eu-south-2": "EU (Spain)",
  "eu-west-1": "EU (Ireland)",
  "eu-west-2": "EU (London)",
  "eu-west-3": "EU (Paris)",
  "il-central-1": "Israel (Tel Aviv)",
  "me-central-1": "Middle East (UAE)",
  "me-south-1": "Middle East (Bahrain)",
  "sa-east-1": "South America (Sao Paulo)",
};

function regionName(region: string): string {
  return regionNames[region] ?? region;
}

/** An e-mail's subject holds no more; topics refuse longer ones. */
const maxSubjectCharacters = 100;

export function subjectOf({ name, state }: AlarmRow, ctx: Context): string {
  const subject = `${state.value}: "${name}" in ${regionName(ctx.region)}`;
  return subject.length > maxSubjectCharacters ? `${subject.slice(0, maxSubjectCharacters - 3)}...` : subject;
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html */
export function topicMessage(alarm: AlarmRow, oldState: StateValue, ctx: Context): Record<string, unknown> {
  return {
    AlarmName: alarm.name,
    AlarmDescription: alarm.description ?? null,
    AWSAccountId: ctx.account,
    AlarmConfigurationUpdatedTimestamp: jsonTime(alarm.configuredAt),
    NewStateValue: alarm.state.value,
    NewStateReason: alarm.state.reason,
    StateChangeTime: jsonTime(alarm.state.updatedAt),
    Region: regionName(ctx.region),
    AlarmArn: alarmArn(alarm.name, ctx),
    OldStateValue: oldState,
    OKActions: alarm.okActions,
    AlarmActions: alarm.alarmActions,
    InsufficientDataActions: alarm.insufficientDataActions,
    ...(alarm.kind === "metric"
      ? { ActionExecutedAfterMuteWindow: false, Trigger: triggerOf(alarm) }
      : compositeFacts(alarm)),
  };
}

function compositeFacts(alarm: AlarmRow & { kind: "composite" }): Record<string, unknown> {
  const { reasonData } = alarm.state;
  const triggering = reasonData === undefined ? [] : JSON.parse(reasonData).triggeringAlarms;
  return {
    AlarmRule: alarm.rule,
    TriggeringChildren: (triggering as { arn: string; state: { value: string; timestamp: string } }[]).map(
      ({ arn, state }) => ({ Arn: arn, State: { Value: state.value, Timestamp: state.timestamp } }),
    ),
  };
}

/** "SampleCount" as "SAMPLE_COUNT". */
function constantName(statistic: string): string {
  return statistic.replace(/(?<=[a-z])[A-Z]/g, "_$&").toUpperCase();
}

function triggerOf(alarm: MetricAlarmRow): Record<string, unknown> {
  const { metric, queries = [], evaluationPeriods, datapointsToAlarm, operator, threshold } = alarm;
  const criteria = {
    EvaluationPeriods: evaluationPeriods,
    ...(datapointsToAlarm !== undefined && { DatapointsToAlarm: datapointsToAlarm }),
    ComparisonOperator: operator,
    ...(threshold === undefined ? { ThresholdMetricId: alarm.thresholdMetricId } : { Threshold: threshold }),
    TreatMissingData: alarm.treatMissingData ?? "",
    EvaluateLowSampleCountPercentile: alarm.lowSampleCount ?? "",
  };
  if (metric === undefined) return { ...criteria, Metrics: queries };
  return {
    MetricName: metric.name,
    Namespace: metric.namespace,
    ...(metric.statistic === undefined
      ? { StatisticType: "ExtendedStatistic", ExtendedStatistic: metric.extendedStatistic }
      : { StatisticType: "Statistic", Statistic: constantName(metric.statistic) }),
    Unit: metric.unit ?? null,
    Dimensions: metric.dimensions.map(({ Name, Value }) => ({ value: Value, name: Name })),
    Period: metric.period,
    ...criteria,
  };
}

function stateOf({ value, reason, reasonData, updatedAt }: AlarmState): Record<string, unknown> {
  return { value, reason, ...(reasonData !== undefined && { reasonData }), timestamp: jsonTime(updatedAt) };
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html */
function alarmData(alarm: AlarmRow, previous: AlarmState): Record<string, unknown> {
  return {
    alarmName: alarm.name,
    state: stateOf(alarm.state),
    previousState: stateOf(previous),
    configuration: {
      ...(alarm.description !== undefined && { description: alarm.description }),
      ...(alarm.kind === "metric"
        ? { metrics: metricsOf(alarm) }
        : {
            alarmRule: alarm.rule,
            ...(alarm.suppressor !== undefined && {
              actionsSuppressor: alarm.suppressor,
              actionsSuppressorWaitPeriod: alarm.waitSeconds,
              actionsSuppressorExtensionPeriod: alarm.extensionSeconds,
            }),
          }),
    },
  };
}

/** The one metric of an alarm has an id of no meaning on AWS; here it is the same each time. */
const onlyMetricId = "00000000-0000-4000-8000-000000000001";

function metricsOf({ metric, queries = [] }: MetricAlarmRow): Record<string, unknown>[] {
  if (metric === undefined) return queries.map(queryOf);
  const { namespace, name, dimensions, period, statistic, extendedStatistic, unit } = metric;
  const metricStat = {
    metric: {
      namespace,
      name,
      dimensions: Object.fromEntries(dimensions.map(({ Name, Value }) => [Name, Value])),
    },
    period,
    stat: statistic ?? extendedStatistic,
    ...(unit !== undefined && { unit }),
  };
  return [{ id: onlyMetricId, metricStat, returnData: true }];
}

function queryOf({
  Id,
  Expression,
  Label,
  MetricStat,
  ReturnData,
}: MetricDataQuery): Record<string, unknown> {
  const { Metric, Period, Stat, Unit } = MetricStat ?? {};
  const dimensions = Object.fromEntries((Metric?.Dimensions ?? []).map(({ Name, Value }) => [Name, Value]));
  return {
    id: Id,
    ...(Label !== undefined && { label: Label }),
    ...(Expression !== undefined && { expression: Expression }),
    ...(MetricStat && {
      metricStat: {
        metric: { namespace: Metric?.Namespace, name: Metric?.MetricName, dimensions },
        period: Period,
        stat: Stat,
        ...(Unit !== undefined && { unit: Unit }),
      },
    }),
    returnData: ReturnData !== false,
  };
}

export function stateEvent(alarm: AlarmRow, previous: AlarmState, ctx: Context): AwsEvent {
  return {
    source: "aws.cloudwatch",
    detailType: "CloudWatch Alarm State Change",
    resources: [alarmArn(alarm.name, ctx)],
    detail: alarmData(alarm, previous),
  };
}

/** What a Lambda function gets. */
export function functionEvent(alarm: AlarmRow, previous: AlarmState, ctx: Context): Record<string, unknown> {
  return {
    source: "aws.cloudwatch",
    alarmArn: alarmArn(alarm.name, ctx),
    accountId: ctx.account,
    time: jsonTime(alarm.state.updatedAt),
    region: ctx.region,
    alarmData: alarmData(alarm, previous),
  };
}
