import {
  CreateBucketCommand,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, errorOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { invoke, lambdaClient, lambdaRole, makeFunction } from "./testing.ts";

/** Functions that nobody waits for: asynchronous invocations, and events of other services. */

let cloudkeep: Cloudkeep;
let role: string;
let aws: ReturnType<typeof clients>;
const lambda = () => lambdaClient(cloudkeep);

/** Puts its event into the queue that it is told, with its own role's credentials. */
const relay = `
import http from "node:http"; import crypto from "node:crypto";
const { AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, QUEUE } = process.env;
const hash = (text) => crypto.createHash("sha256").update(text).digest("hex");
const hmac = (key, text) => crypto.createHmac("sha256", key).update(text).digest();
export async function send(MessageBody) {
  const body = JSON.stringify({ QueueUrl: QUEUE, MessageBody });
  const url = new URL(AWS_ENDPOINT_URL);
  const date = new Date().toISOString().replace(/[-:]|\\.\\d{3}/g, "");
  const headers = { "content-type": "application/x-amz-json-1.0", host: url.host, "x-amz-date": date, "x-amz-security-token": AWS_SESSION_TOKEN, "x-amz-target": "AmazonSQS.SendMessage" };
  const names = Object.keys(headers).sort();
  const canonical = ["POST", "/", "", ...names.map((n) => n + ":" + headers[n]), "", names.join(";"), hash(body)].join("\\n");
  const scope = [date.slice(0, 8), AWS_REGION, "sqs", "aws4_request"];
  const key = scope.reduce((k, part) => hmac(k, part), "AWS4" + AWS_SECRET_ACCESS_KEY);
  const signature = hmac(key, ["AWS4-HMAC-SHA256", date, scope.join("/"), hash(canonical)].join("\\n")).toString("hex");
  headers.authorization = \`AWS4-HMAC-SHA256 Credential=\${AWS_ACCESS_KEY_ID}/\${scope.join("/")}, SignedHeaders=\${names.join(";")}, Signature=\${signature}\`;
  const answer = await fetch(AWS_ENDPOINT_URL, { method: "POST", headers, body });
  if (!answer.ok) throw new Error(await answer.text());
}
export const handler = async (event) => { await send(JSON.stringify(event)); return "sent"; };`;

beforeAll(async () => {
  cloudkeep = await startForTest();
  aws = clients(cloudkeep, cloudkeep.credentials);
  role = await lambdaRole(cloudkeep, "role", {
    Action: ["logs:*", "sqs:*", "sns:*", "events:*", "s3:*", "lambda:*"],
    Resource: "*",
  });
});
afterAll(() => cloudkeep.stop());

interface Queue {
  url: string;
  arn: string;
}

async function queue(QueueName: string, Attributes: Record<string, string> = {}): Promise<Queue> {
  const { QueueUrl: url = "" } = await aws.sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
  const answer = await aws.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ["QueueArn"] }),
  );
  return { url, arn: answer.Attributes?.QueueArn ?? "" };
}

async function received({ url }: Queue): Promise<Record<string, unknown>> {
  const { Messages } = await aws.sqs.send(
    new ReceiveMessageCommand({ QueueUrl: url, WaitTimeSeconds: 10, MessageAttributeNames: ["All"] }),
  );
  return { ...JSON.parse(Messages?.[0]?.Body ?? "null"), attributes: Messages?.[0]?.MessageAttributes };
}

/** A function that relays its events into a queue of its own. */
async function relaying(name: string, principal?: string, SourceArn?: string): Promise<Queue> {
  const target = await queue(`${name}-out`);
  await makeFunction(lambda(), name, role, relay, { Environment: { Variables: { QUEUE: target.url } } });
  if (principal !== undefined) {
    await lambda().addPermission({
      FunctionName: name,
      StatementId: "it",
      Action: "lambda:InvokeFunction",
      Principal: principal,
      ...(SourceArn !== undefined && { SourceArn }),
    });
  }
  return target;
}

