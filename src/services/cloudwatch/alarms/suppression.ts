import type { Context } from "../../../kit/context.ts";
import { secondMs } from "../limits.ts";
import type { AlarmRow, AlarmState, CompositeAlarmRow, Suppression } from "../tables.ts";
import { actOn } from "./actions.ts";
import { note } from "./history.ts";
import { alarmArn, alarmNameOf, findAlarm, putAlarmRow } from "./names.ts";

/**
 * Composite alarms whose actions another alarm holds back: while that one is in ALARM, for a while in which it may
 * still get there, and for a while after it.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-suppression.html
 */

export interface Ending {
  alarm: string;
  untilMs: number;
}

/** The row of an alarm that has just changed its state, with whether its actions are held back. */
export async function heldBack(row: AlarmRow, previous: AlarmState, ctx: Context): Promise<AlarmRow> {
  if (row.kind === "metric" || row.suppressor === undefined) return row;
  const { suppression: held, ...rest } = row;
  const suppressor = await findAlarm(alarmNameOf(row.suppressor, ctx) ?? "", ctx);
  if (suppressor?.state.value === "ALARM") return await holdBack(rest, previous, "Alarm", undefined, ctx);
  if (held?.by === "ExtensionPeriod" && (held.untilMs ?? 0) > ctx.clock.now())
    return { ...rest, suppression: { ...held, previous } };
  const waitMs = (row.waitSeconds ?? 0) * secondMs;
  if (waitMs === 0) return rest;
  return await holdBack(rest, previous, "WaitPeriod", waitMs, ctx);
}

/** Notes that actions are held back, and until when. */
async function holdBack(
  row: Omit<CompositeAlarmRow, "suppression">,
  previous: AlarmState,
  by: Suppression["by"],
  forMs: number | undefined,
  ctx: Context,
): Promise<CompositeAlarmRow> {
  const reason = {
    Alarm: "Actions suppressed by alarm",
    WaitPeriod: "Actions suppressed by WaitPeriod",
    ExtensionPeriod: "Actions suppressed by ExtensionPeriod",
  }[by];
  const untilMs = forMs === undefined ? undefined : ctx.clock.now() + forMs;
  if (untilMs !== undefined) {
    const ending: Ending = { alarm: row.name, untilMs };
    ctx.timers.set(`suppress/${ctx.account}/${ctx.region}/${row.name}`, "endSuppression", untilMs, {
      ...ending,
    });
  }
  await note(
    row,
    {
      type: "Action",
      summary: reason,
      data: { actionState: "Suppressed", suppressedBy: by, actionsSuppressor: row.suppressor },
    },
    ctx,
  );
  return { ...row, suppression: { by, reason, previous, ...(untilMs !== undefined && { untilMs }) } };
}

/** The alarm that may hold back a composite alarm's actions has changed. */
export async function suppressorChanged(
  composite: CompositeAlarmRow,
  suppressor: AlarmRow,
  ctx: Context,
): Promise<void> {
  const { suppression, ...row } = composite;
  if (suppression === undefined) return;
  if (suppressor.state.value === "ALARM") {
    if (suppression.by !== "Alarm")
      putAlarmRow(await holdBack(row, suppression.previous, "Alarm", undefined, ctx), ctx);
    return;
  }
  if (suppression.by !== "Alarm") return;
  const extensionMs = (composite.extensionSeconds ?? 0) * secondMs;
  if (extensionMs > 0)
    putAlarmRow(await holdBack(row, suppression.previous, "ExtensionPeriod", extensionMs, ctx), ctx);
  else release(composite, ctx);
}

/** Timer: nothing holds the actions back any more. */
export async function endSuppression({ alarm, untilMs }: Ending, ctx: Context): Promise<void> {
  const composite = await findAlarm(alarm, ctx);
  if (composite?.kind !== "composite" || composite.suppression?.untilMs !== untilMs) return;
  release(composite, ctx);
}

function release({ suppression, ...row }: CompositeAlarmRow, ctx: Context): void {
  putAlarmRow(row, ctx);
  if (suppression !== undefined) actOn(row, suppression.previous, ctx);
}

/** What DescribeAlarms shows of it. */
export function shownSuppression(
  { suppressor, waitSeconds, extensionSeconds, suppression }: CompositeAlarmRow,
  ctx: Context,
) {
  if (suppressor === undefined) return {};
  const name = alarmNameOf(suppressor, ctx);
  return {
    ActionsSuppressor: name === undefined ? suppressor : alarmArn(name, ctx),
    ...(waitSeconds !== undefined && { ActionsSuppressorWaitPeriod: waitSeconds }),
    ...(extensionSeconds !== undefined && { ActionsSuppressorExtensionPeriod: extensionSeconds }),
    ...(suppression && { ActionsSuppressedBy: suppression.by, ActionsSuppressedReason: suppression.reason }),
  };
}
