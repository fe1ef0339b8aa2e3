import { onOwnQueue } from "./access.ts";
import { sqs } from "./contract.ts";
import { findQueue } from "./find.ts";
import { queues } from "./tables.ts";
import { checkTags } from "./tagRules.ts";
import { missingParameter } from "./words.ts";

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_TagQueue.html */
export const tagQueue = sqs.operation("TagQueue", {
  access: onOwnQueue("TagQueue", ({ Tags }) => ({
    requestTags: Object.entries(Tags).map(([Key, Value]) => ({ Key, Value })),
  })),
  async handle({ QueueUrl, Tags }, ctx) {
    const queue = await findQueue(QueueUrl, ctx);
    if (Object.keys(Tags).length === 0) throw missingParameter("Tags");
    queues.put(ctx.tx, [queue.account, queue.region, queue.name], {
      ...queue,
      tags: checkTags(Tags, queue.tags),
    });
    return {};
  },
});

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_UntagQueue.html */
export const untagQueue = sqs.operation("UntagQueue", {
  access: onOwnQueue("UntagQueue", ({ TagKeys }) => ({ context: { "aws:TagKeys": TagKeys } })),
  async handle({ QueueUrl, TagKeys }, ctx) {
    const queue = await findQueue(QueueUrl, ctx);
    const tags = { ...queue.tags };
    for (const key of TagKeys) delete tags[key];
    queues.put(ctx.tx, [queue.account, queue.region, queue.name], { ...queue, tags });
    return {};
  },
});

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListQueueTags.html */
export const listQueueTags = sqs.operation("ListQueueTags", {
  access: onOwnQueue("ListQueueTags"),
  async handle({ QueueUrl }, ctx) {
    const { tags } = await findQueue(QueueUrl, ctx);
    return Object.keys(tags).length > 0 ? { Tags: { ...tags } } : {};
  },
  record: { data: true },
});
