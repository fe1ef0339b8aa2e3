import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, errorOf, startForTest } from "../../../../test/harness.ts";
import type { Cloudkeep } from "../../../start.ts";
import { durationMs, mutedUntil, muteSchedule, statusOf } from "./muteWindows.ts";

let cloudkeep: Cloudkeep;
let cloudwatch: ReturnType<typeof clients>["cloudwatch"];
beforeAll(async () => {
  cloudkeep = await startForTest();
  ({ cloudwatch } = clients(cloudkeep, cloudkeep.credentials));
});
afterAll(() => cloudkeep.stop());

const hourMs = 3_600_000;

describe("a mute window", () => {
  it.each([
    ["PT1M", 60_000],
    ["PT4H", 4 * hourMs],
    ["P2DT12H", 60 * hourMs],
    ["P15D", 360 * hourMs],
    ["P16D", undefined],
    ["PT0M", undefined],
    ["P", undefined],
    ["PT", undefined],
    ["4 hours", undefined],
  ])("of %s", (text, ms) => {
    expect(durationMs(text)).toBe(ms);
  });

  it.each([
    ["cron(0 2 * * *)", true],
    ["cron(0 18 * * FRI)", true],
    ["cron(0 1 1 JAN-MAR,12 *)", true],
    ["at(2026-11-30T14:00)", true],
    ["cron(0 2 * * ? *)", false],
    ["cron(60 2 * * *)", false],
    ["cron(*/5 2 * * *)", false],
    ["rate(1 day)", false],
    ["at(2026-11-30)", false],
  ])("begun by %s: %s", (expression, known) => {
    expect(muteSchedule(expression) !== undefined).toBe(known);
  });

  const at = (text: string) => Date.parse(`${text}Z`);
  const nightly = { expression: "cron(0 2 * * *)", duration: "PT4H" };

  it("lasts as long as it says, in its time zone", () => {
    expect(mutedUntil(nightly, at("2026-11-25T01:59:59"))).toBeUndefined();
    expect(mutedUntil(nightly, at("2026-11-25T02:00:00"))).toBe(at("2026-11-25T06:00:00"));
    expect(mutedUntil(nightly, at("2026-11-25T05:59:59"))).toBe(at("2026-11-25T06:00:00"));
    expect(mutedUntil(nightly, at("2026-11-25T06:00:00"))).toBeUndefined();
    const there = { ...nightly, timeZone: "Asia/Tokyo" };
    expect(mutedUntil(there, at("2026-11-24T17:00:00"))).toBe(at("2026-11-24T21:00:00"));
    const sundays = { expression: "cron(0 2 * * 0)", duration: "PT1H" };
    expect(mutedUntil(sundays, at("2026-11-29T02:30:00"))).toBe(at("2026-11-29T03:00:00"));
    expect(mutedUntil(sundays, at("2026-11-28T02:30:00"))).toBeUndefined();
  });

  it("has a status", () => {
    const once = { expression: "at(2026-11-30T14:00)", duration: "PT1H" };
    expect(statusOf(once, at("2026-11-30T13:00:00"))).toBe("SCHEDULED");
    expect(statusOf(once, at("2026-11-30T14:30:00"))).toBe("ACTIVE");
    expect(statusOf(once, at("2026-11-30T15:00:00"))).toBe("EXPIRED");
    const ending = { ...nightly, expireAt: at("2026-11-26T00:00:00") };
    expect(statusOf(ending, at("2026-11-25T12:00:00"))).toBe("EXPIRED");
  });
});

async function actionsOf(AlarmName: string): Promise<string[]> {
  const { AlarmHistoryItems = [] } = await cloudwatch.describeAlarmHistory({
    AlarmName,
    HistoryItemType: "Action",
    ScanBy: "TimestampAscending",
  });
  return AlarmHistoryItems.map(({ HistorySummary = "" }) => HistorySummary.split(" ")[0] ?? "");
}

