import type { PutMetricAlarmCommandInput } from "@aws-sdk/client-cloudwatch";
import { CreateQueueCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import {
  type Answers,
  all,
  cloudkeep,
  cloudwatch,
  describeAlarm,
  newAlarm,
  newName,
  newTopic,
  now,
  published,
  put,
  type Recording,
} from "./cloudwatchCalls.ts";
import { answerOf } from "./recorded.ts";

/** Alarms, as recorded from AWS. */

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

export const alarms: Recording[] = [
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
  {
    name: "test_alarm_number_of_messages_sent",
    run: async () => {
      const QueueName = newName("queue");
      const { QueueUrl } = await all.sqs.send(new CreateQueueCommand({ QueueName }));
      const name = await newAlarm({
        AlarmDescription: "test messages sent",
        MetricName: "NumberOfMessagesSent",
        Namespace: "AWS/SQS",
        Statistic: "SampleCount",
        Threshold: 0,
        Dimensions: [{ Name: "QueueName", Value: QueueName }],
        AlarmActions: [await newTopic()],
        TreatMissingData: "missing",
      });
      await all.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "new message, awesome" }));
      await cloudkeep.clock.advance(600);
      await cloudkeep.clock.advance(600);
      return {
        "NumberOfMessagesSent-describe": await describeAlarm(name),
        "NumberOfMessagesSent-sqs-msg": await published(name),
      };
    },
  },
];
