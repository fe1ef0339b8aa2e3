import { onOwnQueue, onQueue } from "./access.ts";
import { changed, shown } from "./attributes.ts";
import { sqs } from "./contract.ts";
import { findQueue } from "./find.ts";
import { countsOf } from "./memory.ts";
import { indexSource } from "./redrive.ts";
import { queues } from "./tables.ts";

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html */
export const getQueueAttributes = sqs.operation("GetQueueAttributes", {
  access: onQueue("GetQueueAttributes"),
  async handle({ QueueUrl, AttributeNames = [] }, ctx) {
    const queue = await findQueue(QueueUrl, ctx);
    const Attributes = await shown(queue, AttributeNames, () => countsOf(queue, ctx));
    return Object.keys(Attributes).length > 0 ? { Attributes } : {};
  },
  record: { data: true },
});

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html */
export const setQueueAttributes = sqs.operation("SetQueueAttributes", {
  access: onOwnQueue("SetQueueAttributes"),
  async handle({ QueueUrl, Attributes }, ctx) {
    const queue = await findQueue(QueueUrl, ctx);
    const settings = await changed(queue.settings, Attributes, queue, ctx);
    queues.put(ctx.tx, [queue.account, queue.region, queue.name], {
      ...queue,
      settings,
      modified: ctx.clock.now(),
    });
    indexSource(queue, queue.settings.redrive, settings.redrive, ctx);
    return {};
  },
});
