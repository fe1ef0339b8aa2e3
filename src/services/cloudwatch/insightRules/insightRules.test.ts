import { IAM } from "@aws-sdk/client-iam";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  clients,
  credentialsOf,
  errorOf,
  optionsOf,
  policyOf,
  startForTest,
} from "../../../../test/harness.ts";
import type { Cloudkeep } from "../../../start.ts";
import { BadDefinition, parseDefinition, readerOf } from "./definition.ts";

const definition = (contribution: object, more: object = {}) =>
  JSON.stringify({
    Schema: { Name: "CloudWatchLogRule", Version: 1 },
    LogGroupNames: ["access-*"],
    LogFormat: "JSON",
    Contribution: { Keys: ["$.ip"], Filters: [], ...contribution },
    AggregateOn: "Count",
    ...more,
  });

describe("a rule's definition", () => {
  const line = JSON.stringify({ ip: "10.0.0.1", bytes: 100, tags: ["a"], user: { name: "jane" } });
  const passes = (...Filters: object[]) => {
    const { filters } = parseDefinition(definition({ Filters }));
    const read = readerOf(line, { format: "JSON", fields: {} });
    return filters.every(({ match, test }) => test(read?.(match)));
  };

  it.each([
    [{ Match: "$.ip", In: ["10.0.0.1"] }, true],
    [{ Match: "$.ip", NotIn: ["10.0.0.1"] }, false],
    [{ Match: "$.ip", StartsWith: ["11.", "10."] }, true],
    [{ Match: "$.bytes", GreaterThan: 99 }, true],
    [{ Match: "$.bytes", LessThan: 100 }, false],
    [{ Match: "$.bytes", EqualTo: 100 }, true],
    [{ Match: "$.bytes", NotEqualTo: 100 }, false],
    [{ Match: "$.user.name", IsPresent: true }, true],
    [{ Match: "$.user", IsPresent: true }, false],
    [{ Match: "$.tags[0]", In: ["a"] }, true],
    [{ Match: "$.nothing", NotIn: ["a"] }, false],
  ])("%o", (filter, holds) => {
    expect(passes(filter)).toBe(holds);
  });

  it("reads common log format", () => {
    const text = '10.0.0.1 - jane [25/Nov/2026:12:00:00 +0000] "GET /a b HTTP/1.1" 200 512';
    const read = readerOf(text, { format: "CLF", fields: { IpAddress: "1", Request: "5" } });
    expect(["IpAddress", "3", "Request", "6", "9"].map((field) => read?.(field))).toEqual([
      "10.0.0.1",
      "jane",
      "GET /a b HTTP/1.1",
      "200",
      undefined,
    ]);
  });

  it.each([
    "{",
    definition({ Keys: [] }),
    definition({}, { LogFormat: "XML" }),
    definition({}, { AggregateOn: "Sum" }),
    definition({ Filters: [{ Match: "$.a" }] }),
    definition({ Filters: [{ Match: "$.a", In: ["a"], NotIn: ["b"] }] }),
  ])("is none: %s", (text) => {
    expect(() => parseDefinition(text)).toThrow(BadDefinition);
  });
});

let cloudkeep: Cloudkeep;
let all: ReturnType<typeof clients>;
let now: number;
beforeAll(async () => {
  cloudkeep = await startForTest();
  all = clients(cloudkeep, cloudkeep.credentials);
  const { logs } = all;
  now = Math.floor(cloudkeep.clock.now() / 300_000) * 300_000;
  const event = (minutes: number, ip: string, bytes: number) => ({
    timestamp: now - minutes * 60_000,
    message: JSON.stringify({ ip, bytes }),
  });
  for (const logGroupName of ["access-a", "access-b", "other"]) {
    await logs.createLogGroup({ logGroupName });
    await logs.createLogStream({ logGroupName, logStreamName: "s" });
  }
  const put = (logGroupName: string, logEvents: { timestamp: number; message: string }[]) =>
    logs.putLogEvents({ logGroupName, logStreamName: "s", logEvents });
  await put("access-a", [event(5, "10.0.0.1", 10), event(5, "10.0.0.2", 500), event(2, "10.0.0.1", 20)]);
  await put("access-b", [event(2, "10.0.0.1", 30), event(1, "10.0.0.3", 1)]);
  await put("other", [event(1, "10.0.0.9", 1_000)]);
});
afterAll(() => cloudkeep.stop());

