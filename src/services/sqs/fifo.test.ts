import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  PurgeQueueCommand,
  SetQueueAttributesCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { arnOf, attributes, bodiesOf, fifo, newQueue, receive, send, sqsClient } from "./testing.ts";

let cloudkeep: Cloudkeep;
let sqs: SQSClient;
beforeAll(async () => {
  cloudkeep = await startForTest();
  sqs = sqsClient(cloudkeep, cloudkeep.credentials);
});
afterAll(() => cloudkeep.stop());

const minuteMs = 60_000;
const newFifo = (rest: object = {}) => newQueue(sqs, { FifoQueue: "true", ...rest });
const remove = (QueueUrl: string, { ReceiptHandle }: Message = {}) =>
  sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));

describe("a message group", () => {
  it("is delivered in order, and held up by what is in flight", async () => {
    const url = await newFifo();
    for (const body of ["1", "2", "3"]) await send(sqs, url, body, fifo("a", body));
    await send(sqs, url, "other", fifo("b", "other"));
    const [first] = await receive(sqs, url, { MaxNumberOfMessages: 1 });
    expect(first?.Body).toBe("1");
    // The rest of the group waits; other groups do not.
    expect(bodiesOf(await receive(sqs, url))).toEqual(["other"]);
    expect(await receive(sqs, url)).toEqual([]);
    await remove(url, first);
    expect(bodiesOf(await receive(sqs, url))).toEqual(["2", "3"]);
  });

  it("comes back from its first message when that becomes visible again", async () => {
    const url = await newFifo({ VisibilityTimeout: "30" });
    for (const body of ["1", "2", "3"]) await send(sqs, url, body, fifo("a", body));
    const [first, second] = await receive(sqs, url, { MaxNumberOfMessages: 2 });
    await remove(url, second);
    await cloudkeep.clock.advance(31_000);
    expect(bodiesOf(await receive(sqs, url))).toEqual(["1", "3"]);
    expect((await errorOf(remove(url, first))).message).toContain("Reason: The receipt handle has expired.");
  });

  it("gives each message a greater sequence number than the one before", async () => {
    const url = await newFifo();
    const sent = [];
    for (const body of ["1", "2", "3"])
      sent.push((await send(sqs, url, body, fifo("a", body))).SequenceNumber);
    expect(sent.every((number) => /^\d{20}$/.test(number ?? ""))).toBe(true);
    expect([...sent].sort()).toEqual(sent);
    const got = await receive(sqs, url, { MessageSystemAttributeNames: ["All"] });
    expect(got.map(({ Attributes }) => Attributes?.SequenceNumber)).toEqual(sent);
    expect(got[0]?.Attributes).toMatchObject({ MessageGroupId: "a", MessageDeduplicationId: "1" });
  });

  it("sends what is received too often to a dead-letter queue, and goes on", async () => {
    const deadUrl = await newFifo();
    const RedrivePolicy = JSON.stringify({
      deadLetterTargetArn: await arnOf(sqs, deadUrl),
      maxReceiveCount: 1,
    });
    const url = await newFifo({ RedrivePolicy, VisibilityTimeout: "0" });
    for (const body of ["1", "2"]) await send(sqs, url, body, fifo("a", body));
    expect(bodiesOf(await receive(sqs, url, { MaxNumberOfMessages: 1 }))).toEqual(["1"]);
    expect(bodiesOf(await receive(sqs, url))).toEqual(["2"]);
    const [dead] = await receive(sqs, deadUrl, { MessageSystemAttributeNames: ["All"] });
    expect(dead).toMatchObject({ Body: "1", Attributes: { MessageGroupId: "a" } });
  });

  it("is gone when all of its messages are, and after a purge", async () => {
    const url = await newFifo();
    await send(sqs, url, "1", fifo("a", "1"));
    await remove(url, (await receive(sqs, url))[0]);
    await send(sqs, url, "2", fifo("a", "2"));
    expect((await attributes(sqs, url)).ApproximateNumberOfMessages).toBe("1");
    await sqs.send(new PurgeQueueCommand({ QueueUrl: url }));
    expect(await receive(sqs, url)).toEqual([]);
    await send(sqs, url, "3", fifo("a", "3"));
    expect(bodiesOf(await receive(sqs, url))).toEqual(["3"]);
  });

  it("loses what is older than the queue keeps messages", async () => {
    const url = await newFifo({ MessageRetentionPeriod: "60", VisibilityTimeout: "0" });
    await send(sqs, url, "old", fifo("a", "1"));
    await receive(sqs, url);
    await cloudkeep.clock.advance(30_000);
    await send(sqs, url, "young", fifo("a", "2"));
    await cloudkeep.clock.advance(31_000);
    expect(bodiesOf(await receive(sqs, url))).toEqual(["young"]);
  });
});

