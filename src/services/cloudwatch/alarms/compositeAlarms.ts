import type { Context } from "../../../kit/context.ts";
import { cloudwatch } from "../contract.ts";
import type { CompositeAlarmRow } from "../tables.ts";
import { evaluateComposite } from "./compositeState.ts";
import { checkActions, configure, newTags } from "./configure.ts";
import { actionsIn, commonFacts } from "./metricAlarms.ts";
import { alarmAccess, alarmArn, alarmNameOf, findAlarm } from "./names.ts";
import { initialState } from "./reasons.ts";
import { BadRule, parseRule } from "./rule.ts";

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html */
const maxChildren = 100;
const maxSuppressionSeconds = 14 * 86_400;

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html */
export const putCompositeAlarm = cloudwatch.operation("PutCompositeAlarm", {
  access: async (input, ctx) => ({
    ...(await alarmAccess("PutCompositeAlarm", input.AlarmName, ctx)),
    context: { "cloudwatch:AlarmActions": actionsIn(input) },
    requestTags: input.Tags,
  }),
  async handle(input, ctx) {
    const { AlarmName: name, AlarmRule: rule } = input;
    checkActions([input.OKActions, input.AlarmActions, input.InsufficientDataActions], ctx);
    const children = await childrenOf(rule, ctx);
    const held = await findAlarm(name, ctx);
    if (held?.kind === "metric")
      throw ctx.error("ValidationError", `An alarm of another type has the name ${name}.`);
    const now = ctx.clock.now();
    const row: CompositeAlarmRow = {
      kind: "composite",
      name,
      rule,
      children,
      ...commonFacts(input),
      ...(await suppressorOf(input, ctx)),
      tags: held?.tags ?? newTags(input.Tags, ctx),
      configuredAt: now,
      state: held?.state ?? initialState(now),
    };
    await configure(row, held, ctx);
    await evaluateComposite(row, undefined, ctx);
    return {};
  },
});

/** Names of the alarms in a rule, all of which exist. */
async function childrenOf(rule: string, ctx: Context): Promise<string[]> {
  const named = namedIn(rule, ctx);
  if (named.length > maxChildren)
    throw ctx.error(
      "ValidationError",
      `A composite alarm can have at most ${maxChildren} underlying alarms.`,
    );
  const names: string[] = [];
  const missing: string[] = [];
  for (const alarm of named) {
    const name = alarmNameOf(alarm, ctx);
    if (name !== undefined && (await findAlarm(name, ctx)) !== undefined) names.push(name);
    else missing.push(name === undefined ? alarm : alarmArn(name, ctx));
  }
  if (missing.length > 0) {
    throw ctx.error(
      "ValidationError",
      `Could not save the composite alarm as alarms [${missing.join(", ")}] in the alarm rule do not exist`,
    );
  }
  return [...new Set(names)];
}

function namedIn(rule: string, ctx: Context): string[] {
  try {
    return parseRule(rule).alarms;
  } catch (error) {
    if (error instanceof BadRule) throw ctx.error("ValidationError", `Error in AlarmRule: ${error.message}`);
    throw error;
  }
}

interface Suppressing {
  ActionsSuppressor?: string | undefined;
  ActionsSuppressorWaitPeriod?: number | undefined;
  ActionsSuppressorExtensionPeriod?: number | undefined;
}

async function suppressorOf(
  {
    ActionsSuppressor,
    ActionsSuppressorWaitPeriod: wait,
    ActionsSuppressorExtensionPeriod: extension,
  }: Suppressing,
  ctx: Context,
): Promise<Pick<CompositeAlarmRow, "suppressor" | "waitSeconds" | "extensionSeconds">> {
  if (ActionsSuppressor === undefined) {
    if (wait === undefined && extension === undefined) return {};
    throw ctx.error("ValidationError", "ActionsSuppressor is required with its periods.");
  }
  if (wait === undefined || extension === undefined) {
    throw ctx.error(
      "ValidationError",
      "ActionsSuppressorWaitPeriod and ActionsSuppressorExtensionPeriod are required with ActionsSuppressor.",
    );
  }
  for (const seconds of [wait, extension])
    if (!(seconds >= 0 && seconds <= maxSuppressionSeconds))
      throw ctx.error(
        "ValidationError",
        `A period of suppression has at most ${maxSuppressionSeconds} seconds.`,
      );
  const name = alarmNameOf(ActionsSuppressor, ctx);
  if (name === undefined || (await findAlarm(name, ctx)) === undefined)
    throw ctx.error(
      "ValidationError",
      `Could not save the composite alarm as alarms [${ActionsSuppressor}] do not exist`,
    );
  return { suppressor: ActionsSuppressor, waitSeconds: wait, extensionSeconds: extension };
}
