import type { Message as ShownMessage } from "@aws-sdk/client-sqs";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { timeOfUuid } from "../../kit/ids.ts";
import { onQueue } from "./access.ts";
import { sqs } from "./contract.ts";
import { openedBody } from "./encryption.ts";
import { maxVisibilitySeconds, type ReceivedMessage, type Wish, waitTopic } from "./engine.ts";
import { engineOf } from "./engines.ts";
import { findQueue } from "./find.ts";
import { memoryOf } from "./memory.ts";
import { attributesMd5, selected, shownAttributes } from "./messageAttributes.ts";
import { checkId } from "./messageInput.ts";
import { metric, noteUse } from "./metrics.ts";
import type { QueueRow } from "./tables.ts";
import { checkedInteger, invalidValue } from "./words.ts";

const maxMessages = 10;
const maxWaitSeconds = 20;
/** Messages of one queue that may be in flight. */
const maxInFlight = 120_000;
/** A call that waits looks by itself this often, should the one who was to wake it have been lost. */
const longestSleepMs = 1_000;

const systemAttributes = [
  "SenderId",
  "SentTimestamp",
  "ApproximateReceiveCount",
  "ApproximateFirstReceiveTimestamp",
  "SequenceNumber",
  "MessageDeduplicationId",
  "MessageGroupId",
  "AWSTraceHeader",
  "DeadLetterQueueSourceArn",
] as const;
type SystemAttribute = (typeof systemAttributes)[number];

interface Asked {
  system: readonly string[];
  attributes: readonly string[];
}

/**
 * Up to ten messages that are visible, hidden from others for a while.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
 */
export const receiveMessage = sqs.operation("ReceiveMessage", {
  access: onQueue("ReceiveMessage"),
  async handle(input, ctx) {
    const queue = await findQueue(input.QueueUrl, ctx);
    const count = checkedInteger(input.MaxNumberOfMessages, "MaxNumberOfMessages", {
      min: 1,
      max: maxMessages,
    });
    const range = { min: 0, max: maxVisibilitySeconds };
    const hiddenSeconds = checkedInteger(input.VisibilityTimeout, "VisibilityTimeout", range);
    const waitWords = `Must be >= 0 and <= ${maxWaitSeconds}, if provided.`;
    const waits = { min: 0, max: maxWaitSeconds };
    const waitSeconds = checkedInteger(input.WaitTimeSeconds, "WaitTimeSeconds", waits, waitWords);
    const asked = askedFor(
      input.AttributeNames,
      input.MessageSystemAttributeNames,
      input.MessageAttributeNames,
    );
    checkAttempt(queue, input.ReceiveRequestAttemptId);
    checkInFlight(queue, ctx);
    const wish: Wish = {
      count: count ?? 1,
      hiddenUntil: ctx.clock.now() + (hiddenSeconds ?? queue.settings.visibilityTimeoutSeconds) * 1000,
      attemptId: input.ReceiveRequestAttemptId,
    };
    return await receive(queue, wish, waitSeconds ?? queue.settings.waitSeconds, asked, ctx);
  },
  record: { data: true, readOnly: true },
});

async function receive(queue: QueueRow, wish: Wish, waitSeconds: number, asked: Asked, ctx: Context) {
  const memory = memoryOf(queue, ctx);
  try {
    const { messages, changed } = await engineOf(queue).receive(queue, wish, ctx);
    if (messages.length === 0 && !changed) waitFor(queue, waitSeconds, ctx);
    memory.waiting.delete(ctx.requestId);
    noteUse(queue, ctx);
    if (messages.length === 0) {
      metric(queue, "NumberOfEmptyReceives", 1, ctx);
      return {};
    }
    metric(queue, "NumberOfMessagesReceived", messages.length, ctx);
    const Messages: ShownMessage[] = [];
    for (const one of messages) Messages.push(await shown(queue, one, asked, ctx));
    return { Messages };
  } catch (error) {
    memory.candidates.release(ctx.requestId);
    throw error;
  }
}

/** Ends this run of a call whose time is not over: it runs again when a message comes. */
function waitFor(queue: QueueRow, waitSeconds: number, ctx: Context): void {
  if (waitSeconds === 0) return;
  const now = ctx.clock.now();
  const leftMs = (timeOfUuid(ctx.requestId) ?? now) + waitSeconds * 1000 - now;
  if (leftMs <= 0) return;
  const memory = memoryOf(queue, ctx);
  const nextMs = Math.max(1, memory.candidates.nextAt - now);
  const untilMs = Date.now() + Math.min(leftMs, nextMs, longestSleepMs);
  memory.waiting.delete(ctx.requestId);
  memory.waiting.set(ctx.requestId, untilMs);
  throw ctx.wait(waitTopic(queue, ctx.requestId), untilMs);
}

function checkAttempt({ settings }: QueueRow, attemptId: string | undefined): void {
  if (attemptId === undefined) return;
  checkId(attemptId, "ReceiveRequestAttemptId");
  if (settings.fifo !== undefined) return;
  const reason = "The request include parameter that is not valid for this queue type.";
  throw invalidValue(attemptId, "ReceiveRequestAttemptId", reason);
}

/** FIFO queues refuse nothing: they show no more until some are deleted. */
function checkInFlight(queue: QueueRow, ctx: Context<"OverLimit">): void {
  const { counts } = memoryOf(queue, ctx);
  if (queue.settings.fifo !== undefined || counts.total < maxInFlight) return;
  if (counts.read(ctx.clock.now()).notVisible >= maxInFlight)
    throw ctx.error("OverLimit", `Too many messages received: ${maxInFlight} are in flight.`);
}

function askedFor(
  older: readonly string[] = [],
  newer: readonly string[] = [],
  attributes: readonly string[] = [],
): Asked {
  const system = [...older, ...newer];
  for (const name of system) {
    if (name !== "All" && !(systemAttributes as readonly string[]).includes(name))
      throw new AwsError("InvalidAttributeName", `Unknown Attribute ${name}.`);
  }
  return { system, attributes };
}

async function shown(
  queue: QueueRow,
  { message, handle, sequence }: ReceivedMessage,
  asked: Asked,
  ctx: Context,
): Promise<ShownMessage> {
  const attributes = selected(message.attributes, asked.attributes);
  const system = shownSystem(message, sequence, asked.system);
  return {
    MessageId: message.messageId,
    ReceiptHandle: handle,
    MD5OfBody: message.md5,
    Body: await openedBody(queue, message, ctx),
    ...(system && { Attributes: system }),
    ...(attributes && {
      MessageAttributes: shownAttributes(attributes),
      MD5OfMessageAttributes: attributesMd5(attributes),
    }),
  };
}

function shownSystem(
  message: ReceivedMessage["message"],
  sequence: string | undefined,
  wanted: readonly string[],
): Record<string, string> | undefined {
  if (wanted.length === 0) return undefined;
  const values: Record<SystemAttribute, string | undefined> = {
    SenderId: message.senderId,
    SentTimestamp: String(message.sentAt),
    ApproximateReceiveCount: String(message.receives),
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt),
    SequenceNumber: sequence,
    MessageDeduplicationId: message.deduplicationId,
    MessageGroupId: message.groupId,
    AWSTraceHeader: message.traceHeader,
    DeadLetterQueueSourceArn: message.source,
  };
  const all = wanted.includes("All");
  const chosen = Object.entries(values).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && (all || wanted.includes(entry[0])),
  );
  return chosen.length > 0 ? Object.fromEntries(chosen) : undefined;
}
