import { servicePrincipal } from "../../../kit/caller.ts";
import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { isRetriable, parseArn, retryDelayMs } from "../../../kit/targets.ts";
import { minuteMs, secondMs } from "../limits.ts";
import { shownUnit } from "../periods.ts";
import { statisticOf } from "../statistics.ts";
import type { TimedPoint } from "../store/blocks.ts";
import { type Metric, parseIdentity } from "../store/identity.ts";
import { MetricReader } from "../store/read.ts";
import { type MetricStreamRow, metricStreams, streamedMinutes } from "../tables.ts";
import { findMetricStream, isStreamed, metricStreamArn, streamsPrincipal } from "./metricStreams.ts";

/** Datapoints into delivery streams: those of a minute together, once the minute is over and what came in it is merged. */

/** Values are merged eleven seconds after they came, at the latest. */
const settledMs = 15 * secondMs;
const minuteSeconds = minuteMs / secondMs;
/** Metrics that one piece of work goes through. */
const pageSize = 500;
const maxAttempts = 20;
/** Lines are put together to records up to this. */
const maxRecordCharacters = 100_000;
/** Records of one PutRecordBatch, with room below its 4 MiB. */
const maxRecordsPerCall = 30;

interface StreamedMinute {
  /** Seconds since the epoch. */
  minute: number;
  after?: [namespace: string, identity: string];
}

/** Notes that a metric got values in these minutes, if any stream wants it. */
export async function noteStreamed(
  namespace: string,
  values: ReadonlyMap<string, readonly (readonly [time: number, ...rest: unknown[]])[]>,
  ctx: Context,
): Promise<void> {
  const streams = (await metricStreams.list(ctx.tx, [ctx.account, ctx.region])).filter(
    ({ row }) => row.running,
  );
  if (streams.length === 0) return;
  const minutes = new Set<number>();
  for (const [identity, entries] of values) {
    const metric = parseIdentity(namespace, identity);
    if (!streams.some(({ row }) => wants(row, metric))) continue;
    for (const [time] of entries) {
      const minute = Math.floor(time / minuteSeconds) * minuteSeconds;
      minutes.add(minute);
      streamedMinutes.put(ctx.tx, [ctx.account, ctx.region, String(minute), namespace, identity], {});
    }
  }
  for (const minute of minutes) sendLater({ minute }, ctx);
}

/** What a stream's own delivery stream counts is not streamed: it would feed itself, minute by minute, without end. */
function wants(row: MetricStreamRow, { namespace, name, dimensions }: Metric): boolean {
  const deliveryStream = row.firehoseArn.slice(row.firehoseArn.lastIndexOf("/") + 1);
  const isOwn = namespace === "AWS/Firehose" && dimensions.some(({ Value }) => Value === deliveryStream);
  return !isOwn && isStreamed(row, namespace, name);
}

function sendLater({ minute }: StreamedMinute, ctx: Context): void {
  const over = (minute + minuteSeconds) * secondMs + settledMs;
  // What came late goes out with the next quarter of a minute.
  const at = Math.max(over, (Math.floor(ctx.clock.now() / settledMs) + 1) * settledMs);
  ctx.timers.set(`stream/${ctx.account}/${ctx.region}/${minute}`, "streamMinute", at, { minute });
}

