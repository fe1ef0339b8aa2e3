import type { ScheduleGroupSummary } from "@aws-sdk/client-scheduler";
import type { Context } from "../../kit/context.ts";
import { parseArn } from "../../kit/targets.ts";
import { scheduler } from "./contract.ts";
import { page } from "./lists.ts";
import { defaultGroup, existingGroup, findGroup, groupAccess, groupArn } from "./names.ts";
import { removeSchedule } from "./schedules.ts";
import { type GroupRow, groups, schedules } from "./tables.ts";

const maxGroupsPerRegion = 500;

/** https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateScheduleGroup.html */
export const createScheduleGroup = scheduler.operation("CreateScheduleGroup", {
  access: async ({ Name, Tags }, ctx) => ({
    ...(await groupAccess("CreateScheduleGroup", Name, ctx)),
    requestTags: Tags ?? [],
  }),
  async handle({ Name, Tags = [] }, ctx) {
    if ((await findGroup(Name, ctx)) !== undefined)
      throw ctx.error("ConflictException", `Schedule group ${Name} already exists.`);
    const standing = await groups.list(ctx.tx, [ctx.account, ctx.region], { limit: maxGroupsPerRegion });
    if (standing.length >= maxGroupsPerRegion)
      throw ctx.error("ServiceQuotaExceededException", "The number of schedule groups is at its quota.");
    const now = ctx.clock.now();
    const tags = Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value]));
    groups.put(ctx.tx, [ctx.account, ctx.region, Name], { tags, createdAt: now, changedAt: now });
    return { ScheduleGroupArn: groupArn(ctx, Name) };
  },
});

function shown(name: string, row: GroupRow, ctx: Context): ScheduleGroupSummary {
  return {
    Arn: groupArn(ctx, name),
    Name: name,
    State: "ACTIVE",
    CreationDate: new Date(row.createdAt),
    LastModificationDate: new Date(row.changedAt),
  };
}

/** https://docs.aws.amazon.com/scheduler/latest/APIReference/API_GetScheduleGroup.html */
export const getScheduleGroup = scheduler.operation("GetScheduleGroup", {
  access: ({ Name }, ctx) => groupAccess("GetScheduleGroup", Name, ctx),
  handle: async ({ Name }, ctx) => shown(Name, await existingGroup(Name, ctx), ctx),
});

/** https://docs.aws.amazon.com/scheduler/latest/APIReference/API_ListScheduleGroups.html */
export const listScheduleGroups = scheduler.operation("ListScheduleGroups", {
  access: () => ({ action: "scheduler:ListScheduleGroups", resource: "*" }),
  async handle(input, ctx) {
    const { items, next } = await page(groups, [ctx.account, ctx.region], input, ctx);
    const ScheduleGroups = items.map(({ key, row }) => shown(key[2], row, ctx));
    const standing = await groups.get(ctx.tx, ctx.account, ctx.region, defaultGroup);
    const fits = defaultGroup.startsWith(input.NamePrefix ?? "") && input.NextToken === undefined;
    if (standing === undefined && fits)
      ScheduleGroups.unshift(shown(defaultGroup, { tags: {}, createdAt: 0, changedAt: 0 }, ctx));
    return { ScheduleGroups, ...(next && { NextToken: next }) };
  },
});

/** Deletes a group with its schedules. https://docs.aws.amazon.com/scheduler/latest/APIReference/API_DeleteScheduleGroup.html */
export const deleteScheduleGroup = scheduler.operation("DeleteScheduleGroup", {
  access: ({ Name }, ctx) => groupAccess("DeleteScheduleGroup", Name, ctx),
  async handle({ Name }, ctx) {
    if (Name === defaultGroup)
      throw ctx.error("ValidationException", "The default schedule group cannot be deleted.");
    await existingGroup(Name, ctx);
    for (const { key, row } of await schedules.list(ctx.tx, [ctx.account, ctx.region, Name]))
      removeSchedule(Name, key[3], row, ctx);
    groups.delete(ctx.tx, ctx.account, ctx.region, Name);
    return {};
  },
});

/** Only groups have tags. */
function groupOfArn(arn: string): string {
  return parseArn(arn)?.resource.replace(/^schedule-group\//, "") ?? "";
}

async function retag(
  arn: string,
  change: (tags: Record<string, string>) => Record<string, string>,
  ctx: Context<"ResourceNotFoundException">,
): Promise<object> {
  const name = groupOfArn(arn);
  const row = await existingGroup(name, ctx);
  groups.put(ctx.tx, [ctx.account, ctx.region, name], { ...row, tags: change(row.tags) });
  return {};
}

/** https://docs.aws.amazon.com/scheduler/latest/APIReference/API_TagResource.html */
export const tagResource = scheduler.operation("TagResource", {
  access: async ({ ResourceArn, Tags }, ctx) => ({
    ...(await groupAccess("TagResource", groupOfArn(ResourceArn), ctx)),
    requestTags: Tags,
  }),
  handle: ({ ResourceArn, Tags }, ctx) =>
    retag(
      ResourceArn,
      (tags) => ({ ...tags, ...Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value])) }),
      ctx,
    ),
});

/** https://docs.aws.amazon.com/scheduler/latest/APIReference/API_UntagResource.html */
export const untagResource = scheduler.operation("UntagResource", {
  access: async ({ ResourceArn, TagKeys }, ctx) => ({
    ...(await groupAccess("UntagResource", groupOfArn(ResourceArn), ctx)),
    context: { "aws:TagKeys": TagKeys },
  }),
  handle: ({ ResourceArn, TagKeys }, ctx) =>
    retag(
      ResourceArn,
      (tags) => Object.fromEntries(Object.entries(tags).filter(([key]) => !TagKeys.includes(key))),
      ctx,
    ),
});

/** https://docs.aws.amazon.com/scheduler/latest/APIReference/API_ListTagsForResource.html */
export const listTagsForResource = scheduler.operation("ListTagsForResource", {
  access: ({ ResourceArn }, ctx) => groupAccess("ListTagsForResource", groupOfArn(ResourceArn), ctx),
  async handle({ ResourceArn }, ctx) {
    const { tags } = await existingGroup(groupOfArn(ResourceArn), ctx);
    return { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
  },
});
