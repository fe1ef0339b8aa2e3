import type { Context } from "../../../kit/context.ts";
import { type AlarmRow, type CompositeAlarmRow, dependents, type StateValue } from "../tables.ts";
import { jsonTime } from "./history.ts";
import { alarmArn, alarmNameOf, findAlarm } from "./names.ts";
import { parseRule } from "./rule.ts";
import { suppressorChanged } from "./suppression.ts";
import { transition } from "./transition.ts";

/** The state of composite alarms: of their rule, whenever an alarm in it changes. */

/** An alarm has changed: its composite alarms follow. `path`: the alarms that led here, it among them. */
export async function childChanged(child: AlarmRow, ctx: Context, path: readonly string[]): Promise<void> {
  for (const { key } of await dependents.list(ctx.tx, [ctx.account, ctx.region, child.name])) {
    const composite = await findAlarm(key[3], ctx);
    if (composite?.kind !== "composite") continue;
    if (alarmNameOf(composite.suppressor ?? "", ctx) === child.name)
      await suppressorChanged(composite, child, ctx);
    // A cycle ends where it would begin again.
    if (composite.children.includes(child.name) && !path.includes(composite.name))
      await evaluateComposite(composite, child, ctx, path);
  }
}

/** "Wednesday 25 November, 2026 02:00:00 UTC" */
function longTime(ms: number): string {
  const part = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat("en-US", { timeZone: "UTC", ...options }).format(ms);
  const date = `${part({ weekday: "long" })} ${part({ day: "2-digit" })} ${part({ month: "long" })}, ${part({ year: "numeric" })}`;
  return `${date} ${new Date(ms).toISOString().slice(11, 19)} UTC`;
}

/** Without `trigger`: the alarm was just made, or its rule changed. */
export async function evaluateComposite(
  composite: CompositeAlarmRow,
  trigger: AlarmRow | undefined,
  ctx: Context,
  path: readonly string[] = [],
): Promise<void> {
  const rows = new Map<string, AlarmRow>();
  for (const name of composite.children) {
    const row = await findAlarm(name, ctx);
    if (row !== undefined) rows.set(name, row);
  }
  const stateOf = (alarm: string) => rows.get(alarmNameOf(alarm, ctx) ?? "")?.state.value;
  const value: StateValue = parseRule(composite.rule).holds(stateOf) ? "ALARM" : "OK";
  if (value === composite.state.value) return;
  const named = trigger === undefined ? [...rows.values()] : [trigger];
  const reason =
    trigger === undefined
      ? `${alarmArn(composite.name, ctx)} was created and its alarm rule evaluates to ${value}`
      : `${alarmArn(trigger.name, ctx)} transitioned to ${trigger.state.value} at ${longTime(trigger.state.transitionedAt)}`;
  const triggeringAlarms = named.map(({ name, state }) => ({
    arn: alarmArn(name, ctx),
    state: { value: state.value, timestamp: jsonTime(state.transitionedAt) },
  }));
  const reasonData = JSON.stringify({ triggeringAlarms });
  await transition(
    composite,
    { value, reason, ...(reasonData.length <= maxReasonData && { reasonData }) },
    ctx,
    path,
  );
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_CompositeAlarm.html */
const maxReasonData = 4_000;
