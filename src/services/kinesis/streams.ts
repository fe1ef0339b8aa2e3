import type { Context } from "../../kit/context.ts";
import { randomText } from "../../kit/ids.ts";
import { BadMarker, markerOf, positionOf } from "../../kit/paging.ts";
import { existingStream, onAll, onStream, putStream, requestTags, shardsOf } from "./access.ts";
import { kinesis } from "./contract.ts";
import { evenRanges } from "./hashKeys.ts";
import {
  defaultMaxRecordKiB,
  maxOnDemandShards,
  maxOnDemandStreams,
  maxShards,
  minRetentionHours,
  onDemandShards,
} from "./limits.ts";
import { streamArn } from "./names.ts";
import { newShard } from "./newShard.ts";
import { checkShardLimit, totalsOf } from "./quotas.ts";
import { openShards, shownShard } from "./shards.ts";
import { consumers, type StreamRow, shardLists, streams } from "./tables.ts";
import { checkTags } from "./tagRules.ts";

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html */
export const createStream = kinesis.operation("CreateStream", {
  access: ({ StreamName, Tags }, ctx) => ({
    action: "kinesis:CreateStream",
    resource: streamArn(ctx, StreamName),
    resourceType: "AWS::Kinesis::Stream",
    requestTags: requestTags(Tags),
  }),
  async handle(input, ctx) {
    const { StreamName: name, Tags = {}, WarmThroughputMiBps } = input;
    const { account, region } = ctx;
    const mode = input.StreamModeDetails?.StreamMode ?? "PROVISIONED";
    if (mode === "PROVISIONED" && input.ShardCount === undefined) {
      throw ctx.error(
        "InvalidArgumentException",
        "ShardCount must be provided for streams in PROVISIONED mode.",
      );
    }
    if (mode === "ON_DEMAND" && input.ShardCount !== undefined) {
      throw ctx.error(
        "InvalidArgumentException",
        "ShardCount must not be provided for streams in ON_DEMAND mode.",
      );
    }
    if ((await streams.get(ctx.tx, account, region, name)) !== undefined) {
      throw ctx.error("ResourceInUseException", `Stream ${name} under account ${account} already exists.`);
    }
    const warm = Math.min(maxOnDemandShards, WarmThroughputMiBps ?? 0);
    const shardCount = input.ShardCount ?? Math.max(onDemandShards, warm);
    await checkNewStream(mode, shardCount, ctx);
    const created = ctx.clock.now();
    const row: StreamRow = {
      streamId: randomText(20, "lower36"),
      name,
      arn: streamArn(ctx, name),
      account,
      region,
      created,
      mode,
      retentionHours: minRetentionHours,
      maxRecordKiB: input.MaxRecordSizeInKiB ?? defaultMaxRecordKiB,
      tags: checkTags(Tags, {}, ctx),
      shardMetrics: [],
      consumers: 0,
      openShards: shardCount,
      ...(WarmThroughputMiBps !== undefined && { warmMiBps: WarmThroughputMiBps }),
      scalings: [],
      modeChanges: [],
    };
    putStream(row, ctx);
    const shards = evenRanges(shardCount).map((range, number) => newShard(number, range, created));
    shardLists.put(ctx.tx, [account, region, row.streamId], { shards, next: shardCount });
    return {};
  },
});

