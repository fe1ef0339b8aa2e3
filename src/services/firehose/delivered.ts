import type { Context } from "../../kit/context.ts";
import type { AwsError } from "../../kit/errors.ts";
import type { Posted } from "./httpEndpoint.ts";
import { metric } from "./metrics.ts";
import type { NewObject } from "./objects.ts";
import type { Incoming, Processed } from "./records.ts";
import type { DeliveryStreamRow } from "./tables.ts";

/** One delivery, and how it counts. */

export interface Delivery {
  stream: DeliveryStreamRow;
  /** Frames that are delivered. */
  positions: string[];
  /** Of the last of them, as it is kept. */
  lastBytes: number;
  records: Incoming[];
  bytes: number;
  oldestMs: number;
  processed: Processed;
  objects: NewObject[];
  posted?: Posted;
  /** Why nothing could be prepared. */
  error?: AwsError;
}

/** https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-metrics.html */
export function countDelivery(
  { stream, objects, processed, posted, bytes, oldestMs, records }: Delivery,
  ctx: Context,
): void {
  const freshness = Math.max(0, Math.round((ctx.clock.now() - oldestMs) / 1000));
  if (stream.destination.kind === "http") {
    if (posted !== undefined && posted.failure === undefined) {
      metric(stream, "DeliveryToHttpEndpoint.Success", 1, ctx);
      metric(stream, "DeliveryToHttpEndpoint.Bytes", bytes, ctx, "Bytes");
      metric(stream, "DeliveryToHttpEndpoint.Records", processed.ready.length, ctx);
    }
    metric(stream, "DeliveryToHttpEndpoint.DataFreshness", freshness, ctx, "Seconds");
  }
  for (const { use, body, records: own } of objects) {
    const name = use === "backup" ? "BackupToS3" : "DeliveryToS3";
    metric(stream, `${name}.Bytes`, body.length, ctx, "Bytes");
    metric(stream, `${name}.Records`, own, ctx);
    metric(stream, `${name}.Success`, 1, ctx);
    metric(stream, `${name}.DataFreshness`, freshness, ctx, "Seconds");
    if (use !== "backup") metric(stream, "DeliveryToS3.ObjectCount", 1, ctx);
  }
  if (stream.destination.config.ProcessingConfiguration?.Enabled !== true) return;
  metric(stream, "ExecuteProcessing.Success", processed.failed.length === 0 ? 1 : 0, ctx);
  metric(stream, "SucceedProcessing.Records", records.length - processed.failed.length, ctx);
  const succeeded = processed.ready.reduce((sum, { data }) => sum + data.length, 0);
  metric(stream, "SucceedProcessing.Bytes", succeeded, ctx, "Bytes");
}
