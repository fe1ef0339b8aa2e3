/**
 * From a call of IAM to the message in a queue, over CloudTrail, EventBridge and SNS, at a steady rate.
 * Run: `node --import tsx bench/delivery.ts`.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { CloudTrailClient, CreateTrailCommand, StartLoggingCommand } from "@aws-sdk/client-cloudtrail";
import { EventBridge } from "@aws-sdk/client-eventbridge";
import { CreateBucketCommand, PutBucketPolicyCommand, S3Client } from "@aws-sdk/client-s3";
import { SNS } from "@aws-sdk/client-sns";
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { type CloudkeepServer, removeData, startCloudkeepProcess } from "./processes.ts";
import { requestMaker } from "./signed.ts";

const perSecond = Number(process.env.BENCH_RATE ?? 200);
const seconds = Number(process.env.BENCH_SECONDS ?? 15);
const receivers = 4;
const account = "000000000000";

const policy = (service: string, Action: string, Resource: string) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: `${service}.amazonaws.com` }, Action, Resource }],
  });

async function build({ port, credentials }: CloudkeepServer): Promise<SQSClient> {
  const options = { endpoint: `http://127.0.0.1:${port}`, region: "us-east-1", credentials };
  const s3 = new S3Client({ ...options, forcePathStyle: true });
  await s3.send(new CreateBucketCommand({ Bucket: "trail" }));
  const Policy = policy("cloudtrail", "s3:PutObject", "arn:aws:s3:::trail/*");
  await s3.send(new PutBucketPolicyCommand({ Bucket: "trail", Policy }));
  const trail = new CloudTrailClient(options);
  await trail.send(new CreateTrailCommand({ Name: "all", S3BucketName: "trail" }));
  await trail.send(new StartLoggingCommand({ Name: "all" }));
  const queueArn = `arn:aws:sqs:us-east-1:${account}:team`;
  const topicArn = `arn:aws:sns:us-east-1:${account}:team`;
  const sqs = new SQSClient(options);
  await sqs.send(
    new CreateQueueCommand({
      QueueName: "team",
      Attributes: { Policy: policy("sns", "sqs:SendMessage", queueArn) },
    }),
  );
  const sns = new SNS(options);
  await sns.createTopic({ Name: "team", Attributes: { Policy: policy("events", "sns:Publish", topicArn) } });
  const Attributes = { RawMessageDelivery: "true" };
  await sns.subscribe({ TopicArn: topicArn, Protocol: "sqs", Endpoint: queueArn, Attributes });
  const events = new EventBridge(options);
  await events.putRule({
    Name: "users",
    EventPattern: JSON.stringify({ source: ["aws.iam"], detail: { eventName: ["CreateUser"] } }),
  });
  const InputPath = "$.detail.requestParameters.userName";
  await events.putTargets({ Rule: "users", Targets: [{ Id: "team", Arn: topicArn, InputPath }] });
  return sqs;
}

async function main(): Promise<void> {
  const server = await startCloudkeepProcess();
  const begun = new Map<string, number>();
  const tookMs: number[] = [];
  const total = perSecond * seconds;
  try {
    const sqs = await build(server);
    const QueueUrl = `http://127.0.0.1:${server.port}/${account}/team`;
    const receive = async () => {
      while (tookMs.length < total) {
        const { Messages = [] } = await sqs.send(
          new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 2 }),
        );
        const now = performance.now();
        for (const { Body } of Messages) tookMs.push(now - (begun.get(JSON.parse(Body ?? '""')) ?? now));
        if (Messages.length === 0) continue;
        const Entries = Messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle }));
        await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
      }
    };
    const receiving = Promise.all(Array.from({ length: receivers }, receive));
    const maker = requestMaker({ port: server.port, service: "iam", credentials: server.credentials });
    await steadily(total, async (i) => {
      const UserName = `user-${i}`;
      const request = maker.query({ Action: "CreateUser", Version: "2010-05-08", UserName });
      const [head = "", body = ""] = request.toString().split("\r\n\r\n");
      const lines = head
        .split("\r\n")
        .slice(1)
        .map((line) => line.split(/: ?(.*)/s, 2) as [string, string]);
      const headers = Object.fromEntries(
        lines.filter(([name]) => !/^(?:host|content-length|connection)$/i.test(name)),
      );
      begun.set(UserName, performance.now());
      const answer = await fetch(`http://127.0.0.1:${server.port}/`, { method: "POST", headers, body });
      if (!answer.ok) throw new Error(await answer.text());
      await answer.arrayBuffer();
    });
    await Promise.race([receiving, sleep(30_000)]);
    tookMs.sort((a, b) => a - b);
    const at = (share: number) => (tookMs[Math.floor(tookMs.length * share)] ?? Number.NaN).toFixed(0);
    console.log(
      `${tookMs.length} of ${total} messages at ${perSecond} calls a second: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(0.9999)} ms`,
    );
  } finally {
    await server.stop();
    removeData(server);
  }
}

/** Begins `total` pieces of work, evenly over time, whether or not earlier ones are done. */
async function steadily(total: number, work: (i: number) => Promise<void>): Promise<void> {
  const started = performance.now();
  const all: Promise<void>[] = [];
  for (let i = 0; i < total; i += 1) {
    const dueMs = (i * 1000) / perSecond - (performance.now() - started);
    if (dueMs > 1) await sleep(dueMs);
    all.push(work(i));
  }
  await Promise.all(all);
}

await main();