async function checkNewStream(
  mode: StreamRow["mode"],
  shardCount: number,
  ctx: Context<"LimitExceededException">,
): Promise<void> {
  const totals = await totalsOf(ctx);
  if (mode === "PROVISIONED") checkShardLimit(totals.openShards, shardCount, ctx);
  else if (totals.onDemandStreams >= maxOnDemandStreams) {
    throw ctx.error(
      "LimitExceededException",
      `This request would exceed the on-demand stream limit for the account ${ctx.account} in ${ctx.region}. Current on-demand stream count for the account: ${totals.onDemandStreams}. Limit: ${maxOnDemandStreams}.`,
    );
  }
}

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DeleteStream.html */
export const deleteStream = kinesis.operation("DeleteStream", {
  access: onStream("DeleteStream"),
  async handle(input, ctx) {
    const stream = await existingStream(input, ctx);
    const { account, region, streamId, name } = stream;
    const registered = await consumers.list(ctx.tx, [account, region, streamId]);
    if (registered.length > 0 && input.EnforceConsumerDeletion !== true) {
      throw ctx.error(
        "ResourceInUseException",
        `Stream ${name} under account ${account} has registered consumers. Deregister all consumers or set EnforceConsumerDeletion to true.`,
      );
    }
    for (const { key } of registered) consumers.delete(ctx.tx, ...key);
    const { shards } = await shardsOf(stream, ctx);
    streams.delete(ctx.tx, account, region, name);
    shardLists.delete(ctx.tx, account, region, streamId);
    ctx.timers.set(`purge/${streamId}`, "purge", ctx.clock.now(), {
      streamId,
      shards: shards.map(({ number }) => number),
    });
    return {};
  },
});

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListStreams.html */
export const listStreams = kinesis.operation("ListStreams", {
  access: onAll("ListStreams"),
  async handle({ Limit = 100, ExclusiveStartStreamName, NextToken }, ctx) {
    const after = NextToken === undefined ? ExclusiveStartStreamName : nameIn(NextToken, ctx);
    const rows = await streams.list(ctx.tx, [ctx.account, ctx.region], {
      limit: Limit + 1,
      ...(after !== undefined && { after: [after] }),
    });
    const shown = rows.slice(0, Limit).map(({ row }) => row);
    const last = shown.at(-1);
    const more = rows.length > Limit;
    return {
      StreamNames: shown.map(({ name }) => name),
      HasMoreStreams: more,
      ...(more && last && { NextToken: markerOf([last.name]) }),
      StreamSummaries: shown.map(({ name, arn, mode, created }) => ({
        StreamName: name,
        StreamARN: arn,
        StreamStatus: "ACTIVE" as const,
        StreamModeDetails: { StreamMode: mode },
        StreamCreationTimestamp: new Date(created),
      })),
    };
  },
});

function nameIn(token: string, ctx: Context<"InvalidArgumentException">): string {
  try {
    return positionOf(token)[0] ?? "";
  } catch (error) {
    if (error instanceof BadMarker) throw ctx.error("InvalidArgumentException", "Invalid NextToken.");
    throw error;
  }
}

/** What both descriptions show. */
function described(stream: StreamRow) {
  return {
    StreamName: stream.name,
    StreamARN: stream.arn,
    StreamStatus: "ACTIVE" as const,
    StreamModeDetails: { StreamMode: stream.mode },
    RetentionPeriodHours: stream.retentionHours,
    StreamCreationTimestamp: new Date(stream.created),
    EnhancedMonitoring: [{ ShardLevelMetrics: stream.shardMetrics as never[] }],
    EncryptionType: stream.kmsKeyId === undefined ? ("NONE" as const) : ("KMS" as const),
    ...(stream.kmsKeyId !== undefined && { KeyId: stream.kmsKeyId }),
  };
}

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeStream.html */
export const describeStream = kinesis.operation("DescribeStream", {
  access: onStream("DescribeStream"),
  async handle(input, ctx) {
    const stream = await existingStream(input, ctx);
    const { Limit = 100, ExclusiveStartShardId } = input;
    const { shards } = await shardsOf(stream, ctx);
    const all = shards.map(shownShard);
    const from = all.findIndex(({ ShardId = "" }) => ShardId > (ExclusiveStartShardId ?? ""));
    const rest = from < 0 ? [] : all.slice(from);
    const StreamDescription = {
      ...described(stream),
      Shards: rest.slice(0, Limit),
      HasMoreShards: rest.length > Limit,
    };
    return { StreamDescription };
  },
});

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeStreamSummary.html */
export const describeStreamSummary = kinesis.operation("DescribeStreamSummary", {
  access: onStream("DescribeStreamSummary"),
  async handle(input, ctx) {
    const stream = await existingStream(input, ctx);
    const StreamDescriptionSummary = {
      ...described(stream),
      OpenShardCount: openShards(await shardsOf(stream, ctx)).length,
      ConsumerCount: stream.consumers,
      MaxRecordSizeInKiB: stream.maxRecordKiB,
      ...(stream.warmMiBps !== undefined && {
        WarmThroughput: { TargetMiBps: stream.warmMiBps, CurrentMiBps: stream.warmMiBps },
      }),
    };
    return { StreamDescriptionSummary };
  },
});

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeLimits.html */
export const describeLimits = kinesis.operation("DescribeLimits", {
  access: onAll("DescribeLimits"),
  async handle(_, ctx) {
    const { openShards: open, onDemandStreams } = await totalsOf(ctx);
    return {
      ShardLimit: maxShards,
      OpenShardCount: open,
      OnDemandStreamCount: onDemandStreams,
      OnDemandStreamCountLimit: maxOnDemandStreams,
    };
  },
});
