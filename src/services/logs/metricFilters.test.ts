import {
  type CloudWatchLogsClient,
  DeleteMetricFilterCommand,
  DescribeLogGroupsCommand,
  DescribeMetricFiltersCommand,
  type MetricTransformation,
  PutMetricFilterCommand,
  TestMetricFilterCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorOf } from "../../../test/harness.ts";
import type { Operation } from "../../kit/service.ts";
import { type Cloudkeep, start } from "../../start.ts";
import { MemoryStore } from "../../storage/memory.ts";
import { type ServiceEntry, services } from "../index.ts";
import { logsClient, newGroup, put } from "./testing.ts";

interface Put {
  Namespace: string;
  MetricData: {
    MetricName: string;
    Values: number[];
    Counts: number[];
    Dimensions: object[];
    Unit?: string;
  }[];
}

/** What CloudWatch was given. */
const received: Put[] = [];

/** CloudWatch with an ear in place of its own PutMetricData. */
async function heardCloudwatch(): Promise<{ default: Awaited<ReturnType<ServiceEntry["load"]>>["default"] }> {
  const { default: own } = await (services.cloudwatch as ServiceEntry).load();
  const heard: Operation = {
    service: "cloudwatch",
    name: "PutMetricData",
    access: { noPermissionNeeded: "It only listens." },
    handle: (input: Put) => {
      received.push(input);
      return {};
    },
  };
  const operations = [...own.operations.filter(({ name }) => name !== heard.name), heard];
  return { default: { ...own, operations, missing: own.missing.filter((name) => name !== heard.name) } };
}

let cloudkeep: Cloudkeep;
let logs: CloudWatchLogsClient;
beforeAll(async () => {
  const withEar = { ...services, cloudwatch: { load: heardCloudwatch } };
  cloudkeep = await start({ store: new MemoryStore(), services: withEar });
  logs = logsClient(cloudkeep, cloudkeep.credentials);
});
afterAll(() => cloudkeep.stop());

async function newFilter(
  logGroupName: string,
  filterPattern: string,
  transformation: Partial<MetricTransformation>,
  filterName = "f",
) {
  const metric = { metricName: "m", metricNamespace: "N", metricValue: "1", ...transformation };
  const metricTransformations = [metric];
  await logs.send(
    new PutMetricFilterCommand({ logGroupName, filterName, filterPattern, metricTransformations }),
  );
}

/** The metric data that come of putting lines, of the customer's own namespaces. */
async function dataOf(logGroupName: string, lines: string[]) {
  received.length = 0;
  await put(logs, logGroupName, lines);
  await cloudkeep.clock.advance(0);
  return received.filter(({ Namespace }) => Namespace !== "AWS/Logs").flatMap(({ MetricData }) => MetricData);
}

describe("a metric filter", () => {
  it("counts the lines that match, and gives its default where none does", async () => {
    const logGroupName = await newGroup(logs);
    await newFilter(logGroupName, "ERROR", { defaultValue: 0 });
    expect(await dataOf(logGroupName, ["ERROR a", "fine", "ERROR b"])).toMatchObject([
      { MetricName: "m", Values: [1], Counts: [2], Dimensions: [] },
    ]);
    expect(await dataOf(logGroupName, ["fine"])).toMatchObject([{ Values: [0], Counts: [1] }]);
  });

  it("takes values and dimensions out of lines", async () => {
    const logGroupName = await newGroup(logs);
    await newFilter(logGroupName, "{ $.ms > 0 }", {
      metricValue: "$.ms",
      unit: "Milliseconds",
      dimensions: { Path: "$.path" },
    });
    const data = await dataOf(logGroupName, [
      '{"ms":5,"path":"/a"}',
      '{"ms":5,"path":"/a"}',
      '{"ms":7,"path":"/b"}',
      '{"ms":9}',
    ]);
    expect(data).toMatchObject([
      { Values: [5], Counts: [2], Unit: "Milliseconds", Dimensions: [{ Name: "Path", Value: "/a" }] },
      { Values: [7], Counts: [1], Dimensions: [{ Name: "Path", Value: "/b" }] },
    ]);
    await newFilter(logGroupName, "[ip, size > 10]", { metricValue: "$size" });
    expect(await dataOf(logGroupName, ["1.1.1.1 20", "1.1.1.1 5"])).toMatchObject([
      { Values: [20], Counts: [1] },
    ]);
  });

  it("is counted with its group, and gone when it is deleted", async () => {
    const logGroupName = await newGroup(logs);
    await newFilter(logGroupName, "a", {}, "one");
    await newFilter(logGroupName, "b", {}, "two");
    await newFilter(logGroupName, "c", {}, "two");
    const count = async () => {
      const { logGroups } = await logs.send(
        new DescribeLogGroupsCommand({ logGroupNamePrefix: logGroupName }),
      );
      return logGroups?.[0]?.metricFilterCount;
    };
    expect(await count()).toBe(2);
    await logs.send(new DeleteMetricFilterCommand({ logGroupName, filterName: "one" }));
    expect(await count()).toBe(1);
    const { metricFilters } = await logs.send(new DescribeMetricFiltersCommand({ logGroupName }));
    expect(metricFilters?.map(({ filterName, filterPattern }) => [filterName, filterPattern])).toEqual([
      ["two", "c"],
    ]);
    const again = errorOf(logs.send(new DeleteMetricFilterCommand({ logGroupName, filterName: "one" })));
    expect((await again).message).toBe("The specified metric filter does not exist.");
  });

  it.each([
    ["ERROR", { dimensions: { A: "$x" } }, "The specified filter pattern does not support dimensions"],
    ["{ $.a = 1 }", { dimensions: { A: "$.x" }, defaultValue: 0 }, /mutually exclusive/],
    ["ERROR", { metricValue: "$x" }, /metricValue/],
    ["ERROR:", {}, "Invalid character(s) in term ':'"],
  ] as const)("is refused where AWS refuses it: %s %o", async (pattern, transformation, words) => {
    const logGroupName = await newGroup(logs);
    const error = await errorOf(newFilter(logGroupName, pattern, transformation));
    expect([error.name, error.message]).toEqual([
      "InvalidParameterException",
      typeof words === "string" ? words : expect.stringMatching(words),
    ]);
  });

  it("can be tried on messages", async () => {
    const { matches } = await logs.send(
      new TestMetricFilterCommand({ filterPattern: "[ip, size]", logEventMessages: ["x", "1.1.1.1 20"] }),
    );
    expect(matches).toEqual([
      { eventNumber: 2, eventMessage: "1.1.1.1 20", extractedValues: { $ip: "1.1.1.1", $size: "20" } },
    ]);
  });
});

it("a group's own metrics come with each batch", async () => {
  const logGroupName = await newGroup(logs);
  received.length = 0;
  await put(logs, logGroupName, ["12345", "678"]);
  await expect.poll(() => received.filter(({ Namespace }) => Namespace === "AWS/Logs")).not.toEqual([]);
  const data = received
    .filter(({ Namespace }) => Namespace === "AWS/Logs")
    .flatMap(({ MetricData }) => MetricData);
  const Dimensions = [{ Name: "LogGroupName", Value: logGroupName }];
  expect(data).toContainEqual(
    expect.objectContaining({ MetricName: "IncomingBytes", Values: [8], Dimensions }),
  );
  expect(data).toContainEqual(
    expect.objectContaining({ MetricName: "IncomingLogEvents", Values: [2], Dimensions }),
  );
});
