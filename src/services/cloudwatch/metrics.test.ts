import type { GetMetricStatisticsCommand, MetricDatum } from "@aws-sdk/client-cloudwatch";
import { CreateAccessKeyCommand, CreateUserCommand, PutUserPolicyCommand } from "@aws-sdk/client-iam";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, credentialsOf, errorOf, policyOf } from "../../../test/harness.ts";
import { type Cloudkeep, start } from "../../start.ts";
import { MemoryStore } from "../../storage/memory.ts";
import { bucketMs } from "./store/batches.ts";

const store = new MemoryStore();
let cloudkeep: Cloudkeep;
let cloudwatch: ReturnType<typeof clients>["cloudwatch"];
beforeAll(async () => {
  cloudkeep = await start({ store });
  ({ cloudwatch } = clients(cloudkeep, cloudkeep.credentials));
});
afterAll(() => cloudkeep.stop());

const minuteMs = 60_000;
const dayMs = 86_400_000;
const floor = (ms: number, step = minuteMs) => Math.floor(ms / step) * step;

let serial = 0;
const newName = () => `m${++serial}`;

async function put(MetricName: string, ...data: Omit<MetricDatum, "MetricName">[]) {
  await cloudwatch.putMetricData({
    Namespace: "App",
    MetricData: data.map((datum) => ({ MetricName, ...datum })),
  });
}

async function statistics(MetricName: string, input: Partial<GetMetricStatisticsCommand["input"]> = {}) {
  const now = cloudkeep.clock.now();
  const { Datapoints = [] } = await cloudwatch.getMetricStatistics({
    Namespace: "App",
    MetricName,
    StartTime: new Date(floor(now) - 10 * minuteMs),
    EndTime: new Date(now + 10 * minuteMs),
    Period: 60,
    Statistics: ["SampleCount", "Average", "Sum", "Minimum", "Maximum"],
    ...input,
  });
  return Datapoints.sort((a, b) => Number(a.Timestamp) - Number(b.Timestamp));
}

/** Until all batches are merged into blocks. */
async function merged(): Promise<void> {
  await cloudkeep.clock.advance(2 * bucketMs);
  const left = await store.transact((tx) => tx.range("cloudwatch/batches", "cloudwatch/batches~"));
  expect(left).toEqual([]);
}

