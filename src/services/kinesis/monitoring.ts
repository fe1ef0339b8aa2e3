import type { Context } from "../../kit/context.ts";
import { existingStream, onAnyStream, putStream } from "./access.ts";
import { kinesis } from "./contract.ts";
import { type ShardMetric, shardMetricNames } from "./metrics.ts";
import type { StreamInput } from "./names.ts";

/** Metrics of each shard. https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html */

async function change(
  input: StreamInput & { ShardLevelMetrics: readonly string[] },
  isDesired: (name: ShardMetric, current: readonly string[], named: ReadonlySet<string>) => boolean,
  ctx: Context<"ResourceNotFoundException" | "InvalidArgumentException">,
) {
  const stream = await existingStream(input, ctx);
  const all = input.ShardLevelMetrics.includes("ALL");
  const named = new Set(all ? shardMetricNames : input.ShardLevelMetrics);
  const { shardMetrics: current } = stream;
  const desired = shardMetricNames.filter((name) => isDesired(name, current, named));
  putStream({ ...stream, shardMetrics: desired }, ctx);
  return {
    StreamName: stream.name,
    StreamARN: stream.arn,
    CurrentShardLevelMetrics: current as ShardMetric[],
    DesiredShardLevelMetrics: desired,
  };
}

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_EnableEnhancedMonitoring.html */
export const enableEnhancedMonitoring = kinesis.operation("EnableEnhancedMonitoring", {
  access: onAnyStream("EnableEnhancedMonitoring"),
  handle: (input, ctx) =>
    change(input, (name, current, named) => named.has(name) || current.includes(name), ctx),
});

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DisableEnhancedMonitoring.html */
export const disableEnhancedMonitoring = kinesis.operation("DisableEnhancedMonitoring", {
  access: onAnyStream("DisableEnhancedMonitoring"),
  handle: (input, ctx) =>
    change(input, (name, current, named) => !named.has(name) && current.includes(name), ctx),
});
