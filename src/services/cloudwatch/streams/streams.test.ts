import { Firehose } from "@aws-sdk/client-firehose";
import { IAM } from "@aws-sdk/client-iam";
import { S3 } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { clients, errorOf, optionsOf, policyOf, startForTest } from "../../../../test/harness.ts";
import type { Cloudkeep } from "../../../start.ts";

let cloudkeep: Cloudkeep;
let cloudwatch: ReturnType<typeof clients>["cloudwatch"];
let s3: S3;
const FirehoseArn = () => `arn:aws:firehose:us-east-1:${cloudkeep.accountId}:deliverystream/metrics`;
const roleArn = (name: string) => `arn:aws:iam::${cloudkeep.accountId}:role/${name}`;

async function role(iam: IAM, RoleName: string, Service: string, Action: string): Promise<void> {
  const AssumeRolePolicyDocument = policyOf({
    Effect: "Allow",
    Principal: { Service },
    Action: "sts:AssumeRole",
  });
  await iam.createRole({ RoleName, AssumeRolePolicyDocument });
  const PolicyDocument = policyOf({ Effect: "Allow", Action, Resource: "*" });
  await iam.putRolePolicy({ RoleName, PolicyName: "do", PolicyDocument });
}

beforeAll(async () => {
  cloudkeep = await startForTest();
  ({ cloudwatch } = clients(cloudkeep, cloudkeep.credentials));
  const options = optionsOf(cloudkeep, cloudkeep.credentials);
  s3 = new S3({ ...options, forcePathStyle: true });
  const [iam, firehose] = [new IAM(options), new Firehose(options)];
  await role(iam, "writes", "firehose.amazonaws.com", "s3:*");
  await role(iam, "streams", "streams.metrics.cloudwatch.amazonaws.com", "firehose:PutRecordBatch");
  await role(iam, "idle", "streams.metrics.cloudwatch.amazonaws.com", "firehose:DescribeDeliveryStream");
  await s3.createBucket({ Bucket: "metric-lake" });
  await firehose.createDeliveryStream({
    DeliveryStreamName: "metrics",
    ExtendedS3DestinationConfiguration: {
      RoleARN: roleArn("writes"),
      BucketARN: "arn:aws:s3:::metric-lake",
      BufferingHints: { IntervalInSeconds: 60, SizeInMBs: 1 },
    },
  });
  await cloudkeep.clock.advance(60_000);
});
afterAll(() => cloudkeep.stop());

interface Line {
  metric_stream_name: string;
  metric_name: string;
  [member: string]: unknown;
}

async function lines(): Promise<Line[]> {
  const { Contents = [] } = await s3.listObjectsV2({ Bucket: "metric-lake" });
  const texts = await Promise.all(
    Contents.map(async ({ Key }) =>
      (await s3.getObject({ Bucket: "metric-lake", Key: Key as string })).Body?.transformToString(),
    ),
  );
  return texts
    .flatMap((text = "") => text.split("\n").filter(Boolean))
    .map((line) => JSON.parse(line) as Line);
}

const stream = (Name: string, more: object = {}) =>
  cloudwatch.putMetricStream({
    Name,
    FirehoseArn: FirehoseArn(),
    RoleArn: roleArn("streams"),
    OutputFormat: "json",
    ...more,
  });

