import type { Context } from "../../kit/context.ts";
import { sns } from "./contract.ts";
import { findTopic, type TopicName, topicAccess, topicOfArn } from "./names.ts";
import { type TopicRow, topics } from "./tables.ts";

const maxTags = 50;

type Tags = readonly { Key?: string | undefined; Value?: string | undefined }[];

/** Tags laid over those that stand. */
export function checkTags(
  list: Tags,
  standing: Record<string, string>,
  ctx: Context<"InvalidParameterException" | "TagLimitExceededException">,
): Record<string, string> {
  if (new Set(list.map(({ Key }) => Key)).size < list.length)
    throw ctx.error("InvalidParameterException", "Invalid parameter: Duplicated keys are not allowed.");
  const tags = { ...standing };
  for (const { Key = "", Value = "" } of list) tags[Key] = Value;
  if (Object.keys(tags).length > maxTags)
    throw ctx.error(
      "TagLimitExceededException",
      "Could not complete request: tag quota of per resource exceeded",
    );
  return tags;
}

async function tagged(
  arn: string,
  ctx: Context<"InvalidParameterException" | "ResourceNotFoundException">,
): Promise<{ topic: TopicName; row: TopicRow }> {
  const topic = topicOfArn(arn, ctx, "ResourceArn");
  const row = await findTopic(topic, ctx);
  if (row === undefined) throw ctx.error("ResourceNotFoundException", "Resource does not exist");
  return { topic, row };
}

/** https://docs.aws.amazon.com/sns/latest/api/API_TagResource.html */
export const tagResource = sns.operation("TagResource", {
  access: async ({ ResourceArn, Tags }, ctx) => ({
    ...(await topicAccess("TagResource", ResourceArn, ctx)),
    requestTags: Tags,
  }),
  async handle({ ResourceArn, Tags }, ctx) {
    const { topic, row } = await tagged(ResourceArn, ctx);
    const tags = checkTags(Tags, row.tags, ctx);
    topics.put(ctx.tx, [topic.account, topic.region, topic.name], { ...row, tags });
    return {};
  },
});

/** https://docs.aws.amazon.com/sns/latest/api/API_UntagResource.html */
export const untagResource = sns.operation("UntagResource", {
  access: async ({ ResourceArn, TagKeys }, ctx) => {
    const access = await topicAccess("UntagResource", ResourceArn, ctx);
    return { ...access, context: { ...access.context, "aws:TagKeys": TagKeys } };
  },
  async handle({ ResourceArn, TagKeys }, ctx) {
    const { topic, row } = await tagged(ResourceArn, ctx);
    const tags = Object.fromEntries(Object.entries(row.tags).filter(([key]) => !TagKeys.includes(key)));
    topics.put(ctx.tx, [topic.account, topic.region, topic.name], { ...row, tags });
    return {};
  },
});

/** https://docs.aws.amazon.com/sns/latest/api/API_ListTagsForResource.html */
export const listTagsForResource = sns.operation("ListTagsForResource", {
  access: ({ ResourceArn }, ctx) => topicAccess("ListTagsForResource", ResourceArn, ctx),
  async handle({ ResourceArn }, ctx) {
    const { row } = await tagged(ResourceArn, ctx);
    return { Tags: Object.entries(row.tags).map(([Key, Value]) => ({ Key, Value })) };
  },
});
