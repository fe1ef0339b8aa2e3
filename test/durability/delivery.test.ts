import { CloudTrailClient, CreateTrailCommand, StartLoggingCommand } from "@aws-sdk/client-cloudtrail";
import { EventBridge } from "@aws-sdk/client-eventbridge";
import { CreateUserCommand, IAMClient } from "@aws-sdk/client-iam";
import {
  CreateBucketCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { SNS } from "@aws-sdk/client-sns";
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { expect, it } from "vitest";
import { policyOf } from "../harness.ts";
import { account, type Running, survives, timeoutOf } from "./program.ts";

/**
 * From the call of IAM to the message in a queue, over CloudTrail, EventBridge and SNS: whatever was acknowledged
 * arrives, however often the process is killed on the way.
 */

const kills = { cycles: Number(process.env.CLOUDKEEP_DELIVERY_CYCLES ?? 100), longestRunMs: 200 };
const callers = 4;

/** Trail, rule, topic and queue. */
async function build({ options }: Running): Promise<void> {
  const s3 = new S3Client({ ...options, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: "trail" }));
  const mayPut = {
    Principal: { Service: "cloudtrail.amazonaws.com" },
    Action: "s3:PutObject",
    Resource: "arn:aws:s3:::trail/*",
  };
  await s3.send(new PutBucketPolicyCommand({ Bucket: "trail", Policy: policyOf(mayPut) }));
  const trail = new CloudTrailClient(options);
  await trail.send(new CreateTrailCommand({ Name: "all", S3BucketName: "trail" }));
  await trail.send(new StartLoggingCommand({ Name: "all" }));
  const queueArn = `arn:aws:sqs:us-east-1:${account}:team`;
  const topicArn = `arn:aws:sns:us-east-1:${account}:team`;
  const letIn = (service: string, Action: string, Resource: string) =>
    policyOf({ Principal: { Service: `${service}.amazonaws.com` }, Action, Resource });
  const Attributes = { Policy: letIn("sns", "sqs:SendMessage", queueArn), VisibilityTimeout: "300" };
  await new SQSClient(options).send(new CreateQueueCommand({ QueueName: "team", Attributes }));
  const sns = new SNS(options);
  await sns.createTopic({ Name: "team", Attributes: { Policy: letIn("events", "sns:Publish", topicArn) } });
  await sns.subscribe({
    TopicArn: topicArn,
    Protocol: "sqs",
    Endpoint: queueArn,
    Attributes: { RawMessageDelivery: "true" },
  });
  const events = new EventBridge(options);
  const EventPattern = JSON.stringify({
    source: ["aws.iam"],
    detail: { eventName: ["CreateUser"], errorCode: [{ exists: false }] },
  });
  await events.putRule({ Name: "users", EventPattern });
  const InputPath = "$.detail.requestParameters.userName";
  await events.putTargets({ Rule: "users", Targets: [{ Id: "team", Arn: topicArn, InputPath }] });
}

/** Makes users until the process dies; the names of those that were acknowledged. */
async function work({ options }: Running, cycle: number, acknowledged: Set<string>): Promise<void> {
  const iam = new IAMClient(options);
  const caller = async (number: number) => {
    for (let i = 0; ; i += 1) {
      const UserName = `user-${cycle}-${number}-${i}`;
      try {
        await iam.send(new CreateUserCommand({ UserName }));
      } catch {
        return;
      }
      acknowledged.add(UserName);
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, number) => caller(number)));
}

/** What has arrived in the queue; each message is taken out. */
async function arrived({ options }: Running, wanted: number): Promise<string[]> {
  const sqs = new SQSClient(options);
  const QueueUrl = `${options.endpoint}/${account}/team`;
  const names: string[] = [];
  const deadline = Date.now() + 60_000;
  for (;;) {
    const receive = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 });
    const { Messages = [] } = await sqs.send(receive);
    for (const { Body, ReceiptHandle } of Messages) {
      names.push(JSON.parse(Body ?? '""') as string);
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    }
    if (Messages.length === 0 && (new Set(names).size >= wanted || Date.now() > deadline)) return names;
  }
}

it(
  `what is acknowledged arrives, though the process is killed ${kills.cycles} times`,
  async () => {
    const acknowledged = new Set<string>();
    const check = async (last: Running) => {
      const names = await arrived(last, acknowledged.size);
      const once = new Set(names);
      expect([...acknowledged].filter((name) => !once.has(name))).toEqual([]);
      // Every hop is a transaction that deletes what caused it: none happens twice.
      expect(names.length).toBe(once.size);
      expect(acknowledged.size).toBeGreaterThan(kills.cycles);
      const s3 = new S3Client({ ...last.options, forcePathStyle: true });
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: "trail" }));
      expect(Contents.length).toBeGreaterThan(0);
    };
    const drive = (running: Running, cycle: number) => work(running, cycle, acknowledged);
    await survives({ build, drive, check }, kills);
  },
  timeoutOf(kills),
);
