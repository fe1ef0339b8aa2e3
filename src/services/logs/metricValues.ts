import { servicePrincipal } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import type { BatchEvent, BatchViews } from "./batchViews.ts";
import { compilePattern, type Pattern } from "./patterns/index.ts";
import { type GroupRow, type MetricFilterRow, metricFilters } from "./tables.ts";

/** What metric filters make of a batch, and how it comes to CloudWatch. */

const minuteMs = 60_000;
/** Values of one datum, and data of one call. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html */
const maxValuesPerDatum = 150;
const maxDataPerCall = 1_000;

/** A metric's values of one minute. */
interface Datum {
  namespace: string;
  name: string;
  unit?: string;
  dimensions: Record<string, string>;
  /** ms since the epoch */
  time: number;
  counts: [value: number, count: number][];
}

/** What the outbox holds for `publishMetrics`. */
interface Publication {
  groupArn: string;
  data: Datum[];
}

/** Puts the metric values that a group's filters take from a batch into the outbox. */
export async function publishMatches(group: GroupRow, views: BatchViews, ctx: Context): Promise<void> {
  const rows = await metricFilters.list(ctx.tx, [ctx.account, ctx.region, group.name]);
  const gathered = new Map<string, Datum & { byValue: Map<number, number> }>();
  for (const { row } of rows) {
    const pattern = await compilePattern(row.filterPattern);
    gather(row, pattern, views.for(row), gathered);
  }
  const data = [...gathered.values()].map(({ byValue, ...datum }) => ({ ...datum, counts: [...byValue] }));
  for (let i = 0; i < data.length; i += maxDataPerCall) {
    const publication: Publication = { groupArn: group.arn, data: data.slice(i, i + maxDataPerCall) };
    ctx.outbox.put("publishMetrics", { ...publication });
  }
}

function gather(
  { transformation }: MetricFilterRow,
  pattern: Pattern,
  events: readonly BatchEvent[],
  gathered: Map<string, Datum & { byValue: Map<number, number> }>,
): void {
  const { metricNamespace, metricName, unit, defaultValue } = transformation;
  const add = (timestamp: number, value: number, dimensions: Record<string, string>) => {
    const time = timestamp - (timestamp % minuteMs);
    const id = JSON.stringify([metricNamespace, metricName, unit, time, dimensions]);
    let datum = gathered.get(id);
    if (datum === undefined) {
      const facts = { namespace: metricNamespace, name: metricName, dimensions, time, counts: [] };
      datum = { ...facts, ...(unit !== undefined && { unit }), byValue: new Map() };
      gathered.set(id, datum);
    }
    datum.byValue.set(value, (datum.byValue.get(value) ?? 0) + 1);
  };
  const minutes = new Set<number>();
  const matched = new Set<number>();
  for (const { timestamp, message } of events) {
    const minute = timestamp - (timestamp % minuteMs);
    minutes.add(minute);
    if (!pattern.matches(message)) continue;
    const value = metricValueOf(transformation, pattern, message);
    const dimensions = dimensionsOf(transformation, pattern, message);
    if (value === undefined || dimensions === undefined) continue;
    matched.add(minute);
    add(timestamp, value, dimensions);
  }
  if (defaultValue === undefined) return;
  for (const minute of minutes) if (!matched.has(minute)) add(minute, defaultValue, {});
}

function metricValueOf(
  { metricValue }: MetricFilterRow["transformation"],
  pattern: Pattern,
  message: string,
): number | undefined {
  const text = metricValue.startsWith("$") ? pattern.value(message, metricValue) : metricValue;
  const value = text === undefined || text.trim() === "" ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
}

/** Undefined where the line lacks one: then it makes no value. */
function dimensionsOf(
  { dimensions = {} }: MetricFilterRow["transformation"],
  pattern: Pattern,
  message: string,
): Record<string, string> | undefined {
  const found: Record<string, string> = {};
  for (const [name, selector] of Object.entries(dimensions)) {
    const value = selector.startsWith("$") ? pattern.value(message, selector) : selector;
    if (value === undefined || value === "") return undefined;
    found[name] = value;
  }
  return found;
}

/** Delivery: puts values to CloudWatch, one call for each namespace. */
export async function publishMetrics({ groupArn, data }: Publication, ctx: Context): Promise<void> {
  const as = servicePrincipal("logs.amazonaws.com", { sourceArn: groupArn, sourceAccount: ctx.account });
  for (const Namespace of new Set(data.map(({ namespace }) => namespace))) {
    const MetricData = data.filter(({ namespace }) => namespace === Namespace).flatMap(datumOf);
    const where = { as, account: ctx.account, region: ctx.region };
    await ctx.call("cloudwatch", "PutMetricData", { Namespace, MetricData }, where);
  }
}

function datumOf({ name, unit, dimensions, time, counts }: Datum): Record<string, unknown>[] {
  const parts: Record<string, unknown>[] = [];
  for (let i = 0; i < counts.length; i += maxValuesPerDatum) {
    const part = counts.slice(i, i + maxValuesPerDatum);
    parts.push({
      MetricName: name,
      Timestamp: new Date(time),
      Values: part.map(([value]) => value),
      Counts: part.map(([, count]) => count),
      ...(unit !== undefined && { Unit: unit }),
      Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
    });
  }
  return parts;
}
