import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Cloudkeep } from "../../src/start.ts";
import { startForTest } from "../harness.ts";
import { aws, environment, hasBoto3, hasCli, python } from "./unmodified.ts";

/** A producer and a consumer with the AWS CLI and with boto3, both as they are. */

let cloudkeep: Cloudkeep;
beforeAll(async () => {
  cloudkeep = await startForTest();
});
afterAll(async () => {
  await cloudkeep.stop();
});

interface CliAnswer {
  QueueUrl: string;
  QueueUrls: string[];
  Attributes: Record<string, string>;
  Messages: { Body: string; ReceiptHandle: string; MessageAttributes: object }[];
  MessageId: string;
}

async function sqs(...args: string[]): Promise<CliAnswer> {
  const answer = await aws(environment(cloudkeep), "sqs", ...args, "--output", "json");
  return JSON.parse(answer.trim() || "{}") as CliAnswer;
}

describe.skipIf(!hasCli)("the AWS CLI", () => {
  it("makes a queue, sends, waits, receives, deletes and is refused in AWS's words", async () => {
    const { QueueUrl } = await sqs(
      "create-queue",
      "--queue-name",
      "orders",
      "--attributes",
      "VisibilityTimeout=60",
    );
    const of = ["--queue-url", QueueUrl];
    const waiting = sqs(
      "receive-message",
      ...of,
      "--wait-time-seconds",
      "10",
      "--message-attribute-names",
      "All",
    );
    const MessageAttributes = '{"team":{"DataType":"String","StringValue":"data"}}';
    await sqs("send-message", ...of, "--message-body", "order 1", "--message-attributes", MessageAttributes);
    const [message] = (await waiting).Messages;
    expect(message).toMatchObject({
      Body: "order 1",
      MessageAttributes: { team: { DataType: "String", StringValue: "data" } },
    });
    const counts = await sqs("get-queue-attributes", ...of, "--attribute-names", "All");
    expect(counts.Attributes).toMatchObject({
      ApproximateNumberOfMessagesNotVisible: "1",
      VisibilityTimeout: "60",
    });
    await sqs("delete-message", ...of, "--receipt-handle", message?.ReceiptHandle ?? "");
    expect((await sqs("list-queues")).QueueUrls).toEqual([QueueUrl]);
    const refused = await sqs("receive-message", ...of, "--max-number-of-messages", "11").catch(
      ({ stderr }: { stderr: string }) => stderr,
    );
    expect(refused).toContain(
      "An error occurred (InvalidParameterValue) when calling the ReceiveMessage operation: Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.",
    );
  }, 120_000);
});

const script = `
import json, os, boto3
from botocore.exceptions import ClientError
url = os.environ["AWS_ENDPOINT_URL"]
sqs = boto3.client("sqs", endpoint_url=url)
resource = boto3.resource("sqs", endpoint_url=url)
out = {}
queue = resource.create_queue(QueueName="work.fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"})
for group in ("a", "b"):
    sent = queue.send_messages(Entries=[{"Id": str(i), "MessageBody": "%s%d" % (group, i), "MessageGroupId": group} for i in range(3)])
    out["sent"] = [entry["Id"] for entry in sent["Successful"]]
got = []
while True:
    messages = queue.receive_messages(MaxNumberOfMessages=10, AttributeNames=["All"], WaitTimeSeconds=0)
    if not messages: break
    for message in messages:
        got.append(message.body)
        message.delete()
out["a"] = [body for body in got if body.startswith("a")]
out["b"] = [body for body in got if body.startswith("b")]
try:
    sqs.get_queue_url(QueueName="missing")
except sqs.exceptions.QueueDoesNotExist as error:
    out["missing"] = error.response["Error"]["Code"]
try:
    sqs.create_queue(QueueName="work.fifo", Attributes={"FifoQueue": "true", "DelaySeconds": "5"})
except sqs.exceptions.QueueNameExists as error:
    out["exists"] = error.response["Error"]
for i in range(5): sqs.create_queue(QueueName="page-%d" % i)
pages = sqs.get_paginator("list_queues").paginate(QueueNamePrefix="page-", PaginationConfig={"PageSize": 2})
out["pages"] = [len(page["QueueUrls"]) for page in pages]
print(json.dumps(out))
`;

describe.skipIf(!hasBoto3)("boto3", () => {
  it("keeps the order of groups, checks digests, pages, and gets AWS's errors as its own exceptions", async () => {
    const stdout = await python(environment(cloudkeep), script);
    expect(JSON.parse(stdout)).toMatchObject({
      sent: ["0", "1", "2"],
      a: ["a0", "a1", "a2"],
      b: ["b0", "b1", "b2"],
      missing: "AWS.SimpleQueueService.NonExistentQueue",
      exists: {
        Code: "QueueAlreadyExists",
        Message: "A queue already exists with the same name and a different value for attribute DelaySeconds",
      },
      pages: [2, 2, 1],
    });
  }, 60_000);
});
