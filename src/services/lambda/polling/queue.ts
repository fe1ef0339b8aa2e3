import { AwsError } from "../../../kit/errors.ts";
import { type Arn, parseArn, queueUrl } from "../../../kit/targets.ts";
import { compile, failuresIn, invokeWith, parsedBody, passes, sourceSession } from "./batch.ts";
import type { PollScope } from "./pollers.ts";

/** Messages of a queue, received with the function's role, and deleted once it has processed them. */

interface Message {
  MessageId: string;
  ReceiptHandle: string;
  Body: string;
  MD5OfBody: string;
  Attributes?: Record<string, string>;
  MessageAttributes?: Record<string, Record<string, unknown>>;
  MD5OfMessageAttributes?: string;
}

/** Long poll for the first message of a batch. */
const waitSeconds = 20;
const maxPerReceive = 10;
/** Batches at work at once, unless the mapping says otherwise. */
const defaultConcurrency = 5;
const failedPauseMs = 5_000;
const throttledPauseMs = 500;

export async function pollQueue(scope: PollScope): Promise<void> {
  const { row } = scope.mapping;
  const arn = parseArn(row.sourceArn) as Arn;
  const patterns = compile(row.filters);
  const atWork = new Set<Promise<void>>();
  const limit = row.maxConcurrency ?? defaultConcurrency;
  while (!scope.signal.aborted) {
    if (atWork.size >= limit) await Promise.race(atWork);
    let batch: Message[];
    try {
      batch = await gather(scope, arn);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      await scope.report(`PROBLEM: ${error.code}: ${error.message}`);
      await scope.pause(failedPauseMs);
      continue;
    }
    if (batch.length === 0 || scope.signal.aborted) continue;
    const wanted = batch.filter((message) => passes(patterns, filterable(message)));
    const unwanted = batch.filter((message) => !wanted.includes(message));
    const work = (async () => {
      // What no filter lets pass is gone from the queue.
      await remove(scope, arn, unwanted);
      if (wanted.length > 0) await handle(scope, arn, wanted);
    })().catch((error: unknown) => {
      scope.host.note("error", { err: error, mapping: row.uuid }, "a batch failed");
    });
    atWork.add(work);
    void work.finally(() => atWork.delete(work));
  }
}

/** A batch: as large as it may be, or what came within the window. */
async function gather(scope: PollScope, arn: Arn): Promise<Message[]> {
  const { batchSize, windowSeconds } = scope.mapping.row;
  const batch: Message[] = [];
  let untilMs = 0;
  while (batch.length < batchSize && !scope.signal.aborted) {
    const leftMs = untilMs - Date.now();
    if (batch.length > 0 && leftMs <= 0) break;
    const wait = batch.length === 0 ? waitSeconds : Math.min(waitSeconds, Math.floor(leftMs / 1_000));
    const received = await receive(scope, arn, Math.min(maxPerReceive, batchSize - batch.length), wait);
    if (received.length === 0) {
      if (batch.length === 0) return batch;
      if (wait === 0) await scope.pause(Math.max(1, untilMs - Date.now()));
      continue;
    }
    if (batch.length === 0) untilMs = Date.now() + windowSeconds * 1_000;
    batch.push(...received);
  }
  return batch;
}

async function receive(
  scope: PollScope,
  arn: Arn,
  count: number,
  WaitTimeSeconds: number,
): Promise<Message[]> {
  const answer = await scope.act(async (ctx) => {
    if (scope.signal.aborted) return {};
    const { as } = await sourceSession(scope.mapping, ctx);
    const input = {
      QueueUrl: queueUrl(arn),
      MaxNumberOfMessages: count,
      WaitTimeSeconds,
      MessageSystemAttributeNames: ["All"],
      MessageAttributeNames: ["All"],
    };
    return await ctx.call("sqs", "ReceiveMessage", input, { as, account: arn.account, region: arn.region });
  });
  return ((answer as { Messages?: Message[] }).Messages ?? []) as Message[];
}

function filterable(message: Message): Record<string, unknown> {
  return { ...recordOf(message, "", ""), body: parsedBody(message.Body) };
}

/** https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#example-standard-queue-message-event */
function recordOf(message: Message, eventSourceARN: string, awsRegion: string): Record<string, unknown> {
  const attributes = Object.entries(message.MessageAttributes ?? {}).map(([name, value]) => {
    const { StringValue, BinaryValue, DataType } = value as {
      StringValue?: string;
      BinaryValue?: Uint8Array;
      DataType?: string;
    };
    return [
      name,
      {
        ...(StringValue !== undefined && { stringValue: StringValue }),
        ...(BinaryValue !== undefined && { binaryValue: Buffer.from(BinaryValue).toString("base64") }),
        stringListValues: [],
        binaryListValues: [],
        dataType: DataType,
      },
    ] as const;
  });
  const { DeadLetterQueueSourceArn, AWSTraceHeader, ...shown } = message.Attributes ?? {};
  return {
    messageId: message.MessageId,
    receiptHandle: message.ReceiptHandle,
    body: message.Body,
    attributes: {
      ...shown,
      ...(AWSTraceHeader !== undefined && { AWSTraceHeader }),
      ...(DeadLetterQueueSourceArn !== undefined && { DeadLetterQueueSourceArn }),
    },
    messageAttributes: Object.fromEntries(attributes),
    ...(message.MD5OfMessageAttributes !== undefined && {
      md5OfMessageAttributes: message.MD5OfMessageAttributes,
    }),
    md5OfBody: message.MD5OfBody,
    eventSource: "aws:sqs",
    eventSourceARN,
    awsRegion,
  };
}

async function handle(scope: PollScope, arn: Arn, batch: readonly Message[]): Promise<void> {
  const { row, region } = scope.mapping;
  const records = batch.map((message) => recordOf(message, row.sourceArn, region));
  const { outcome } = await invokeWith(scope, records);
  if (outcome === undefined) {
    // No room: the messages come again when their visibility ends.
    await scope.pause(throttledPauseMs);
    return await scope.report("PROBLEM: Function call throttled");
  }
  const ids = new Set(batch.map(({ MessageId }) => MessageId));
  const failed = row.partial
    ? failuresIn(outcome, ids)
    : outcome.functionError === undefined
      ? new Set()
      : "all";
  const done = failed === "all" ? [] : batch.filter(({ MessageId }) => !failed.has(MessageId));
  await remove(scope, arn, done);
  await scope.report(failed === "all" ? "PROBLEM: Function call failed" : "OK");
}

async function remove(scope: PollScope, arn: Arn, messages: readonly Message[]): Promise<void> {
  for (let at = 0; at < messages.length; at += maxPerReceive) {
    const Entries = messages
      .slice(at, at + maxPerReceive)
      .map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
    await scope.act(async (ctx) => {
      const { as } = await sourceSession(scope.mapping, ctx);
      const input = { QueueUrl: queueUrl(arn), Entries };
      await ctx.call("sqs", "DeleteMessageBatch", input, { as, account: arn.account, region: arn.region });
    });
  }
}
