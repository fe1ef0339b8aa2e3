import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, errorOf, startForTest } from "../../../../test/harness.ts";
import type { Cloudkeep } from "../../../start.ts";
import { train } from "./model.ts";

const hour = 3_600;
const none = { excluded: [] };

describe("a model", () => {
  /** Twenty by day and two by night, for two weeks, one value each five minutes. */
  const start = Date.parse("2026-11-02T00:00:00Z") / 1_000;
  const points = new Map<number, number>();
  for (let time = start; time < start + 14 * 24 * hour; time += 300) {
    const ofDay = Math.floor(time / hour) % 24;
    points.set(time, (ofDay >= 8 && ofDay < 20 ? 20 : 2) + ((time / 300) % 3) - 1);
  }

  it("expects what came in the same hour of the week, whatever single values were", () => {
    const spiked = new Map(points).set(start + 9 * hour, 1_000);
    const model = train(spiked, none);
    const [day, night] = [model.at(start + 15 * 24 * hour + 9 * hour), model.at(start + 15 * 24 * hour)];
    expect([day?.middle, night?.middle]).toEqual([20, 2]);
    expect(day?.spread).toBeCloseTo(1.4826, 3);
  });

  it("falls back on the hour of the day, and on all there is", () => {
    const oneDay = new Map([...points].slice(0, 288));
    expect(train(oneDay, none).at(start + 3 * 24 * hour + 9 * hour)?.middle).toBe(20);
    const oneHour = new Map([...points].slice(0, 12));
    expect(train(oneHour, none).at(start + 9 * hour)?.middle).toBe(2);
    expect(train(new Map([...points].slice(0, 2)), none).at(start)).toBeUndefined();
  });

  it("leaves out what is excluded, and knows time zones", () => {
    const excluded = [{ from: (start + 8 * hour) * 1_000, to: (start + 14 * 24 * hour) * 1_000 }];
    expect(train(points, { excluded }).at(start + 9 * hour)?.middle).toBe(2);
    const model = train(points, { excluded: [], timeZone: "America/New_York" });
    expect(model.at(start + 21 * 24 * hour + 9 * hour)?.middle).toBe(20);
  });

  it("lets periodic spikes be", () => {
    const spiked = new Map(points);
    for (const week of [0, 7]) spiked.set(start + week * 24 * hour + 9 * hour, 500);
    const at = start + 14 * 24 * hour + 9 * hour;
    expect(train(spiked, none).at(at)?.spread).toBeLessThan(10);
    expect(train(spiked, { ...none, periodicSpikes: true }).at(at)?.spread).toBe(480);
  });
});

let cloudkeep: Cloudkeep;
let cloudwatch: ReturnType<typeof clients>["cloudwatch"];
beforeAll(async () => {
  cloudkeep = await startForTest();
  ({ cloudwatch } = clients(cloudkeep, cloudkeep.credentials));
});
afterAll(() => cloudkeep.stop());

const minuteMs = 60_000;

/** Values of about 100 for the last day, each ten minutes. */
async function history(MetricName: string): Promise<void> {
  const now = cloudkeep.clock.now();
  const MetricData = Array.from({ length: 144 }, (_, i) => ({
    MetricName,
    Timestamp: new Date(now - (i + 1) * 10 * minuteMs),
    Value: 100 + (i % 5),
  }));
  await cloudwatch.putMetricData({ Namespace: "App", MetricData });
  await cloudkeep.clock.advance(30_000);
}

const metric = (MetricName: string, Period = 60) => ({
  Id: "m",
  MetricStat: { Metric: { Namespace: "App", MetricName }, Period, Stat: "Average" },
});

describe("a detector", () => {
  it("is described with how far its training is, and deleted", async () => {
    const SingleMetricAnomalyDetector = { Namespace: "App", MetricName: "described", Stat: "Average" };
    const { AnomalyDetectorId } = await cloudwatch.putAnomalyDetector({
      SingleMetricAnomalyDetector,
      Configuration: { MetricTimezone: "Europe/Berlin" },
    });
    const described = async () =>
      (await cloudwatch.describeAnomalyDetectors({ Namespace: "App", MetricName: "described" }))
        .AnomalyDetectors;
    expect(await described()).toMatchObject([
      { AnomalyDetectorId, StateValue: "PENDING_TRAINING", MetricName: "described", Stat: "Average" },
    ]);
    await history("described");
    await cloudkeep.clock.advance(61 * minuteMs);
    expect(await described()).toMatchObject([{ StateValue: "TRAINED", SingleMetricAnomalyDetector }]);
    await cloudwatch.deleteAnomalyDetector({ SingleMetricAnomalyDetector });
    expect(await described()).toEqual([]);
    const again = cloudwatch.deleteAnomalyDetector({ SingleMetricAnomalyDetector });
    expect((await errorOf(again)).name).toBe("ResourceNotFoundException");
  });

  it("of an expression is told from others", async () => {
    const queries = (Expression: string) => ({
      MetricDataQueries: [
        { ...metric("math"), ReturnData: false },
        { Id: "e", Expression },
      ],
    });
    await cloudwatch.putAnomalyDetector({ MetricMathAnomalyDetector: queries("m * 2") });
    const { AnomalyDetectors } = await cloudwatch.describeAnomalyDetectors({
      AnomalyDetectorTypes: ["METRIC_MATH"],
    });
    expect(AnomalyDetectors).toMatchObject([{ MetricMathAnomalyDetector: queries("m * 2") }]);
    const other = cloudwatch.deleteAnomalyDetector({ MetricMathAnomalyDetector: queries("m * 3") });
    expect((await errorOf(other)).name).toBe("ResourceNotFoundException");
    await cloudwatch.deleteAnomalyDetector({ MetricMathAnomalyDetector: queries("m * 2") });
  });

  it("needs one thing to watch", async () => {
    expect((await errorOf(cloudwatch.putAnomalyDetector({ Namespace: "App", MetricName: "x" }))).name).toBe(
      "MissingRequiredParameterException",
    );
    const both = cloudwatch.putAnomalyDetector({
      Namespace: "App",
      MetricName: "x",
      Stat: "Sum",
      SingleMetricAnomalyDetector: { Namespace: "App", MetricName: "x", Stat: "Sum" },
    });
    expect((await errorOf(both)).name).toBe("InvalidParameterCombinationException");
  });
});

