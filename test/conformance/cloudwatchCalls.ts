import type { MetricDatum, PutMetricAlarmCommandInput } from "@aws-sdk/client-cloudwatch";
import type { Cloudkeep } from "../../src/start.ts";
import { clients, startForTest } from "../harness.ts";
import { answerOf } from "./recorded.ts";

/** Calls of CloudWatch in the form in which the recordings made them. */

export type Answers = Record<string, unknown>;

export let cloudkeep: Cloudkeep;
export let all: ReturnType<typeof clients>;
export let cloudwatch: typeof all.cloudwatch;

export async function startCloudwatch(): Promise<void> {
  cloudkeep = await startForTest();
  all = clients(cloudkeep, cloudkeep.credentials);
  ({ cloudwatch } = all);
}

let serial = 0;
export const newName = (kind: string) => `${kind}-${++serial}`;

export const minuteMs = 60_000;
export const now = () => cloudkeep.clock.now();

export async function put(Namespace: string, ...MetricData: MetricDatum[]): Promise<void> {
  await cloudwatch.putMetricData({ Namespace, MetricData });
}

export const range = () => ({
  StartTime: new Date(now() - 5 * minuteMs),
  EndTime: new Date(now() + 5 * minuteMs),
});

export interface Asked {
  Id: string;
  MetricName: string;
  Stat: string;
  Period?: number;
  Unit?: "Seconds" | "Milliseconds";
  Dimensions?: { Name: string; Value: string }[];
}

export function getData(Namespace: string, asked: Asked[]): Promise<Answers> {
  const MetricDataQueries = asked.map(({ Id, MetricName, Stat, Period = 60, Unit, Dimensions }) => ({
    Id,
    MetricStat: { Metric: { Namespace, MetricName, Dimensions }, Period, Stat, Unit },
  }));
  return answerOf(cloudwatch.getMetricData({ MetricDataQueries, ...range() }));
}

export function getStatistics(Namespace: string, MetricName: string, Statistics: string[]): Promise<Answers> {
  return answerOf(
    cloudwatch.getMetricStatistics({
      Namespace,
      MetricName,
      ...range(),
      Period: 600,
      Statistics: Statistics as "Sum"[],
    }),
  );
}

export const describeAlarm = (name: string) => answerOf(cloudwatch.describeAlarms({ AlarmNames: [name] }));

export async function newAlarm(input: Partial<PutMetricAlarmCommandInput> = {}): Promise<string> {
  const AlarmName = input.AlarmName ?? newName("alarm");
  await cloudwatch.putMetricAlarm({
    AlarmName,
    MetricName: newName("metric"),
    Namespace: newName("namespace"),
    Statistic: "Sum",
    Period: 60,
    EvaluationPeriods: 1,
    Threshold: 30,
    ComparisonOperator: "GreaterThanThreshold",
    ...input,
  });
  return AlarmName;
}

export async function newTopic(): Promise<string> {
  return (await all.sns.createTopic({ Name: newName("topic") })).TopicArn ?? "";
}

/** The message that the last action of an alarm published. */
export async function published(AlarmName: string): Promise<unknown> {
  await cloudkeep.clock.advance(0);
  const { AlarmHistoryItems } = await cloudwatch.describeAlarmHistory({
    AlarmName,
    HistoryItemType: "Action",
  });
  return JSON.parse(JSON.parse(AlarmHistoryItems?.[0]?.HistoryData ?? "").publishedMessage);
}

export interface Recording {
  name: string;
  /** Our answers, by the names of the recording's. */
  run: () => Promise<Answers>;
}
