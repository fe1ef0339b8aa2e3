import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueUrlCommand,
  type Message,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SetQueueAttributesCommand,
  type SQSClient,
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

const secondMs = 1_000;
const remove = (QueueUrl: string, { ReceiptHandle }: Message = {}) =>
  sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
const show = (QueueUrl: string, { ReceiptHandle }: Message = {}, VisibilityTimeout = 0) =>
  sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout }));
const counts = async (url: string) => {
  const all = await attributes(sqs, url);
  return [
    all.ApproximateNumberOfMessages,
    all.ApproximateNumberOfMessagesNotVisible,
    all.ApproximateNumberOfMessagesDelayed,
  ].map(Number);
};

describe("a message of a standard queue", () => {
  it("is received once while it is hidden, and gone when it is deleted", async () => {
    const url = await newQueue(sqs);
    const sent = await send(sqs, url, "hello");
    const [message] = await receive(sqs, url, { MessageSystemAttributeNames: ["All"] });
    expect(message).toMatchObject({
      Body: "hello",
      MessageId: sent.MessageId,
      MD5OfBody: "5d41402abc4b2a76b9719d911017c592",
      Attributes: { ApproximateReceiveCount: "1", SenderId: cloudkeep.accountId },
    });
    expect(await receive(sqs, url)).toEqual([]);
    await remove(url, message);
    await cloudkeep.clock.advance(60 * secondMs);
    expect(await receive(sqs, url)).toEqual([]);
  });

  it("comes back when its visibility timeout is over, with another handle", async () => {
    const url = await newQueue(sqs);
    await send(sqs, url, "again");
    const [first] = await receive(sqs, url);
    await cloudkeep.clock.advance(30 * secondMs);
    const [second] = await receive(sqs, url, { MessageSystemAttributeNames: ["ApproximateReceiveCount"] });
    expect(second?.Attributes?.ApproximateReceiveCount).toBe("2");
    expect(second?.ReceiptHandle).not.toBe(first?.ReceiptHandle);
    // The older handle deletes nothing, and says nothing of it.
    await remove(url, first);
    await show(url, second, 0);
    expect(bodiesOf(await receive(sqs, url))).toEqual(["again"]);
  });

  it("can be deleted by its handle after its visibility was changed, and after it was over", async () => {
    const url = await newQueue(sqs);
    await send(sqs, url, "changed");
    const [message] = await receive(sqs, url, { VisibilityTimeout: 10 });
    await show(url, message, 60);
    await cloudkeep.clock.advance(30 * secondMs);
    expect(await receive(sqs, url)).toEqual([]);
    await cloudkeep.clock.advance(31 * secondMs);
    await remove(url, message);
    expect(await receive(sqs, url)).toEqual([]);
    expect((await errorOf(show(url, message, 5))).message).toContain(
      "Reason: Message does not exist or is not available for visibility timeout change.",
    );
  });

  it("is hidden for twelve hours at most", async () => {
    const url = await newQueue(sqs);
    await send(sqs, url, "held");
    const [message] = await receive(sqs, url, { VisibilityTimeout: 43_200 });
    await cloudkeep.clock.advance(60 * secondMs);
    expect((await errorOf(show(url, message, 43_200))).message).toBe(
      "Value 43200 for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds].",
    );
    await show(url, message, 43_000);
  });

  it("waits for its delay, the message's own before the queue's", async () => {
    const url = await newQueue(sqs, { DelaySeconds: "60" });
    await send(sqs, url, "late");
    await send(sqs, url, "soon", { DelaySeconds: 5 });
    expect(await counts(url)).toEqual([0, 0, 2]);
    await cloudkeep.clock.advance(6 * secondMs);
    expect(bodiesOf(await receive(sqs, url))).toEqual(["soon"]);
    expect(await counts(url)).toEqual([0, 1, 1]);
    await cloudkeep.clock.advance(55 * secondMs);
    expect(bodiesOf(await receive(sqs, url)).sort()).toEqual(["late", "soon"]);
  });

  it("is dropped when it is older than the queue keeps messages", async () => {
    const url = await newQueue(sqs, { MessageRetentionPeriod: "60" });
    await send(sqs, url, "old");
    await cloudkeep.clock.advance(61 * secondMs);
    expect(await receive(sqs, url)).toEqual([]);
    await send(sqs, url, "unread");
    await cloudkeep.clock.advance(200 * secondMs);
    expect(await counts(url)).toEqual([0, 0, 0]);
  });

  it("may be long", async () => {
    const url = await newQueue(sqs);
    const body = "x".repeat(1_048_576);
    await send(sqs, url, body);
    const [message] = await receive(sqs, url, { VisibilityTimeout: 0 });
    expect(message?.Body).toBe(body);
    const [again] = await receive(sqs, url);
    expect(again?.Body).toBe(body);
    await remove(url, again);
    expect(await counts(url)).toEqual([0, 0, 0]);
  });

  it("is refused when it is none", async () => {
    const url = await newQueue(sqs);
    expect(await errorOf(send(sqs, url, "\u0001"))).toMatchObject({ name: "InvalidMessageContents" });
    expect((await errorOf(send(sqs, url, "late", { DelaySeconds: 901 }))).message).toBe(
      "Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.",
    );
    expect((await errorOf(send(sqs, url, "x", { MessageDeduplicationId: "d" }))).message).toContain(
      "The request include parameter that is not valid for this queue type",
    );
    const many = Object.fromEntries(
      Array.from({ length: 11 }, (_, i) => [`name${i}`, { DataType: "String", StringValue: "v" }]),
    );
    expect((await errorOf(send(sqs, url, "x", { MessageAttributes: many }))).message).toBe(
      "Number of message attributes [11] exceeds the allowed maximum [10].",
    );
    for (const [name, value] of [
      ["aws.x", { DataType: "String", StringValue: "v" }],
      ["n", { DataType: "Text", StringValue: "v" }],
      ["n", { DataType: "Number", StringValue: "one" }],
      ["n", { DataType: "Binary", BinaryValue: new Uint8Array() }],
    ] as const) {
      const error = await errorOf(send(sqs, url, "x", { MessageAttributes: { [name]: value } }));
      expect(error.name).toBe("InvalidParameterValue");
    }
  });
});