describe("a band", () => {
  it("goes around what is expected", async () => {
    await history("banded");
    const asked = {
      StartTime: new Date(cloudkeep.clock.now() - 10 * minuteMs),
      EndTime: new Date(cloudkeep.clock.now()),
      MetricDataQueries: [
        { ...metric("banded"), ReturnData: false },
        { Id: "band", Expression: "ANOMALY_DETECTION_BAND(m, 3)" },
      ],
    };
    expect((await cloudwatch.getMetricData(asked)).MetricDataResults).toEqual([]);
    await cloudwatch.putAnomalyDetector({ Namespace: "App", MetricName: "banded", Stat: "Average" });
    const { MetricDataResults = [] } = await cloudwatch.getMetricData(asked);
    expect(MetricDataResults.map(({ Id, Label }) => [Id, Label?.split(" ").at(-1)])).toEqual([
      ["band", "Low"],
      ["band", "High"],
    ]);
    const [low = 0, high = 0] = MetricDataResults.map(({ Values = [] }) => Values[0]);
    expect(low).toBeGreaterThan(90);
    expect(low).toBeLessThan(100);
    expect(high).toBeGreaterThan(104);
    expect(high).toBeLessThan(115);
    expect(MetricDataResults[0]?.Values?.length).toBeGreaterThanOrEqual(10);
  });

  it("sets an alarm off when values leave it", async () => {
    await history("watched");
    const Metrics = [metric("watched"), { Id: "band", Expression: "ANOMALY_DETECTION_BAND(m, 2)" }];
    const alarm = {
      AlarmName: "odd",
      Metrics,
      ThresholdMetricId: "band",
      EvaluationPeriods: 1,
      ComparisonOperator: "LessThanLowerOrGreaterThanUpperThreshold" as const,
    };
    await cloudwatch.putMetricAlarm(alarm);
    const state = async () => {
      await cloudkeep.clock.advance(minuteMs);
      return (await cloudwatch.describeAlarms({ AlarmNames: ["odd"] })).MetricAlarms?.[0];
    };
    const put = (Value: number) =>
      cloudwatch.putMetricData({ Namespace: "App", MetricData: [{ MetricName: "watched", Value }] });
    await put(102);
    expect((await state())?.StateValue).toBe("OK");
    await put(500);
    const odd = await state();
    expect(odd).toMatchObject({ StateValue: "ALARM", ThresholdMetricId: "band" });
    expect(odd?.StateReason).toMatch(
      /^Thresholds Crossed: 1 datapoint \[500.0 \(.*\)\] was less than the lower thresholds \[[\d.]+\] or greater than the upper thresholds \[[\d.]+\]\.$/,
    );
    expect(odd?.Threshold).toBeUndefined();
    await put(101);
    expect((await state())?.StateValue).toBe("OK");
    const { AnomalyDetectors } = await cloudwatch.describeAnomalyDetectors({ MetricName: "watched" });
    expect(AnomalyDetectors).toHaveLength(1);
  });

  it.each([
    [{ Threshold: 5 }, /Threshold must not/],
    [{ ThresholdMetricId: undefined }, /ThresholdMetricId is required/],
    [{ ThresholdMetricId: "m" }, /ANOMALY_DETECTION_BAND function/],
  ])("is needed by its alarm: %o", async (input, words) => {
    const putting = cloudwatch.putMetricAlarm({
      AlarmName: "bad",
      Metrics: [metric("x"), { Id: "band", Expression: "ANOMALY_DETECTION_BAND(m)" }],
      ThresholdMetricId: "band",
      EvaluationPeriods: 1,
      ComparisonOperator: "GreaterThanUpperThreshold",
      ...input,
    });
    expect((await errorOf(putting)).message).toMatch(words);
  });
});