/** Timer: a minute is over. */
export async function streamMinute({ minute, after }: StreamedMinute, ctx: Context): Promise<void> {
  const { tx, account, region } = ctx;
  const parts = [account, region, String(minute)];
  const rows = await streamedMinutes.list(tx, parts, { limit: pageSize, ...(after && { after }) });
  const streams = (await metricStreams.list(tx, [account, region])).filter(({ row }) => row.running);
  const reader = new MetricReader(tx, { account, region });
  const lines = new Map<string, string[]>();
  for (const { key } of rows) {
    const [, , , namespace, identity] = key;
    streamedMinutes.delete(tx, account, region, String(minute), namespace, identity);
    const metric = parseIdentity(namespace, identity);
    const wanted = streams.filter(({ row }) => wants(row, metric));
    if (wanted.length === 0) continue;
    const range = { from: minute, to: minute + minuteSeconds, period: minuteSeconds, nowMs: ctx.clock.now() };
    for (const point of await reader.points(metric, range)) {
      for (const { row } of wanted) {
        const held = lines.get(row.name) ?? [];
        held.push(lineOf(row, metric, point, ctx));
        lines.set(row.name, held);
      }
    }
  }
  for (const [stream, all] of lines) leave(stream, all, ctx);
  const last = rows.at(-1)?.key;
  if (rows.length === pageSize && last !== undefined) {
    const rest: StreamedMinute = { minute, after: [last[3], last[4]] };
    ctx.timers.set(`stream/${account}/${region}/${minute}/more`, "streamMinute", ctx.clock.now(), {
      ...rest,
    });
  }
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-metric-streams-formats-json.html */
function lineOf(row: MetricStreamRow, metric: Metric, point: TimedPoint, ctx: Context): string {
  const { namespace, name, dimensions } = metric;
  const added = row.statistics
    .filter(({ metrics }) => metrics.some((one) => one.namespace === namespace && one.name === name))
    .flatMap(({ statistics }) => statistics.map((one) => [one, statisticOf(one)?.(point)] as const))
    .filter(([, value]) => value !== undefined);
  const { max, min, sum, count } = point;
  return JSON.stringify({
    metric_stream_name: row.name,
    account_id: ctx.account,
    region: ctx.region,
    namespace,
    metric_name: name,
    dimensions: Object.fromEntries(dimensions.map(({ Name, Value }) => [Name, Value])),
    timestamp: point.time * secondMs,
    value: { max, min, sum, count, ...Object.fromEntries(added) },
    unit: shownUnit(point.unit),
  });
}

interface Batch {
  stream: string;
  records: string[];
  attempts: number;
}

function leave(stream: string, lines: readonly string[], ctx: Context): void {
  let records: string[] = [];
  let record = "";
  const flush = () => {
    if (records.length === 0) return;
    const batch: Batch = { stream, records, attempts: 0 };
    ctx.outbox.put("sendMetrics", { ...batch }, { group: `${ctx.account}/${ctx.region}/${stream}` });
    records = [];
  };
  for (const line of lines) {
    if (record.length + line.length > maxRecordCharacters && record !== "") {
      records.push(record);
      record = "";
      if (records.length === maxRecordsPerCall) flush();
    }
    record += `${line}\n`;
  }
  if (record !== "") records.push(record);
  flush();
}

/** Delivery: puts records under the stream's role, which must let CloudWatch's streams take it on. */
export const sendMetrics = {
  async settle(batch: Batch, ctx: Context): Promise<void> {
    const row = await findMetricStream(batch.stream, ctx);
    const firehose = row && parseArn(row.firehoseArn);
    if (row === undefined || firehose === undefined || !row.running) return;
    const sourceArn = metricStreamArn(row.name, ctx);
    const by = servicePrincipal(streamsPrincipal, { sourceArn, sourceAccount: ctx.account });
    try {
      const as = await ctx.assumeRole(row.roleArn, by, "MetricStreams");
      const input = {
        DeliveryStreamName: firehose.resource.replace(/^deliverystream\//, ""),
        Records: batch.records.map((text) => ({ Data: Buffer.from(text) })),
      };
      const { account, region } = firehose;
      const answer = await ctx.call("firehose", "PutRecordBatch", input, { as, account, region });
      const responses = (answer.RequestResponses ?? []) as { ErrorCode?: string }[];
      const failed = batch.records.filter((_, i) => responses[i]?.ErrorCode !== undefined);
      if (failed.length > 0) again({ ...batch, records: failed }, ctx);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      if (isRetriable(error)) again(batch, ctx);
    }
  },
};

function again(batch: Batch, ctx: Context): void {
  const attempts = batch.attempts + 1;
  if (attempts < maxAttempts)
    ctx.outbox.put("sendMetrics", { ...batch, attempts }, { delayMs: retryDelayMs(attempts) });
}
