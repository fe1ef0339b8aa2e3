import type { Caller } from "./caller.ts";
import type { Context } from "./context.ts";
import { AwsError } from "./errors.ts";
import { uuid } from "./ids.ts";

/**
 * One interface for "a target of an event": what EventBridge, the Scheduler, S3 notifications and others deliver to,
 * by the ARN that a customer gave. Every delivery is a call through the gate, under the principal `as`.
 */

/** Deliveries that cause each other without end are a loop: AWS's customers pay for it, here it is stopped. */
export const maxHops = 12;

export interface Target {
  arn: string;
  /** SQS FIFO queues. */
  messageGroupId?: string | undefined;
  messageDeduplicationId?: string | undefined;
  /** Topics: the subject of e-mails. */
  subject?: string | undefined;
  /** Log groups: the stream that the lines go to. */
  logStream?: string | undefined;
  /** Kinesis streams: which shard a record goes to. */
  partitionKey?: string | undefined;
}

export interface Arn {
  service: string;
  region: string;
  account: string;
  /** All behind the account: "rule/bus/name". */
  resource: string;
}

/** The parts of an ARN; undefined for any other text. */
export function parseArn(arn: string): Arn | undefined {
  const match = /^arn:aws[a-z-]*:([a-z0-9-]+):([a-z0-9-]*):(\d{12}|aws|):(.+)$/s.exec(arn);
  if (match === null) return undefined;
  const [, service, region, account, resource] = match as unknown as [string, string, string, string, string];
  return { service, region, account, resource };
}

type Send = (arn: Arn, target: Target, body: string, call: Call, ctx: Context) => Promise<void>;
type Call = (service: string, operation: string, input: Record<string, unknown>) => Promise<unknown>;

/** How each kind of target takes a body. */
const kinds: Record<string, Send> = {
  async sqs(arn, { messageGroupId, messageDeduplicationId }, body, call) {
    await call("sqs", "SendMessage", {
      QueueUrl: queueUrl(arn),
      MessageBody: body,
      ...(messageGroupId !== undefined && { MessageGroupId: messageGroupId }),
      ...(messageDeduplicationId !== undefined && { MessageDeduplicationId: messageDeduplicationId }),
    });
  },
  async sns(_, { arn, messageGroupId, subject }, body, call) {
    await call("sns", "Publish", {
      TopicArn: arn,
      Message: body,
      ...(subject !== undefined && { Subject: subject }),
      ...(messageGroupId !== undefined && { MessageGroupId: messageGroupId }),
    });
  },
  async lambda(_, { arn }, body, call) {
    await call("lambda", "Invoke", {
      FunctionName: arn,
      InvocationType: "Event",
      Payload: Buffer.from(body),
    });
  },
  async logs({ resource }, { logStream = "events" }, body, call, ctx) {
    const logGroupName = resource.replace(/^log-group:/, "").replace(/:\*$/, "");
    const put = () =>
      call("logs", "PutLogEvents", {
        logGroupName,
        logStreamName: logStream,
        logEvents: [{ timestamp: ctx.clock.now(), message: body }],
      });
    try {
      await put();
    } catch (error) {
      if (!(error instanceof AwsError && error.code === "ResourceNotFoundException")) throw error;
      await call("logs", "CreateLogStream", { logGroupName, logStreamName: logStream });
      await put();
    }
  },
  async kinesis({ resource }, { partitionKey }, body, call) {
    const StreamName = resource.replace(/^stream\//, "");
    await call("kinesis", "PutRecord", {
      StreamName,
      Data: Buffer.from(body),
      PartitionKey: partitionKey ?? uuid(),
    });
  },
  async firehose({ resource }, _, body, call) {
    const DeliveryStreamName = resource.replace(/^deliverystream\//, "");
    await call("firehose", "PutRecord", { DeliveryStreamName, Record: { Data: Buffer.from(body) } });
  },
  async events(_, { arn }, body, call) {
    const event = JSON.parse(body) as Record<string, unknown>;
    const answer = (await call("events", "PutEvents", {
      Entries: [
        {
          Source: event.source,
          DetailType: event["detail-type"],
          Detail: JSON.stringify(event.detail),
          Resources: event.resources,
          Time: new Date(String(event.time)),
          EventBusName: arn,
        },
      ],
    })) as { Entries?: { ErrorCode?: string; ErrorMessage?: string }[] };
    const failed = answer.Entries?.find(({ ErrorCode }) => ErrorCode !== undefined);
    if (failed !== undefined) throw new AwsError(failed.ErrorCode ?? "", failed.ErrorMessage ?? "");
  },
};

/** URL of a queue, by its ARN, as calls between services name it. */
export function queueUrl({ region, account, resource }: Arn): string {
  return `https://sqs.${region}.amazonaws.com/${account}/${resource}`;
}

/** Hands a body to a target, in the present transaction. Throws the target's AwsError. */
export async function deliver(ctx: Context, target: Target, body: string, as: Caller): Promise<void> {
  const arn = parseArn(target.arn);
  const send = arn && Object.hasOwn(kinds, arn.service) ? kinds[arn.service] : undefined;
  if (arn === undefined || send === undefined) {
    throw new AwsError("NotImplemented", `Cloudkeep does not deliver to ${target.arn}.`, { status: 501 });
  }
  const call: Call = (service, operation, input) =>
    ctx.call(service, operation, input, { as, account: arn.account, region: arn.region });
  await send(arn, target, body, call, ctx);
}

/** Whether trying again may help: the target was busy or broken, not absent or closed to us. */
export function isRetriable({ code, status }: AwsError): boolean {
  return (status ?? 400) >= 500
    ? status !== 501
    : /throttl|limitexceeded|toomanyrequests|unavailable/i.test(code);
}

const firstDelayMs = 1_000;
const longestDelayMs = 10 * 60_000;

/** Pause before the attempt that follows `attempts` failed ones: doubled each time, up to ten minutes. */
export function retryDelayMs(attempts: number): number {
  return Math.min(longestDelayMs, firstDelayMs * 2 ** (attempts - 1));
}

export interface DeadLetter {
  queueArn: string;
  body: string;
  /** "ERROR_CODE" and the like, as message attributes. */
  attributes: Readonly<Record<string, string>>;
  messageGroupId?: string | undefined;
}

/** Puts what could not be delivered into a dead-letter queue. Throws the queue's AwsError. */
export async function sendToDeadLetters(ctx: Context, letter: DeadLetter, as: Caller): Promise<void> {
  const arn = parseArn(letter.queueArn);
  if (arn?.service !== "sqs") throw new AwsError("InvalidParameterValue", `${letter.queueArn} is no queue.`);
  const MessageAttributes = Object.fromEntries(
    Object.entries(letter.attributes).map(([name, StringValue]) => [
      name,
      { DataType: "String", StringValue },
    ]),
  );
  await ctx.call(
    "sqs",
    "SendMessage",
    {
      QueueUrl: queueUrl(arn),
      MessageBody: letter.body,
      MessageAttributes,
      ...(letter.messageGroupId !== undefined && { MessageGroupId: letter.messageGroupId }),
    },
    { as, account: arn.account, region: arn.region },
  );
}
