import { CloudWatchLogs } from "@aws-sdk/client-cloudwatch-logs";
import { EventBridge } from "@aws-sdk/client-eventbridge";
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetBucketNotificationConfigurationCommand,
  type NotificationConfiguration,
  PutBucketNotificationConfigurationCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import {
  CreateQueueCommand,
  ReceiveMessageCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { clients, errorOf, optionsOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { newBucket, put } from "./testing.ts";

let cloudkeep: Cloudkeep;
let root: ReturnType<typeof clients>;
let sqs: SQSClient;
beforeAll(async () => {
  cloudkeep = await startForTest();
  root = clients(cloudkeep, cloudkeep.credentials);
  sqs = new SQSClient(optionsOf(cloudkeep, cloudkeep.credentials));
});
afterAll(() => cloudkeep.stop());

let made = 0;

/** A queue into which S3 may send what happens in a bucket; or nobody. */
async function newQueue(bucket?: string): Promise<{ url: string; arn: string }> {
  made += 1;
  const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName: `events-${made}` }));
  const arn = `arn:aws:sqs:us-east-1:${cloudkeep.accountId}:events-${made}`;
  if (bucket !== undefined) {
    const Statement = {
      Effect: "Allow",
      Principal: { Service: "s3.amazonaws.com" },
      Action: "sqs:SendMessage",
      Resource: arn,
      Condition: { ArnLike: { "aws:SourceArn": `arn:aws:s3:::${bucket}` } },
    };
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
  }
  return { url: QueueUrl, arn };
}

function configure(Bucket: string, NotificationConfiguration: NotificationConfiguration) {
  return root.s3.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }));
}

interface Message {
  Event?: string;
  Records?: { eventName: string; s3: { object: { key: string; size?: number; sequencer: string } } }[];
}

/** The next messages of a queue, `count` of them. */
async function messages(QueueUrl: string, count: number): Promise<Message[]> {
  const bodies: Message[] = [];
  while (bodies.length < count) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 5 }),
    );
    if (Messages.length === 0) break;
    for (const { Body = "" } of Messages) bodies.push(JSON.parse(Body) as Message);
  }
  return bodies;
}

describe("a bucket's notifications", () => {
  it("tell a queue what happened to the objects that they are about", async () => {
    const Bucket = await newBucket(root.s3);
    const { url, arn } = await newQueue(Bucket);
    const FilterRules = [{ Name: "prefix" as const, Value: "in/" }];
    await configure(Bucket, {
      QueueConfigurations: [
        {
          Id: "uploads",
          QueueArn: arn,
          Events: ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"],
          Filter: { Key: { FilterRules } },
        },
      ],
    });
    const [test] = await messages(url, 1);
    expect(test).toMatchObject({ Service: "Amazon S3", Event: "s3:TestEvent", Bucket });
    await put(root.s3, Bucket, "out/a");
    await put(root.s3, Bucket, "in/a b", "12345");
    await root.s3.send(new DeleteObjectCommand({ Bucket, Key: "in/a b" }));
    const upload = await root.s3.send(new CreateMultipartUploadCommand({ Bucket, Key: "in/parts" }));
    const part = { Bucket, Key: "in/parts", UploadId: upload.UploadId, PartNumber: 1, Body: "part" };
    const { ETag } = await root.s3.send(new UploadPartCommand(part));
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    await root.s3.send(
      new CompleteMultipartUploadCommand({
        Bucket,
        Key: "in/parts",
        UploadId: upload.UploadId,
        MultipartUpload,
      }),
    );
    const told = (await messages(url, 3)).map(({ Records }) => Records?.[0]);
    expect(told.map((one) => [one?.eventName, one?.s3.object.key]).sort()).toEqual([
      ["ObjectCreated:CompleteMultipartUpload", "in/parts"],
      ["ObjectCreated:Put", "in/a+b"],
      ["ObjectRemoved:Delete", "in/a+b"],
    ]);
    expect(told.find((one) => one?.eventName === "ObjectCreated:Put")).toMatchObject({
      eventVersion: "2.1",
      eventSource: "aws:s3",
      awsRegion: "us-east-1",
      s3: {
        configurationId: "uploads",
        bucket: { name: Bucket, arn: `arn:aws:s3:::${Bucket}` },
        object: { size: 5 },
      },
    });
    const kept = await root.s3.send(new GetBucketNotificationConfigurationCommand({ Bucket }));
    expect(kept.QueueConfigurations).toMatchObject([{ Id: "uploads", QueueArn: arn }]);
  });

  it("need a target that lets S3 in", async () => {
    const Bucket = await newBucket(root.s3);
    const { arn } = await newQueue();
    const refused = await errorOf(
      configure(Bucket, { QueueConfigurations: [{ QueueArn: arn, Events: ["s3:ObjectCreated:*"] }] }),
    );
    expect(refused).toMatchObject({
      name: "InvalidArgument",
      message: "Unable to validate the following destination configurations",
    });
    const Filter = { Key: { FilterRules: [{ Name: "middle" as "prefix", Value: "x" }] } };
    const odd = configure(Bucket, {
      QueueConfigurations: [{ QueueArn: arn, Events: ["s3:ObjectCreated:*"], Filter }],
    });
    expect(await errorOf(odd)).toMatchObject({
      name: "InvalidArgument",
      message: "filter rule name must be either prefix or suffix",
    });
  });
});

describe("EventBridge", () => {
  it("learns what happens in a bucket, once it is told to", async () => {
    const events = new EventBridge(optionsOf(cloudkeep, cloudkeep.credentials));
    const logs = new CloudWatchLogs(optionsOf(cloudkeep, cloudkeep.credentials));
    const Bucket = await newBucket(root.s3);
    const logGroupName = "/aws/events/buckets";
    await logs.createLogGroup({ logGroupName });
    const group = `arn:aws:logs:us-east-1:${cloudkeep.accountId}:log-group:${logGroupName}`;
    const policyDocument = JSON.stringify({
      Version: "2012-10-17",
      Statement: {
        Effect: "Allow",
        Principal: { Service: ["events.amazonaws.com", "delivery.logs.amazonaws.com"] },
        Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
        Resource: `${group}:*`,
      },
    });
    await logs.putResourcePolicy({ policyName: "events", policyDocument });
    const EventPattern = JSON.stringify({ source: ["aws.s3"], detail: { bucket: { name: [Bucket] } } });
    await events.putRule({ Name: "buckets", EventPattern });
    await events.putTargets({ Rule: "buckets", Targets: [{ Id: "log", Arn: group }] });
    await configure(Bucket, { EventBridgeConfiguration: {} });
    await put(root.s3, Bucket, "a", "12345");
    await root.s3.send(new DeleteObjectCommand({ Bucket, Key: "a" }));
    const lines = async () => (await logs.filterLogEvents({ logGroupName })).events ?? [];
    await vi.waitFor(async () => expect(await lines()).toHaveLength(2), { timeout: 10_000 });
    const told = (await lines()).map(({ message = "" }) => JSON.parse(message) as Record<string, unknown>);
    expect(told.map((one) => one["detail-type"]).sort()).toEqual(["Object Created", "Object Deleted"]);
    expect(told.find((one) => one["detail-type"] === "Object Created")).toMatchObject({
      source: "aws.s3",
      resources: [`arn:aws:s3:::${Bucket}`],
      detail: { bucket: { name: Bucket }, object: { key: "a", size: 5 }, reason: "PutObject" },
    });
  });
});
