import type { Context } from "../../../kit/context.ts";
import { BadMarker, pageOf } from "../../../kit/paging.ts";
import type { Access } from "../../../kit/service.ts";
import { cloudwatch } from "../contract.ts";
import { type MuteRuleRow, mutedAlarms, muteRules } from "../tables.ts";
import { newTags } from "./configure.ts";
import { durationMs, isKnownTimeZone, mutedUntil, muteSchedule, statusOf } from "./muteWindows.ts";
import { alarmAccess } from "./names.ts";

/** Times in which alarms change their states and do nothing else. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-mute-rules.html */

const defaultPageSize = 50;
const maxRules = 1_000;

interface Owner {
  account: string;
  region: string;
}

function muteRuleArn(name: string, { account, region }: Owner): string {
  return `arn:aws:cloudwatch:${region}:${account}:alarm-mute-rule:${name}`;
}

export function findMuteRule(name: string, ctx: Context) {
  return muteRules.get(ctx.tx, ctx.account, ctx.region, name);
}

export function putMuteRuleRow(row: MuteRuleRow, ctx: Context): void {
  muteRules.put(ctx.tx, [ctx.account, ctx.region, row.name], row);
}

async function muteRuleAccess(action: string, name: string, ctx: Context): Promise<Access> {
  const row = await findMuteRule(name, ctx);
  return {
    action: `cloudwatch:${action}`,
    resource: muteRuleArn(name, ctx),
    ...(row && { resourceTags: row.tags }),
  };
}

/** Whoever mutes alarms must be allowed to do so for each. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutAlarmMuteRule.html */
export const putAlarmMuteRule = cloudwatch.operation("PutAlarmMuteRule", {
  access: async ({ Name, MuteTargets, Tags }, ctx) => [
    { ...(await muteRuleAccess("PutAlarmMuteRule", Name, ctx)), requestTags: Tags },
    ...(await Promise.all(
      (MuteTargets?.AlarmNames ?? []).map((alarm) => alarmAccess("PutAlarmMuteRule", alarm, ctx)),
    )),
  ],
  async handle({ Name, Description, Rule, MuteTargets, Tags, StartDate, ExpireDate }, ctx) {
    const invalid = (message: string) => (ctx as Context).error("ValidationError", message);
    const { Expression, Duration, Timezone } = Rule.Schedule as Required<typeof Rule>["Schedule"];
    if (muteSchedule(Expression ?? "") === undefined)
      throw invalid(
        `The value ${Expression} for parameter Rule.Schedule.Expression is not a valid schedule.`,
      );
    if (durationMs(Duration ?? "") === undefined)
      throw invalid(
        `The value ${Duration} for parameter Rule.Schedule.Duration must be an ISO 8601 duration from PT1M to P15D.`,
      );
    if (Timezone !== undefined && !isKnownTimeZone(Timezone))
      throw invalid(`The value ${Timezone} for parameter Rule.Schedule.Timezone is not a valid time zone.`);
    if (StartDate !== undefined && ExpireDate !== undefined && StartDate >= ExpireDate)
      throw invalid("The parameter StartDate must be less than the parameter ExpireDate.");
    const held = await findMuteRule(Name, ctx);
    if (held === undefined) await checkRoom(ctx);
    else removeTargets(held, ctx);
    const row: MuteRuleRow = {
      name: Name,
      ...(Description !== undefined && { description: Description }),
      expression: Expression ?? "",
      duration: Duration ?? "",
      ...(Timezone !== undefined && { timeZone: Timezone }),
      alarms: [...new Set(MuteTargets?.AlarmNames ?? [])],
      ...(StartDate !== undefined && { startAt: StartDate.getTime() }),
      ...(ExpireDate !== undefined && { expireAt: ExpireDate.getTime() }),
      tags: held?.tags ?? newTags(Tags, ctx as Context),
      updatedAt: ctx.clock.now(),
    };
    putMuteRuleRow(row, ctx);
    for (const alarm of row.alarms) mutedAlarms.put(ctx.tx, [ctx.account, ctx.region, alarm, Name], {});
    return {};
  },
});

async function checkRoom(ctx: Context<"LimitExceededFault">): Promise<void> {
  const held = await ctx.peek((tx) => muteRules.list(tx, [ctx.account, ctx.region], { limit: maxRules }));
  if (held.length >= maxRules)
    throw ctx.error("LimitExceededFault", "The maximum limit of alarm mute rules has been reached.");
}

