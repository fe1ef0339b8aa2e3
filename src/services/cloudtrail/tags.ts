import type { Context } from "../../kit/context.ts";
import { cloudtrail } from "./contract.ts";
import { existingTrail, trailAccess } from "./names.ts";
import { trails } from "./tables.ts";

const maxTags = 50;

type Tags = readonly { Key?: string | undefined; Value?: string | undefined }[];

/** Tags laid over those that stand. */
export function checkTags(
  list: Tags,
  standing: Record<string, string>,
  ctx: Context<"TagsLimitExceededException">,
): Record<string, string> {
  const tags = { ...standing };
  for (const { Key = "", Value = "" } of list) tags[Key] = Value;
  if (Object.keys(tags).length > maxTags) {
    throw ctx.error("TagsLimitExceededException", `The number of tags per trail has exceeded ${maxTags}.`);
  }
  return tags;
}

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AddTags.html */
export const addTags = cloudtrail.operation("AddTags", {
  access: async ({ ResourceId, TagsList }, ctx) => ({
    ...(await trailAccess("AddTags", ResourceId, ctx)),
    requestTags: TagsList,
  }),
  async handle({ ResourceId, TagsList }, ctx) {
    const { trail, row } = await existingTrail(ResourceId, ctx as Context<never>);
    const tags = checkTags(TagsList, row.tags, ctx);
    trails.put(ctx.tx, [trail.account, trail.region, trail.name], { ...row, tags });
    return {};
  },
});

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_RemoveTags.html */
export const removeTags = cloudtrail.operation("RemoveTags", {
  access: async ({ ResourceId, TagsList }, ctx) => ({
    ...(await trailAccess("RemoveTags", ResourceId, ctx)),
    context: { "aws:TagKeys": TagsList.map(({ Key }) => Key ?? "") },
  }),
  async handle({ ResourceId, TagsList }, ctx) {
    const { trail, row } = await existingTrail(ResourceId, ctx as Context<never>);
    const removed = new Set(TagsList.map(({ Key }) => Key));
    const tags = Object.fromEntries(Object.entries(row.tags).filter(([key]) => !removed.has(key)));
    trails.put(ctx.tx, [trail.account, trail.region, trail.name], { ...row, tags });
    return {};
  },
});

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_ListTags.html */
export const listTags = cloudtrail.operation("ListTags", {
  access: async ({ ResourceIdList }, ctx) =>
    await Promise.all(ResourceIdList.map((arn) => trailAccess("ListTags", arn, ctx))),
  async handle({ ResourceIdList }, ctx) {
    const ResourceTagList = [];
    for (const ResourceId of ResourceIdList) {
      const { row } = await existingTrail(ResourceId, ctx as Context<never>);
      const TagsList = Object.entries(row.tags).map(([Key, Value]) => ({ Key, Value }));
      ResourceTagList.push({ ResourceId, TagsList });
    }
    return { ResourceTagList };
  },
});