describe("a receipt handle", () => {
  it("cannot be made up, nor taken to another queue", async () => {
    const [url, other] = [await newQueue(sqs), await newQueue(sqs)];
    await send(sqs, url, "mine");
    const [message] = await receive(sqs, url);
    const handle = message?.ReceiptHandle ?? "";
    const forged = Buffer.from(handle, "base64");
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
    for (const ReceiptHandle of ["nonsense", forged.toString("base64")]) {
      const error = await errorOf(remove(url, { ReceiptHandle }));
      expect([error.name, error.$metadata?.httpStatusCode]).toEqual(["ReceiptHandleIsInvalid", 404]);
    }
    expect((await errorOf(remove(other, message))).name).toBe("ReceiptHandleIsInvalid");
  });
});

describe("a batch", () => {
  it("fails by entry, and as a whole where AWS's does", async () => {
    const url = await newQueue(sqs, { MaximumMessageSize: "1024" });
    const Entries = [
      { Id: "a", MessageBody: "short" },
      { Id: "b", MessageBody: "x".repeat(1025) },
    ];
    const { Successful, Failed } = await sqs.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }));
    expect([Successful?.map(({ Id }) => Id), Failed?.map(({ Id, Code }) => [Id, Code])]).toEqual([
      ["a"],
      [["b", "InvalidParameterValue"]],
    ]);
    const batch = (entries: typeof Entries) =>
      errorOf(sqs.send(new SendMessageBatchCommand({ QueueUrl: url, Entries: entries })));
    const [entry] = Entries as [(typeof Entries)[0]];
    expect((await batch([])).name).toBe("EmptyBatchRequest");
    expect((await batch([entry, entry])).name).toBe("BatchEntryIdsNotDistinct");
    const messages = await receive(sqs, url);
    const deletion = await sqs.send(
      new DeleteMessageBatchCommand({
        QueueUrl: url,
        Entries: [
          { Id: "good", ReceiptHandle: messages[0]?.ReceiptHandle },
          { Id: "bad", ReceiptHandle: "nonsense" },
        ],
      }),
    );
    expect(deletion.Successful).toEqual([{ Id: "good" }]);
    expect(deletion.Failed).toMatchObject([{ Id: "bad", Code: "ReceiptHandleIsInvalid", SenderFault: true }]);
  });
});

