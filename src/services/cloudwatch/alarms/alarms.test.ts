import type { PutMetricAlarmCommandInput } from "@aws-sdk/client-cloudwatch";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { clients, errorOf, startForTest } from "../../../../test/harness.ts";
import type { Cloudkeep } from "../../../start.ts";

let cloudkeep: Cloudkeep;
let all: ReturnType<typeof clients>;
let cloudwatch: typeof all.cloudwatch;
beforeAll(async () => {
  cloudkeep = await startForTest();
  all = clients(cloudkeep, cloudkeep.credentials);
  ({ cloudwatch } = all);
  // Not at the end of a minute, so that a value and its evaluation fall into the same.
  await cloudkeep.clock.advance(60_000 - (cloudkeep.clock.now() % 60_000) + 1_000);
});
afterAll(() => cloudkeep.stop());

const minuteMs = 60_000;
let serial = 0;

async function newAlarm(input: Partial<PutMetricAlarmCommandInput> = {}): Promise<string> {
  serial += 1;
  const AlarmName = input.AlarmName ?? `alarm-${serial}`;
  await cloudwatch.putMetricAlarm({
    AlarmName,
    Namespace: "App",
    MetricName: AlarmName,
    Statistic: "Sum",
    Period: 60,
    EvaluationPeriods: 1,
    Threshold: 10,
    ComparisonOperator: "GreaterThanThreshold",
    ...input,
  });
  return AlarmName;
}

const put = (MetricName: string, Value: number) =>
  cloudwatch.putMetricData({ Namespace: "App", MetricData: [{ MetricName, Value }] });

async function described(name: string) {
  const { MetricAlarms = [], CompositeAlarms = [] } = await cloudwatch.describeAlarms({
    AlarmNames: [name],
    AlarmTypes: ["MetricAlarm", "CompositeAlarm"],
  });
  return MetricAlarms[0] ?? CompositeAlarms[0];
}

const stateOf = async (name: string) => (await described(name))?.StateValue;
/** Lets what was put be evaluated. */
const soon = () => cloudkeep.clock.advance(600);

async function historyOf(AlarmName: string): Promise<string[]> {
  const { AlarmHistoryItems = [] } = await cloudwatch.describeAlarmHistory({
    AlarmName,
    ScanBy: "TimestampAscending",
  });
  return AlarmHistoryItems.map(({ HistorySummary = "" }) => HistorySummary);
}

