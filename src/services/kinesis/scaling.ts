import type { Context } from "../../kit/context.ts";
import { existingStream, onAnyStream, onStream, putStream } from "./access.ts";
import { kinesis } from "./contract.ts";
import { scaleTo } from "./growth.ts";
import {
  dayMs,
  maxModeChangesPerDay,
  maxOnDemandShards,
  maxOnDemandStreams,
  maxScalingsPerDay,
  maxShards,
} from "./limits.ts";
import { checkShardLimit, totalsOf } from "./quotas.ts";

/** How much a stream can take: its number of shards, its mode, its largest record. */

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html */
export const updateShardCount = kinesis.operation("UpdateShardCount", {
  access: onAnyStream("UpdateShardCount"),
  async handle(input, ctx) {
    const stream = await existingStream(input, ctx);
    const { name, account, openShards: current } = stream;
    const { TargetShardCount: target } = input;
    if (stream.mode !== "PROVISIONED") {
      throw ctx.error(
        "ValidationException",
        `Request is invalid. Stream ${name} under account ${account} is in On-Demand mode and does not support UpdateShardCount.`,
      );
    }
    const now = ctx.clock.now();
    const scalings = stream.scalings.filter((at) => at > now - dayMs);
    if (scalings.length >= maxScalingsPerDay) {
      throw ctx.error(
        "LimitExceededException",
        `Scaling operation could not be completed because the stream has already been scaled ${maxScalingsPerDay} times in the last 24 hours.`,
      );
    }
    checkTarget(current, target, ctx);
    const totals = await totalsOf(ctx);
    if (target > current) checkShardLimit(totals.openShards, target - current, ctx);
    await scaleTo({ ...stream, scalings }, target, ctx as Context);
    return { StreamName: name, CurrentShardCount: current, TargetShardCount: target, StreamARN: stream.arn };
  },
});

function checkTarget(
  current: number,
  target: number,
  ctx: Context<"LimitExceededException" | "InvalidArgumentException">,
): void {
  const problem = (words: string) =>
    ctx.error(
      "LimitExceededException",
      `UpdateShardCount cannot scale ${words} TargetShardCount: ${target}, CurrentShardCount: ${current}.`,
    );
  if (target > current * 2) throw problem("up over double your current open shard count.");
  if (target < current / 2) throw problem("down below half your current open shard count.");
  if (target > maxShards) throw problem(`up to more than ${maxShards} shards.`);
}

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateStreamMode.html */
export const updateStreamMode = kinesis.operation("UpdateStreamMode", {
  access: onAnyStream("UpdateStreamMode"),
  async handle(input, ctx) {
    const stream = await existingStream(input, ctx);
    const { StreamMode: mode } = input.StreamModeDetails;
    if (mode === undefined) throw ctx.error("InvalidArgumentException", "StreamMode must be provided.");
    const { warmMiBps: _, ...rest } = stream;
    const warm = input.WarmThroughputMiBps;
    if (mode === stream.mode) {
      putStream({ ...stream, ...(warm !== undefined && { warmMiBps: warm }) }, ctx);
      return {};
    }
    const now = ctx.clock.now();
    const modeChanges = stream.modeChanges.filter((at) => at > now - dayMs);
    if (modeChanges.length >= maxModeChangesPerDay) {
      throw ctx.error(
        "LimitExceededException",
        `Stream ${stream.name} under account ${stream.account} has already switched modes ${maxModeChangesPerDay} times in the last 24 hours.`,
      );
    }
    const totals = await totalsOf(ctx);
    if (mode === "PROVISIONED") checkShardLimit(totals.openShards, stream.openShards, ctx);
    else if (totals.onDemandStreams >= maxOnDemandStreams) {
      throw ctx.error(
        "LimitExceededException",
        `The account has ${maxOnDemandStreams} on-demand streams already.`,
      );
    }
    putStream(
      { ...rest, mode, modeChanges: [...modeChanges, now], ...(warm !== undefined && { warmMiBps: warm }) },
      ctx,
    );
    return {};
  },
});

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateMaxRecordSize.html */
export const updateMaxRecordSize = kinesis.operation("UpdateMaxRecordSize", {
  access: onStream("UpdateMaxRecordSize"),
  async handle(input, ctx) {
    const stream = await existingStream(input, ctx);
    putStream({ ...stream, maxRecordKiB: input.MaxRecordSizeInKiB }, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateStreamWarmThroughput.html */
export const updateStreamWarmThroughput = kinesis.operation("UpdateStreamWarmThroughput", {
  access: onStream("UpdateStreamWarmThroughput"),
  async handle(input, ctx) {
    const stream = await existingStream(input, ctx);
    const { WarmThroughputMiBps: target } = input;
    if (stream.mode !== "ON_DEMAND") {
      throw ctx.error(
        "ValidationException",
        "Warm throughput can be set for streams in ON_DEMAND mode only.",
      );
    }
    const warm = { ...stream, warmMiBps: target };
    if (target > stream.openShards) await scaleTo(warm, Math.min(target, maxOnDemandShards), ctx as Context);
    else putStream(warm, ctx);
    return {
      StreamARN: stream.arn,
      StreamName: stream.name,
      WarmThroughput: { TargetMiBps: target, CurrentMiBps: target },
    };
  },
});
