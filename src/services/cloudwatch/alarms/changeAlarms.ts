import type { Context } from "../../../kit/context.ts";
import { cloudwatch } from "../contract.ts";
import { compositesOn, remove } from "./configure.ts";
import { note } from "./history.ts";
import { alarmAccess, findAlarm, putAlarmRow } from "./names.ts";
import { evaluateNext } from "./schedule.ts";
import { transition } from "./transition.ts";

const maxAlarmsPerCall = 100;

function accessToAll(action: string, names: readonly string[], ctx: Context) {
  const all = names.length === 0 ? ["*"] : names;
  return Promise.all(all.map((name) => alarmAccess(action, name, ctx)));
}

function checkCount(names: readonly string[], ctx: Context): void {
  if (names.length > maxAlarmsPerCall)
    throw ctx.error("ValidationError", `At most ${maxAlarmsPerCall} alarms can be named.`);
}

/**
 * Deletes alarms; names without an alarm do no harm, as on AWS.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DeleteAlarms.html
 */
export const deleteAlarms = cloudwatch.operation("DeleteAlarms", {
  access: ({ AlarmNames }, ctx) => accessToAll("DeleteAlarms", AlarmNames, ctx),
  async handle({ AlarmNames }, ctx) {
    checkCount(AlarmNames, ctx);
    for (const name of AlarmNames) {
      const needing = (await compositesOn(name, ctx)).filter((composite) => !AlarmNames.includes(composite));
      if (needing.length > 0) {
        throw ctx.error(
          "ValidationError",
          `Cannot delete ${name} as there are composite alarm(s) depending on it.`,
        );
      }
    }
    for (const name of AlarmNames) await remove(name, ctx);
    return {};
  },
});

/**
 * Sets a state until the next evaluation.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html
 */
export const setAlarmState = cloudwatch.operation("SetAlarmState", {
  access: ({ AlarmName }, ctx) => alarmAccess("SetAlarmState", AlarmName, ctx),
  async handle({ AlarmName, StateValue, StateReason, StateReasonData }, ctx) {
    const alarm = await findAlarm(AlarmName, ctx);
    if (alarm === undefined) throw ctx.error("ResourceNotFound", "");
    if (StateReasonData !== undefined && !isJson(StateReasonData))
      throw ctx.error("InvalidFormatFault", "StateReasonData must be a valid JSON document.");
    await transition(
      alarm,
      {
        value: StateValue,
        reason: StateReason,
        ...(StateReasonData !== undefined && { reasonData: StateReasonData }),
      },
      ctx as Context,
    );
    if (alarm.kind === "metric") evaluateNext(alarm, ctx as Context);
    return {};
  },
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_EnableAlarmActions.html */
export const enableAlarmActions = cloudwatch.operation("EnableAlarmActions", {
  access: ({ AlarmNames }, ctx) => accessToAll("EnableAlarmActions", AlarmNames, ctx),
  handle: ({ AlarmNames }, ctx) => setActions(AlarmNames, true, ctx),
});

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DisableAlarmActions.html */
export const disableAlarmActions = cloudwatch.operation("DisableAlarmActions", {
  access: ({ AlarmNames }, ctx) => accessToAll("DisableAlarmActions", AlarmNames, ctx),
  handle: ({ AlarmNames }, ctx) => setActions(AlarmNames, false, ctx),
});

async function setActions(names: readonly string[], actionsEnabled: boolean, ctx: Context) {
  checkCount(names, ctx);
  for (const name of names) {
    const alarm = await findAlarm(name, ctx);
    if (alarm === undefined || alarm.actionsEnabled === actionsEnabled) continue;
    const row = { ...alarm, actionsEnabled, configuredAt: ctx.clock.now() };
    putAlarmRow(row, ctx);
    const { state: _, tags: __, ...shown } = row;
    await note(
      row,
      {
        type: "ConfigurationUpdate",
        summary: `Alarm "${name}" updated`,
        data: { version: "1.0", type: "Update", updatedAlarm: shown },
      },
      ctx,
    );
  }
  return {};
}
