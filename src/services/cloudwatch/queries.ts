import type { MetricDataQuery, MetricStat } from "@aws-sdk/client-cloudwatch";
import type { Reads } from "../../storage/store.ts";
import { bandOf, detectorIdOf, learntMs, Models } from "./anomaly/band.ts";
import { type Model, train } from "./anomaly/model.ts";
import { dayMs, secondMs } from "./limits.ts";
import { evaluate, type Scope } from "./math/evaluate.ts";
import { BadExpression, type Node, parseExpression } from "./math/parse.ts";
import { parseSearch } from "./math/search.ts";
import { isSeries, type Series, type Value } from "./math/values.ts";
import { byUnitAndPeriod, shownUnit, storedUnit } from "./periods.ts";
import { type Statistic, statisticOf } from "./statistics.ts";
import { type Dimension, type Metric, parseIdentity } from "./store/identity.ts";
import { MetricReader } from "./store/read.ts";
import { detectors, metrics } from "./tables.ts";

/** Queries of GetMetricData and of alarms, run against what is stored. */

export interface QueryRange {
  /** Seconds since the epoch; periods are counted from the start. */
  start: number;
  end: number;
  nowMs: number;
  account: string;
  region: string;
  /** What was learnt of metrics that detectors watch; left out, it is learnt anew. */
  models?: Models;
}

/** How many series one search finds. */
const maxFound = 500;
const maxLookedThrough = 10_000;
const searchedMs = 14 * dayMs;

export interface SeriesWithUnits extends Series {
  /** More than one: only those of the first are in the series. */
  units: string[];
  /** How many values went into each point. */
  samples: ReadonlyMap<number, number>;
}

/** Reads each query once, whoever asks for it. */
export class QueryRun {
  readonly #tx: Reads;
  readonly #queries: Map<string, MetricDataQuery>;
  readonly #range: QueryRange;
  readonly #reader: MetricReader;
  readonly #values = new Map<string, Promise<Value>>();

  constructor(tx: Reads, queries: readonly MetricDataQuery[], range: QueryRange) {
    this.#tx = tx;
    this.#queries = new Map(queries.map((query) => [query.Id as string, query]));
    this.#range = range;
    this.#reader = new MetricReader(tx, range);
  }

  /** Throws `BadExpression`. */
  value(id: string): Promise<Value> {
    const held = this.#values.get(id);
    if (held !== undefined) return held;
    const value = this.#run(this.#queries.get(id) as MetricDataQuery);
    this.#values.set(id, value);
    return value;
  }

  async #run({ MetricStat, Expression, Period }: MetricDataQuery): Promise<Value> {
    if (MetricStat !== undefined) return await this.stat(MetricStat);
    const node: Node = parseExpression(Expression ?? "");
    return await evaluate(node, this.#scope(Period));
  }

