import type { Context } from "../../kit/context.ts";
import { draw, uuid } from "../../kit/ids.ts";
import { nextRun, parseSchedule, type Schedule } from "../../kit/schedule.ts";
import { type ScheduleRow, schedules } from "./tables.ts";

/** When schedules run. https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html */

interface Due {
  group: string;
  name: string;
  dueMs: number;
}

function timerId({ account, region }: Context, group: string, name: string): string {
  return `schedule/${account}/${region}/${group}/${name}`;
}

/** Sets the timer of the next run; the row says when that is. A schedule without one has run its course. */
export function timed(group: string, name: string, row: ScheduleRow, ctx: Context): ScheduleRow {
  const { nextMs: _, scheduledMs: last, ...rest } = row;
  if (row.state === "DISABLED") return rest;
  const now = ctx.clock.now();
  const startMs = row.startMs ?? row.changedAt;
  const scheduledMs = nextRun(parseSchedule(row.expression) as Schedule, {
    afterMs: Math.max(last ?? 0, now, (row.startMs ?? 0) - 1),
    startMs,
    timeZone: row.timeZone,
  });
  if (scheduledMs === undefined || scheduledMs > (row.endMs ?? Number.POSITIVE_INFINITY)) return rest;
  const nextMs = scheduledMs + within(row.windowMinutes);
  ctx.timers.set(timerId(ctx, group, name), "run", nextMs, { group, name, dueMs: nextMs } satisfies Due);
  return { ...rest, nextMs, scheduledMs };
}

const minuteMs = 60_000;

/** A moment at random within the flexible window. */
function within(minutes: number): number {
  return minutes === 0 ? 0 : draw(4).readUInt32BE() % (minutes * minuteMs);
}

export function untimed(group: string, name: string, { nextMs }: ScheduleRow, ctx: Context): void {
  if (nextMs !== undefined) ctx.timers.cancel(timerId(ctx, group, name), nextMs);
}

/** A schedule's time has come. */
export async function run({ group, name, dueMs }: Due, ctx: Context): Promise<void> {
  const row = await schedules.get(ctx.tx, ctx.account, ctx.region, group, name);
  if (row?.nextMs !== dueMs || row.state === "DISABLED") return;
  ctx.outbox.put("invoke", {
    group,
    name,
    target: row.target,
    scheduledMs: row.scheduledMs ?? dueMs,
    executionId: uuid(),
    firstTriedMs: ctx.clock.now(),
  });
  const after = timed(group, name, row, ctx);
  if (after.nextMs === undefined && row.afterCompletion === "DELETE") {
    schedules.delete(ctx.tx, ctx.account, ctx.region, group, name);
  } else schedules.put(ctx.tx, [ctx.account, ctx.region, group, name], after);
}
