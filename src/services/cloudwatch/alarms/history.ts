import type { Context } from "../../../kit/context.ts";
import { randomText } from "../../../kit/ids.ts";
import { dayMs } from "../limits.ts";
import { type AlarmRow, type HistoryRow, history, historyByAlarm } from "../tables.ts";

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html */
const keptMs = 30 * dayMs;
/** How many that are too old go with each that comes. */
const sweptAtOnce = 10;
const maxDataCharacters = 4_095;

let serial = 0;

/** Notes what happened to an alarm. Every item has its own row, so nothing waits for it. */
export async function note(
  alarm: Pick<AlarmRow, "name" | "kind">,
  item: Pick<HistoryRow, "type" | "summary"> & { data: object },
  ctx: Context,
): Promise<void> {
  const at = ctx.clock.now();
  serial = (serial + 1) % 1_000_000;
  const id = `${timeKey(at)}${String(serial).padStart(6, "0")}${randomText(6, "lower36")}`;
  const row: HistoryRow = {
    alarm: alarm.name,
    alarmType: alarm.kind === "metric" ? "MetricAlarm" : "CompositeAlarm",
    at,
    type: item.type,
    summary: item.summary,
    data: JSON.stringify(item.data).slice(0, maxDataCharacters),
  };
  const scope = [ctx.account, ctx.region] as const;
  history.put(ctx.tx, [...scope, id], row);
  historyByAlarm.put(ctx.tx, [...scope, alarm.name, id], row);
  for (const { key, row: old } of await ctx.peek((tx) => history.list(tx, scope, { limit: sweptAtOnce }))) {
    if (old.at >= at - keptMs) break;
    history.delete(ctx.tx, ...key);
    historyByAlarm.delete(ctx.tx, ...scope, old.alarm, key[2]);
  }
}

export function timeKey(ms: number): string {
  return String(Math.max(0, Math.floor(ms))).padStart(15, "0");
}

/** Times as they stand in alarms' JSON: "2026-11-25T02:00:00.000+0000". */
export function jsonTime(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "+0000");
}
