import type { Context } from "../../kit/context.ts";
import { shardId } from "./names.ts";
import type { StreamRow } from "./tables.ts";

/** https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html */

type Unit = "Count" | "Bytes" | "Milliseconds";

type StreamMetric =
  | "GetRecords.Bytes"
  | "GetRecords.IteratorAgeMilliseconds"
  | "GetRecords.Records"
  | "GetRecords.Success"
  | "IncomingBytes"
  | "IncomingRecords"
  | "PutRecord.Bytes"
  | "PutRecord.Success"
  | "PutRecords.Bytes"
  | "PutRecords.Success"
  | "PutRecords.TotalRecords"
  | "PutRecords.SuccessfulRecords"
  | "PutRecords.FailedRecords"
  | "PutRecords.ThrottledRecords"
  | "ReadProvisionedThroughputExceeded"
  | "WriteProvisionedThroughputExceeded"
  | "SubscribeToShard.RateExceeded"
  | "SubscribeToShard.Success"
  | "SubscribeToShardEvent.Bytes"
  | "SubscribeToShardEvent.MillisBehindLatest"
  | "SubscribeToShardEvent.Records"
  | "SubscribeToShardEvent.Success";

export type ShardMetric =
  | "IncomingBytes"
  | "IncomingRecords"
  | "IteratorAgeMilliseconds"
  | "OutgoingBytes"
  | "OutgoingRecords"
  | "ReadProvisionedThroughputExceeded"
  | "WriteProvisionedThroughputExceeded";

/** In the order in which AWS lists them. */
export const shardMetricNames: readonly ShardMetric[] = [
  "IncomingBytes",
  "IncomingRecords",
  "OutgoingBytes",
  "OutgoingRecords",
  "WriteProvisionedThroughputExceeded",
  "ReadProvisionedThroughputExceeded",
  "IteratorAgeMilliseconds",
];

export function metric(
  { name: StreamName, account, region }: StreamRow,
  name: StreamMetric,
  value: number,
  ctx: Context,
  unit: Unit = "Count",
  dimensions: Record<string, string> = {},
): void {
  ctx.metric({
    namespace: "AWS/Kinesis",
    name,
    dimensions: { StreamName, ...dimensions },
    value,
    unit,
    account,
    region,
  });
}

/** A metric of one shard, where enhanced monitoring asks for it. */
export function shardMetric(
  stream: StreamRow,
  shard: number,
  name: ShardMetric,
  value: number,
  ctx: Context,
  unit: Unit = "Count",
): void {
  if (!stream.shardMetrics.includes(name)) return;
  const { name: StreamName, account, region } = stream;
  const dimensions = { StreamName, ShardId: shardId(shard) };
  ctx.metric({ namespace: "AWS/Kinesis", name, dimensions, value, unit, account, region });
}
