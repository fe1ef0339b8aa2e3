import type { Context } from "../../../kit/context.ts";
import { modelsOf } from "../anomaly/band.ts";
import { hourMs, secondMs } from "../limits.ts";
import { BadExpression } from "../math/parse.ts";
import { isSeries, type Series } from "../math/values.ts";
import { QueryRun } from "../queries.ts";
import type { MetricAlarmRow } from "../tables.ts";
import { decide, type Evaluated, extraPeriods, standsEarly } from "./decide.ts";
import { findAlarm } from "./names.ts";
import { reasonDataOf, reasonOf } from "./reasons.ts";
import { type Evaluation, evaluateNext, gridMs, periodOf } from "./schedule.ts";
import { transition } from "./transition.ts";

/** Values may lie so far ahead: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html */
const leadMs = 2 * hourMs;

/** Timer: values came; the period that they belong to is not over. */
export async function evaluateEarly({ alarm: name }: Evaluation, ctx: Context): Promise<void> {
  const alarm = await findAlarm(name, ctx);
  if (alarm?.kind !== "metric") return;
  const grid = gridMs(alarm);
  const end = (Math.floor(ctx.clock.now() / grid) + 1) * grid;
  await evaluateAt(alarm, end, true, ctx);
}

/** Timer: a period is over. */
export async function evaluate({ alarm: name }: Evaluation, ctx: Context): Promise<void> {
  const alarm = await findAlarm(name, ctx);
  if (alarm?.kind !== "metric") return;
  const grid = gridMs(alarm);
  await evaluateAt(alarm, Math.floor(ctx.clock.now() / grid) * grid, false, ctx);
}

async function evaluateAt(alarm: MetricAlarmRow, endMs: number, early: boolean, ctx: Context): Promise<void> {
  const period = periodOf(alarm);
  const end = endMs / secondMs;
  const start = end - (alarm.evaluationPeriods + extraPeriods(period)) * period;
  const { series, lower, upper } = await read(alarm, start, ctx);
  const points = [...series.points.keys()].some((time) => time >= start);
  // Without values in sight nothing changes until some come, and they set the timers anew.
  if (points) evaluateNext(alarm, ctx);
  else if (early) return;
  const periods: Evaluated[] = [];
  const samples = "samples" in series ? (series.samples as ReadonlyMap<number, number>) : undefined;
  for (let time = start; time < end; time += period)
    periods.push({
      time,
      value: series.points.get(time),
      samples: samples?.get(time),
      ...(lower && { lower: lower.points.get(time), upper: upper?.points.get(time) }),
    });
  const decision = decide(countsFor(alarm, periods), alarm);
  const { state } = decision;
  if (state === undefined || state === alarm.state.value) return;
  if (early && !standsEarly(state, statisticOf(alarm), alarm.operator, alarm.state.value)) return;
  const reason = reasonOf(alarm, decision);
  const reasonData = reasonDataOf(alarm, decision, { nowMs: ctx.clock.now(), periods });
  await transition(alarm, { value: state, reason, reasonData }, ctx);
}

function statisticOf({ metric }: MetricAlarmRow): string {
  return metric?.statistic ?? "";
}

/** Percentiles of few samples do not count, if the alarm says so. */
function countsFor(alarm: MetricAlarmRow, periods: Evaluated[]): Evaluated[] {
  const percent = /^p(\d+(?:\.\d+)?)$/i.exec(alarm.metric?.extendedStatistic ?? "")?.[1];
  if (alarm.lowSampleCount !== "ignore" || percent === undefined) return periods;
  // https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html#percentiles-with-low-samples
  const share = Number(percent) / 100;
  const needed = share >= 0.5 ? 10 / (1 - share) : 10 / share;
  return periods.map((one) => ((one.samples ?? 0) >= needed ? one : { time: one.time }));
}

interface Watched {
  series: Series;
  /** What is expected of it, for alarms on anomalies. */
  lower?: Series | undefined;
  upper?: Series | undefined;
}

/** The alarm's series, with periods counted from `start`. */
async function read(alarm: MetricAlarmRow, start: number, ctx: Context): Promise<Watched> {
  const nowMs = ctx.clock.now();
  const { account, region } = ctx;
  const end = (nowMs + leadMs) / secondMs;
  const range = { start, end, nowMs, account, region, models: modelsOf(ctx) };
  const { metric, queries, thresholdMetricId } = alarm;
  return await ctx.peek(async (tx) => {
    if (metric !== undefined) {
      const Stat = metric.statistic ?? metric.extendedStatistic ?? "";
      const { namespace: Namespace, name: MetricName, dimensions, period: Period, unit } = metric;
      const Metric = { Namespace, MetricName, Dimensions: [...dimensions] };
      const asked = { Metric, Period, Stat, Unit: unit as "None" | undefined };
      return { series: await new QueryRun(tx, [], range).stat(asked) };
    }
    const watched = queries?.find(({ Id, ReturnData }) => ReturnData !== false && Id !== thresholdMetricId);
    const empty: Series = { label: "", period: periodOf(alarm), points: new Map() };
    if (queries === undefined || watched?.Id === undefined) return { series: empty };
    try {
      const run = new QueryRun(tx, queries, range);
      const value = await run.value(watched.Id);
      const series = isSeries(value) ? value : empty;
      if (thresholdMetricId === undefined) return { series };
      const band = await run.value(thresholdMetricId);
      const [lower, upper] = Array.isArray(band) ? band : [];
      return { series, lower: lower ?? empty, upper: upper ?? empty };
    } catch (error) {
      // What cannot be computed has no datapoints.
      if (error instanceof BadExpression) return { series: empty };
      throw error;
    }
  });
}
