import type { Context } from "../../../kit/context.ts";
import type { AlarmRow, AlarmState, StateValue } from "../tables.ts";
import { actOn } from "./actions.ts";
import { childChanged } from "./compositeState.ts";
import { note } from "./history.ts";
import { stateEvent } from "./messages.ts";
import { putAlarmRow } from "./names.ts";
import { heldBack } from "./suppression.ts";

/** What happens when an alarm changes its state: history, event, actions, and the composite alarms above it. */

export interface NewState {
  value: StateValue;
  reason: string;
  reasonData?: string;
}

/** `path`: the composite alarms that led here; one that is among them is not evaluated again. */
export async function transition(
  alarm: AlarmRow,
  { value, reason, reasonData }: NewState,
  ctx: Context,
  path: readonly string[] = [],
): Promise<void> {
  const now = ctx.clock.now();
  const previous = alarm.state;
  const transitioned = previous.value !== value;
  const state: AlarmState = {
    value,
    reason,
    ...(reasonData !== undefined && { reasonData }),
    updatedAt: now,
    transitionedAt: transitioned ? now : previous.transitionedAt,
  };
  const row = transitioned ? await heldBack({ ...alarm, state }, previous, ctx) : { ...alarm, state };
  putAlarmRow(row, ctx);
  if (!transitioned) return;
  await note(
    row,
    {
      type: "StateUpdate",
      summary: `Alarm updated from ${previous.value} to ${value}`,
      data: { version: "1.0", oldState: historyState(previous), newState: historyState(state) },
    },
    ctx,
  );
  ctx.emit(stateEvent(row, previous, ctx));
  if (row.kind === "metric" || row.suppression === undefined) actOn(row, previous, ctx);
  await childChanged(row, ctx, [...path, row.name]);
}

function historyState({ value, reason, reasonData }: AlarmState): Record<string, unknown> {
  return {
    stateValue: value,
    stateReason: reason,
    ...(reasonData !== undefined && { stateReasonData: JSON.parse(reasonData) }),
  };
}
