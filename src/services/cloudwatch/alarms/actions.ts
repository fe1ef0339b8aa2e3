import { servicePrincipal } from "../../../kit/caller.ts";
import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { deliver, isRetriable, parseArn, retryDelayMs } from "../../../kit/targets.ts";
import type { AlarmRow, AlarmState } from "../tables.ts";
import { jsonTime, note } from "./history.ts";
import { functionEvent, subjectOf, topicMessage } from "./messages.ts";
import { muting } from "./muteRules.ts";
import { alarmArn, findAlarm } from "./names.ts";

/** What an alarm does when its state changes. Each action is delivered by itself, and its outcome is in the history. */

interface Action {
  name: string;
  kind: AlarmRow["kind"];
  arn: string;
  subject: string;
  body: string;
  /** When the state changed, ms since the epoch. */
  at: number;
  attempts: number;
}

const maxAttempts = 3;

/** Functions know alarms by a principal of their own. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html */
const functionPrincipal = "lambda.alarms.cloudwatch.amazonaws.com";
const principal = "cloudwatch.amazonaws.com";

export function actOn(alarm: AlarmRow, previous: AlarmState, ctx: Context): void {
  if (!alarm.actionsEnabled) return;
  const actions = {
    OK: alarm.okActions,
    ALARM: alarm.alarmActions,
    INSUFFICIENT_DATA: alarm.insufficientDataActions,
  }[alarm.state.value];
  for (const arn of actions) {
    const body = parseArn(arn)?.service === "lambda" ? functionEvent : topicMessage;
    const action: Action = {
      name: alarm.name,
      kind: alarm.kind,
      arn,
      subject: subjectOf(alarm, ctx),
      body: JSON.stringify(
        body === functionEvent
          ? functionEvent(alarm, previous, ctx)
          : topicMessage(alarm, previous.value, ctx),
      ),
      at: alarm.state.transitionedAt,
      attempts: 0,
    };
    ctx.outbox.put("act", { ...action });
  }
}

/** Delivery: does one action, under the principal of CloudWatch's alarms, for this alarm. */
export async function act(action: Action, ctx: Context): Promise<void> {
  const { name, arn, subject, body } = action;
  const muted = await muting(name, ctx);
  if (muted !== undefined) return await mute(action, muted, ctx);
  const isFunction = parseArn(arn)?.service === "lambda";
  const as = servicePrincipal(isFunction ? functionPrincipal : principal, {
    sourceArn: alarmArn(name, ctx),
    sourceAccount: ctx.account,
  });
  try {
    await deliver(ctx, { arn, subject }, body, as);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    const attempts = action.attempts + 1;
    if (isRetriable(error) && attempts < maxAttempts) {
      ctx.outbox.put("act", { ...action, attempts }, { delayMs: retryDelayMs(attempts) });
      return;
    }
    await noteOutcome(action, error, ctx);
    return;
  }
  await noteOutcome(action, undefined, ctx);
}

/** Holds an action back until the mute window ends. */
async function mute(action: Action, { rule, untilMs }: { rule: string; untilMs: number }, ctx: Context) {
  const { name, arn, at } = action;
  const { account, region } = ctx;
  ctx.timers.set(`mute/${account}/${region}/${name}/${arn}`, "endMute", untilMs, { ...action });
  await note(
    action,
    {
      type: "Action",
      summary: `Muted action ${arn} by mute rule ${rule}`.slice(0, maxSummaryCharacters),
      data: {
        actionState: "Muted",
        stateUpdateTimestamp: jsonTime(at),
        notificationResource: arn,
        mutedBy: rule,
      },
    },
    ctx,
  );
}

/** Timer: the window is over. What was held back is done if the alarm is still in the state that asked for it. */
export async function endMute(action: Action, ctx: Context): Promise<void> {
  const alarm = await findAlarm(action.name, ctx);
  if (alarm?.state.transitionedAt === action.at && alarm.actionsEnabled) ctx.outbox.put("act", { ...action });
}

/** Summaries hold no more. */
const maxSummaryCharacters = 255;

async function noteOutcome(action: Action, error: AwsError | undefined, ctx: Context): Promise<void> {
  const { arn, body, at } = action;
  const failed = error !== undefined;
  const summary = failed
    ? `Failed to execute action ${arn}. Received error: "${error.message}"`
    : `Successfully executed action ${arn}`;
  await note(
    action,
    {
      type: "Action",
      summary: summary.slice(0, maxSummaryCharacters),
      data: {
        actionState: failed ? "Failed" : "Succeeded",
        stateUpdateTimestamp: jsonTime(at),
        notificationResource: arn,
        ...(failed ? { error: `${error.code}: ${error.message}` } : { publishedMessage: body }),
      },
    },
    ctx,
  );
}