describe("a metric alarm", () => {
  it("goes off soon after values come, and calms down when they are gone", async () => {
    const name = await newAlarm({ TreatMissingData: "notBreaching" });
    expect(await described(name)).toMatchObject({
      StateValue: "INSUFFICIENT_DATA",
      StateReason: "Unchecked: Initial alarm creation",
    });
    await put(name, 11);
    await vi.waitFor(async () => expect(await stateOf(name)).toBe("ALARM"), { timeout: 3_000 });
    expect((await described(name))?.StateReason).toMatch(
      /^Threshold Crossed: 1 datapoint \[11.0 \(\d\d\/\d\d\/\d\d \d\d:\d\d:00\)\] was greater than the threshold \(10.0\)\.$/,
    );
    await cloudkeep.clock.advance(2 * minuteMs);
    expect(await stateOf(name)).toBe("ALARM");
    await cloudkeep.clock.advance(3 * minuteMs);
    expect(await described(name)).toMatchObject({
      StateValue: "OK",
      StateReason:
        "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching].",
    });
    expect(await historyOf(name)).toEqual([
      `Alarm "${name}" created`,
      "Alarm updated from INSUFFICIENT_DATA to ALARM",
      "Alarm updated from ALARM to OK",
    ]);
  });

  it("does not calm down because a period has only begun", async () => {
    const name = await newAlarm();
    await put(name, 11);
    await soon();
    expect(await stateOf(name)).toBe("ALARM");
    await cloudkeep.clock.advance(minuteMs);
    await put(name, 1);
    await soon();
    expect(await stateOf(name)).toBe("ALARM");
    await cloudkeep.clock.advance(minuteMs);
    expect(await stateOf(name)).toBe("OK");
    await cloudkeep.clock.advance(5 * minuteMs);
    expect(await stateOf(name)).toBe("INSUFFICIENT_DATA");
  });

  it("that treats missing data as breaching goes off without any", async () => {
    const name = await newAlarm({ TreatMissingData: "breaching", EvaluationPeriods: 2 });
    await soon();
    expect(await stateOf(name)).toBe("INSUFFICIENT_DATA");
    await cloudkeep.clock.advance(minuteMs);
    expect(await described(name)).toMatchObject({
      StateValue: "ALARM",
      StateReason:
        "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as [Breaching].",
    });
  });

  it("of 2 out of 3 waits for the second", async () => {
    const name = await newAlarm({ EvaluationPeriods: 3, DatapointsToAlarm: 2, Statistic: "Maximum" });
    const states: unknown[] = [];
    for (const value of [20, 1, 20, 1, 1]) {
      await put(name, value);
      await cloudkeep.clock.advance(minuteMs);
      states.push(await stateOf(name));
    }
    expect(states).toEqual(["OK", "OK", "ALARM", "OK", "OK"]);
  });

  it("on an expression, and on a percentile", async () => {
    const rate = await newAlarm({
      Namespace: undefined,
      MetricName: undefined,
      Statistic: undefined,
      Period: undefined,
      Metrics: [
        {
          Id: "errors",
          ReturnData: false,
          MetricStat: { Metric: { Namespace: "App", MetricName: "errors" }, Period: 60, Stat: "Sum" },
        },
        {
          Id: "calls",
          ReturnData: false,
          MetricStat: { Metric: { Namespace: "App", MetricName: "calls" }, Period: 60, Stat: "Sum" },
        },
        { Id: "rate", Expression: "100 * errors / calls" },
      ],
    });
    const slow = await newAlarm({ Statistic: undefined, ExtendedStatistic: "p90" });
    await put("calls", 100);
    await put("errors", 5);
    for (let i = 1; i <= 10; i += 1) await put(slow, i);
    await soon();
    expect([await stateOf(rate), await stateOf(slow)]).toEqual(["OK", "OK"]);
    await put("errors", 20);
    for (let i = 1; i <= 10; i += 1) await put(slow, 10 + i);
    await soon();
    expect([await stateOf(rate), await stateOf(slow)]).toEqual(["ALARM", "ALARM"]);
  });

  it.each([
    [{ TreatMissingData: "never" }, /Option never for parameter TreatMissingData is not supported/],
    [{ Period: 45 }, /Invalid period/],
    [{ Period: 3_600, EvaluationPeriods: 200 }, /seven days/],
    [{ ExtendedStatistic: "p99" }, /Exactly one of/],
    [{ EvaluationPeriods: 2, DatapointsToAlarm: 3 }, /DatapointsToAlarm/],
    [{ AlarmActions: ["topic"] }, /Invalid arn syntax/],
  ] as const)("is refused with %o", async (input, words) => {
    expect((await errorOf(newAlarm(input as Partial<PutMetricAlarmCommandInput>))).message).toMatch(words);
  });

  it("is found by prefix, state, action, metric; is changed, and deleted", async () => {
    const AlarmActions = ["arn:aws:sns:us-east-1:111122223333:nowhere"];
    const name = await newAlarm({ AlarmName: "find-me", AlarmActions, Tags: [{ Key: "a", Value: "b" }] });
    await newAlarm({ AlarmName: "find-you" });
    const names = async (input: Parameters<typeof cloudwatch.describeAlarms>[0]) =>
      (await cloudwatch.describeAlarms(input)).MetricAlarms?.map(({ AlarmName }) => AlarmName);
    expect(await names({ AlarmNamePrefix: "find-" })).toEqual(["find-me", "find-you"]);
    expect(await names({ ActionPrefix: "arn:aws:sns:us-east-1:1111" })).toEqual(["find-me"]);
    expect(await names({ AlarmNamePrefix: "find-", StateValue: "OK" })).toEqual([]);
    const page = await cloudwatch.describeAlarms({ AlarmNamePrefix: "find-", MaxRecords: 1 });
    expect(await names({ AlarmNamePrefix: "find-", NextToken: page.NextToken })).toEqual(["find-you"]);
    const { MetricAlarms } = await cloudwatch.describeAlarmsForMetric({ Namespace: "App", MetricName: name });
    expect(MetricAlarms?.map(({ AlarmName }) => AlarmName)).toEqual([name]);
    await cloudwatch.setAlarmState({ AlarmName: name, StateValue: "ALARM", StateReason: "trying" });
    expect(await described(name)).toMatchObject({ StateValue: "ALARM", StateReason: "trying" });
    await cloudkeep.clock.advance(0);
    expect((await historyOf(name)).at(-1)).toMatch(
      /^Failed to execute action arn:aws:sns:.*Received error: /,
    );
    await cloudwatch.disableAlarmActions({ AlarmNames: [name] });
    expect((await described(name))?.ActionsEnabled).toBe(false);
    await cloudwatch.deleteAlarms({ AlarmNames: [name, "nobody"] });
    expect(await described(name)).toBeUndefined();
    expect((await historyOf(name)).at(-1)).toBe('Alarm "find-me" deleted');
    const again = cloudwatch.setAlarmState({ AlarmName: name, StateValue: "OK", StateReason: "x" });
    expect((await errorOf(again)).name).toBe("ResourceNotFound");
    await put(name, 100);
    await soon();
  });
});