const report = (RuleName: string, more: object = {}) =>
  all.cloudwatch.getInsightRuleReport({
    RuleName,
    StartTime: new Date(now - 10 * 60_000),
    EndTime: new Date(now + 60_000),
    Period: 300,
    ...more,
  });

describe("a report", () => {
  it("counts contributors", async () => {
    await all.cloudwatch.putInsightRule({ RuleName: "hits", RuleDefinition: definition({}) });
    expect(
      await report("hits", { Metrics: ["UniqueContributors", "SampleCount", "MaxContributorValue"] }),
    ).toMatchObject({
      KeyLabels: ["$.ip"],
      AggregationStatistic: "SampleCount",
      AggregateValue: 5,
      ApproximateUniqueCount: 3,
      Contributors: [
        {
          Keys: ["10.0.0.1"],
          ApproximateAggregateValue: 3,
          Datapoints: [{ Timestamp: new Date(now - 5 * 60_000), ApproximateValue: 3 }],
        },
        { Keys: ["10.0.0.2"], ApproximateAggregateValue: 1 },
        { Keys: ["10.0.0.3"], ApproximateAggregateValue: 1 },
      ],
      MetricDatapoints: [
        { UniqueContributors: 0, SampleCount: 0, MaxContributorValue: 0 },
        {
          Timestamp: new Date(now - 5 * 60_000),
          UniqueContributors: 3,
          SampleCount: 5,
          MaxContributorValue: 3,
        },
        { UniqueContributors: 0 },
      ],
    });
  });

  it("sums, filters and orders", async () => {
    const RuleDefinition = definition(
      { ValueOf: "$.bytes", Filters: [{ Match: "$.bytes", GreaterThan: 5 }] },
      { AggregateOn: "Sum" },
    );
    await all.cloudwatch.putInsightRule({ RuleName: "bytes", RuleDefinition });
    const { Contributors, AggregateValue } = await report("bytes", { MaxContributorCount: 1 });
    expect(AggregateValue).toBe(560);
    expect(Contributors).toMatchObject([{ Keys: ["10.0.0.2"], ApproximateAggregateValue: 500 }]);
  });

  it("of a disabled rule is empty; of none, refused", async () => {
    await all.cloudwatch.putInsightRule({ RuleName: "off", RuleDefinition: definition({}) });
    await all.cloudwatch.disableInsightRules({ RuleNames: ["off"] });
    expect((await report("off")).ApproximateUniqueCount).toBe(0);
    await all.cloudwatch.enableInsightRules({ RuleNames: ["off"] });
    expect((await report("off")).ApproximateUniqueCount).toBe(3);
    const { InsightRules = [] } = await all.cloudwatch.describeInsightRules({});
    expect(InsightRules.map(({ Name, State }) => [Name, State])).toContainEqual(["off", "ENABLED"]);
    const { Failures } = await all.cloudwatch.deleteInsightRules({ RuleNames: ["off", "nobody"] });
    expect(Failures?.map(({ FailureResource }) => FailureResource)).toEqual(["nobody"]);
    expect((await errorOf(report("off"))).name).toBe("ResourceNotFoundException");
    expect((await errorOf(report("hits", { Period: 90 }))).name).toBe("InvalidParameterValueException");
  });

  it("shows nobody what he may not read", async () => {
    const iam = new IAM(optionsOf(cloudkeep, cloudkeep.credentials));
    await iam.createUser({ UserName: "watcher" });
    await iam.putUserPolicy({
      UserName: "watcher",
      PolicyName: "watch",
      PolicyDocument: policyOf({ Effect: "Allow", Action: "cloudwatch:*", Resource: "*" }),
    });
    const { AccessKey } = await iam.createAccessKey({ UserName: "watcher" });
    const { cloudwatch } = clients(cloudkeep, credentialsOf(AccessKey));
    const asked = cloudwatch.getInsightRuleReport({
      RuleName: "hits",
      StartTime: new Date(now - 60_000),
      EndTime: new Date(now),
      Period: 60,
    });
    expect((await errorOf(asked)).message).toContain("logs:DescribeLogGroups");
  });

  it("managed rules are none", async () => {
    const ResourceARN = `arn:aws:dynamodb:us-east-1:${cloudkeep.accountId}:table/t`;
    expect((await all.cloudwatch.listManagedInsightRules({ ResourceARN })).ManagedRules).toEqual([]);
    const { Failures } = await all.cloudwatch.putManagedInsightRules({
      ManagedRules: [{ TemplateName: "Throttled-Keys", ResourceARN }],
    });
    expect(Failures).toMatchObject([{ FailureResource: "Throttled-Keys" }]);
  });
});
