import type { MetricDataQuery } from "@aws-sdk/client-cloudwatch";
import { secondMs } from "./limits.ts";
import type { Series } from "./math/values.ts";

/**
 * Labels of results. A metric's own label has what tells it from the other metrics of the call: name, dimensions,
 * statistic, period, in the order in which recorded answers of AWS have them.
 */
export function defaultLabels(queries: readonly MetricDataQuery[]): Map<string, string> {
  const stats = queries.flatMap(({ Id = "", MetricStat }) =>
    MetricStat === undefined ? [] : [{ Id, MetricStat }],
  );
  const facts = stats.map(({ Id, MetricStat: { Metric, Stat = "", Period = 0 } }) => ({
    id: Id,
    name: Metric?.MetricName ?? "",
    dimensions: (Metric?.Dimensions ?? []).map(({ Value = "" }) => Value).join(" "),
    statistic: Stat,
    period: String(Period),
  }));
  const differ = (part: "dimensions" | "statistic" | "period") =>
    new Set(facts.map((one) => one[part])).size > 1;
  const parts = (["dimensions", "statistic", "period"] as const).filter(differ);
  return new Map(
    facts.map((one) => [
      one.id,
      [one.name, ...parts.map((part) => one[part])].filter((text) => text !== "").join(" "),
    ]),
  );
}

/** Offset of "+0130", in ms. */
export function offsetOf(timezone: string | undefined): number | undefined {
  if (timezone === undefined) return 0;
  const match = /^([+-])(\d{2})(\d{2})$/.exec(timezone);
  if (match === null) return undefined;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  return (match[1] === "-" ? -minutes : minutes) * 60_000;
}

/**
 * A label with its dynamic parts filled in: "Most: ${MAX} at ${MAX_TIME}".
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/graph-dynamic-labels.html
 */
export function dynamicLabel(label: string, own: string, series: Series, offsetMs: number): string {
  if (!label.includes("${")) return label;
  const known = valuesOf(series, offsetMs);
  return label.replace(/\$\{([^}]*)\}/g, (whole, inner: string) => {
    const name = inner.trim();
    if (name === "LABEL") return own;
    const property = /^PROP\(\s*(?:'([^']*)'|"([^"]*)"|([^)]*))\s*\)$/.exec(name);
    if (property !== null) {
      const wanted = property[1] ?? property[2] ?? property[3] ?? "";
      return series.properties?.[wanted] ?? "";
    }
    return Object.hasOwn(known, name) ? (known[name] ?? "") : whole;
  });
}

function valuesOf({ points }: Series, offsetMs: number): Record<string, string> {
  const list = [...points];
  const shown = (value: number | undefined) => (value === undefined ? "--" : String(value));
  const time = (point: [number, number] | undefined) =>
    point === undefined
      ? "--"
      : new Date(point[0] * secondMs + offsetMs).toISOString().slice(0, 16).replace("T", " ");
  const best = (better: (a: number, b: number) => boolean) =>
    list.reduce<[number, number] | undefined>(
      (held, point) => (held === undefined || better(point[1], held[1]) ? point : held),
      undefined,
    );
  const max = best((a, b) => a > b);
  const min = best((a, b) => a < b);
  const total = list.reduce((sum, [, value]) => sum + value, 0);
  return {
    MAX: shown(max?.[1]),
    MAX_TIME: time(max),
    MIN: shown(min?.[1]),
    MIN_TIME: time(min),
    AVG: shown(list.length === 0 ? undefined : total / list.length),
    SUM: shown(total),
    FIRST: shown(list[0]?.[1]),
    FIRST_TIME: time(list[0]),
    LAST: shown(list.at(-1)?.[1]),
    LAST_TIME: time(list.at(-1)),
    FIRST_LAST_RANGE: list.length === 0 ? "--" : String((list.at(-1)?.[1] ?? 0) - (list[0]?.[1] ?? 0)),
    DATAPOINT_COUNT: String(list.length),
  };
}
