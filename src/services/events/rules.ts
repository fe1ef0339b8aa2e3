import type { Rule } from "@aws-sdk/client-eventbridge";
import type { Context } from "../../kit/context.ts";
import { passRole } from "../../kit/passRole.ts";
import { parseSchedule } from "../../kit/schedule.ts";
import { tooMany } from "./buses.ts";
import { events } from "./contract.ts";
import { namedPage } from "./lists.ts";
import {
  type BusName,
  busNamed,
  defaultBus,
  existingBus,
  existingRule,
  ruleAccess,
  ruleArn,
  tagsOf,
  touchBus,
} from "./names.ts";
import { checkedPattern } from "./patterns.ts";
import { schedule, unschedule } from "./schedules.ts";
import { type RuleRow, type RuleState, rules, rulesByTarget, targets } from "./tables.ts";

/** AWS's default is 300, which it raises to this in its large Regions. */
const maxRulesPerBus = 2_000;

/** Makes a rule, or changes one as a whole. https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html */
export const putRule = events.operation("PutRule", {
  access: async ({ Name, EventBusName, EventPattern, Tags }, ctx) => {
    const access = await ruleAccess("PutRule", { Name, EventBusName }, ctx);
    const accesses = [
      { ...access, context: { ...access.context, ...patternKeys(EventPattern) }, requestTags: Tags ?? [] },
    ];
    if (Tags?.length)
      accesses.push({ ...access, action: "events:TagResource", requestTags: Tags, context: {} });
    return accesses;
  },
  async handle(
    { Name, EventBusName, EventPattern, ScheduleExpression, State, Description, RoleArn, Tags },
    ctx,
  ) {
    const bus = busNamed(EventBusName, ctx);
    await existingBus(bus, ctx);
    if (!EventPattern && !ScheduleExpression) {
      throw ctx.error(
        "ValidationException",
        "Parameter(s) EventPattern or ScheduleExpression must be specified.",
      );
    }
    if (EventPattern) checkedPattern(EventPattern, ctx);
    if (ScheduleExpression) checkSchedule(ScheduleExpression, bus, ctx);
    if (RoleArn !== undefined) await passRole(ctx, RoleArn, "events.amazonaws.com");
    const known = await rules.get(ctx.tx, bus.account, bus.region, bus.name, Name);
    if (known === undefined) await checkQuota(bus, ctx);
    else unschedule(bus, Name, known, ctx);
    const row: RuleRow = {
      ...(EventPattern && { pattern: EventPattern }),
      ...(ScheduleExpression && { schedule: ScheduleExpression, scheduledAt: ctx.clock.now() }),
      state: (State as RuleState | undefined) ?? known?.state ?? "ENABLED",
      ...(Description !== undefined && { description: Description }),
      ...(RoleArn !== undefined && { roleArn: RoleArn }),
      createdBy: known?.createdBy ?? ctx.account,
      // Tags given to a rule that stands are ignored, as AWS says.
      tags: known?.tags ?? tagsOf(Tags),
    };
    putRow(bus, Name, schedule(bus, Name, row, ctx), ctx);
    return { RuleArn: ruleArn(bus, Name) };
  },
});

function checkSchedule(expression: string, bus: BusName, ctx: Context): void {
  if (bus.name !== defaultBus) {
    throw ctx.error("ValidationException", "ScheduleExpression is supported only on the default event bus.");
  }
  const parsed = parseSchedule(expression);
  if (parsed === undefined || parsed.kind === "at")
    throw ctx.error("ValidationException", "Parameter ScheduleExpression is not valid.");
}

async function checkQuota(bus: BusName, ctx: Context<"LimitExceededException">): Promise<void> {
  const parts = [bus.account, bus.region, bus.name];
  const standing = await rules.list(ctx.tx, parts, { limit: maxRulesPerBus });
  if (standing.length >= maxRulesPerBus) throw tooMany(ctx);
}

/** What a pattern asks of source and detail-type, as condition keys of PutRule. */
function patternKeys(pattern: string | undefined): Record<string, string[]> {
  try {
    const parsed = JSON.parse(pattern ?? "{}") as Record<string, unknown>;
    const texts = (value: unknown) =>
      Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : [];
    const keys = {
      "events:source": texts(parsed.source),
      "events:detail-type": texts(parsed["detail-type"]),
    };
    return Object.fromEntries(Object.entries(keys).filter(([, list]) => list.length > 0));
  } catch {
    // Not JSON: the call fails on that later.
    return {};
  }
}

