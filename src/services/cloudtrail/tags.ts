import type { Context } from "../../kit/context.ts";
import type { Access } from "../../kit/service.ts";
import { cloudtrail } from "./contract.ts";
import { existingStore, storeAccess } from "./lake/names.ts";
import { stores } from "./lake/rows.ts";
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

/** A trail, or an event data store. */
interface Tagged {
  tags: Record<string, string>;
  put(tags: Record<string, string>): void;
}

async function tagged(arn: string, ctx: Context<never>): Promise<Tagged> {
  if (isStore(arn)) {
    const row = await existingStore(arn, ctx);
    const key: [string, string, string] = [ctx.account, ctx.region, row.id];
    return { tags: row.tags, put: (tags) => stores.put(ctx.tx, key, { ...row, tags }) };
  }
  const { trail, row } = await existingTrail(arn, ctx);
  const key: [string, string, string] = [trail.account, trail.region, trail.name];
  return { tags: row.tags, put: (tags) => trails.put(ctx.tx, key, { ...row, tags }) };
}

function isStore(arn: string): boolean {
  return arn.includes(":eventdatastore/");
}

async function taggedAccess(action: string, arn: string, ctx: Context): Promise<Access> {
  return await (isStore(arn) ? storeAccess : trailAccess)(action, arn, ctx);
}

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AddTags.html */
export const addTags = cloudtrail.operation("AddTags", {
  access: async ({ ResourceId, TagsList }, ctx) => ({
    ...(await taggedAccess("AddTags", ResourceId, ctx)),
    requestTags: TagsList,
  }),
  async handle({ ResourceId, TagsList }, ctx) {
    const held = await tagged(ResourceId, ctx as Context<never>);
    held.put(checkTags(TagsList, held.tags, ctx));
    return {};
  },
});

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_RemoveTags.html */
export const removeTags = cloudtrail.operation("RemoveTags", {
  access: async ({ ResourceId, TagsList }, ctx) => ({
    ...(await taggedAccess("RemoveTags", ResourceId, ctx)),
    context: { "aws:TagKeys": TagsList.map(({ Key }) => Key ?? "") },
  }),
  async handle({ ResourceId, TagsList }, ctx) {
    const held = await tagged(ResourceId, ctx as Context<never>);
    const removed = new Set(TagsList.map(({ Key }) => Key));
    held.put(Object.fromEntries(Object.entries(held.tags).filter(([key]) => !removed.has(key))));
    return {};
  },
});

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_ListTags.html */
export const listTags = cloudtrail.operation("ListTags", {
  access: async ({ ResourceIdList }, ctx) =>
    await Promise.all(ResourceIdList.map((arn) => taggedAccess("ListTags", arn, ctx))),
  async handle({ ResourceIdList }, ctx) {
    const ResourceTagList = [];
    for (const ResourceId of ResourceIdList) {
      const { tags } = await tagged(ResourceId, ctx as Context<never>);
      const TagsList = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
      ResourceTagList.push({ ResourceId, TagsList });
    }
    return { ResourceTagList };
  },
});
