import type { MetricDatum, PutMetricAlarmCommandInput } from "@aws-sdk/client-cloudwatch";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Cloudkeep } from "../../src/start.ts";
import { clients, startForTest } from "../harness.ts";
import { send as sendRaw } from "../hostile/raw.ts";
import { signed } from "../hostile/sign.ts";
import { answerOf, expectRecorded, recordedAnswers } from "./recorded.ts";

/** Answers of CloudWatch, held against those recorded from AWS. */

type Answers = Record<string, unknown>;

let cloudkeep: Cloudkeep;
let all: ReturnType<typeof clients>;
let cloudwatch: typeof all.cloudwatch;
beforeAll(async () => {
  cloudkeep = await startForTest();
  all = clients(cloudkeep, cloudkeep.credentials);
  ({ cloudwatch } = all);
});
afterAll(() => cloudkeep.stop());

/** Members whose texts are JSON, which the recorder wrote as objects. */
const documents = new Set(["StateReasonData", "HistoryData", "DashboardBody", "stateReasonData"]);
const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/;

/** An answer as the recorder would have written it. */
function asRecorded(value: unknown, name = ""): unknown {
  if (value instanceof Date) return name === "LastModified" ? "datetime" : "timestamp";
  if (name === "Timestamps") return "timestamp";
  if (typeof value === "string") {
    if (documents.has(name)) return asRecorded(JSON.parse(value), "document");
    if (isTime.test(value)) return "date";
    return value.replace(/\(\d\d\/\d\d\/\d\d \d\d:\d\d:\d\d\)/g, "(MM/DD/YY HH:MM:SS)");
  }
  if (Array.isArray(value)) return value.map((item) => asRecorded(item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, asRecorded(item, key)]));
}

/** The recorder's client names errors as the query wire does; ours as the JSON wires do, which stand beside it. */
function asOurs(value: unknown): unknown {
  // Placeholders of all spellings stand for one text each, which may differ.
  if (typeof value === "string") return value.replace(/<[\w-]*[\d_][\w-]*>/g, "<name>");
  if (Array.isArray(value)) return value.map(asOurs);
  if (typeof value !== "object" || value === null) return value;
  const { QueryErrorCode, Type, ...members } = value as Record<string, unknown>;
  if (QueryErrorCode !== undefined) return { ...members, Code: QueryErrorCode };
  return Object.fromEntries(
    Object.entries({ ...members, ...(Type !== undefined && { Type }) }).map(([key, item]) => [
      key,
      asOurs(item),
    ]),
  );
}

let serial = 0;
const newName = (kind: string) => `${kind}-${++serial}`;

const minuteMs = 60_000;
const now = () => cloudkeep.clock.now();

async function put(Namespace: string, ...MetricData: MetricDatum[]): Promise<void> {
  await cloudwatch.putMetricData({ Namespace, MetricData });
}

const range = () => ({ StartTime: new Date(now() - 5 * minuteMs), EndTime: new Date(now() + 5 * minuteMs) });

interface Asked {
  Id: string;
  MetricName: string;
  Stat: string;
  Period?: number;
  Unit?: "Seconds" | "Milliseconds";
  Dimensions?: { Name: string; Value: string }[];
}

function getData(Namespace: string, asked: Asked[]): Promise<Answers> {
  const MetricDataQueries = asked.map(({ Id, MetricName, Stat, Period = 60, Unit, Dimensions }) => ({
    Id,
    MetricStat: { Metric: { Namespace, MetricName, Dimensions }, Period, Stat, Unit },
  }));
  return answerOf(cloudwatch.getMetricData({ MetricDataQueries, ...range() }));
}