function putRow(bus: BusName, name: string, row: RuleRow, ctx: Context): void {
  rules.put(ctx.tx, [bus.account, bus.region, bus.name, name], row);
  touchBus(bus, ctx);
}

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DescribeRule.html */
export const describeRule = events.operation("DescribeRule", {
  access: ({ Name, EventBusName }, ctx) => ruleAccess("DescribeRule", { Name, EventBusName }, ctx),
  async handle({ Name, EventBusName }, ctx) {
    const bus = busNamed(EventBusName, ctx);
    const row = await existingRule(bus, Name, ctx);
    return { ...shown(bus, Name, row), CreatedBy: row.createdBy };
  },
});

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListRules.html */
export const listRules = events.operation("ListRules", {
  access: () => ({ action: "events:ListRules", resource: "*" }),
  async handle({ EventBusName, ...input }, ctx) {
    const bus = busNamed(EventBusName, ctx);
    await existingBus(bus, ctx);
    const { items, next } = await namedPage(rules, [bus.account, bus.region, bus.name], input, ctx);
    return {
      Rules: items.map(({ name, row }) => shown(bus, name, row)),
      ...(next && { NextToken: next }),
    };
  },
});

function shown(bus: BusName, name: string, row: RuleRow): Rule {
  return {
    Name: name,
    Arn: ruleArn(bus, name),
    ...(row.pattern !== undefined && { EventPattern: row.pattern }),
    ...(row.schedule !== undefined && { ScheduleExpression: row.schedule }),
    State: row.state,
    ...(row.description !== undefined && { Description: row.description }),
    ...(row.roleArn !== undefined && { RoleArn: row.roleArn }),
    ...(row.managedBy !== undefined && { ManagedBy: row.managedBy }),
    EventBusName: bus.name,
  };
}

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_EnableRule.html */
export const enableRule = events.operation("EnableRule", {
  access: ({ Name, EventBusName }, ctx) => ruleAccess("EnableRule", { Name, EventBusName }, ctx),
  handle: ({ Name, EventBusName }, ctx) => setState(Name, EventBusName, "ENABLED", ctx),
});

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DisableRule.html */
export const disableRule = events.operation("DisableRule", {
  access: ({ Name, EventBusName }, ctx) => ruleAccess("DisableRule", { Name, EventBusName }, ctx),
  handle: ({ Name, EventBusName }, ctx) => setState(Name, EventBusName, "DISABLED", ctx),
});

async function setState(
  name: string,
  busName: string | undefined,
  state: RuleState,
  ctx: Context<"ResourceNotFoundException">,
): Promise<object> {
  const bus = busNamed(busName, ctx);
  const row = await existingRule(bus, name, ctx);
  unschedule(bus, name, row, ctx);
  putRow(bus, name, schedule(bus, name, { ...row, state, scheduledAt: ctx.clock.now() }, ctx), ctx);
  return {};
}

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DeleteRule.html */
export const deleteRule = events.operation("DeleteRule", {
  access: ({ Name, EventBusName }, ctx) => ruleAccess("DeleteRule", { Name, EventBusName }, ctx),
  async handle({ Name, EventBusName }, ctx) {
    const bus = busNamed(EventBusName, ctx);
    await existingBus(bus, ctx);
    const row = await rules.get(ctx.tx, bus.account, bus.region, bus.name, Name);
    if (row === undefined) return {};
    const standing = await targets.list(ctx.tx, [bus.account, bus.region, bus.name, Name], { limit: 1 });
    if (standing.length > 0)
      throw ctx.error("ValidationException", "Rule can't be deleted since it has targets.");
    await removeRule(bus, Name, row, ctx);
    return {};
  },
});

/** Removes a rule with its targets. */
export async function removeRule(bus: BusName, name: string, row: RuleRow, ctx: Context): Promise<void> {
  const key = [bus.account, bus.region, bus.name] as const;
  unschedule(bus, name, row, ctx);
  for (const { row: target } of await targets.list(ctx.tx, [...key, name])) {
    targets.delete(ctx.tx, ...key, name, target.Id ?? "");
    rulesByTarget.delete(ctx.tx, ...key, target.Arn ?? "", name, target.Id ?? "");
  }
  rules.delete(ctx.tx, ...key, name);
  touchBus(bus, ctx);
}