const arnOf = (name: string) => `arn:aws:lambda:us-east-1:${cloudkeep.accountId}:function:${name}`;
const failing = "export const handler = async () => { throw new Error('intended'); };";

describe("an asynchronous invocation", () => {
  it("runs afterwards, with its role's credentials, and tells its destination", async () => {
    const target = await relaying("async");
    const outcome = await queue("async-outcome");
    await lambda().putFunctionEventInvokeConfig({
      FunctionName: "async",
      DestinationConfig: { OnSuccess: { Destination: outcome.arn } },
    });
    const Payload = Buffer.from('{"n":1}');
    const answer = await lambda().invoke({ FunctionName: "async", InvocationType: "Event", Payload });
    expect(answer.StatusCode).toBe(202);
    expect(await received(target)).toMatchObject({ n: 1 });
    expect(await received(outcome)).toMatchObject({
      version: "1.0",
      requestContext: {
        requestId: answer.$metadata.requestId,
        functionArn: `${arnOf("async")}:$LATEST`,
        condition: "Success",
        approximateInvokeCount: 1,
      },
      requestPayload: { n: 1 },
      responseContext: { statusCode: 200, executedVersion: "$LATEST" },
      responsePayload: "sent",
    });
  });

  it("that fails is tried three times, a minute and two apart, and then given up", async () => {
    const failures = await queue("failures");
    const letters = await queue("letters");
    await makeFunction(lambda(), "failing", role, failing, { DeadLetterConfig: { TargetArn: letters.arn } });
    await lambda().putFunctionEventInvokeConfig({
      FunctionName: "failing",
      DestinationConfig: { OnFailure: { Destination: failures.arn } },
    });
    await lambda().invoke({
      FunctionName: "failing",
      InvocationType: "Event",
      Payload: Buffer.from('{"n":2}'),
    });
    await cloudkeep.clock.advance(60_000);
    await cloudkeep.clock.advance(119_000);
    const early = await aws.sqs.send(new ReceiveMessageCommand({ QueueUrl: failures.url }));
    expect(early.Messages ?? []).toEqual([]);
    await cloudkeep.clock.advance(2_000);
    expect(await received(failures)).toMatchObject({
      requestContext: { condition: "RetriesExhausted", approximateInvokeCount: 3 },
      requestPayload: { n: 2 },
      responseContext: { statusCode: 200, executedVersion: "$LATEST", functionError: "Unhandled" },
      responsePayload: { errorType: "Error", errorMessage: "intended" },
    });
    expect(await received(letters)).toMatchObject({
      n: 2,
      attributes: {
        ErrorCode: { DataType: "Number", StringValue: "200" },
        ErrorMessage: { DataType: "String", StringValue: "intended" },
        RequestID: { DataType: "String" },
      },
    });
  });

  it("that grows too old is given up", async () => {
    const failures = await queue("old");
    await makeFunction(lambda(), "old", role, failing);
    await lambda().putFunctionEventInvokeConfig({
      FunctionName: "old",
      MaximumEventAgeInSeconds: 60,
      DestinationConfig: { OnFailure: { Destination: failures.arn } },
    });
    await lambda().invoke({ FunctionName: "old", InvocationType: "Event" });
    expect(await received(failures)).toMatchObject({
      requestContext: { condition: "EventAgeExceeded", approximateInvokeCount: 1 },
    });
  });
});