describe("values", () => {
  it("are seen at once, and the same once they are merged", async () => {
    const name = newName();
    await put(name, { Value: 1 }, { Values: [5, 7], Counts: [1, 3] });
    await put(name, { StatisticValues: { SampleCount: 2, Sum: 10, Minimum: 4, Maximum: 6 } });
    const expected = { SampleCount: 7, Sum: 37, Minimum: 1, Maximum: 7, Unit: "None" };
    expect(await statistics(name, { Period: 3600 })).toMatchObject([expected]);
    await merged();
    expect(await statistics(name, { Period: 3600 })).toMatchObject([expected]);
    await put(name, { Value: 3 });
    expect(await statistics(name, { Period: 3600 })).toMatchObject([{ SampleCount: 8, Sum: 40 }]);
    await merged();
    expect(await statistics(name, { Period: 3600 })).toMatchObject([{ SampleCount: 8, Sum: 40 }]);
  });

  it("are told apart by dimensions, in whatever order, and by unit", async () => {
    const name = newName();
    const a = { Name: "a", Value: "1" };
    const b = { Name: "b", Value: "2" };
    await put(name, { Value: 1, Dimensions: [a, b] }, { Value: 2, Dimensions: [b, a], Unit: "Count" });
    await put(name, { Value: 10, Dimensions: [a] });
    const found = await statistics(name, { Dimensions: [b, a] });
    expect(found.map(({ Sum, Unit }) => [Sum, Unit]).sort()).toEqual([
      [1, "None"],
      [2, "Count"],
    ]);
    expect(await statistics(name, { Dimensions: [a, b], Unit: "Count" })).toMatchObject([{ Sum: 2 }]);
    expect(await statistics(name)).toEqual([]);
  });

  it("of high resolution are kept by the second for three hours, then by the minute", async () => {
    const name = newName();
    const at = floor(cloudkeep.clock.now()) - minuteMs;
    const data = [0, 1, 31].map((s) => ({
      Value: s,
      Timestamp: new Date(at + s * 1000),
      StorageResolution: 1,
    }));
    await put(name, ...data);
    const range = { StartTime: new Date(at), EndTime: new Date(at + minuteMs) };
    const sums = async (Period: number) =>
      (await statistics(name, { ...range, Period })).map(({ Sum }) => Sum);
    for (let i = 0; i < 2; i += 1) {
      expect(await sums(1)).toEqual([0, 1, 31]);
      expect(await sums(30)).toEqual([1, 31]);
      expect(await sums(60)).toEqual([32]);
      await merged();
    }
    await cloudkeep.clock.advance(3 * 60 * minuteMs);
    expect(await sums(1)).toEqual([]);
    expect(await sums(60)).toEqual([32]);
  });

  it("become coarser after 15 days, and 63, and are gone after 455", async () => {
    const name = newName();
    const at = floor(cloudkeep.clock.now(), 60 * minuteMs) - 60 * minuteMs;
    await put(name, { Value: 1, Timestamp: new Date(at) }, { Value: 2, Timestamp: new Date(at + minuteMs) });
    await put(name, { Value: 4, Timestamp: new Date(at + 6 * minuteMs) });
    const range = { StartTime: new Date(at), EndTime: new Date(at + 60 * minuteMs) };
    const sums = async (Period: number) =>
      (await statistics(name, { ...range, Period })).map(({ Sum }) => Sum);
    const tiers = async () => {
      const rows = await store.transact((tx) => tx.range("cloudwatch/blocks", "cloudwatch/blocks~"));
      return [...new Set(rows.map(([key]) => key.split("\u0000")[4]))];
    };
    expect(await sums(60)).toEqual([1, 2, 4]);
    // Upkeep is done at midnight: a day more than the datapoints are kept, and one for what is left of today.
    await cloudkeep.clock.advance(17 * dayMs);
    expect([await sums(60), await sums(300), await sums(3600)]).toEqual([[], [3, 4], [7]]);
    expect(await tiers()).toEqual(["c"]);
    await cloudkeep.clock.advance(49 * dayMs);
    expect([await sums(60), await sums(300), await sums(3600)]).toEqual([[], [], [7]]);
    expect(await tiers()).toEqual(["d"]);
    await cloudkeep.clock.advance(400 * dayMs);
    expect(await sums(3600)).toEqual([]);
    expect(await tiers()).toEqual([]);
  });

  it("have percentiles and trimmed means, unless sets left them out", async () => {
    const name = newName();
    const Values = Array.from({ length: 100 }, (_, i) => i + 1);
    const ExtendedStatistics = [
      "p50",
      "p99",
      "tm90",
      "TM(10%:90%)",
      "TC(10:20)",
      "TS(:10)",
      "PR(:25)",
      "wm50",
      "IQM",
    ];
    await put(name, { Values });
    const ask = async () =>
      (await statistics(name, { Statistics: undefined, ExtendedStatistics, Period: 3600 }))[0]
        ?.ExtendedStatistics;
    const expected = {
      p50: 50,
      p99: 99,
      tm90: 45.5,
      "TM(10%:90%)": 50.5,
      "TC(10:20)": 10,
      "TS(:10)": 55,
      "PR(:25)": 25,
      wm50: 37.75,
      IQM: 50.5,
    };
    expect(await ask()).toEqual(expected);
    await merged();
    expect(await ask()).toEqual(expected);
    await put(name, { StatisticValues: { SampleCount: 2, Sum: 10, Minimum: 4, Maximum: 6 } });
    expect(await ask()).toBeUndefined();
  });

  it("that are many keep percentiles within a few percent", async () => {
    const name = newName();
    for (let i = 0; i < 10; i += 1)
      await put(name, { Values: Array.from({ length: 150 }, (_, j) => 1 + (((i * 150 + j) * 7919) % 1500)) });
    const [found] = await statistics(name, {
      Statistics: undefined,
      ExtendedStatistics: ["p50", "p90", "p99"],
      Period: 3600,
    });
    const { p50 = 0, p90 = 0, p99 = 0 } = found?.ExtendedStatistics ?? {};
    for (const [value, wanted] of [
      [p50, 750],
      [p90, 1350],
      [p99, 1485],
    ] as const)
      expect(Math.abs(value - wanted) / wanted).toBeLessThan(0.05);
  });

  it("come compressed where a client compresses", async () => {
    const name = newName();
    const MetricData = Array.from({ length: 900 }, (_, i) => ({
      MetricName: name,
      Value: i,
      Dimensions: [{ Name: "Host", Value: `host-${i % 3}` }],
    }));
    await cloudwatch.putMetricData({ Namespace: "App", MetricData });
    const found = await statistics(name, {
      Dimensions: [{ Name: "Host", Value: "host-1" }],
      Period: 3600,
    });
    expect(found).toMatchObject([{ SampleCount: 300 }]);
  });
});

