import type { InsightRuleContributor, InsightRuleMetricDatapoint } from "@aws-sdk/client-cloudwatch";

/** What contributors add up to. */

interface Amount {
  sum: number;
  count: number;
  /** The largest of one line. */
  max: number;
}

interface Contributor {
  keys: string[];
  /** By the start of the period, ms since the epoch. */
  byTime: Map<number, Amount>;
}

/** By the contributor's keys. */
export type Aggregation = Map<string, Contributor>;

const computed = {
  UniqueContributors: (amounts: readonly Amount[]) => amounts.length,
  MaxContributorValue: (amounts: readonly Amount[]) => Math.max(...amounts.map(({ sum }) => sum)),
  SampleCount: (amounts: readonly Amount[]) => total(amounts, "count"),
  Sum: (amounts: readonly Amount[]) => total(amounts, "sum"),
  Minimum: (amounts: readonly Amount[]) => Math.min(...amounts.map(({ sum }) => sum)),
  Maximum: (amounts: readonly Amount[]) => Math.max(...amounts.map(({ max }) => max)),
  Average: (amounts: readonly Amount[]) => total(amounts, "sum") / total(amounts, "count"),
};

export type Metrics = keyof typeof computed;
export const metricNames: ReadonlySet<string> = new Set(Object.keys(computed));

function total(amounts: readonly Amount[], member: "sum" | "count"): number {
  return amounts.reduce((sum, amount) => sum + amount[member], 0);
}

interface Asked {
  most: number;
  orderBy: "Sum" | "Maximum";
  metrics: readonly Metrics[];
  /** Starts of all periods. */
  times: readonly number[];
}

export function reportOf(aggregation: Aggregation, { most, orderBy, metrics, times }: Asked) {
  const ranked = [...aggregation.values()].map(({ keys, byTime }) => {
    const sums = [...byTime.values()].map(({ sum }) => sum);
    const value = orderBy === "Sum" ? sums.reduce((a, b) => a + b, 0) : Math.max(...sums);
    return { keys, byTime, value };
  });
  ranked.sort((a, b) => b.value - a.value || (a.keys.join("\n") < b.keys.join("\n") ? -1 : 1));
  const Contributors: InsightRuleContributor[] = ranked.slice(0, most).map(({ keys, byTime, value }) => ({
    Keys: keys,
    ApproximateAggregateValue: value,
    Datapoints: inOrder(byTime).map(([time, { sum }]) => ({
      Timestamp: new Date(time),
      ApproximateValue: sum,
    })),
  }));
  return {
    AggregateValue: ranked.reduce((sum, { byTime }) => sum + total([...byTime.values()], "sum"), 0),
    ApproximateUniqueCount: ranked.length,
    Contributors,
    ...(metrics.length > 0 && { MetricDatapoints: datapoints(aggregation, metrics, times) }),
  };
}

function inOrder<T>(byTime: ReadonlyMap<number, T>): [number, T][] {
  return [...byTime].sort(([a], [b]) => a - b);
}

function datapoints(
  aggregation: Aggregation,
  metrics: readonly Metrics[],
  times: readonly number[],
): InsightRuleMetricDatapoint[] {
  const byTime = new Map<number, Amount[]>();
  for (const contributor of aggregation.values()) {
    for (const [time, amount] of contributor.byTime) {
      const held = byTime.get(time);
      if (held === undefined) byTime.set(time, [amount]);
      else held.push(amount);
    }
  }
  return times.map((time) => {
    const amounts = byTime.get(time);
    const amountOf = (name: Metrics) => (amounts === undefined ? 0 : computed[name](amounts));
    return {
      Timestamp: new Date(time),
      ...Object.fromEntries(metrics.map((name) => [name, amountOf(name)])),
    };
  });
}
