import type { MetricDataQuery } from "@aws-sdk/client-cloudwatch";
import { table } from "../../kit/table.ts";

/** CloudWatch's state, apart from datapoints, which have rows of their own: see `store/`. */

type Scope = [account: string, region: string];

/** A metric that exists, and when it was last seen, to the hour. */
export interface MetricRow {
  lastSeen: number;
}

export const metrics = table<MetricRow, [...Scope, namespace: string, identity: string]>(
  "cloudwatch",
  "metrics",
);

/** The last bucket of a namespace that is merged: readers begin behind it, not among the rows that are gone. */
export const mergedBuckets = table<{ bucket: string }, [...Scope, namespace: string]>(
  "cloudwatch",
  "mergedBuckets",
);

/** Accounts and Regions whose old datapoints are looked after once a day. */
export const kept = table<object, Scope>("cloudwatch", "kept");

export type StateValue = "OK" | "ALARM" | "INSUFFICIENT_DATA";

export interface AlarmState {
  value: StateValue;
  reason: string;
  /** JSON */
  reasonData?: string;
  updatedAt: number;
  transitionedAt: number;
}

interface AlarmFacts {
  name: string;
  description?: string;
  actionsEnabled: boolean;
  okActions: readonly string[];
  alarmActions: readonly string[];
  insufficientDataActions: readonly string[];
  tags: Readonly<Record<string, string>>;
  configuredAt: number;
  state: AlarmState;
}

/** The one metric that an alarm watches. */
export interface WatchedMetric {
  namespace: string;
  name: string;
  dimensions: readonly { Name: string; Value: string }[];
  statistic?: string;
  extendedStatistic?: string;
  period: number;
  unit?: string;
}

export interface MetricAlarmRow extends AlarmFacts {
  kind: "metric";
  metric?: WatchedMetric;
  /** Instead of one metric: queries, one of which returns data. */
  queries?: readonly MetricDataQuery[];
  evaluationPeriods: number;
  datapointsToAlarm?: number;
  /** Left out where `thresholdMetricId` names the query that yields a band. */
  threshold?: number;
  thresholdMetricId?: string;
  operator: string;
  treatMissingData?: string;
  lowSampleCount?: string;
}

export interface Suppression {
  by: "WaitPeriod" | "ExtensionPeriod" | "Alarm";
  reason: string;
  untilMs?: number;
  /** The state before the one whose actions are held back. */
  previous: AlarmState;
}

export interface CompositeAlarmRow extends AlarmFacts {
  kind: "composite";
  rule: string;
  /** Names of the alarms in the rule. */
  children: readonly string[];
  suppressor?: string;
  waitSeconds?: number;
  extensionSeconds?: number;
  /** Set while actions of the present state are held back. */
  suppression?: Suppression;
}

export type AlarmRow = MetricAlarmRow | CompositeAlarmRow;

export const alarms = table<AlarmRow, [...Scope, name: string]>("cloudwatch", "alarms");

/** Names of the metrics of a namespace that alarms watch, and how many do. */
export const watchedNames = table<{ names: Record<string, number> }, [...Scope, namespace: string]>(
  "cloudwatch",
  "watchedNames",
);

/** Alarms that watch a metric. */
export const watches = table<{ alarms: readonly string[] }, [...Scope, series: string]>(
  "cloudwatch",
  "watches",
);

/** Composite alarms, by an alarm in their rule or their suppressor. */
export const dependents = table<object, [...Scope, alarm: string, composite: string]>(
  "cloudwatch",
  "dependents",
);

export interface HistoryRow {
  alarm: string;
  alarmType: "MetricAlarm" | "CompositeAlarm";
  at: number;
  type: "ConfigurationUpdate" | "StateUpdate" | "Action";
  summary: string;
  /** JSON */
  data: string;
}

/** By time; ids are in the order in which items were made. */
export const history = table<HistoryRow, [...Scope, id: string]>("cloudwatch", "history");
export const historyByAlarm = table<HistoryRow, [...Scope, alarm: string, id: string]>(
  "cloudwatch",
  "historyByAlarm",
);

export interface DashboardRow {
  body: string;
  modifiedAt: number;
  tags: Readonly<Record<string, string>>;
}

/** Dashboards belong to an account, and are the same in all Regions. */
export const dashboards = table<DashboardRow, [account: string, name: string]>("cloudwatch", "dashboards");

export interface MuteRuleRow {
  name: string;
  description?: string;
  expression: string;
  /** ISO 8601, as given. */
  duration: string;
  timeZone?: string;
  alarms: readonly string[];
  startAt?: number;
  expireAt?: number;
  tags: Readonly<Record<string, string>>;
  updatedAt: number;
}

export const muteRules = table<MuteRuleRow, [...Scope, name: string]>("cloudwatch", "muteRules");

/** Mute rules by the alarms that they name. */
export const mutedAlarms = table<object, [...Scope, alarm: string, rule: string]>(
  "cloudwatch",
  "mutedAlarms",
);

export interface DetectorRow {
  /** Instead of one metric: queries, the last of which in need of none is what is watched. */
  queries?: readonly MetricDataQuery[];
  metric?: { namespace: string; name: string; dimensions: readonly { Name: string; Value: string }[] };
  stat?: string;
  excluded: readonly { from: number; to: number }[];
  timeZone?: string;
  periodicSpikes?: boolean;
}

/** Anomaly detectors, by what they watch. */
export const detectors = table<DetectorRow, [...Scope, id: string]>("cloudwatch", "detectors");

export interface MetricStreamRow {
  name: string;
  running: boolean;
  firehoseArn: string;
  roleArn: string;
  include?: readonly StreamFilter[];
  exclude?: readonly StreamFilter[];
  statistics: readonly {
    metrics: readonly { namespace: string; name: string }[];
    statistics: readonly string[];
  }[];
  tags: Readonly<Record<string, string>>;
  createdAt: number;
  updatedAt: number;
}

export interface StreamFilter {
  namespace: string;
  /** Left out, all of the namespace. */
  names?: readonly string[];
}

export const metricStreams = table<MetricStreamRow, [...Scope, name: string]>("cloudwatch", "metricStreams");

/** Metrics that got values in a minute and are to be streamed: seconds since the epoch. */
export const streamedMinutes = table<object, [...Scope, minute: string, namespace: string, identity: string]>(
  "cloudwatch",
  "streamedMinutes",
);

export interface InsightRuleRow {
  enabled: boolean;
  definition: string;
  onTransformedLogs?: boolean;
  tags: Readonly<Record<string, string>>;
}

export const insightRules = table<InsightRuleRow, [...Scope, name: string]>("cloudwatch", "insightRules");