describe("PutMetricData refuses", () => {
  const hourMs = 3_600_000;
  it.each([
    [
      { Value: Number.NaN },
      "InvalidParameterValueException",
      /^The value NaN for parameter MetricData.member.1.Value is/,
    ],
    [{ Value: 2 ** 361 }, "InvalidParameterValueException", /MetricData.member.1.Value is invalid/],
    [{}, "MissingRequiredParameterException", /At least one of/],
    [
      { Values: Array(151).fill(1) },
      "InvalidParameterValueException",
      /must not have a size greater than 150/,
    ],
    [{ Value: 1, fromNow: 3 * hourMs }, "InvalidParameterValueException", /two hours in the future/],
    [{ Value: 1, fromNow: -15 * dayMs }, "InvalidParameterValueException", /past two weeks/],
    [{ Value: 1, StorageResolution: 5 }, "InvalidParameterValueException", /StorageResolution/],
  ] as const)("%o", async (datum, code, words) => {
    const { fromNow, ...members } = { fromNow: undefined, ...datum } as MetricDatum & { fromNow?: number };
    const at = fromNow === undefined ? {} : { Timestamp: new Date(cloudkeep.clock.now() + fromNow) };
    const error = await errorOf(put("bad", { ...members, ...at }));
    expect([error.name, error.message]).toEqual([code, expect.stringMatching(words)]);
  });

  it("more than 1,000 metrics, and namespaces of AWS", async () => {
    const MetricData = Array(1001).fill({ MetricName: "m", Value: 1 });
    expect((await errorOf(cloudwatch.putMetricData({ Namespace: "App", MetricData }))).message).toContain(
      "must not have a size greater than 1000",
    );
    const ofAws = cloudwatch.putMetricData({ Namespace: "AWS/SQS", MetricData: MetricData.slice(1000) });
    expect((await errorOf(ofAws)).message).toBe("The value AWS/ for parameter Namespace is invalid.");
  });

  it("what a policy allows for another namespace only", async () => {
    const { iam } = clients(cloudkeep, cloudkeep.credentials);
    await iam.send(new CreateUserCommand({ UserName: "agent" }));
    const PolicyDocument = policyOf({
      Action: "cloudwatch:PutMetricData",
      Resource: "*",
      Condition: { StringEquals: { "cloudwatch:namespace": "Agent" } },
    });
    await iam.send(new PutUserPolicyCommand({ UserName: "agent", PolicyName: "p", PolicyDocument }));
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: "agent" }));
    const agent = clients(cloudkeep, credentialsOf(AccessKey)).cloudwatch;
    const MetricData = [{ MetricName: "m", Value: 1 }];
    await agent.putMetricData({ Namespace: "Agent", MetricData });
    expect((await errorOf(agent.putMetricData({ Namespace: "Other", MetricData }))).message).toContain(
      "not authorized to perform: cloudwatch:PutMetricData",
    );
  });
});

describe("ListMetrics", () => {
  it("finds by namespace, name and dimensions, and pages by 500", async () => {
    const MetricData = Array.from({ length: 1000 }, (_, i) => ({
      MetricName: i < 600 ? "many" : "few",
      Value: 1,
      Dimensions: [{ Name: "Number", Value: String(i) }],
    }));
    await cloudwatch.putMetricData({ Namespace: "Listed", MetricData });
    const first = await cloudwatch.listMetrics({ Namespace: "Listed", MetricName: "many" });
    expect(first.Metrics).toHaveLength(500);
    const second = await cloudwatch.listMetrics({
      Namespace: "Listed",
      MetricName: "many",
      NextToken: first.NextToken,
    });
    expect([second.Metrics?.length, second.NextToken]).toEqual([100, undefined]);
    const one = await cloudwatch.listMetrics({ Dimensions: [{ Name: "Number", Value: "601" }] });
    expect(one.Metrics).toEqual([
      { Namespace: "Listed", MetricName: "few", Dimensions: [{ Name: "Number", Value: "601" }] },
    ]);
    await cloudkeep.clock.advance(5 * 3_600_000);
    const recent = await cloudwatch.listMetrics({ Namespace: "Listed", RecentlyActive: "PT3H" });
    expect(recent.Metrics).toEqual([]);
    await cloudkeep.clock.advance(15 * dayMs);
    expect((await cloudwatch.listMetrics({ Namespace: "Listed" })).Metrics).toEqual([]);
  });

  it("shows what services measure of themselves", async () => {
    const { sns } = clients(cloudkeep, cloudkeep.credentials);
    const { TopicArn } = await sns.createTopic({ Name: "measured" });
    await sns.publish({ TopicArn, Message: "x" });
    await cloudkeep.clock.advance(0);
    const { Metrics } = await cloudwatch.listMetrics({ Namespace: "AWS/SNS" });
    expect(Metrics).toContainEqual({
      Namespace: "AWS/SNS",
      MetricName: "NumberOfMessagesPublished",
      Dimensions: [{ Name: "TopicName", Value: "measured" }],
    });
  });
});
