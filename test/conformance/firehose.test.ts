import {
  CreateDeliveryStreamCommand,
  FirehoseClient,
  ListTagsForDeliveryStreamCommand,
  TagDeliveryStreamCommand,
  UntagDeliveryStreamCommand,
} from "@aws-sdk/client-firehose";
import { CreateRoleCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { CreateStreamCommand, KinesisClient, PutRecordCommand } from "@aws-sdk/client-kinesis";
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Cloudkeep } from "../../src/start.ts";
import { clients, optionsOf, policyOf, startForTest } from "../harness.ts";
import { answerOf, expectRecorded, recordedAnswers } from "./recorded.ts";

/** Answers of Firehose, held against those recorded from AWS. */

type Answers = Record<string, unknown>;

const recorded = recordedAnswers("firehose/test_firehose.snapshot.json");

let cloudkeep: Cloudkeep;
let firehose: FirehoseClient;
let kinesis: KinesisClient;
let aws: ReturnType<typeof clients>;
let RoleARN = "";
beforeAll(async () => {
  cloudkeep = await startForTest();
  firehose = new FirehoseClient(optionsOf(cloudkeep, cloudkeep.credentials));
  kinesis = new KinesisClient(optionsOf(cloudkeep, cloudkeep.credentials));
  aws = clients(cloudkeep, cloudkeep.credentials);
  const { Role } = await aws.iam.send(
    new CreateRoleCommand({
      RoleName: "firehose",
      AssumeRolePolicyDocument: policyOf({
        Principal: { Service: "firehose.amazonaws.com" },
        Action: "sts:AssumeRole",
      }),
    }),
  );
  const PolicyDocument = policyOf({ Action: ["s3:PutObject", "kinesis:*"], Resource: "*" });
  await aws.iam.send(new PutRolePolicyCommand({ RoleName: "firehose", PolicyName: "p", PolicyDocument }));
  RoleARN = Role?.Arn ?? "";
});
afterAll(() => cloudkeep.stop());

async function delivering(Bucket: string, fromKinesis: string | undefined, tags = {}): Promise<string> {
  await aws.s3.send(new CreateBucketCommand({ Bucket }));
  const DeliveryStreamName = `to-${Bucket}`;
  await firehose.send(
    new CreateDeliveryStreamCommand({
      DeliveryStreamName,
      ...(fromKinesis && {
        DeliveryStreamType: "KinesisStreamAsSource",
        KinesisStreamSourceConfiguration: {
          KinesisStreamARN: `arn:aws:kinesis:us-east-1:${cloudkeep.accountId}:stream/${fromKinesis}`,
          RoleARN,
        },
      }),
      ExtendedS3DestinationConfiguration: {
        BucketARN: `arn:aws:s3:::${Bucket}`,
        RoleARN,
        BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 60 },
      },
      ...tags,
    }),
  );
  return DeliveryStreamName;
}

async function contentOf(Bucket: string): Promise<unknown> {
  const { Contents = [] } = await aws.s3.send(new ListObjectsV2Command({ Bucket }));
  expect(Contents.length).toBe(1);
  const { Body } = await aws.s3.send(new GetObjectCommand({ Bucket, Key: Contents[0]?.Key }));
  return JSON.parse((await Body?.transformToString()) ?? "null");
}

const recordings: Record<string, () => Promise<Answers>> = {
  async test_resource_tagging() {
    const DeliveryStreamName = await delivering("tagged", undefined, {
      Tags: [{ Key: "subject", Value: "taboo" }],
    });
    const list = () => answerOf(firehose.send(new ListTagsForDeliveryStreamCommand({ DeliveryStreamName })));
    return {
      "list-tags-1": await list(),
      "remove-tags": await answerOf(
        firehose.send(new UntagDeliveryStreamCommand({ DeliveryStreamName, TagKeys: ["subject"] })),
      ),
      "list-tags-2": await list(),
      "add-tags": await answerOf(
        firehose.send(
          new TagDeliveryStreamCommand({
            DeliveryStreamName,
            Tags: [{ Key: "feeling", Value: "uncomfortable" }],
          }),
        ),
      ),
      "list-tags-3": await list(),
    };
  },
  async test_kinesis_firehose_kinesis_as_source_multiple_delivery_streams() {
    await kinesis.send(new CreateStreamCommand({ StreamName: "source", ShardCount: 1 }));
    await delivering("bucket-a", "source");
    await delivering("bucket-b", "source");
    const Data = Buffer.from('{"folder-name": "Test-message-2948294kdlsie"}');
    await kinesis.send(new PutRecordCommand({ StreamName: "source", PartitionKey: "1", Data }));
    await cloudkeep.clock.advance(62_000);
    return {
      "kinesis-event-stream-multiple-delivery-streams": {
        "<bucket-a>": await contentOf("bucket-a"),
        "<bucket-b>": await contentOf("bucket-b"),
      },
    };
  },
};

describe.skipIf(recorded === undefined)("Firehose answers as recorded", () => {
  it("in every case", () => {
    expect(Object.keys(recordings).sort()).toEqual(Object.keys(recorded ?? {}).sort());
  });

  it.each(Object.entries(recordings))("%s", async (name, run) => {
    expectRecorded(await run(), recorded?.[name]);
  });
});