describe("a metric stream", () => {
  it("sends each minute of each metric that it wants, once", async () => {
    await stream("shop", {
      IncludeFilters: [{ Namespace: "Shop", MetricNames: ["orders"] }],
      StatisticsConfigurations: [
        { IncludeMetrics: [{ Namespace: "Shop", MetricName: "orders" }], AdditionalStatistics: ["p90"] },
      ],
    });
    await stream("idle", { RoleArn: roleArn("idle"), IncludeFilters: [{ Namespace: "Shop" }] });
    const Dimensions = [{ Name: "Kind", Value: "book" }];
    const put = (MetricName: string, ...Values: number[]) =>
      cloudwatch.putMetricData({
        Namespace: "Shop",
        MetricData: Values.map((Value) => ({ MetricName, Dimensions, Value, Unit: "Count" as const })),
      });
    // Within one minute.
    await cloudkeep.clock.advance(60_000 - (cloudkeep.clock.now() % 60_000) + 1_000);
    const timestamp = Math.floor(cloudkeep.clock.now() / 60_000) * 60_000;
    await put("orders", 1, 2, 3);
    await put("visits", 9);
    await cloudkeep.clock.advance(20_000);
    await put("orders", 6);
    await cloudkeep.clock.advance(5 * 60_000);
    const sent = await lines();
    expect(sent).toEqual([
      {
        metric_stream_name: "shop",
        account_id: cloudkeep.accountId,
        region: "us-east-1",
        namespace: "Shop",
        metric_name: "orders",
        dimensions: { Kind: "book" },
        timestamp,
        value: { max: 6, min: 1, sum: 12, count: 4, p90: 6 },
        unit: "Count",
      },
    ]);
    await cloudwatch.stopMetricStreams({ Names: ["shop"] });
    expect((await cloudwatch.getMetricStream({ Name: "shop" })).State).toBe("stopped");
    await put("orders", 1);
    await cloudkeep.clock.advance(5 * 60_000);
    expect(await lines()).toHaveLength(1);
    await cloudwatch.startMetricStreams({ Names: ["shop"] });
    await put("orders", 1);
    await cloudkeep.clock.advance(5 * 60_000);
    expect(await lines()).toHaveLength(2);
  });

  it("does not feed itself", async () => {
    await stream("firehose", { IncludeFilters: [{ Namespace: "AWS/Firehose" }, { Namespace: "Other" }] });
    await cloudwatch.putMetricData({ Namespace: "Other", MetricData: [{ MetricName: "one", Value: 1 }] });
    await cloudkeep.clock.advance(20 * 60_000);
    // There is something that it could have fed itself with: services' own metrics come within a second or so.
    await vi.waitFor(
      async () => {
        const { Metrics = [] } = await cloudwatch.listMetrics({ Namespace: "AWS/Firehose" });
        expect(Metrics.length).toBeGreaterThan(0);
      },
      { timeout: 10_000 },
    );
    await cloudkeep.clock.advance(5 * 60_000);
    const sent = (await lines()).filter((line) => line.metric_stream_name === "firehose");
    expect(sent.map(({ metric_name }) => metric_name)).toEqual(["one"]);
    await cloudwatch.deleteMetricStream({ Name: "firehose" });
  });

  it("is shown, listed, changed and deleted", async () => {
    await stream("other", {
      ExcludeFilters: [{ Namespace: "AWS/Lambda" }],
      Tags: [{ Key: "a", Value: "b" }],
    });
    const { CreationDate } = await cloudwatch.getMetricStream({ Name: "other" });
    await cloudkeep.clock.advance(1_000);
    await stream("other", { ExcludeFilters: [{ Namespace: "AWS/S3" }] });
    expect(await cloudwatch.getMetricStream({ Name: "other" })).toMatchObject({
      CreationDate,
      ExcludeFilters: [{ Namespace: "AWS/S3" }],
      OutputFormat: "json",
      State: "running",
    });
    const first = await cloudwatch.listMetricStreams({ MaxResults: 1 });
    const { Entries } = await cloudwatch.listMetricStreams({ NextToken: first.NextToken });
    expect([...(first.Entries ?? []), ...(Entries ?? [])].map(({ Name }) => Name)).toEqual([
      "idle",
      "other",
      "shop",
    ]);
    await cloudwatch.deleteMetricStream({ Name: "other" });
    await cloudwatch.deleteMetricStream({ Name: "other" });
    expect((await errorOf(cloudwatch.getMetricStream({ Name: "other" }))).name).toBe(
      "ResourceNotFoundException",
    );
  });

  it.each([
    [{ OutputFormat: "opentelemetry1.0" }, "InvalidParameterValueException", /opentelemetry1.0 is not built/],
    [
      { FirehoseArn: "arn:aws:sqs:us-east-1:000000000000:q" },
      "InvalidParameterValueException",
      /FirehoseArn/,
    ],
    [
      { IncludeFilters: [{ Namespace: "A" }], ExcludeFilters: [{ Namespace: "B" }] },
      "InvalidParameterCombinationException",
      /cannot both/,
    ],
  ])("is refused with %o", async (more, name, words) => {
    const error = await errorOf(stream("bad", more));
    expect(error.name).toBe(name);
    expect(error.message).toMatch(words);
  });
});
