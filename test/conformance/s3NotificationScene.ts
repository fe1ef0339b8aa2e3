import type { Event, FilterRule, QueueConfiguration } from "@aws-sdk/client-s3";
import type { SQS } from "@aws-sdk/client-sqs";
import { expect } from "vitest";
import type { Scene } from "./s3Scene.ts";

/** Queues that hear of a bucket, and what they heard in the form in which it was recorded. */

const anybody = (arn: string, account: string) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: {
      Effect: "Allow",
      Principal: { Service: ["s3.amazonaws.com", "sns.amazonaws.com", "events.amazonaws.com"] },
      Action: "sqs:SendMessage",
      Resource: arn,
      Condition: { StringEquals: { "aws:SourceAccount": account } },
    },
  });

let made = 0;

export interface Queue {
  url: string;
  arn: string;
}

export async function newQueue({
  sqs,
  account,
  region,
}: Pick<Scene, "sqs" | "account" | "region">): Promise<Queue> {
  made += 1;
  const QueueName = `my-queue-made-${made}`;
  const { QueueUrl: url = "" } = await sqs.createQueue({ QueueName });
  const arn = `arn:aws:sqs:${region}:${account}:${QueueName}`;
  await sqs.setQueueAttributes({ QueueUrl: url, Attributes: { Policy: anybody(arn, account) } });
  return { url, arn };
}

/** A bucket that tells a queue of `events`. */
export async function heard(
  t: Scene,
  events: Event[],
  given: { Bucket?: string; rules?: FilterRule[] } = {},
) {
  const Bucket = given.Bucket ?? (await t.bucket());
  const queue = await newQueue(t);
  const Filter = given.rules && { Key: { FilterRules: given.rules } };
  const configuration = { QueueArn: queue.arn, Events: events, ...(Filter && { Filter }) };
  await configure(t, Bucket, configuration);
  // S3 tells of the configuration itself.
  await received(t.sqs, queue, 1);
  return { Bucket, queue };
}

export function configure(t: Scene, Bucket: string, ...QueueConfigurations: QueueConfiguration[]) {
  const NotificationConfiguration = { QueueConfigurations };
  return t.s3.putBucketNotificationConfiguration({ Bucket, NotificationConfiguration });
}

/** The bodies of so many messages. */
export async function received(sqs: SQS, { url }: Queue, count: number): Promise<Record<string, unknown>[]> {
  const bodies: Record<string, unknown>[] = [];
  while (bodies.length < count) {
    const asked = { QueueUrl: url, WaitTimeSeconds: 20, MaxNumberOfMessages: 10 };
    const { Messages = [] } = await sqs.receiveMessage(asked);
    expect(Messages).not.toEqual([]);
    for (const { Body = "", ReceiptHandle } of Messages) {
      bodies.push(JSON.parse(Body) as Record<string, unknown>);
      await sqs.deleteMessage({ QueueUrl: url, ReceiptHandle });
    }
  }
  return bodies;
}

/** Texts that the recorder replaced by their names, and the form that they have. */
const forms: Record<string, [form: RegExp, recorded: string]> = {
  eventTime: [/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, "date"],
  time: [/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, "date"],
  lifecycleRestorationExpiryTime: [/^\d{4}-\d\d-\d\dT00:00:00\.000Z$/, "date"],
  "restore-expiry-time": [/^\d{4}-\d\d-\d\dT00:00:00Z$/, "date"],
  Timestamp: [/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, "date"],
  versionId: [/^[\w.-]{32}$/, "version-id"],
  "x-amz-request-id": [/^\S{16,}$/, "amz-request-id"],
  "x-amz-id-2": [/^\S{16,}$/, "amz-id"],
  "request-id": [/^\S{16,}$/, "request-id"],
};

/** An event as it was recorded. */
export function shown(value: unknown, sequencer: string): unknown {
  if (Array.isArray(value)) return value.map((item) => shown(item, sequencer));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => {
      const [form, recorded] = name === "sequencer" ? [/^[0-9A-F]{16,}$/, sequencer] : (forms[name] ?? []);
      if (form === undefined) return [name, shown(item, sequencer)];
      expect(item).toMatch(form);
      return [name, recorded];
    }),
  );
}

interface Told {
  eventName: string;
  s3: { object: { key: string; eTag?: string } };
}

/** The records of so many messages, in the order in which they were recorded. */
export async function records(t: Scene, queue: Queue, count: number): Promise<unknown[]> {
  const bodies = await received(t.sqs, queue, count);
  const all = bodies.flatMap(({ Records }) => Records as Told[]);
  const order = ({ eventName, s3 }: Told) => `${eventName} ${s3.object.key} ${s3.object.eTag}`;
  all.sort((a, b) => (order(a) < order(b) ? -1 : 1));
  return all.map((one) => shown(one, "sequencer"));
}