async function alarm(AlarmName: string): Promise<(StateValue: "OK" | "ALARM") => Promise<unknown>> {
  await cloudwatch.putMetricAlarm({
    AlarmName,
    Namespace: "App",
    MetricName: AlarmName,
    Statistic: "Sum",
    Period: 60,
    EvaluationPeriods: 1,
    Threshold: 10,
    ComparisonOperator: "GreaterThanThreshold",
    TreatMissingData: "ignore",
    AlarmActions: ["arn:aws:sns:us-east-1:111122223333:nowhere"],
  });
  return async (StateValue) => {
    await cloudwatch.setAlarmState({ AlarmName, StateValue, StateReason: "x" });
    await cloudkeep.clock.advance(0);
  };
}

/** Begins with the next minute. */
function nextMinute(): string {
  return new Date(Math.ceil(cloudkeep.clock.now() / 60_000) * 60_000 + 60_000).toISOString().slice(0, 16);
}

describe("a mute rule", () => {
  it("holds actions back, and lets them go if the alarm still says so", async () => {
    const [lasting, passing] = [await alarm("lasting"), await alarm("passing")];
    await cloudwatch.putAlarmMuteRule({
      Name: "maintenance",
      Description: "of the database",
      Rule: { Schedule: { Expression: `at(${nextMinute()})`, Duration: "PT1H" } },
      MuteTargets: { AlarmNames: ["lasting", "passing"] },
      Tags: [{ Key: "team", Value: "data" }],
    });
    expect(await cloudwatch.getAlarmMuteRule({ AlarmMuteRuleName: "maintenance" })).toMatchObject({
      Status: "SCHEDULED",
      MuteType: "ONE_TIME",
      MuteTargets: { AlarmNames: ["lasting", "passing"] },
    });
    await cloudkeep.clock.advance(3 * 60_000);
    const { AlarmMuteRuleSummaries = [] } = await cloudwatch.listAlarmMuteRules({
      AlarmName: "lasting",
      Statuses: ["ACTIVE"],
    });
    expect(AlarmMuteRuleSummaries.map(({ AlarmMuteRuleArn }) => AlarmMuteRuleArn)).toEqual([
      `arn:aws:cloudwatch:us-east-1:${cloudkeep.accountId}:alarm-mute-rule:maintenance`,
    ]);
    await lasting("ALARM");
    await passing("ALARM");
    await passing("OK");
    expect([await actionsOf("lasting"), await actionsOf("passing")]).toEqual([["Muted"], ["Muted"]]);
    await cloudkeep.clock.advance(hourMs);
    expect([await actionsOf("lasting"), await actionsOf("passing")]).toEqual([
      ["Muted", "Failed"],
      ["Muted"],
    ]);
    await passing("ALARM");
    expect(await actionsOf("passing")).toEqual(["Muted", "Failed"]);
    const ResourceARN = AlarmMuteRuleSummaries[0]?.AlarmMuteRuleArn;
    expect((await cloudwatch.listTagsForResource({ ResourceARN })).Tags).toEqual([
      { Key: "team", Value: "data" },
    ]);
    await cloudwatch.deleteAlarmMuteRule({ AlarmMuteRuleName: "maintenance" });
    await cloudwatch.deleteAlarmMuteRule({ AlarmMuteRuleName: "maintenance" });
    const gone = cloudwatch.getAlarmMuteRule({ AlarmMuteRuleName: "maintenance" });
    expect((await errorOf(gone)).name).toBe("ResourceNotFoundException");
  });

  it.each([
    [{ Expression: "rate(1 hour)", Duration: "PT1H" }, /Expression/],
    [{ Expression: "cron(0 2 * * *)", Duration: "1h" }, /Duration/],
    [{ Expression: "cron(0 2 * * *)", Duration: "PT1H", Timezone: "Moon/Base" }, /Timezone/],
  ])("is refused with %o", async (Schedule, words) => {
    const error = await errorOf(cloudwatch.putAlarmMuteRule({ Name: "bad", Rule: { Schedule } }));
    expect(error.message).toMatch(words);
  });

  it("leaves other alarms alone; contributors of an alarm are none", async () => {
    const other = await alarm("other");
    await other("ALARM");
    expect(await actionsOf("other")).toEqual(["Failed"]);
    expect((await cloudwatch.describeAlarmContributors({ AlarmName: "other" })).AlarmContributors).toEqual(
      [],
    );
    const none = cloudwatch.describeAlarmContributors({ AlarmName: "nobody" });
    expect((await errorOf(none)).name).toBe("ResourceNotFoundException");
  });
});
