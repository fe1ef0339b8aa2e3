import { ensureDetector } from "../anomaly/detectors.ts";
import { type AlarmInput, cloudwatch } from "../contract.ts";
import type { MetricAlarmRow, WatchedMetric } from "../tables.ts";
import { checkActions, configure, newTags } from "./configure.ts";
import { bandQueryOf, checkMetricAlarm } from "./metricAlarmChecks.ts";
import { alarmAccess, findAlarm } from "./names.ts";
import { initialState } from "./reasons.ts";
import { evaluateNext, evaluateSoon } from "./schedule.ts";

/**
 * Makes an alarm on a metric or on an expression, or replaces its settings; its state stays.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
 */
export const putMetricAlarm = cloudwatch.operation("PutMetricAlarm", {
  access: async (input, ctx) => ({
    ...(await alarmAccess("PutMetricAlarm", input.AlarmName, ctx)),
    context: { "cloudwatch:AlarmActions": actionsIn(input) },
    requestTags: input.Tags,
  }),
  async handle(input, ctx) {
    checkMetricAlarm(input, ctx);
    checkActions([input.OKActions, input.AlarmActions, input.InsufficientDataActions], ctx);
    const held = await findAlarm(input.AlarmName, ctx);
    if (held?.kind === "composite") {
      throw ctx.error("ValidationError", `An alarm of another type has the name ${input.AlarmName}.`);
    }
    const now = ctx.clock.now();
    const row: MetricAlarmRow = {
      kind: "metric",
      name: input.AlarmName,
      ...commonFacts(input),
      ...criteriaOf(input),
      tags: held?.tags ?? newTags(input.Tags, ctx),
      configuredAt: now,
      state: held?.state ?? initialState(now),
    };
    const band = bandQueryOf(input);
    if (band !== undefined) await ensureDetector(input.Metrics ?? [], band.watched, ctx);
    await configure(row, held, ctx);
    evaluateSoon(row.name, ctx);
    evaluateNext(row, ctx);
    return {};
  },
});

type ActionLists = Pick<AlarmInput, "OKActions" | "AlarmActions" | "InsufficientDataActions">;

/** Values of the condition key `cloudwatch:AlarmActions`. */
export function actionsIn({
  OKActions,
  AlarmActions,
  InsufficientDataActions,
}: ActionLists): string[] | undefined {
  const all = [OKActions, AlarmActions, InsufficientDataActions].flatMap((list) => list ?? []);
  return all.length === 0 ? undefined : all;
}

export function commonFacts(input: ActionLists & Pick<AlarmInput, "AlarmDescription" | "ActionsEnabled">) {
  return {
    ...(input.AlarmDescription !== undefined && { description: input.AlarmDescription }),
    actionsEnabled: input.ActionsEnabled ?? true,
    okActions: input.OKActions ?? [],
    alarmActions: input.AlarmActions ?? [],
    insufficientDataActions: input.InsufficientDataActions ?? [],
  };
}

function criteriaOf(input: AlarmInput) {
  const { Metrics, DatapointsToAlarm, TreatMissingData, EvaluateLowSampleCountPercentile } = input;
  return {
    ...(Metrics === undefined || Metrics.length === 0 ? { metric: metricOf(input) } : { queries: Metrics }),
    evaluationPeriods: input.EvaluationPeriods ?? 1,
    ...(DatapointsToAlarm !== undefined && { datapointsToAlarm: DatapointsToAlarm }),
    ...(input.ThresholdMetricId === undefined
      ? { threshold: input.Threshold ?? 0 }
      : { thresholdMetricId: input.ThresholdMetricId }),
    operator: input.ComparisonOperator ?? "",
    ...(TreatMissingData !== undefined && { treatMissingData: TreatMissingData }),
    ...(EvaluateLowSampleCountPercentile !== undefined && {
      lowSampleCount: EvaluateLowSampleCountPercentile,
    }),
  };
}

function metricOf(input: AlarmInput): WatchedMetric {
  const { Namespace = "", MetricName = "", Dimensions = [], Statistic, ExtendedStatistic, Unit } = input;
  return {
    namespace: Namespace,
    name: MetricName,
    dimensions: Dimensions.map(({ Name = "", Value = "" }) => ({ Name, Value })),
    ...(Statistic !== undefined && { statistic: Statistic }),
    ...(ExtendedStatistic !== undefined && { extendedStatistic: ExtendedStatistic }),
    period: input.Period ?? 0,
    ...(Unit !== undefined && { unit: Unit }),
  };
}