function getStatistics(Namespace: string, MetricName: string, Statistics: string[]): Promise<Answers> {
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

const describeAlarm = (name: string) => answerOf(cloudwatch.describeAlarms({ AlarmNames: [name] }));

async function newAlarm(input: Partial<PutMetricAlarmCommandInput> = {}): Promise<string> {
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

async function newTopic(): Promise<string> {
  return (await all.sns.createTopic({ Name: newName("topic") })).TopicArn ?? "";
}

/** The message that the last action of an alarm published. */
async function published(AlarmName: string): Promise<unknown> {
  await cloudkeep.clock.advance(0);
  const { AlarmHistoryItems } = await cloudwatch.describeAlarmHistory({
    AlarmName,
    HistoryItemType: "Action",
  });
  return JSON.parse(JSON.parse(AlarmHistoryItems?.[0]?.HistoryData ?? "").publishedMessage);
}

interface Recording {
  name: string;
  /** Our answers, by the names of the recording's. */
  run: () => Promise<Answers>;
}

const values: Recording[] = [
  {
    name: "test_put_metric_data_values_list[json]",
    run: async () => {
      await put("values", { MetricName: "test-metric", Values: [1, 10], Counts: [2, 4], Unit: "Count" });
      return {
        get_metric_statistics: await getStatistics("values", "test-metric", [
          "SampleCount",
          "Sum",
          "Maximum",
        ]),
      };
    },
  },
  {
    name: "test_put_metric_data_validation[json]",
    run: async () => {
      const refused = (datum: Partial<MetricDatum>) =>
        answerOf(cloudwatch.putMetricData({ Namespace: "n", MetricData: [{ MetricName: "m", ...datum }] }));
      const StatisticValues = { SampleCount: 1, Sum: 1, Minimum: 1, Maximum: 1 };
      return {
        "invalid-param-combination": await refused({ Value: 1, Values: [1] }),
        "invalid-param-value": await refused({ Values: [1, 2], Counts: [1] }),
        "invalid-param-combination-2": await refused({ Value: 1, StatisticValues }),
      };
    },
  },
  {
    name: "test_get_metric_data_for_multiple_metrics[json]",
    run: async () => {
      for (const [i, Value] of [50, 25, 55].entries())
        await put("several", { MetricName: `metric${i + 1}`, Value });
      const asked = [1, 2, 3].map((i) => ({ Id: `result${i}`, MetricName: `metric${i}`, Stat: "Sum" }));
      return { get_metric_data: await getData("several", asked) };
    },
  },
  ...["Sum", "SampleCount", "Minimum", "Maximum", "Average"].map((Stat) => ({
    name: `test_get_metric_data_stats[json-${Stat}]`,
    run: async () => {
      const Namespace = newName("stats");
      for (let Value = 1; Value <= 11; Value += 1) await put(Namespace, { MetricName: "metric1", Value });
      return {
        get_metric_data: await getData(Namespace, [
          { Id: "result1", MetricName: "metric1", Stat, Period: 600 },
        ]),
      };
    },
  })),
  {
    name: "test_get_metric_data_with_dimensions[json]",
    run: async () => {
      const Dimensions = [{ Name: "InstanceId", Value: "one" }];
      await put("dims", { MetricName: "metric1", Value: 11, Dimensions });
      await put("dims", {
        MetricName: "metric1",
        Value: 88,
        Dimensions: [{ Name: "InstanceId", Value: "two" }],
      });
      const asked = [{ Id: "result1", MetricName: "metric1", Stat: "Sum", Dimensions }];
      return { get_metric_data: await getData("dims", asked) };
    },
  },
  {
    name: "test_get_metric_data_with_zero_and_labels[json]",
    run: async () => {
      for (const Value of [0, 2, 4, 3.5, 7, 100]) await put("zero", { MetricName: "metric1", Value });
      const asked = ["Average", "Sum", "Minimum", "Maximum"].map((Stat) => ({
        Id: `result_${Stat}`,
        MetricName: "metric1",
        Stat,
        Period: 600,
      }));
      return { get_metric_data_with_zero_and_labels: await getData("zero", asked) };
    },
  },
  {
    name: "test_get_metric_statistics[json]",
    run: async () => {
      for (let Value = 0; Value < 10; Value += 1) await put("ten", { MetricName: "metric", Value });
      const Statistics = ["SampleCount", "Average", "Sum", "Minimum", "Maximum"];
      return { get_metric_statistics: await getStatistics("ten", "metric", Statistics) };
    },
  },
  {
    name: "test_handle_different_units[json]",
    run: async () => {
      await put("units", { MetricName: "m-test", Value: 10 });
      await put("units", { MetricName: "m-test", Value: 5, Unit: "Count" });
      await put("units", { MetricName: "m-test", Value: 1, Unit: "Seconds" });
      return {
        get_metric_statistics_with_different_units: await getStatistics("units", "m-test", ["Average"]),
      };
    },
  },
  {
    name: "test_get_metric_data_with_different_units[json]",
    run: async () => {
      await put("units-2", { MetricName: "m-test", Value: 60, Unit: "Milliseconds" });
      await put("units-2", { MetricName: "m-test", Value: 1, Unit: "Seconds" });
      const asked = [{ Id: "m1", MetricName: "m-test", Stat: "Average", Unit: "Seconds" as const }];
      return { get_metric_data_with_different_units: await getData("units-2", asked) };
    },
  },
  ...[
    [
      ["Seconds", 60],
      ["Milliseconds", 60_000],
    ],
    [
      ["Milliseconds", 120_000],
      ["Seconds", 60],
    ],
    [
      ["Seconds", 1],
      ["Count", 5],
      ["Milliseconds", 100],
    ],
  ].map((data, i) => ({
    name: `test_get_metric_data_different_units_no_unit_in_query[json-metric_data${i}]`,
    run: async () => {
      const Namespace = newName("no-unit");
      for (const [Unit, Value] of data as [MetricDatum["Unit"], number][])
        await put(Namespace, { MetricName: "m-test", Value, Unit });
      const asked = [{ Id: "m1", MetricName: "m-test", Stat: "Average" }];
      return { get_metric_data_with_no_unit_specified: await getData(Namespace, asked) };
    },
  })),
  ...(
    [
      [
        ["Sum", 60, "Seconds"],
        ["Minimum", 30, "Seconds"],
      ],
      [
        ["Sum", 60, "Seconds"],
        ["Minimum", 60, "Seconds"],
      ],
      [
        ["Sum", 60, "Seconds"],
        ["Sum", 30, "Seconds"],
      ],
      [
        ["Sum", 60, "Seconds"],
        ["Minimum", 30, "Milliseconds"],
      ],
      [
        ["Sum", 60, "Seconds"],
        ["Minimum", 60, "Milliseconds"],
      ],
      [
        ["Sum", 60, "Seconds"],
        ["Sum", 30, "Milliseconds"],
      ],
      [
        ["Sum", 60, "Seconds"],
        ["Sum", 60, "Milliseconds"],
      ],
    ] as const
  ).map((pairs, i) => ({
    name: `test_label_generation[json-input_pairs${i}]`,
    run: async () => {
      const Namespace = newName("labels");
      for (const Value of [0, 2, 7, 100])
        await put(Namespace, { MetricName: "metric1", Value, Unit: "Seconds" });
      const asked = pairs.map(([Stat, Period, Unit]) => ({
        Id: `result_${Stat}_${Period}_${Unit}`,
        MetricName: "metric1",
        Stat,
        Period,
        Unit,
      }));
      return { label_generation: await getData(Namespace, asked) };
    },
  })),
  {
    name: "test_get_metric_with_null_dimensions[json]",
    run: async () => {
      const Dimensions = [{ Name: "d", Value: "v" }];
      await put("null-dims", { MetricName: "m", Value: 1, Dimensions });
      return {
        get_metric_with_null_dimensions: await getData("null-dims", [
          { Id: "i", MetricName: "m", Stat: "Sum" },
        ]),
      };
    },
  },
  {
    name: "test_get_metric_with_no_results[json]",
    run: async () => ({ result: await getData("nothing", [{ Id: "result", MetricName: "m", Stat: "Sum" }]) }),
  },
  {
    name: "test_multiple_dimensions_statistics[json]",
    run: async () => {
      const MetricName = "http.server.requests.count";
      const Dimensions = Object.entries({
        error: "none",
        exception: "none",
        method: "GET",
        outcome: "SUCCESS",
        uri: "/greetings",
        status: "200",
      }).map(([Name, Value]) => ({ Name, Value }));
      await put("multi", { MetricName, Value: 5, Dimensions, Unit: "Count" });
      return {
        "get-metric-stats-max": await getData("multi", [
          { Id: "result1", MetricName, Stat: "Maximum", Dimensions },
        ]),
        "list-metrics": await answerOf(cloudwatch.listMetrics({ Namespace: "multi", MetricName })),
      };
    },
  },
  {
    name: "test_invalid_amount_of_datapoints[json]",
    run: async () => {
      const end = Math.floor(now() / 1000);
      const ask = (StartTime: number, EndTime: number, Period: number) =>
        answerOf(
          cloudwatch.getMetricStatistics({
            Namespace: "n",
            MetricName: "metric_name",
            StartTime: new Date(StartTime * 1000),
            EndTime: new Date(EndTime * 1000),
            Period,
            Statistics: ["SampleCount"],
          }),
        );
      return {
        "error-invalid-amount-datapoints": await ask(end - 86_400, end, 1),
        "error-invalid-time-frame": await ask(end, end, 60),
        "get-metric-statitics": await ask(end - 86_400, end, 60),
      };
    },
  },
];

const abc = [{ Name: "InstanceId", Value: "abc" }];

/** An alarm as most recorded cases have it. */
async function recordedAlarm(
  MetricName: string,
  input: Partial<PutMetricAlarmCommandInput>,
): Promise<string> {
  const topic = await newTopic();
  return await newAlarm({
    AlarmDescription: "testing cloudwatch alarms",
    MetricName,
    Statistic: "Average",
    Unit: "Seconds",
    Period: 10,
    Dimensions: abc,
    AlarmActions: [topic],
    OKActions: [topic],
    TreatMissingData: "ignore",
    ...input,
  });
}

const alarms: Recording[] = [
  {
    name: "test_describe_alarms_converts_date_format_correctly[json]",
    run: async () => ({ "describe-alarms": await describeAlarm(await newAlarm()) }),
  },
  {
    name: "test_describe_minimal_metric_alarm[json]",
    run: async () => ({ describe_minimal_metric_alarm: await describeAlarm(await newAlarm({ Period: 10 })) }),
  },
  {
    name: "test_put_metric_alarm_escape_character[json]",
    run: async () => {
      const AlarmActions = ["arn:aws:sns:us-east-1:111122223333:MyTopic"];
      const name = await newAlarm({ AlarmDescription: "<", Period: 600, Threshold: 1, AlarmActions });
      return { "describe-alarms-escaped-character": await describeAlarm(name) };
    },
  },
  {
    name: "test_delete_alarm[json]",
    run: async () => {
      const name = await newAlarm({ MetricName: "metric1" });
      return {
        "describe-alarm": await describeAlarm(name),
        "delete-alarm": await answerOf(cloudwatch.deleteAlarms({ AlarmNames: [name] })),
        "describe-after-delete": await describeAlarm(name),
      };
    },
  },
  {
    name: "test_breaching_alarm_actions[json]",
    run: async () => {
      const input = { EvaluationPeriods: 2, Threshold: 2, TreatMissingData: "breaching" };
      const name = await recordedAlarm("my-metric101", input);
      await cloudkeep.clock.advance(11_000);
      return { "alarm-1-sqs-msg": await published(name), "alarm-1-describe": await describeAlarm(name) };
    },
  },
  {
    name: "test_enable_disable_alarm_actions[json]",
    run: async () => {
      const name = await recordedAlarm("my-metric101", { EvaluationPeriods: 2, Threshold: 2 });
      const set = (StateValue: "OK" | "ALARM", StateReason: string) =>
        cloudwatch.setAlarmState({ AlarmName: name, StateValue, StateReason });
      const before = await describeAlarm(name);
      await set("ALARM", "testing alarm");
      const message = await published(name);
      const inAlarm = await describeAlarm(name);
      await cloudwatch.disableAlarmActions({ AlarmNames: [name] });
      await set("OK", "testing OK state");
      const disabled = await describeAlarm(name);
      const ok = await describeAlarm(name);
      await cloudwatch.enableAlarmActions({ AlarmNames: [name] });
      return {
        describe_alarm: before,
        "alarm-state-sqs-msg": message,
        "alarm-state-describe": inAlarm,
        describe_alarm_disabled: disabled,
        "ok-state-action-disabled-describe": ok,
        describe_alarm_enabled: await describeAlarm(name),
      };
    },
  },
  {
    name: "test_put_metric_alarm",
    run: async () => {
      const Namespace = newName("namespace");
      const name = await recordedAlarm("my-metric1", { Namespace, Threshold: 21 });
      const before = await describeAlarm(name);
      const datum = {
        MetricName: "my-metric1",
        Dimensions: abc,
        Unit: "Seconds" as const,
        Timestamp: new Date(now()),
      };
      await put(Namespace, { ...datum, Value: 21 }, { ...datum, Value: 22 });
      await cloudkeep.clock.advance(600);
      await cloudkeep.clock.advance(0);
      const message = await published(name);
      const input = { AlarmName: name, HistoryItemType: "StateUpdate" as const };
      const forMetric = { MetricName: "my-metric1", Namespace, Dimensions: abc };
      return {
        "describe-alarm": before,
        "alarm-triggered-sqs-msg": message,
        "describe-alarm-history": await answerOf(cloudwatch.describeAlarmHistory(input)),
        "describe-alarms-for-metric": await answerOf(cloudwatch.describeAlarmsForMetric(forMetric)),
      };
    },
  },
  {
    name: "test_set_alarm[json]",
    run: async () => {
      const name = await newAlarm({
        AlarmDescription: "Test Alarm when CPU exceeds 50 percent",
        MetricName: "CPUUtilization-3",
        Statistic: "Average",
        Period: 300,
        EvaluationPeriods: 2,
        Threshold: 50,
        Unit: "Percent",
        Dimensions: [{ Name: "InstanceId", Value: "i-0317828c84edbe100" }],
        TreatMissingData: "ignore",
        AlarmActions: [await newTopic()],
        OKActions: [await newTopic()],
      });
      const set = async (StateValue: "OK" | "ALARM", StateReason: string) => {
        await cloudwatch.setAlarmState({ AlarmName: name, StateValue, StateReason });
        return await describeAlarm(name);
      };
      return {
        "triggered-alarm": await set("ALARM", "testing alarm"),
        "reset-alarm": await set("OK", "resetting alarm"),
      };
    },
  },
  {
    name: "test_set_alarm_invalid_input[json]",
    run: async () => {
      const set = (StateValue: string) =>
        answerOf(
          cloudwatch.setAlarmState({ AlarmName: "nobody", StateValue: StateValue as "OK", StateReason: "x" }),
        );
      return { "error-invalid-state": await set("INVALID"), "error-resource-not-found": await set("OK") };
    },
  },
  {
    name: "test_trigger_composite_alarm[json]",
    run: async () => {
      const [one, two] = [await newAlarm(), await newAlarm()];
      const name = newName("composite");
      const arn = (alarm: string) => `arn:aws:cloudwatch:us-east-1:${cloudkeep.accountId}:alarm:${alarm}`;
      const made = await answerOf(
        cloudwatch.putCompositeAlarm({
          AlarmName: name,
          AlarmDescription: "composite alarm description",
          AlarmRule: `ALARM("${arn(one)}") OR ALARM("${arn(two)}")`,
          AlarmActions: [await newTopic()],
          OKActions: [await newTopic()],
        }),
      );
      const set = async (AlarmName: string, StateValue: "OK" | "ALARM") => {
        await cloudwatch.setAlarmState({ AlarmName, StateValue, StateReason: "x" });
        const input = { AlarmNames: [name], AlarmTypes: ["CompositeAlarm" as const] };
        return (await cloudwatch.describeAlarms(input)).CompositeAlarms?.[0];
      };
      const answers: Answers = {
        "put-composite-alarm": made,
        "composite-alarm-in-alarm-when-alarm-1-is-in-alarm": await set(one, "ALARM"),
        "composite-alarm-in-ok-when-alarm-1-is-back-to-ok": await set(one, "OK"),
        "composite-alarm-in-alarm-when-alarm-2-is-in-alarm": await set(two, "ALARM"),
        "composite-alarm-in-ok-when-alarm-2-is-back-to-ok": await set(two, "OK"),
      };
      await set(one, "ALARM");
      answers["composite-alarm-is-triggered-by-alarm-1-and-then-unchanged-by-alarm-2"] = await set(
        two,
        "ALARM",
      );
      return answers;
    },
  },
];

const arnOf = (name: string) => `arn:aws:cloudwatch:us-east-1:${cloudkeep.accountId}:alarm:${name}`;
const tagsOf = (name: string) => answerOf(cloudwatch.listTagsForResource({ ResourceARN: arnOf(name) }));
const tag = (name: string) =>
  cloudwatch.tagResource({
    ResourceARN: arnOf(name),
    Tags: [
      { Key: "tag1", Value: "foo" },
      { Key: "tag2", Value: "bar" },
    ],
  });
const untag = (name: string) => cloudwatch.untagResource({ ResourceARN: arnOf(name), TagKeys: ["tag1"] });
const Tags = [{ Key: "Environment", Value: "Production" }];

const done = { ResponseMetadata: { HTTPStatusCode: 200 } };

const others: Recording[] = [
  {
    name: "test_store_tags[json]",
    run: async () => {
      const name = await newAlarm({ MetricName: "store_tags" });
      const [described, none] = [await describeAlarm(name), await tagsOf(name)];
      await tag(name);
      const tagged = await tagsOf(name);
      await untag(name);
      return {
        put_metric_alarm: done,
        describe_alarms: described,
        "list_tags_for_resource_empty ": none,
        list_tags_for_resource: tagged,
        list_tags_for_resource_post_untag: await tagsOf(name),
      };
    },
  },
  ...["metric", "composite"].map((kind) => ({
    name: `test_tagging_${kind}_alarm[json]`,
    run: async () => {
      const name = kind === "metric" ? await newAlarm({ Tags }) : newName("composite");
      if (kind === "composite")
        await cloudwatch.putCompositeAlarm({ AlarmName: name, AlarmRule: "TRUE", Tags });
      const created = await tagsOf(name);
      await tag(name);
      const updated = await tagsOf(name);
      await untag(name);
      const untagged = await tagsOf(name);
      await cloudwatch.deleteAlarms({ AlarmNames: [name] });
      return {
        ...(kind === "metric" && { put_metric_alarm: done }),
        [`list_tags_for_resource_after_creation${kind === "metric" ? "" : " "}`]: created,
        list_tags_for_resource_updated: updated,
        list_tags_for_resource_post_untag: untagged,
        list_tags_for_deleted_resource: await tagsOf(name),
      };
    },
  })),
  {
    name: "test_invalid_dashboard_name[json]",
    run: async () => ({
      "error-invalid-dashboardname": await answerOf(
        cloudwatch.putDashboard({ DashboardName: "Inv@lid", DashboardBody: "{}" }),
      ),
    }),
  },
  {
    name: "test_dashboard_lifecycle[json]",
    run: async () => {
      const DashboardName = newName("dashboard");
      const properties = {
        metrics: [["AWS/EC2", "CPUUtilization", "InstanceId", "i-12345678"]],
        region: "us-east-1",
        view: "timeSeries",
        stacked: false,
      };
      const widget = { type: "metric", x: 0, y: 0, width: 6, height: 6, properties };
      // With blanks as Python's JSON has them: the size counts them.
      const DashboardBody = JSON.stringify({ widgets: [widget] }).replace(/(?<=")([:,])|,(?=["[{])/g, "$&");
      await cloudwatch.putDashboard({ DashboardName, DashboardBody: DashboardBody.padEnd(240) });
      const list = (DashboardNamePrefix?: string) =>
        answerOf(cloudwatch.listDashboards({ DashboardNamePrefix }));
      const answers: Answers = {
        get_dashboard: await answerOf(cloudwatch.getDashboard({ DashboardName })),
        list_dashboards: await list(),
        list_dashboards_prefix_empty: await list("no-such"),
        list_dashboards_prefix: await list("dashboard"),
      };
      await cloudwatch.deleteDashboards({ DashboardNames: [DashboardName] });
      return { ...answers, list_dashboards_empty: await list() };
    },
  },
];

const recorded = recordedAnswers("cloudwatch/test_cloudwatch.snapshot.json");

/** Cases that cannot apply here, and why. */
const leftOut: [pattern: RegExp, reason: string][] = [
  [
    /\[(?:query|smithy-rpc-v2-cbor)/,
    "the same answers on another wire: below, and in the protocols' own tests",
  ],
  [/multiple_protocols|no_shape_in_spec/, "raw answers: below"],
  [/metric_stream/, "metric streams are missing"],
  [/insight_rule/, "Contributor Insights is missing"],
  [/anomaly_detector/, "anomaly detection is missing"],
  [/lambda/, "needs Lambda"],
  [/sqs_metrics/, "needs SQS"],
];

describe.skipIf(recorded === undefined)("CloudWatch answers as recorded:", () => {
  const recordings = [...values, ...alarms, ...others];

  it.each(recordings)("$name", async ({ name, run }) => {
    const ours = asRecorded(await run());
    const theirs = recorded?.[name];
    expect(theirs).toBeDefined();
    for (const answers of [ours, theirs] as Record<string, { Datapoints?: { Unit: string }[] }>[])
      for (const { Datapoints } of Object.values(answers ?? {}))
        Datapoints?.sort((a, b) => (a.Unit < b.Unit ? -1 : 1));
    expectRecorded(ours, asOurs(theirs));
  });

  it("leaves no recorded case out without a reason", () => {
    const known = new Set(recordings.map(({ name }) => name));
    const unknown = Object.keys(recorded ?? {}).filter(
      (name) => !known.has(name) && !leftOut.some(([pattern]) => pattern.test(name)),
    );
    expect(unknown).toEqual([]);
  });
});

/** A call on the query wire, signed by hand. */
async function query(parameters: Record<string, string>) {
  const host = `127.0.0.1:${cloudkeep.port}`;
  const draft = {
    method: "POST",
    path: "/",
    query: "",
    headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
    body: new URLSearchParams({ Version: "2010-08-01", ...parameters }).toString(),
  };
  return await sendRaw(
    cloudkeep.port,
    signed("header", draft, { credentials: cloudkeep.credentials, service: "monitoring", host }),
  );
}

describe("on the query wire", () => {
  it("values go in and come out", async () => {
    const at = new Date(now()).toISOString();
    const answer = await query({
      Action: "PutMetricData",
      Namespace: "query",
      "MetricData.member.1.MetricName": "m",
      "MetricData.member.1.Values.member.1": "1",
      "MetricData.member.1.Values.member.2": "3",
      "MetricData.member.1.Timestamp": at,
      "MetricData.member.1.Dimensions.member.1.Name": "a",
      "MetricData.member.1.Dimensions.member.1.Value": "b",
    });
    expect([answer.status, answer.body]).toEqual([200, expect.stringContaining("<PutMetricDataResponse")]);
    const { body } = await query({
      Action: "GetMetricData",
      StartTime: new Date(now() - 5 * minuteMs).toISOString(),
      EndTime: new Date(now() + 5 * minuteMs).toISOString(),
      "MetricDataQueries.member.1.Id": "some",
      "MetricDataQueries.member.1.MetricStat.Metric.Namespace": "query",
      "MetricDataQueries.member.1.MetricStat.Metric.MetricName": "m",
      "MetricDataQueries.member.1.MetricStat.Metric.Dimensions.member.1.Name": "a",
      "MetricDataQueries.member.1.MetricStat.Metric.Dimensions.member.1.Value": "b",
      "MetricDataQueries.member.1.MetricStat.Period": "60",
      "MetricDataQueries.member.1.MetricStat.Stat": "Average",
    });
    expect(body).toMatch(/<Values>\s*<member>2(?:\.0)?<\/member>\s*<\/Values>/);
    expect(body).toContain("<StatusCode>Complete</StatusCode>");
  });

  it("errors have the query's codes", async () => {
    const set = { Action: "SetAlarmState", AlarmName: "nobody", StateReason: "x" };
    const invalid = await query({ ...set, StateValue: "INVALID" });
    expect(invalid.body).toContain("<Code>ValidationError</Code>");
    expect(invalid.body).toContain("Member must satisfy enum value set: [");
    const absent = await query({ ...set, StateValue: "OK" });
    expect([absent.status, absent.body]).toEqual([
      404,
      expect.stringContaining("<Code>ResourceNotFound</Code>"),
    ]);
    const both = await query({
      Action: "PutMetricData",
      Namespace: "query",
      "MetricData.member.1.MetricName": "m",
      "MetricData.member.1.Value": "1",
      "MetricData.member.1.Values.member.1": "1",
    });
    expect(both.body).toContain("<Code>InvalidParameterCombination</Code>");
  });
});
