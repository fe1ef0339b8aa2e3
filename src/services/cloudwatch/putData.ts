import type { MetricDatum } from "@aws-sdk/client-cloudwatch";
import type { Context } from "../../kit/context.ts";
import type { Access } from "../../kit/service.ts";
import { evaluateSoon } from "./alarms/schedule.ts";
import { alarmsWatching } from "./alarms/watch.ts";
import { cloudwatch } from "./contract.ts";
import { checkDatum, checkNamespace, Where } from "./datumChecks.ts";
import { maxMetricsPerPut, minuteMs, secondMs } from "./limits.ts";
import { noteMetrics } from "./registry.ts";
import { bucketAt, type Entry, graceMs, putBatch } from "./store/batches.ts";
import { type Dimension, identityOf, namespaceId } from "./store/identity.ts";
import type { Merging } from "./store/merge.ts";

/**
 * Takes values. One row for all of a call, and none that another call also reads, so any number of writers share a
 * metric. Services of AWS's own put theirs under "AWS/…"; customers may not.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
 */
export const putMetricData = cloudwatch.operation("PutMetricData", {
  access: ({ Namespace }, { caller: { principal } }): Access => ({
    action: "cloudwatch:PutMetricData",
    resource: "*",
    context: { "cloudwatch:namespace": Namespace },
    ...(principal.kind === "service" && { extraAllow: { kind: "service", name: principal.service ?? "" } }),
  }),
  async handle({ Namespace, MetricData, EntityMetricData }, ctx) {
    checkNamespace(Namespace, ctx);
    const data = MetricData ?? [];
    const ofEntities = (EntityMetricData ?? []).flatMap((one) => one.MetricData ?? []);
    if (data.length + ofEntities.length === 0)
      throw ctx.error("MissingRequiredParameterException", "The parameter MetricData is required.");
    if (data.length + ofEntities.length > maxMetricsPerPut) {
      throw ctx.error(
        "InvalidParameterValueException",
        `The collection MetricData must not have a size greater than ${maxMetricsPerPut}.`,
      );
    }
    const entries = new Map<string, Entry[]>();
    gather(data, "MetricData.member", entries, ctx);
    gather(ofEntities, "EntityMetricData.member.MetricData.member", entries, ctx);
    store(Namespace, entries, ctx);
    for (const alarm of await alarmsWatching(Namespace, entries.keys(), ctx)) evaluateSoon(alarm, ctx);
    return {};
  },
  record: {
    data: true,
    // What is measured belongs to the metrics; the record names where it went.
    requestOnly: ({ Namespace, MetricData }) => ({
      namespace: Namespace,
      metricData: MetricData?.slice(0, maxRecordedMetrics).map(({ MetricName }) => ({
        metricName: MetricName,
      })),
    }),
  },
});

/** Metrics that the event of a call names. */
const maxRecordedMetrics = 20;

function gather(
  data: readonly MetricDatum[],
  path: string,
  entries: Map<string, Entry[]>,
  ctx: Context<"InvalidParameterValueException">,
): void {
  const now = ctx.clock.now();
  const where = new Where(path);
  for (const datum of data) {
    where.index += 1;
    checkDatum(datum, where, now, ctx);
    const entry = entryOf(datum, now);
    if (entry === undefined) continue;
    const identity = identityOf(datum.MetricName ?? "", datum.Dimensions as Dimension[] | undefined);
    const held = entries.get(identity);
    if (held === undefined) entries.set(identity, [entry]);
    else held.push(entry);
  }
}

/** Undefined where every count is zero. */
function entryOf(datum: MetricDatum, now: number): Entry | undefined {
  const { Timestamp, Value, Values, Counts, StatisticValues, Unit, StorageResolution } = datum;
  const resolution = StorageResolution === 1 ? 1 : 60;
  const at = Timestamp?.getTime() ?? now;
  const time = (at - (at % (resolution === 1 ? secondMs : minuteMs))) / secondMs;
  const unit = Unit === undefined || Unit === "None" ? "" : Unit;
  if (StatisticValues !== undefined) {
    const { SampleCount = 0, Sum = 0, Minimum = 0, Maximum = 0 } = StatisticValues;
    return [time, resolution, unit, null, null, [SampleCount, Sum, Minimum, Maximum]];
  }
  if (Values === undefined) return [time, resolution, unit, [Value as number]];
  if (Counts === undefined) return [time, resolution, unit, Values];
  const counted = Values.filter((_, i) => (Counts[i] as number) > 0);
  if (counted.length === 0) return undefined;
  return [time, resolution, unit, counted, Counts.filter((count) => count > 0)];
}

function store(namespace: string, entries: ReadonlyMap<string, Entry[]>, ctx: Context): void {
  if (entries.size === 0) return;
  const { tx, account, region } = ctx;
  const id = namespaceId(namespace);
  const bucket = bucketAt(ctx.clock.now());
  putBatch(tx, { account, region, namespace: id }, bucket.id, entries);
  noteMetrics(namespace, entries.keys(), ctx);
  // The same timer for all of a bucket: writing it again changes nothing.
  const merging: Merging = { namespace, namespaceId: id, bucket: bucket.id };
  ctx.timers.set(`merge/${account}/${region}/${id}`, "mergeBatches", bucket.endMs + graceMs, { ...merging });
}