describe("deduplication", () => {
  it("lasts five minutes, by id", async () => {
    const url = await newFifo();
    const sent = await send(sqs, url, "first", fifo("a", "same"));
    const again = await send(sqs, url, "second", fifo("a", "same"));
    expect([again.MessageId, again.SequenceNumber]).toEqual([sent.MessageId, sent.SequenceNumber]);
    await remove(url, (await receive(sqs, url))[0]);
    await cloudkeep.clock.advance(4 * minuteMs);
    await send(sqs, url, "third", fifo("a", "same"));
    expect(await receive(sqs, url)).toEqual([]);
    await cloudkeep.clock.advance(minuteMs + 1);
    await send(sqs, url, "fourth", fifo("a", "same"));
    expect(bodiesOf(await receive(sqs, url))).toEqual(["fourth"]);
  });

  it("goes by the body, not by attributes, where the queue says so", async () => {
    const url = await newFifo({ ContentBasedDeduplication: "true" });
    await send(sqs, url, "same", fifo("a"));
    const MessageAttributes = { note: { DataType: "String", StringValue: "another" } };
    await send(sqs, url, "same", { ...fifo("a"), MessageAttributes });
    await send(sqs, url, "other", fifo("a"));
    expect(bodiesOf(await receive(sqs, url))).toEqual(["same", "other"]);
  });

  it("of a whole queue still counts when its scope becomes the group", async () => {
    const url = await newFifo();
    await send(sqs, url, "1", fifo("a", "same"));
    const Attributes = { DeduplicationScope: "messageGroup", FifoThroughputLimit: "perMessageGroupId" };
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes }));
    await send(sqs, url, "2", fifo("b", "same"));
    await send(sqs, url, "3", fifo("b", "new"));
    await send(sqs, url, "4", fifo("c", "new"));
    expect(bodiesOf(await receive(sqs, url)).sort()).toEqual(["1", "3", "4"]);
  });
});

describe("a receive that is tried again", () => {
  it("gets the same messages under its attempt id", async () => {
    const url = await newFifo();
    for (const body of ["1", "2", "3"]) await send(sqs, url, body, fifo("a", body));
    const wish = { MaxNumberOfMessages: 2, ReceiveRequestAttemptId: "attempt" };
    const first = await receive(sqs, url, wish);
    const again = await receive(sqs, url, wish);
    expect(again.map(({ ReceiptHandle }) => ReceiptHandle)).toEqual(
      first.map(({ ReceiptHandle }) => ReceiptHandle),
    );
    await remove(url, first[0]);
    // What it received is no longer as it was, so it is another receive: the group is still held up.
    expect(await receive(sqs, url, wish)).toEqual([]);
  });
});

describe("a standard queue", () => {
  it("takes no attempt id", async () => {
    const url = await newQueue(sqs);
    const error = await errorOf(receive(sqs, url, { ReceiveRequestAttemptId: "attempt" }));
    expect(error.name).toBe("InvalidParameterValue");
  });
});

it("a message that is shown again at once goes first again", async () => {
  const url = await newFifo();
  for (const body of ["1", "2"]) await send(sqs, url, body, fifo("a", body));
  const [first] = await receive(sqs, url);
  const show = { QueueUrl: url, ReceiptHandle: first?.ReceiptHandle, VisibilityTimeout: 0 };
  await sqs.send(new ChangeMessageVisibilityCommand(show));
  expect(bodiesOf(await receive(sqs, url))).toEqual(["1"]);
});
