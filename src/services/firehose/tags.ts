import type { Context } from "../../kit/context.ts";
import { existingDeliveryStream, onDeliveryStream, putDeliveryStream } from "./access.ts";
import { firehose } from "./contract.ts";
import { checkTags } from "./tagRules.ts";

/** https://docs.aws.amazon.com/firehose/latest/APIReference/API_TagDeliveryStream.html */
export const tagDeliveryStream = firehose.operation("TagDeliveryStream", {
  access: onDeliveryStream("TagDeliveryStream", ({ Tags }) => ({ requestTags: Tags })),
  async handle({ DeliveryStreamName, Tags }, ctx) {
    const row = await existingDeliveryStream(DeliveryStreamName, ctx);
    putDeliveryStream({ ...row, tags: checkTags(Tags, row.tags, ctx) }, ctx as Context);
    return {};
  },
});

/** https://docs.aws.amazon.com/firehose/latest/APIReference/API_UntagDeliveryStream.html */
export const untagDeliveryStream = firehose.operation("UntagDeliveryStream", {
  access: onDeliveryStream("UntagDeliveryStream", ({ TagKeys }) => ({ context: { "aws:TagKeys": TagKeys } })),
  async handle({ DeliveryStreamName, TagKeys }, ctx) {
    const row = await existingDeliveryStream(DeliveryStreamName, ctx);
    const tags = Object.fromEntries(Object.entries(row.tags).filter(([key]) => !TagKeys.includes(key)));
    putDeliveryStream({ ...row, tags }, ctx as Context);
    return {};
  },
});

/** https://docs.aws.amazon.com/firehose/latest/APIReference/API_ListTagsForDeliveryStream.html */
export const listTagsForDeliveryStream = firehose.operation("ListTagsForDeliveryStream", {
  access: onDeliveryStream("ListTagsForDeliveryStream"),
  async handle({ DeliveryStreamName, ExclusiveStartTagKey: after, Limit = 50 }, ctx) {
    const { tags } = await existingDeliveryStream(DeliveryStreamName, ctx);
    const keys = Object.keys(tags)
      .sort()
      .filter((key) => after === undefined || key > after);
    return {
      Tags: keys.slice(0, Limit).map((Key) => ({ Key, Value: tags[Key] ?? "" })),
      HasMoreTags: keys.length > Limit,
    };
  },
});
