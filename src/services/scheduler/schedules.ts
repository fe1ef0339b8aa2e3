import type { ScheduleSummary, Target } from "@aws-sdk/client-scheduler";
import type { Context } from "../../kit/context.ts";
import { passRole } from "../../kit/passRole.ts";
import { isTimeZone, parseSchedule } from "../../kit/schedule.ts";
import { scheduler } from "./contract.ts";
import { page } from "./lists.ts";
import { defaultGroup, existingGroup, existingSchedule, scheduleAccess, scheduleArn } from "./names.ts";
import { type ScheduleRow, schedules } from "./tables.ts";
import { checkTarget } from "./targets.ts";
import { timed, untimed } from "./timing.ts";

interface ScheduleInput {
  Name: string;
  GroupName?: string | undefined;
  ScheduleExpression: string;
  ScheduleExpressionTimezone?: string | undefined;
  Target: object;
  FlexibleTimeWindow: { Mode: string; MaximumWindowInMinutes?: number | undefined };
  State?: string | undefined;
  Description?: string | undefined;
  StartDate?: Date | undefined;
  EndDate?: Date | undefined;
  KmsKeyArn?: string | undefined;
  ActionAfterCompletion?: string | undefined;
  ClientToken?: string | undefined;
}

/** The row that an input asks for; what it leaves out has AWS's defaults, on update too. */
async function rowOf(input: ScheduleInput, createdAt: number, ctx: Context): Promise<ScheduleRow> {
  const { ScheduleExpression, ScheduleExpressionTimezone = "UTC", FlexibleTimeWindow } = input;
  if (parseSchedule(ScheduleExpression) === undefined) {
    throw ctx.error("ValidationException", `Invalid Schedule Expression ${ScheduleExpression}.`);
  }
  if (!isTimeZone(ScheduleExpressionTimezone)) {
    throw ctx.error(
      "ValidationException",
      `Invalid ScheduleExpressionTimezone ${ScheduleExpressionTimezone}.`,
    );
  }
  const { Mode, MaximumWindowInMinutes } = FlexibleTimeWindow;
  if ((Mode === "FLEXIBLE") !== (MaximumWindowInMinutes !== undefined)) {
    throw ctx.error(
      "ValidationException",
      "MaximumWindowInMinutes must be specified for a FLEXIBLE time window, and for no other.",
    );
  }
  const { StartDate, EndDate } = input;
  if (StartDate !== undefined && EndDate !== undefined && StartDate >= EndDate)
    throw ctx.error("ValidationException", "The StartDate must come before the EndDate.");
  const target = input.Target as Target;
  checkTarget(target, ctx);
  await passRole(ctx, target.RoleArn ?? "", "scheduler.amazonaws.com");
  return {
    expression: ScheduleExpression,
    timeZone: ScheduleExpressionTimezone,
    state: input.State === "DISABLED" ? "DISABLED" : "ENABLED",
    ...(input.Description !== undefined && { description: input.Description }),
    target,
    windowMinutes: MaximumWindowInMinutes ?? 0,
    ...(StartDate && { startMs: StartDate.getTime() }),
    ...(EndDate && { endMs: EndDate.getTime() }),
    ...(input.KmsKeyArn !== undefined && { kmsKeyArn: input.KmsKeyArn }),
    afterCompletion: input.ActionAfterCompletion === "DELETE" ? "DELETE" : "NONE",
    ...(input.ClientToken !== undefined && { clientToken: input.ClientToken }),
    createdAt,
    changedAt: ctx.clock.now(),
  };
}

function putRow(group: string, name: string, row: ScheduleRow, ctx: Context): void {
  schedules.put(ctx.tx, [ctx.account, ctx.region, group, name], timed(group, name, row, ctx));
}

/** https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html */
export const createSchedule = scheduler.operation("CreateSchedule", {
  access: ({ Name, GroupName = defaultGroup }, ctx) => scheduleAccess("CreateSchedule", GroupName, Name, ctx),
  async handle(input, ctx) {
    const { Name, GroupName = defaultGroup, ClientToken } = input;
    await existingGroup(GroupName, ctx);
    const known = await schedules.get(ctx.tx, ctx.account, ctx.region, GroupName, Name);
    const ScheduleArn = scheduleArn(ctx, GroupName, Name);
    // The same call once more: the client did not hear the answer.
    if (known !== undefined && ClientToken !== undefined && known.clientToken === ClientToken)
      return { ScheduleArn };
    if (known !== undefined) throw ctx.error("ConflictException", `Schedule ${Name} already exists.`);
    putRow(GroupName, Name, await rowOf(input, ctx.clock.now(), ctx), ctx);
    return { ScheduleArn };
  },
});

