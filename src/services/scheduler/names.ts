import type { Context } from "../../kit/context.ts";
import { type GroupRow, groups, type ScheduleRow, schedules } from "./tables.ts";

export const defaultGroup = "default";

export function groupArn({ account, region }: Context, group: string): string {
  return `arn:aws:scheduler:${region}:${account}:schedule-group/${group}`;
}

export function scheduleArn({ account, region }: Context, group: string, name: string): string {
  return `arn:aws:scheduler:${region}:${account}:schedule/${group}/${name}`;
}

export async function findGroup(name: string, ctx: Context): Promise<GroupRow | undefined> {
  const row = await groups.get(ctx.tx, ctx.account, ctx.region, name);
  if (row !== undefined || name !== defaultGroup) return row;
  return { tags: {}, createdAt: 0, changedAt: 0 };
}

export async function existingGroup(
  name: string,
  ctx: Context<"ResourceNotFoundException">,
): Promise<GroupRow> {
  const row = await findGroup(name, ctx);
  if (row === undefined)
    throw ctx.error("ResourceNotFoundException", `Schedule group ${name} does not exist.`);
  return row;
}

export async function existingSchedule(
  group: string,
  name: string,
  ctx: Context<"ResourceNotFoundException">,
): Promise<ScheduleRow> {
  const row = await schedules.get(ctx.tx, ctx.account, ctx.region, group, name);
  if (row === undefined) throw ctx.error("ResourceNotFoundException", `Schedule ${name} does not exist.`);
  return row;
}

/** A schedule as a resource of an access declaration; its group's tags are its own. */
export async function scheduleAccess(action: string, group: string, name: string, ctx: Context) {
  return {
    action: `scheduler:${action}`,
    resource: scheduleArn(ctx, group, name),
    resourceType: "AWS::Scheduler::Schedule",
    resourceTags: (await findGroup(group, ctx))?.tags ?? {},
  };
}

export async function groupAccess(action: string, group: string, ctx: Context) {
  return {
    action: `scheduler:${action}`,
    resource: groupArn(ctx, group),
    resourceType: "AWS::Scheduler::ScheduleGroup",
    resourceTags: (await findGroup(group, ctx))?.tags ?? {},
  };
}