describe("a function is invoked", () => {
  it("by a topic, where its policy lets SNS", async () => {
    const { TopicArn } = await aws.sns.createTopic({ Name: "topic" });
    const target = await relaying("by-topic", "sns.amazonaws.com", TopicArn);
    await aws.sns.subscribe({ TopicArn, Protocol: "lambda", Endpoint: arnOf("by-topic") });
    await aws.sns.publish({ TopicArn, Message: "news", Subject: "subject" });
    expect(await received(target)).toMatchObject({
      Records: [
        {
          EventSource: "aws:sns",
          EventVersion: "1.0",
          Sns: { Type: "Notification", Message: "news", Subject: "subject", TopicArn },
        },
      ],
    });
  });

  it("by a rule, where its policy lets EventBridge", async () => {
    const { RuleArn } = await aws.events.putRule({ Name: "rule", EventPattern: '{"source":["mine"]}' });
    const target = await relaying("by-rule", "events.amazonaws.com", RuleArn);
    await aws.events.putTargets({ Rule: "rule", Targets: [{ Id: "1", Arn: arnOf("by-rule") }] });
    await aws.events.putEvents({ Entries: [{ Source: "mine", DetailType: "kind", Detail: '{"a":1}' }] });
    expect(await received(target)).toMatchObject({ source: "mine", "detail-type": "kind", detail: { a: 1 } });
  });

  it("by a schedule, with the schedule's role", async () => {
    const schedulerRole = await lambdaRole(cloudkeep, "scheduler", {
      Action: "lambda:InvokeFunction",
      Resource: "*",
    });
    await aws.iam.send(
      new (await import("@aws-sdk/client-iam")).UpdateAssumeRolePolicyCommand({
        RoleName: "scheduler",
        PolicyDocument: JSON.stringify({
          Version: "2012-10-17",
          Statement: [
            { Effect: "Allow", Principal: { Service: "scheduler.amazonaws.com" }, Action: "sts:AssumeRole" },
          ],
        }),
      }),
    );
    const target = await relaying("by-schedule");
    const at = new Date(cloudkeep.clock.now() + 60_000).toISOString().slice(0, 19);
    await aws.scheduler.createSchedule({
      Name: "once",
      ScheduleExpression: `at(${at})`,
      FlexibleTimeWindow: { Mode: "OFF" },
      Target: { Arn: arnOf("by-schedule"), RoleArn: schedulerRole, Input: '{"scheduled":true}' },
    });
    await cloudkeep.clock.advance(61_000);
    expect(await received(target)).toMatchObject({ scheduled: true });
  });

  it("by a bucket, where its policy lets S3", async () => {
    const Bucket = "functions-bucket";
    await aws.s3.send(new CreateBucketCommand({ Bucket }));
    const NotificationConfiguration = {
      LambdaFunctionConfigurations: [
        { LambdaFunctionArn: arnOf("by-bucket"), Events: ["s3:ObjectCreated:*" as const] },
      ],
    };
    const put = () =>
      aws.s3.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }));
    const target = await relaying("by-bucket");
    expect((await errorOf(put())).message).toBe(
      "Unable to validate the following destination configurations",
    );
    await lambda().addPermission({
      FunctionName: "by-bucket",
      StatementId: "s3",
      Action: "lambda:InvokeFunction",
      Principal: "s3.amazonaws.com",
      SourceArn: `arn:aws:s3:::${Bucket}`,
      SourceAccount: cloudkeep.accountId,
    });
    await put();
    await aws.s3.send(new PutObjectCommand({ Bucket, Key: "key", Body: "x" }));
    expect(await received(target)).toMatchObject({
      Records: [
        {
          eventSource: "aws:s3",
          eventName: "ObjectCreated:Put",
          s3: { bucket: { name: Bucket }, object: { key: "key", size: 1 } },
        },
      ],
    });
  });

  it("by nobody whom its policy does not name", async () => {
    const { TopicArn } = await aws.sns.createTopic({ Name: "stranger" });
    const target = await relaying("closed");
    await aws.sns.subscribe({ TopicArn, Protocol: "lambda", Endpoint: arnOf("closed") });
    await aws.sns.publish({ TopicArn, Message: "news" });
    await cloudkeep.clock.advance(1_000);
    const { Messages } = await aws.sqs.send(new ReceiveMessageCommand({ QueueUrl: target.url }));
    expect(Messages ?? []).toEqual([]);
  });
});

