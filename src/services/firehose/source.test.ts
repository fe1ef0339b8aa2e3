import {
  CreateDeliveryStreamCommand,
  DescribeDeliveryStreamCommand,
  type FirehoseClient,
  PutRecordCommand,
} from "@aws-sdk/client-firehose";
import { PutRolePolicyCommand } from "@aws-sdk/client-iam";
import {
  CreateStreamCommand,
  KinesisClient,
  PutRecordsCommand,
  SplitShardCommand,
} from "@aws-sdk/client-kinesis";
import { afterAll, beforeAll, expect, it } from "vitest";
import { clients, errorOf, optionsOf, policyOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { firehoseClient, mayPut, newBucket, newRole, objectsIn } from "./testing.ts";

let cloudkeep: Cloudkeep;
let firehose: FirehoseClient;
let kinesis: KinesisClient;
let aws: ReturnType<typeof clients>;
beforeAll(async () => {
  cloudkeep = await startForTest();
  firehose = firehoseClient(cloudkeep, cloudkeep.credentials);
  kinesis = new KinesisClient(optionsOf(cloudkeep, cloudkeep.credentials));
  aws = clients(cloudkeep, cloudkeep.credentials);
});
afterAll(() => cloudkeep.stop());

const streamArn = (name: string) => `arn:aws:kinesis:us-east-1:${cloudkeep.accountId}:stream/${name}`;
const mayRead = (name: string) => ({
  Action: ["kinesis:ListShards", "kinesis:GetShardIterator", "kinesis:GetRecords"],
  Resource: streamArn(name),
});

async function put(StreamName: string, ...texts: string[]) {
  const Records = texts.map((text) => ({ PartitionKey: text, Data: Buffer.from(`${text}\n`) }));
  await kinesis.send(new PutRecordsCommand({ StreamName, Records }));
}

async function reading(StreamName: string, bucket: string, readRole: string): Promise<string> {
  const RoleARN = await newRole(aws.iam, cloudkeep.accountId, mayPut(bucket));
  const DeliveryStreamName = `from-${StreamName}-${bucket}`;
  await firehose.send(
    new CreateDeliveryStreamCommand({
      DeliveryStreamName,
      DeliveryStreamType: "KinesisStreamAsSource",
      KinesisStreamSourceConfiguration: { KinesisStreamARN: streamArn(StreamName), RoleARN: readRole },
      ExtendedS3DestinationConfiguration: {
        RoleARN,
        BucketARN: `arn:aws:s3:::${bucket}`,
        BufferingHints: { IntervalInSeconds: 60 },
      },
    }),
  );
  return DeliveryStreamName;
}

const linesIn = async (bucket: string) =>
  [...(await objectsIn(aws.s3, bucket)).values()]
    .join("")
    .split("\n")
    .filter((line) => line !== "")
    .sort();

it("reads what comes into a Kinesis stream, through splits, each record once", async () => {
  await kinesis.send(new CreateStreamCommand({ StreamName: "source", ShardCount: 2 }));
  await put("source", "before");
  await cloudkeep.clock.advance(1_000);
  const bucket = await newBucket(aws.s3);
  const readRole = await newRole(aws.iam, cloudkeep.accountId, mayRead("source"));
  const DeliveryStreamName = await reading("source", bucket, readRole);
  const { DeliveryStreamDescription } = await firehose.send(
    new DescribeDeliveryStreamCommand({ DeliveryStreamName }),
  );
  expect(DeliveryStreamDescription).toMatchObject({
    DeliveryStreamType: "KinesisStreamAsSource",
    Source: { KinesisStreamSourceDescription: { KinesisStreamARN: streamArn("source"), RoleARN: readRole } },
  });
  const texts = Array.from({ length: 60 }, (_, i) => `record-${i}`);
  await put("source", ...texts.slice(0, 20));
  await kinesis.send(
    new SplitShardCommand({
      StreamName: "source",
      ShardToSplit: "shardId-000000000000",
      NewStartingHashKey: "1000000000000000000000000000000000000",
    }),
  );
  await put("source", ...texts.slice(20, 40));
  await cloudkeep.clock.advance(62_000);
  expect(await linesIn(bucket)).toEqual(texts.slice(0, 40).sort());
  await put("source", ...texts.slice(40));
  await cloudkeep.clock.advance(62_000);
  expect(await linesIn(bucket)).toEqual([...texts].sort());
  const direct = await errorOf(
    firehose.send(new PutRecordCommand({ DeliveryStreamName, Record: { Data: Buffer.of(1) } })),
  );
  expect([direct.name, direct.message]).toEqual([
    "InvalidArgumentException",
    "This operation is not permitted on KinesisStreamAsSource delivery stream type.",
  ]);
});

it("delivers one stream to several buckets, as recorded from AWS", async () => {
  await kinesis.send(new CreateStreamCommand({ StreamName: "shared", ShardCount: 1 }));
  const readRole = await newRole(aws.iam, cloudkeep.accountId, mayRead("shared"));
  const buckets = [await newBucket(aws.s3), await newBucket(aws.s3)];
  for (const bucket of buckets) await reading("shared", bucket, readRole);
  await put("shared", '{"folder-name":"Test-message"}');
  await cloudkeep.clock.advance(62_000);
  for (const bucket of buckets) expect(await linesIn(bucket)).toEqual(['{"folder-name":"Test-message"}']);
});

it("reads nothing as a role that may not, and goes on once it may", async () => {
  await kinesis.send(new CreateStreamCommand({ StreamName: "closed", ShardCount: 1 }));
  const bucket = await newBucket(aws.s3);
  const readRole = await newRole(aws.iam, cloudkeep.accountId);
  await reading("closed", bucket, readRole);
  await put("closed", "secret");
  await cloudkeep.clock.advance(70_000);
  expect(await linesIn(bucket)).toEqual([]);
  const RoleName = readRole.slice(readRole.lastIndexOf("/") + 1);
  const PolicyDocument = policyOf(mayRead("closed"));
  await aws.iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "read", PolicyDocument }));
  await cloudkeep.clock.advance(3_600_000);
  expect(await linesIn(bucket)).toEqual(["secret"]);
});