function removeTargets({ name, alarms }: MuteRuleRow, ctx: Context): void {
  for (const alarm of alarms) mutedAlarms.delete(ctx.tx, ctx.account, ctx.region, alarm, name);
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetAlarmMuteRule.html */
export const getAlarmMuteRule = cloudwatch.operation("GetAlarmMuteRule", {
  access: ({ AlarmMuteRuleName }, ctx) => muteRuleAccess("GetAlarmMuteRule", AlarmMuteRuleName, ctx),
  async handle({ AlarmMuteRuleName }, ctx) {
    const row = await findMuteRule(AlarmMuteRuleName, ctx);
    if (row === undefined) throw notFound(AlarmMuteRuleName, ctx);
    const { expression, duration, timeZone } = row;
    return {
      Name: row.name,
      ...(row.description !== undefined && { Description: row.description }),
      Rule: {
        Schedule: {
          Expression: expression,
          Duration: duration,
          ...(timeZone !== undefined && { Timezone: timeZone }),
        },
      },
      ...(row.alarms.length > 0 && { MuteTargets: { AlarmNames: [...row.alarms] } }),
      ...(row.startAt !== undefined && { StartDate: new Date(row.startAt) }),
      ...summary(row, ctx),
    };
  },
});

function notFound(name: string, ctx: Context<"ResourceNotFoundException">) {
  return ctx.error("ResourceNotFoundException", `Alarm mute rule ${name} does not exist.`, {
    ResourceType: "AlarmMuteRule",
    ResourceId: name,
  });
}

function summary(row: MuteRuleRow, ctx: Context) {
  return {
    AlarmMuteRuleArn: muteRuleArn(row.name, ctx),
    ...(row.expireAt !== undefined && { ExpireDate: new Date(row.expireAt) }),
    Status: statusOf(row, ctx.clock.now()),
    MuteType: row.expression.startsWith("at(") ? "ONE_TIME" : "RECURRING",
    LastUpdatedTimestamp: new Date(row.updatedAt),
  };
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListAlarmMuteRules.html */
export const listAlarmMuteRules = cloudwatch.operation("ListAlarmMuteRules", {
  access: (_, ctx) => ({ action: "cloudwatch:ListAlarmMuteRules", resource: muteRuleArn("*", ctx) }),
  async handle({ AlarmName, Statuses, MaxRecords = defaultPageSize, NextToken }, ctx) {
    const nowMs = ctx.clock.now();
    const where = (row: MuteRuleRow) =>
      (AlarmName === undefined || row.alarms.includes(AlarmName)) &&
      (Statuses === undefined || Statuses.includes(statusOf(row, nowMs)));
    try {
      const options = { limit: MaxRecords, marker: NextToken, where };
      const { items, next } = await pageOf(muteRules, ctx.tx, [ctx.account, ctx.region], options);
      return {
        AlarmMuteRuleSummaries: items.map((row) => summary(row, ctx)),
        ...(next !== undefined && { NextToken: next }),
      };
    } catch (error) {
      if (error instanceof BadMarker) throw ctx.error("InvalidNextToken", "The token is invalid.");
      throw error;
    }
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DeleteAlarmMuteRule.html */
export const deleteAlarmMuteRule = cloudwatch.operation("DeleteAlarmMuteRule", {
  access: ({ AlarmMuteRuleName }, ctx) => muteRuleAccess("DeleteAlarmMuteRule", AlarmMuteRuleName, ctx),
  async handle({ AlarmMuteRuleName }, ctx) {
    const row = await findMuteRule(AlarmMuteRuleName, ctx);
    if (row === undefined) return {};
    removeTargets(row, ctx);
    muteRules.delete(ctx.tx, ctx.account, ctx.region, AlarmMuteRuleName);
    return {};
  },
});

/** Until when, ms since the epoch, an alarm does nothing, and which rule says so; undefined if none does. */
export async function muting(
  alarm: string,
  ctx: Context,
): Promise<{ rule: string; untilMs: number } | undefined> {
  let found: { rule: string; untilMs: number } | undefined;
  for (const { key } of await mutedAlarms.list(ctx.tx, [ctx.account, ctx.region, alarm])) {
    const row = await findMuteRule(key[3], ctx);
    const untilMs = row && mutedUntil(row, ctx.clock.now());
    if (untilMs !== undefined && untilMs > (found?.untilMs ?? 0)) found = { rule: key[3], untilMs };
  }
  return found;
}
