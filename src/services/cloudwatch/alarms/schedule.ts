import type { Context } from "../../../kit/context.ts";
import { dayMs, hourMs, minuteMs, secondMs } from "../limits.ts";
import type { MetricAlarmRow } from "../tables.ts";

/**
 * When alarms are evaluated: soon after values of their metrics came, and, while there are values in their range, at
 * the end of each minute (of each 10 seconds, for shorter periods; of each hour, for ranges beyond a day). An alarm
 * without values has no timer.
 */

/** Values that come within this are evaluated together. */
const gatheredMs = 500;

export interface Evaluation {
  alarm: string;
}

/** Seconds of an alarm's periods: of its metric, or the longest of its queries. */
export function periodOf({ metric, queries = [] }: MetricAlarmRow): number {
  if (metric !== undefined) return metric.period;
  const periods = queries.map((query) => query.MetricStat?.Period ?? query.Period ?? 0);
  return Math.max(...periods) || 60;
}

/** The times at which periods end are multiples of this. */
export function gridMs(alarm: MetricAlarmRow): number {
  return periodOf(alarm) < 60 ? 10 * secondMs : minuteMs;
}

function intervalMs(alarm: MetricAlarmRow): number {
  if (alarm.evaluationPeriods * periodOf(alarm) * secondMs > dayMs) return hourMs;
  return gridMs(alarm);
}

/** One timer for all values of the same half second. */
export function evaluateSoon(alarm: string, ctx: Context): void {
  const at = (Math.floor(ctx.clock.now() / gatheredMs) + 1) * gatheredMs;
  const payload: Evaluation = { alarm };
  ctx.timers.set(`early/${ctx.account}/${ctx.region}/${alarm}`, "evaluateEarly", at, { ...payload });
}

/** The next regular evaluation; set again and again, it is one timer. */
export function evaluateNext(alarm: MetricAlarmRow, ctx: Context): void {
  const interval = intervalMs(alarm);
  const at = (Math.floor(ctx.clock.now() / interval) + 1) * interval;
  const payload: Evaluation = { alarm: alarm.name };
  ctx.timers.set(`tick/${ctx.account}/${ctx.region}/${alarm.name}`, "evaluate", at, { ...payload });
}