describe("a composite alarm", () => {
  it("follows its children, through others", async () => {
    const [a, b] = [await newAlarm(), await newAlarm()];
    await cloudwatch.putCompositeAlarm({ AlarmName: "both", AlarmRule: `ALARM(${a}) AND ALARM("${b}")` });
    await cloudwatch.putCompositeAlarm({ AlarmName: "none", AlarmRule: "NOT ALARM(both)" });
    expect([await stateOf("both"), await stateOf("none")]).toEqual(["OK", "ALARM"]);
    await put(a, 11);
    await put(b, 11);
    await soon();
    expect([await stateOf("both"), await stateOf("none")]).toEqual(["ALARM", "OK"]);
    expect((await described("none"))?.StateReason).toMatch(
      /:alarm:both transitioned to ALARM at \w+ \d\d \w+, \d{4} /,
    );
    const parents = await cloudwatch.describeAlarms({ ParentsOfAlarmName: a });
    expect(parents.CompositeAlarms?.map(({ AlarmName }) => AlarmName)).toEqual(["both"]);
    const children = await cloudwatch.describeAlarms({ ChildrenOfAlarmName: "both" });
    expect(children.MetricAlarms?.map(({ AlarmName }) => AlarmName)).toEqual([a, b]);
    expect((await errorOf(cloudwatch.deleteAlarms({ AlarmNames: [a] }))).message).toContain(
      "composite alarm(s)",
    );
    await cloudwatch.deleteAlarms({ AlarmNames: ["none", "both", a] });
  });

  it("may name each other, and needs alarms that exist", async () => {
    const a = await newAlarm();
    const rule = (AlarmName: string, AlarmRule: string) =>
      cloudwatch.putCompositeAlarm({ AlarmName, AlarmRule });
    expect((await errorOf(rule("bad", "ALARM(nobody)"))).message).toContain("in the alarm rule do not exist");
    expect((await errorOf(rule("bad", "ALARM(a"))).message).toMatch(/^Error in AlarmRule/);
    await rule("one", `ALARM(${a})`);
    await rule("two", "ALARM(one)");
    await rule("one", `ALARM(${a}) OR ALARM(two)`);
    await put(a, 11);
    await soon();
    expect([await stateOf("one"), await stateOf("two")]).toEqual(["ALARM", "ALARM"]);
    await cloudwatch.deleteAlarms({ AlarmNames: ["one", "two"] });
  });

  it("holds its actions back while another alarm says so", async () => {
    const ignoring = { TreatMissingData: "ignore" };
    const [a, maintenance] = [await newAlarm(ignoring), await newAlarm(ignoring)];
    await cloudwatch.putCompositeAlarm({
      AlarmName: "held",
      AlarmRule: `ALARM(${a})`,
      AlarmActions: ["arn:aws:sns:us-east-1:111122223333:nowhere"],
      ActionsSuppressor: maintenance,
      ActionsSuppressorWaitPeriod: 30,
      ActionsSuppressorExtensionPeriod: 60,
    });
    const set = (AlarmName: string, StateValue: "OK" | "ALARM") =>
      cloudwatch.setAlarmState({ AlarmName, StateValue, StateReason: "x" });
    await set(a, "ALARM");
    expect(await described("held")).toMatchObject({ ActionsSuppressedBy: "WaitPeriod" });
    await set(maintenance, "ALARM");
    expect(await described("held")).toMatchObject({ ActionsSuppressedBy: "Alarm" });
    await set(maintenance, "OK");
    expect(await described("held")).toMatchObject({ ActionsSuppressedBy: "ExtensionPeriod" });
    const acted = async () =>
      (await historyOf("held")).filter((one) => one.includes("execute action")).length;
    expect(await acted()).toBe(0);
    await cloudkeep.clock.advance(61_000);
    expect(await acted()).toBe(1);
    expect((await described("held")) as object).not.toHaveProperty("ActionsSuppressedBy");
  });
});
