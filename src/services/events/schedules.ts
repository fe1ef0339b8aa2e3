import type { Context } from "../../kit/context.ts";
import { uuid } from "../../kit/ids.ts";
import { eventTime } from "../../kit/record.ts";
import { nextRun, parseSchedule } from "../../kit/schedule.ts";
import { peerOf } from "./apiCalls.ts";
import { ruleDimensions } from "./ingest.ts";
import { type BusName, ruleArn } from "./names.ts";
import { type RuleRow, rules, targets } from "./tables.ts";
import type { Envelope } from "./transform.ts";

/** Rules that act by the clock. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html */

function timerId({ account, region }: BusName, rule: string): string {
  return `schedule/${account}/${region}/${rule}`;
}

/** Sets the timer of a rule's next run; the row says when that is. */
export function schedule(bus: BusName, name: string, row: RuleRow, ctx: Context): RuleRow {
  const { nextMs: _, ...rest } = row;
  const parsed =
    row.state === "DISABLED" || row.schedule === undefined ? undefined : parseSchedule(row.schedule);
  const now = ctx.clock.now();
  const nextMs = parsed && nextRun(parsed, { afterMs: now, startMs: row.scheduledAt ?? now });
  if (nextMs === undefined) return rest;
  ctx.timers.set(timerId(bus, name), "runRule", nextMs, { bus: bus.name, rule: name, dueMs: nextMs });
  return { ...rest, nextMs };
}

export function unschedule(bus: BusName, name: string, { nextMs }: RuleRow, ctx: Context): void {
  if (nextMs !== undefined) ctx.timers.cancel(timerId(bus, name), nextMs);
}

/** A rule's time has come: its targets get the event of that. */
export async function runRule(
  { bus: busName, rule, dueMs }: { bus: string; rule: string; dueMs: number },
  ctx: Context,
): Promise<void> {
  const bus = { account: ctx.account, region: ctx.region, name: busName };
  const row = await rules.get(ctx.tx, bus.account, bus.region, bus.name, rule);
  if (row?.nextMs !== dueMs || row.state === "DISABLED") return;
  rules.put(ctx.tx, [bus.account, bus.region, bus.name, rule], schedule(bus, rule, row, ctx));
  const event: Envelope = {
    version: "0",
    id: uuid(),
    "detail-type": "Scheduled Event",
    source: "aws.events",
    account: bus.account,
    time: eventTime(dueMs),
    region: bus.region,
    resources: [ruleArn(bus, rule)],
    detail: {},
  };
  ctx.metric({
    namespace: "AWS/Events",
    name: "TriggeredRules",
    dimensions: ruleDimensions(bus, rule),
    value: 1,
  });
  for (const { key, row: target } of await targets.list(ctx.tx, [bus.account, bus.region, bus.name, rule])) {
    const invocation = { bus: bus.name, rule, targetId: key[4], event, ingestedAtMs: ctx.clock.now() };
    ctx.outbox.put("invoke", invocation, peerOf(target));
  }
}
