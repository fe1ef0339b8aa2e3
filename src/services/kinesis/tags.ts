import type { Context } from "../../kit/context.ts";
import type { Access } from "../../kit/service.ts";
import {
  accessToStream,
  existingStream,
  missingStream,
  onStream,
  putStream,
  requestTags,
  type StreamAccessOptions,
} from "./access.ts";
import { accessToConsumer, findConsumer, missingConsumer, putConsumer } from "./consumerAccess.ts";
import { kinesis } from "./contract.ts";
import { consumerOfArn, namedStream, streamOfArn } from "./names.ts";
import { checkTags } from "./tagRules.ts";

/** Tags of streams and consumers, by both sets of operations: the older name a stream, the newer an ARN. */

type Tags = Readonly<Record<string, string>>;

/** Access to what an ARN names: a stream or a consumer. */
export function accessByArn(
  action: string,
  arn: string,
  ctx: Context,
  options: StreamAccessOptions = {},
): Promise<Access> {
  const consumer = consumerOfArn(arn);
  if (consumer !== undefined) return accessToConsumer(action, consumer, ctx, options);
  return accessToStream(action, streamOfArn(arn) ?? namedStream({}, ctx), ctx, options);
}

/** What is tagged, and how it is written back. */
interface Tagged {
  tags: Tags;
  put(tags: Record<string, string>): void;
}

async function tagged(
  arn: string,
  ctx: Context<"ResourceNotFoundException" | "InvalidArgumentException">,
): Promise<Tagged> {
  const named = consumerOfArn(arn);
  if (named !== undefined) {
    const found = await findConsumer(named, ctx);
    if (found === undefined) throw ctx.error("ResourceNotFoundException", missingConsumer(arn));
    return {
      tags: found.row.tags,
      put: (tags) => putConsumer({ ...found, row: { ...found.row, tags } }, ctx),
    };
  }
  if (streamOfArn(arn) === undefined)
    throw ctx.error("ResourceNotFoundException", missingStream({ name: arn, account: ctx.account }));
  const stream = await existingStream({ StreamARN: arn }, ctx);
  return { tags: stream.tags, put: (tags) => putStream({ ...stream, tags }, ctx) };
}

function without(tags: Tags, keys: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !keys.includes(key)));
}

/** In the order of their keys. */
function listed(tags: Tags): { Key: string; Value: string }[] {
  return Object.keys(tags)
    .sort()
    .map((Key) => ({ Key, Value: tags[Key] as string }));
}

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_AddTagsToStream.html */
export const addTagsToStream = kinesis.operation("AddTagsToStream", {
  access: onStream("AddTagsToStream", ({ Tags }) => ({ requestTags: requestTags(Tags) })),
  async handle(input, ctx) {
    const stream = await existingStream(input, ctx);
    putStream({ ...stream, tags: checkTags(input.Tags, stream.tags, ctx) }, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_RemoveTagsFromStream.html */
export const removeTagsFromStream = kinesis.operation("RemoveTagsFromStream", {
  access: onStream("RemoveTagsFromStream", ({ TagKeys }) => ({ context: { "aws:TagKeys": TagKeys } })),
  async handle(input, ctx) {
    const stream = await existingStream(input, ctx);
    putStream({ ...stream, tags: without(stream.tags, input.TagKeys) }, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListTagsForStream.html */
export const listTagsForStream = kinesis.operation("ListTagsForStream", {
  access: onStream("ListTagsForStream"),
  async handle(input, ctx) {
    const { tags } = await existingStream(input, ctx);
    const { ExclusiveStartTagKey: after, Limit = 50 } = input;
    const rest = listed(tags).filter(({ Key }) => after === undefined || Key > after);
    return { Tags: rest.slice(0, Limit), HasMoreTags: rest.length > Limit };
  },
});

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_TagResource.html */
export const tagResource = kinesis.operation("TagResource", {
  access: ({ ResourceARN, Tags }, ctx) =>
    accessByArn("TagResource", ResourceARN, ctx, { requestTags: requestTags(Tags) }),
  async handle({ ResourceARN, Tags }, ctx) {
    const { tags, put } = await tagged(ResourceARN, ctx);
    put(checkTags(Tags, tags, ctx));
    return {};
  },
});

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UntagResource.html */
export const untagResource = kinesis.operation("UntagResource", {
  access: ({ ResourceARN, TagKeys }, ctx) =>
    accessByArn("UntagResource", ResourceARN, ctx, { context: { "aws:TagKeys": TagKeys } }),
  async handle({ ResourceARN, TagKeys }, ctx) {
    const { tags, put } = await tagged(ResourceARN, ctx);
    put(without(tags, TagKeys));
    return {};
  },
});

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListTagsForResource.html */
export const listTagsForResource = kinesis.operation("ListTagsForResource", {
  access: ({ ResourceARN }, ctx) => accessByArn("ListTagsForResource", ResourceARN, ctx),
  async handle({ ResourceARN }, ctx) {
    return { Tags: listed((await tagged(ResourceARN, ctx)).tags) };
  },
});
