import type { Context } from "../../kit/context.ts";
import { onQueue } from "./access.ts";
import { maxMessageBytes } from "./attributes.ts";
import { batchResult, checkEntries, eachEntry } from "./batches.ts";
import { sqs } from "./contract.ts";
import { noteSent, sentBefore } from "./deduplication.ts";
import { sealed } from "./encryption.ts";
import type { Sent } from "./engine.ts";
import { engineOf } from "./engines.ts";
import { findQueue } from "./find.ts";
import { attributeBytes, readAttributes } from "./messageAttributes.ts";
import { type CheckedMessage, checkForQueue, type GivenMessage, readMessage } from "./messageInput.ts";
import { metric, noteUse } from "./metrics.ts";
import type { QueueRow } from "./tables.ts";
import { invalidParameter } from "./words.ts";

/** What CloudTrail shows in place of what a message holds. */
const hidden = "HIDDEN_DUE_TO_SECURITY_REASONS";

type Recorded = Record<string, unknown>;

function withoutContent({
  messageBody: _,
  messageAttributes: __,
  messageSystemAttributes: ___,
  ...rest
}: Recorded) {
  return { ...rest, messageBody: hidden };
}

async function sendOne(queue: QueueRow, checked: CheckedMessage, ctx: Context): Promise<Sent> {
  const { message, bytes, delaySeconds } = checked;
  const { groupId = "", deduplicationId } = message;
  const isFifo = queue.settings.fifo !== undefined;
  if (isFifo && deduplicationId !== undefined) {
    const before = await sentBefore(queue, deduplicationId, groupId, ctx);
    if (before !== undefined) return before;
  }
  const visibleAt = message.sentAt + delaySeconds * 1000;
  const sent = await engineOf(queue).put(queue, await sealed(queue, message, ctx), visibleAt, ctx);
  if (isFifo && deduplicationId !== undefined) noteSent(queue, deduplicationId, groupId, sent, ctx);
  metric(queue, "NumberOfMessagesSent", 1, ctx);
  metric(queue, "SentMessageSize", bytes, ctx, "Bytes");
  return sent;
}

function resultOf({ message, attributesMd5, systemAttributesMd5 }: CheckedMessage, sent: Sent) {
  return {
    MessageId: sent.messageId,
    MD5OfMessageBody: message.md5,
    ...(attributesMd5 !== undefined && { MD5OfMessageAttributes: attributesMd5 }),
    ...(systemAttributesMd5 !== undefined && { MD5OfMessageSystemAttributes: systemAttributesMd5 }),
    ...(sent.sequence !== undefined && { SequenceNumber: sent.sequence }),
  };
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html */
export const sendMessage = sqs.operation("SendMessage", {
  access: onQueue("SendMessage"),
  async handle(input, ctx) {
    const queue = await findQueue(input.QueueUrl, ctx);
    checkForQueue(queue, input);
    const checked = readMessage(queue, input, ctx);
    noteUse(queue, ctx);
    return resultOf(checked, await sendOne(queue, checked, ctx));
  },
  record: { data: true, request: withoutContent },
});

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html */
export const sendMessageBatch = sqs.operation("SendMessageBatch", {
  access: onQueue("SendMessage"),
  async handle({ QueueUrl, Entries }, ctx) {
    const queue = await findQueue(QueueUrl, ctx);
    checkEntries(Entries, "SendMessageBatchRequestEntry", ctx);
    const missing = (name: string) => invalidParameter(`The request must contain the parameter ${name}.`);
    for (const entry of Entries) checkForQueue(queue, entry, missing);
    const bytes = Entries.reduce((sum, entry) => sum + givenBytes(entry), 0);
    if (bytes > maxMessageBytes) {
      throw ctx.error(
        "BatchRequestTooLong",
        `Batch requests cannot be longer than ${maxMessageBytes} bytes. You have sent ${bytes} bytes.`,
      );
    }
    noteUse(queue, ctx);
    const outcome = await eachEntry(Entries, async (entry) => {
      const checked = readMessage(queue, entry, ctx, "One or more parameters cannot be validated.");
      return { Id: entry.Id, ...resultOf(checked, await sendOne(queue, checked, ctx)) };
    });
    return batchResult(outcome);
  },
  record: {
    data: true,
    request: ({ entries, ...rest }) => ({
      ...rest,
      ...(Array.isArray(entries) && { entries: (entries as Recorded[]).map(withoutContent) }),
    }),
  },
});

/** Size of a message that was not checked yet; attributes that cannot be read fail later, with their entry. */
function givenBytes({ MessageBody, MessageAttributes }: GivenMessage): number {
  try {
    return Buffer.byteLength(MessageBody) + attributeBytes(readAttributes(MessageAttributes, "user"));
  } catch {
    return Buffer.byteLength(MessageBody);
  }
}
