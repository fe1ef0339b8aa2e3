import type { Context } from "../../kit/context.ts";
import { existingGroup, groupAccess, type NamedGroup, namedGroup, requestTags } from "./access.ts";
import { logs } from "./contract.ts";
import { putGroup } from "./groups.ts";
import { maxTagsPerResource } from "./limits.ts";

/** Tags of log groups, by both sets of operations: the older take a group's name, the newer its ARN. */

type Tags = Readonly<Record<string, string>>;

export function checkTags(added: Tags, held: Tags, ctx: Context): Record<string, string> {
  for (const key of Object.keys(added)) {
    if (key.toLowerCase().startsWith("aws:")) {
      throw ctx.error(
        "InvalidParameterException",
        "Tag keys starting with aws: are reserved for system use.",
      );
    }
  }
  const tags = { ...held, ...added };
  if (Object.keys(tags).length > maxTagsPerResource) {
    throw ctx.error("InvalidParameterException", `Resource can have at most ${maxTagsPerResource} tags.`);
  }
  return tags;
}

async function addTags(group: NamedGroup | undefined, tags: Tags, ctx: Context): Promise<void> {
  const row = await existingGroup(group, ctx);
  putGroup({ ...row, tags: checkTags(tags, row.tags, ctx) }, ctx);
}

async function removeTags(
  group: NamedGroup | undefined,
  keys: readonly string[],
  ctx: Context,
): Promise<void> {
  const row = await existingGroup(group, ctx);
  const tags = { ...row.tags };
  for (const key of keys) delete tags[key];
  putGroup({ ...row, tags }, ctx);
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_TagResource.html */
export const tagResource = logs.operation("TagResource", {
  access: ({ resourceArn, tags }, ctx) =>
    groupAccess("TagResource", namedGroup(resourceArn, ctx), ctx, { requestTags: requestTags(tags) }),
  async handle({ resourceArn, tags }, ctx) {
    await addTags(namedGroup(resourceArn, ctx), tags, ctx as Context);
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_UntagResource.html */
export const untagResource = logs.operation("UntagResource", {
  access: ({ resourceArn, tagKeys }, ctx) =>
    groupAccess("UntagResource", namedGroup(resourceArn, ctx), ctx, { context: { "aws:TagKeys": tagKeys } }),
  async handle({ resourceArn, tagKeys }, ctx) {
    await removeTags(namedGroup(resourceArn, ctx), tagKeys, ctx as Context);
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_ListTagsForResource.html */
export const listTagsForResource = logs.operation("ListTagsForResource", {
  access: ({ resourceArn }, ctx) => groupAccess("ListTagsForResource", namedGroup(resourceArn, ctx), ctx),
  async handle({ resourceArn }, ctx) {
    const { tags } = await existingGroup(namedGroup(resourceArn, ctx), ctx);
    return { tags };
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_TagLogGroup.html */
export const tagLogGroup = logs.operation("TagLogGroup", {
  access: ({ logGroupName, tags }, ctx) =>
    groupAccess("TagLogGroup", namedGroup(logGroupName, ctx), ctx, { requestTags: requestTags(tags) }),
  async handle({ logGroupName, tags }, ctx) {
    await addTags(namedGroup(logGroupName, ctx), tags, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_UntagLogGroup.html */
export const untagLogGroup = logs.operation("UntagLogGroup", {
  access: ({ logGroupName, tags }, ctx) =>
    groupAccess("UntagLogGroup", namedGroup(logGroupName, ctx), ctx, { context: { "aws:TagKeys": tags } }),
  async handle({ logGroupName, tags }, ctx) {
    await removeTags(namedGroup(logGroupName, ctx), tags, ctx as Context);
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_ListTagsLogGroup.html */
export const listTagsLogGroup = logs.operation("ListTagsLogGroup", {
  access: ({ logGroupName }, ctx) => groupAccess("ListTagsLogGroup", namedGroup(logGroupName, ctx), ctx),
  async handle({ logGroupName }, ctx) {
    const { tags } = await existingGroup(namedGroup(logGroupName, ctx), ctx as Context);
    return { tags };
  },
});