describe("a queue as event source", () => {
  const send = (to: Queue, MessageBody: string) =>
    aws.sqs.send(new SendMessageCommand({ QueueUrl: to.url, MessageBody }));
  const left = async ({ url }: Queue) => {
    const AttributeNames = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"] as const;
    const { Attributes } = await aws.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: [...AttributeNames] }),
    );
    return AttributeNames.map((name) => Attributes?.[name]);
  };

  it("hands its messages over, and loses those that were processed", async () => {
    const source = await queue("source");
    const target = await relaying("from-queue");
    const mapping = await lambda().createEventSourceMapping({
      FunctionName: "from-queue",
      EventSourceArn: source.arn,
    });
    expect(mapping).toMatchObject({
      BatchSize: 10,
      State: "Creating",
      StateTransitionReason: "USER_INITIATED",
    });
    await send(source, "hello");
    expect(await received(target)).toMatchObject({
      Records: [
        {
          body: "hello",
          eventSource: "aws:sqs",
          eventSourceARN: source.arn,
          awsRegion: "us-east-1",
          attributes: { ApproximateReceiveCount: "1" },
        },
      ],
    });
    await expect.poll(() => left(source)).toEqual(["0", "0"]);
    const shown = await lambda().getEventSourceMapping({ UUID: mapping.UUID ?? "" });
    expect(shown).toMatchObject({ State: "Enabled", EventSourceArn: source.arn });
    const again = lambda().createEventSourceMapping({
      FunctionName: "from-queue",
      EventSourceArn: source.arn,
    });
    expect(await errorOf(again)).toMatchObject({ name: "ResourceConflictException" });
    await lambda().deleteEventSourceMapping({ UUID: mapping.UUID ?? "" });
  });

  it("keeps what the function reports as failed", async () => {
    const source = await queue("partial", { VisibilityTimeout: "30" });
    const code =
      "export const handler = async ({ Records }) => ({ batchItemFailures: Records.filter((r) => r.body === 'bad').map((r) => ({ itemIdentifier: r.messageId })) });";
    await makeFunction(lambda(), "partial", role, code);
    await send(source, "good");
    await send(source, "bad");
    const { UUID = "" } = await lambda().createEventSourceMapping({
      FunctionName: "partial",
      EventSourceArn: source.arn,
      FunctionResponseTypes: ["ReportBatchItemFailures"],
    });
    await expect.poll(() => left(source)).toEqual(["0", "1"]);
    await lambda().deleteEventSourceMapping({ UUID });
  });

  it("drops what no filter lets pass", async () => {
    const source = await queue("filtered");
    const target = await relaying("filtered");
    const Pattern = JSON.stringify({ body: { kind: ["wanted"] } });
    const { UUID = "" } = await lambda().createEventSourceMapping({
      FunctionName: "filtered",
      EventSourceArn: source.arn,
      FilterCriteria: { Filters: [{ Pattern }] },
    });
    await send(source, '{"kind":"other"}');
    await send(source, '{"kind":"wanted"}');
    expect(await received(target)).toMatchObject({ Records: [{ body: '{"kind":"wanted"}' }] });
    await expect.poll(() => left(source)).toEqual(["0", "0"]);
    await lambda().deleteEventSourceMapping({ UUID });
  });

  it("is read with the function's role only", async () => {
    const source = await queue("forbidden");
    const poor = await lambdaRole(cloudkeep, "poor");
    await makeFunction(lambda(), "poor", poor, failing);
    const made = lambda().createEventSourceMapping({ FunctionName: "poor", EventSourceArn: source.arn });
    expect(await errorOf(made)).toMatchObject({
      name: "InvalidParameterValueException",
      message: "The function execution role does not have permissions to call ReceiveMessage on SQS",
    });
  });
});

describe("a role without permission to write logs", () => {
  it("has none, and its function runs", async () => {
    const silent = await lambdaRole(cloudkeep, "silent", { Action: "sqs:SendMessage", Resource: "*" });
    await makeFunction(lambda(), "silent", silent, "export const handler = async () => console.log('said');");
    expect((await invoke(lambda(), "silent")).log).toContain("said");
    await cloudkeep.clock.advance(1_000);
    const { logGroups } = await aws.logs.describeLogGroups({ logGroupNamePrefix: "/aws/lambda/silent" });
    expect(logGroups).toEqual([]);
  });
});
