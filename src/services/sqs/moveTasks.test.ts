import {
  CancelMessageMoveTaskCommand,
  DeleteQueueCommand,
  ListDeadLetterSourceQueuesCommand,
  ListMessageMoveTasksCommand,
  type SQSClient,
  StartMessageMoveTaskCommand,
} from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { arnOf, attributes, bodiesOf, newQueue, receive, send, sqsClient } from "./testing.ts";

let cloudkeep: Cloudkeep;
let sqs: SQSClient;
beforeAll(async () => {
  cloudkeep = await startForTest();
  sqs = sqsClient(cloudkeep, cloudkeep.credentials);
});
afterAll(() => cloudkeep.stop());

/** A queue, and the dead-letter queue that its messages have come to. */
async function withDeadLetters(count: number): Promise<{ url: string; deadUrl: string; dead: string }> {
  const deadUrl = await newQueue(sqs);
  const dead = await arnOf(sqs, deadUrl);
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: dead, maxReceiveCount: 1 });
  const url = await newQueue(sqs, { RedrivePolicy, VisibilityTimeout: "0" });
  for (let i = 0; i < count; i += 1) await send(sqs, url, String(i));
  // A receive looks at no more messages than it may return, so a few are needed.
  while (
    (await receive(sqs, url)).length > 0 ||
    Number((await attributes(sqs, url)).ApproximateNumberOfMessages) > 0
  );
  return { url, deadUrl, dead };
}

const tasksOf = async (SourceArn: string) =>
  (await sqs.send(new ListMessageMoveTasksCommand({ SourceArn, MaxResults: 10 }))).Results ?? [];

describe("a message move task", () => {
  it("moves messages back to where they came from, as new ones", async () => {
    const { url, deadUrl, dead } = await withDeadLetters(25);
    expect((await attributes(sqs, deadUrl)).ApproximateNumberOfMessages).toBe("25");
    await sqs.send(new StartMessageMoveTaskCommand({ SourceArn: dead }));
    await cloudkeep.clock.advance(1);
    expect(await tasksOf(dead)).toMatchObject([
      { Status: "COMPLETED", ApproximateNumberOfMessagesMoved: 25 },
    ]);
    expect((await attributes(sqs, deadUrl)).ApproximateNumberOfMessages).toBe("0");
    const [message] = await receive(sqs, url, { MessageSystemAttributeNames: ["All"] });
    expect(message?.Attributes).toMatchObject({ ApproximateReceiveCount: "1" });
    expect(message?.Attributes?.DeadLetterQueueSourceArn).toBeUndefined();
  });

  it("keeps to its rate, and can be cancelled", async () => {
    const { dead } = await withDeadLetters(6);
    const to = await newQueue(sqs);
    const start = { SourceArn: dead, DestinationArn: await arnOf(sqs, to), MaxNumberOfMessagesPerSecond: 1 };
    const { TaskHandle } = await sqs.send(new StartMessageMoveTaskCommand(start));
    await cloudkeep.clock.advance(2_500);
    expect(await tasksOf(dead)).toMatchObject([{ Status: "RUNNING", ApproximateNumberOfMessagesMoved: 3 }]);
    const cancelled = await sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle }));
    expect(cancelled.ApproximateNumberOfMessagesMoved).toBe(3);
    await cloudkeep.clock.advance(10_000);
    expect((await attributes(sqs, to)).ApproximateNumberOfMessages).toBe("3");
    expect((await errorOf(sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle })))).name).toBe(
      "InvalidParameterValue",
    );
    // What was left can be moved by another.
    await sqs.send(new StartMessageMoveTaskCommand({ SourceArn: dead }));
    await cloudkeep.clock.advance(1);
    expect((await tasksOf(dead)).map(({ Status }) => Status)).toEqual(["COMPLETED", "CANCELLED"]);
  });

  it("fails when its destination is deleted", async () => {
    const { dead } = await withDeadLetters(4);
    const to = await newQueue(sqs);
    const start = { SourceArn: dead, DestinationArn: await arnOf(sqs, to), MaxNumberOfMessagesPerSecond: 1 };
    await sqs.send(new StartMessageMoveTaskCommand(start));
    await sqs.send(new DeleteQueueCommand({ QueueUrl: to }));
    await cloudkeep.clock.advance(2_000);
    expect(await tasksOf(dead)).toMatchObject([
      { Status: "FAILED", FailureReason: "AWS.SimpleQueueService.NonExistentQueue" },
    ]);
  });
});

it("a dead-letter queue names its sources, in pages", async () => {
  const deadUrl = await newQueue(sqs);
  const deadLetterTargetArn = await arnOf(sqs, deadUrl);
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 1 });
  const urls = [await newQueue(sqs, { RedrivePolicy }), await newQueue(sqs, { RedrivePolicy })];
  const page = async (NextToken?: string) =>
    await sqs.send(new ListDeadLetterSourceQueuesCommand({ QueueUrl: deadUrl, MaxResults: 1, NextToken }));
  const first = await page();
  const second = await page(first.NextToken);
  expect([...(first.queueUrls ?? []), ...(second.queueUrls ?? [])]).toEqual(urls);
  expect(second.NextToken).toBeUndefined();
});

it("a queue that nobody reads loses its old messages", async () => {
  const url = await newQueue(sqs, { MessageRetentionPeriod: "3600" });
  for (let i = 0; i < 5; i += 1) await send(sqs, url, String(i));
  await cloudkeep.clock.advance(3_500_000);
  await send(sqs, url, "young");
  await cloudkeep.clock.advance(200_000);
  expect((await attributes(sqs, url)).ApproximateNumberOfMessages).toBe("1");
  expect(bodiesOf(await receive(sqs, url))).toEqual(["young"]);
});