describe("a receiver that waits", () => {
  it("gets a message that is sent meanwhile, once", async () => {
    const url = await newQueue(sqs);
    const waiting = Array.from({ length: 4 }, () =>
      receive(sqs, url, { WaitTimeSeconds: 2, MaxNumberOfMessages: 1 }),
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
    await send(sqs, url, "here");
    const got = await Promise.all(waiting);
    expect(got.flat().map(({ Body }) => Body)).toEqual(["here"]);
  });

  it("gets one whose delay ends meanwhile, and an empty answer when nothing comes", async () => {
    const url = await newQueue(sqs, { ReceiveMessageWaitTimeSeconds: "3" });
    await send(sqs, url, "delayed", { DelaySeconds: 1 });
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: url }));
    expect(bodiesOf(Messages)).toEqual(["delayed"]);
    expect(await receive(sqs, url, { WaitTimeSeconds: 1 })).toEqual([]);
  });
});

describe("a queue", () => {
  it("is purged once a minute, and its older handles then name nothing", async () => {
    const url = await newQueue(sqs);
    await send(sqs, url, "one");
    const [message] = await receive(sqs, url);
    await send(sqs, url, "two");
    await sqs.send(new PurgeQueueCommand({ QueueUrl: url }));
    expect(await counts(url)).toEqual([0, 0, 0]);
    expect((await errorOf(sqs.send(new PurgeQueueCommand({ QueueUrl: url })))).name).toBe(
      "PurgeQueueInProgress",
    );
    await remove(url, message);
    await cloudkeep.clock.advance(61 * secondMs);
    expect(await receive(sqs, url)).toEqual([]);
    await sqs.send(new PurgeQueueCommand({ QueueUrl: url }));
  });

  it("can be made again a minute after it was deleted, without its messages", async () => {
    const url = await newQueue(sqs);
    await send(sqs, url, "lost");
    const QueueName = url.split("/").at(-1) ?? "";
    await sqs.send(new DeleteQueueCommand({ QueueUrl: url }));
    expect((await errorOf(send(sqs, url, "x"))).name).toBe("QueueDoesNotExist");
    expect((await errorOf(sqs.send(new CreateQueueCommand({ QueueName })))).name).toBe(
      "QueueDeletedRecently",
    );
    await cloudkeep.clock.advance(60 * secondMs);
    await sqs.send(new CreateQueueCommand({ QueueName }));
    expect(await receive(sqs, url)).toEqual([]);
    expect((await sqs.send(new GetQueueUrlCommand({ QueueName }))).QueueUrl).toBe(url);
  });

  it("is found under any host, by its account and name", async () => {
    const url = await newQueue(sqs);
    const { pathname } = new URL(url);
    expect(url.startsWith(cloudkeep.endpoint)).toBe(true);
    const client = sqsClient(cloudkeep, cloudkeep.credentials);
    client.config.useQueueUrlAsEndpoint = false;
    await send(client, `https://sqs.us-east-1.amazonaws.com${pathname}`, "by AWS's name");
    expect(bodiesOf(await receive(sqs, url))).toEqual(["by AWS's name"]);
  });
});

describe("a dead-letter queue", () => {
  it("takes what was received too often, with what it was", async () => {
    const deadUrl = await newQueue(sqs);
    const deadLetterTargetArn = await arnOf(sqs, deadUrl);
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 2 });
    const url = await newQueue(sqs, { RedrivePolicy, VisibilityTimeout: "0" });
    const { MessageId } = await send(sqs, url, "poison");
    for (let i = 0; i < 2; i += 1) expect(bodiesOf(await receive(sqs, url))).toEqual(["poison"]);
    expect(await receive(sqs, url)).toEqual([]);
    const [dead] = await receive(sqs, deadUrl, { MessageSystemAttributeNames: ["All"] });
    expect(dead).toMatchObject({
      MessageId,
      Body: "poison",
      Attributes: { DeadLetterQueueSourceArn: await arnOf(sqs, url), ApproximateReceiveCount: "3" },
    });
  });

  it("admits whom its redrive allow policy names", async () => {
    const deadUrl = await newQueue(sqs, {
      RedriveAllowPolicy: JSON.stringify({ redrivePermission: "denyAll" }),
    });
    const deadLetterTargetArn = await arnOf(sqs, deadUrl);
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 2 });
    const url = await newQueue(sqs);
    const set = () =>
      sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { RedrivePolicy } }));
    expect((await errorOf(set())).name).toBe("InvalidParameterValue");
    const RedriveAllowPolicy = JSON.stringify({
      redrivePermission: "byQueue",
      sourceQueueArns: [await arnOf(sqs, url)],
    });
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl: deadUrl, Attributes: { RedriveAllowPolicy } }));
    await set();
  });
});
