import { hash } from "node:crypto";
import type { MetricDataQuery } from "@aws-sdk/client-cloudwatch";
import type { Context } from "../../../kit/context.ts";
import { dayMs, hourMs } from "../limits.ts";
import { namesIn, parseExpression } from "../math/parse.ts";
import type { Series } from "../math/values.ts";
import { identityOf } from "../store/identity.ts";
import type { Model } from "./model.ts";

/** Bands of what is expected, around the models of detectors. */

/** Values so old are learnt from. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Anomaly_Detection.html */
export const learntMs = 14 * dayMs;

/** Which detector watches a metric. */
export function metricDetectorId(
  namespace: string,
  name: string,
  dimensions: readonly { Name?: string | undefined; Value?: string | undefined }[],
  stat: string,
): string {
  const plain = dimensions.map(({ Name = "", Value = "" }) => ({ Name, Value }));
  return idOf(["metric", namespace, identityOf(name, plain), stat]);
}

const idCharacters = 32;

function idOf(parts: readonly unknown[]): string {
  return hash("sha256", JSON.stringify(parts)).slice(0, idCharacters);
}

/** Which detector watches what a query yields: its metric, or its expression with all that it needs. */
export function detectorIdOf(queries: readonly MetricDataQuery[], id: string): string {
  const byId = new Map(queries.map((query) => [query.Id ?? "", query]));
  const query = byId.get(id);
  const { Metric, Stat = "" } = query?.MetricStat ?? {};
  if (query?.MetricStat !== undefined)
    return metricDetectorId(
      Metric?.Namespace ?? "",
      Metric?.MetricName ?? "",
      Metric?.Dimensions ?? [],
      Stat,
    );
  const seen = new Map<string, unknown>();
  const gather = (name: string) => {
    const one = byId.get(name);
    if (one === undefined || seen.has(name)) return;
    const { Metric: metric, Stat: stat, Period } = one.MetricStat ?? {};
    const { Namespace, MetricName, Dimensions = [] } = metric ?? {};
    const dimensions = Dimensions.map(({ Name, Value }) => [Name, Value]).sort();
    seen.set(name, one.Expression ?? [Namespace, MetricName, dimensions, stat, Period]);
    if (one.Expression !== undefined)
      for (const used of namesIn(parseExpression(one.Expression))) gather(used);
  };
  gather(id);
  return idOf(["math", id, [...seen].sort(([a], [b]) => (a < b ? -1 : 1))]);
}

/** The upper and the lower bound, for each period of a range. */
export function bandOf(
  model: Model,
  { label, period }: Pick<Series, "label" | "period">,
  { start, end }: { start: number; end: number },
  deviations: number,
): Series[] {
  const [lower, upper] = [new Map<number, number>(), new Map<number, number>()];
  for (let time = start; time < end; time += period) {
    const expected = model.at(time);
    if (expected === undefined) continue;
    lower.set(time, expected.middle - deviations * expected.spread);
    upper.set(time, expected.middle + deviations * expected.spread);
  }
  return [
    { label: `${label} Low`, period, points: lower },
    { label: `${label} High`, period, points: upper },
  ];
}

/** Models that one process remembers, and for how long: what was learnt an hour ago is good enough. */
const maxRemembered = 500;
const rememberedMs = hourMs;

export class Models {
  readonly #held = new Map<string, { atMs: number; model: Promise<Model> }>();

  /** The model under a key, learnt anew once it is old. */
  of(key: string, nowMs: number, learn: () => Promise<Model>): Promise<Model> {
    const held = this.#held.get(key);
    if (held !== undefined && nowMs - held.atMs < rememberedMs) return held.model;
    const model = learn();
    this.#held.delete(key);
    this.#held.set(key, { atMs: nowMs, model });
    model.catch(() => this.#held.delete(key));
    if (this.#held.size > maxRemembered) this.#held.delete(this.#held.keys().next().value as string);
    return model;
  }
}

/** For each running Cloudkeep, told by its clock. */
const running = new WeakMap<object, Models>();

export function modelsOf(ctx: Pick<Context, "clock">): Models {
  const held = running.get(ctx.clock);
  if (held !== undefined) return held;
  const models = new Models();
  running.set(ctx.clock, models);
  return models;
}