  #scope(period: number | undefined): Scope {
    const { start, end } = this.#range;
    const stats = [...this.#queries.values()].filter(({ MetricStat }) => MetricStat !== undefined);
    const periods = stats.map(({ MetricStat }) => MetricStat?.Period ?? 0);
    return {
      start,
      end,
      period: period ?? (Math.max(...periods, 0) || 60),
      named: async (id) => (this.#queries.has(id) ? await this.value(id) : undefined),
      metrics: async (part) => {
        const ids = stats.map(({ Id = "" }) => Id).filter((id) => part === undefined || id.includes(part));
        return (await Promise.all(ids.map((id) => this.value(id)))).filter(isSeries);
      },
      search: (expression, statistic, searched) => this.#search(expression, statistic, searched),
      band: (id, deviations) => this.#band(id, deviations),
    };
  }

  /** Without a detector, or while it knows nothing, there is no band. */
  async #band(id: string, deviations: number): Promise<Series[]> {
    const query = this.#queries.get(id);
    if (query === undefined) throw new BadExpression(`Unknown metric ID '${id}'.`);
    const model = await this.model(id);
    if (model === undefined) return [];
    const period = query.MetricStat?.Period ?? query.Period ?? this.#scope(undefined).period;
    return bandOf(model, { label: query.Label ?? id, period }, this.#range, deviations);
  }

  /** What the detector of a query has learnt; undefined where none watches it. */
  async model(id: string): Promise<Model | undefined> {
    const { account, region, nowMs, models = new Models() } = this.#range;
    const queries = [...this.#queries.values()];
    const detectorId = detectorIdOf(queries, id);
    const detector = await detectors.get(this.#tx, account, region, detectorId);
    if (detector === undefined) return undefined;
    const query = this.#queries.get(id);
    const period = query?.MetricStat?.Period ?? query?.Period ?? 60;
    const key = `${account}/${region}/${detectorId}/${period}/${JSON.stringify(detector)}`;
    return await models.of(key, nowMs, async () => {
      const end = Math.floor(nowMs / secondMs / period) * period;
      const start = end - Math.floor(learntMs / secondMs / period) * period;
      const value = await new QueryRun(this.#tx, queries, { ...this.#range, start, end }).value(id);
      return train(isSeries(value) ? value.points : new Map(), detector);
    });
  }

  async stat({ Metric, Period = 60, Stat = "", Unit }: MetricStat): Promise<SeriesWithUnits> {
    const metric = {
      namespace: Metric?.Namespace ?? "",
      name: Metric?.MetricName ?? "",
      dimensions: (Metric?.Dimensions ?? []) as Dimension[],
    };
    return await this.#series(metric, { statistic: Stat, period: Period, unit: Unit });
  }

  async #series(
    metric: Metric,
    { statistic, period, unit }: { statistic: string; period: number; unit?: string | undefined },
  ): Promise<SeriesWithUnits> {
    const { start: from, end: to, nowMs, account, region } = this.#range;
    const points = await this.#reader.points(metric, { from, to, period, nowMs });
    const found = byUnitAndPeriod(points, from, period);
    const wanted = unit === undefined ? [...found.keys()].sort(byShownUnit) : [storedUnit(unit)];
    const compute = statisticOf(statistic) as Statistic;
    const values = new Map<number, number>();
    const samples = new Map<number, number>();
    for (const [time, point] of found.get(wanted[0] ?? "") ?? []) {
      const value = compute(point);
      if (value === undefined) continue;
      values.set(time, value);
      samples.set(time, point.count);
    }
    const properties = propertiesOf(metric, { account, region, statistic, period });
    const units = wanted.map(shownUnit);
    return { label: metric.name, period, points: values, samples, units, properties };
  }

  async #search(expression: string, statistic: string, period: number): Promise<Series[]> {
    const { namespace, matches } = parseSearch(expression);
    const { account, region, nowMs } = this.#range;
    const scope = [account, region, ...(namespace === undefined ? [] : [namespace])];
    const rows = await metrics.list(this.#tx, scope, { limit: maxLookedThrough });
    const found = rows
      .filter(({ row }) => row.lastSeen >= nowMs - searchedMs)
      .map(({ key }) => parseIdentity(key[2], key[3]))
      .filter(matches)
      .slice(0, maxFound);
    if (statisticOf(statistic) === undefined) return [];
    return await Promise.all(
      found.map(async (metric) => {
        const label = [metric.name, ...metric.dimensions.map(({ Value }) => Value)].join(" ");
        return { ...(await this.#series(metric, { statistic, period })), label };
      }),
    );
  }
}

function byShownUnit(a: string, b: string): number {
  return shownUnit(a) < shownUnit(b) ? -1 : 1;
}

function propertiesOf(
  { namespace, name, dimensions }: Metric,
  facts: { account: string; region: string; statistic: string; period: number },
): Record<string, string> {
  return {
    AccountId: facts.account,
    Region: facts.region,
    Namespace: namespace,
    MetricName: name,
    Stat: facts.statistic,
    Period: String(facts.period),
    ...Object.fromEntries(dimensions.map(({ Name, Value }) => [`Dim.${Name}`, Value])),
  };
}

/** Seconds from ms. */
export function seconds(time: Date): number {
  return time.getTime() / secondMs;
}
