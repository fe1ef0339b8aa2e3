import type { Context } from "../../kit/context.ts";
import { onQueue } from "./access.ts";
import { batchResult, checkEntries, eachEntry } from "./batches.ts";
import { sqs } from "./contract.ts";
import { maxVisibilitySeconds } from "./engine.ts";
import { engineOf } from "./engines.ts";
import { findQueue } from "./find.ts";
import { metric, noteUse } from "./metrics.ts";
import type { QueueRow } from "./tables.ts";
import { checkedInteger, missingParameter } from "./words.ts";

/** What receivers do with what they have received: delete it, or change how long it is hidden. */

async function remove(queue: QueueRow, handle: string, ctx: Context): Promise<void> {
  await engineOf(queue).remove(queue, handle, ctx);
  metric(queue, "NumberOfMessagesDeleted", 1, ctx);
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html */
export const deleteMessage = sqs.operation("DeleteMessage", {
  access: onQueue("DeleteMessage"),
  async handle({ QueueUrl, ReceiptHandle }, ctx) {
    const queue = await findQueue(QueueUrl, ctx);
    await remove(queue, ReceiptHandle, ctx);
    noteUse(queue, ctx);
    return {};
  },
  record: { data: true },
});

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessageBatch.html */
export const deleteMessageBatch = sqs.operation("DeleteMessageBatch", {
  access: onQueue("DeleteMessage"),
  async handle({ QueueUrl, Entries }, ctx) {
    const queue = await findQueue(QueueUrl, ctx);
    checkEntries(Entries, "DeleteMessageBatchRequestEntry", ctx);
    noteUse(queue, ctx);
    const outcome = await eachEntry(Entries, async ({ Id, ReceiptHandle }) => {
      await remove(queue, ReceiptHandle, ctx);
      return { Id };
    });
    return batchResult(outcome);
  },
  record: { data: true },
});

async function show(queue: QueueRow, handle: string, seconds: number, ctx: Context): Promise<void> {
  checkedInteger(seconds, "VisibilityTimeout", { min: 0, max: maxVisibilitySeconds });
  await engineOf(queue).show(queue, handle, ctx.clock.now() + seconds * 1000, ctx);
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html */
export const changeMessageVisibility = sqs.operation("ChangeMessageVisibility", {
  access: onQueue("ChangeMessageVisibility"),
  async handle({ QueueUrl, ReceiptHandle, VisibilityTimeout }, ctx) {
    const queue = await findQueue(QueueUrl, ctx);
    await show(queue, ReceiptHandle, VisibilityTimeout, ctx);
    noteUse(queue, ctx);
    return {};
  },
  record: { data: true },
});

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibilityBatch.html */
export const changeMessageVisibilityBatch = sqs.operation("ChangeMessageVisibilityBatch", {
  access: onQueue("ChangeMessageVisibility"),
  async handle({ QueueUrl, Entries }, ctx) {
    const queue = await findQueue(QueueUrl, ctx);
    checkEntries(Entries, "ChangeMessageVisibilityBatchRequestEntry", ctx);
    noteUse(queue, ctx);
    const outcome = await eachEntry(Entries, async ({ Id, ReceiptHandle, VisibilityTimeout }) => {
      if (VisibilityTimeout === undefined) throw missingParameter("VisibilityTimeout");
      await show(queue, ReceiptHandle, VisibilityTimeout, ctx);
      return { Id };
    });
    return batchResult(outcome);
  },
  record: { data: true },
});