/** https://docs.aws.amazon.com/scheduler/latest/APIReference/API_UpdateSchedule.html */
export const updateSchedule = scheduler.operation("UpdateSchedule", {
  access: ({ Name, GroupName = defaultGroup }, ctx) => scheduleAccess("UpdateSchedule", GroupName, Name, ctx),
  async handle(input, ctx) {
    const { Name, GroupName = defaultGroup } = input;
    const known = await existingSchedule(GroupName, Name, ctx);
    untimed(GroupName, Name, known, ctx);
    putRow(GroupName, Name, await rowOf(input, known.createdAt, ctx), ctx);
    return { ScheduleArn: scheduleArn(ctx, GroupName, Name) };
  },
});

/** https://docs.aws.amazon.com/scheduler/latest/APIReference/API_GetSchedule.html */
export const getSchedule = scheduler.operation("GetSchedule", {
  access: ({ Name, GroupName = defaultGroup }, ctx) => scheduleAccess("GetSchedule", GroupName, Name, ctx),
  async handle({ Name, GroupName = defaultGroup }, ctx) {
    const row = await existingSchedule(GroupName, Name, ctx);
    return {
      ...summary(GroupName, Name, row, ctx),
      ScheduleExpression: row.expression,
      ScheduleExpressionTimezone: row.timeZone,
      Target: row.target,
      FlexibleTimeWindow:
        row.windowMinutes > 0
          ? { Mode: "FLEXIBLE" as const, MaximumWindowInMinutes: row.windowMinutes }
          : { Mode: "OFF" as const },
      ActionAfterCompletion: row.afterCompletion,
      ...(row.description !== undefined && { Description: row.description }),
      ...(row.startMs !== undefined && { StartDate: new Date(row.startMs) }),
      ...(row.endMs !== undefined && { EndDate: new Date(row.endMs) }),
      ...(row.kmsKeyArn !== undefined && { KmsKeyArn: row.kmsKeyArn }),
    };
  },
});

function summary(
  group: string,
  name: string,
  row: ScheduleRow,
  ctx: Context,
): Omit<ScheduleSummary, "Target"> {
  return {
    Arn: scheduleArn(ctx, group, name),
    Name: name,
    GroupName: group,
    State: row.state,
    CreationDate: new Date(row.createdAt),
    LastModificationDate: new Date(row.changedAt),
  };
}

/** https://docs.aws.amazon.com/scheduler/latest/APIReference/API_ListSchedules.html */
export const listSchedules = scheduler.operation("ListSchedules", {
  access: () => ({ action: "scheduler:ListSchedules", resource: "*" }),
  async handle({ GroupName, NamePrefix, State, ...input }, ctx) {
    if (GroupName !== undefined) await existingGroup(GroupName, ctx);
    const parts = [ctx.account, ctx.region, ...(GroupName === undefined ? [] : [GroupName])];
    const where = (row: ScheduleRow) => State === undefined || row.state === State;
    // Over all groups, names are not in one order, so a prefix is only a filter there.
    const options = { ...input, ...(GroupName !== undefined && { NamePrefix }) };
    const { items, next } = await page(schedules, parts, options, ctx, where);
    return {
      Schedules: items
        .filter(({ key }) => key[3].startsWith(NamePrefix ?? ""))
        .map(({ key, row }) => ({
          ...summary(key[2], key[3], row, ctx),
          Target: { Arn: row.target.Arn },
        })),
      ...(next && { NextToken: next }),
    };
  },
});

/** https://docs.aws.amazon.com/scheduler/latest/APIReference/API_DeleteSchedule.html */
export const deleteSchedule = scheduler.operation("DeleteSchedule", {
  access: ({ Name, GroupName = defaultGroup }, ctx) => scheduleAccess("DeleteSchedule", GroupName, Name, ctx),
  async handle({ Name, GroupName = defaultGroup }, ctx) {
    removeSchedule(GroupName, Name, await existingSchedule(GroupName, Name, ctx), ctx);
    return {};
  },
});

export function removeSchedule(group: string, name: string, row: ScheduleRow, ctx: Context): void {
  untimed(group, name, row, ctx);
  schedules.delete(ctx.tx, ctx.account, ctx.region, group, name);
}
