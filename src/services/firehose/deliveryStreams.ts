import type { DestinationDescription } from "@aws-sdk/client-firehose";
import type { Context } from "../../kit/context.ts";
import { randomText } from "../../kit/ids.ts";
import { existingDeliveryStream, onDeliveryStream, putDeliveryStream } from "./access.ts";
import { forgetBuffer } from "./buffer.ts";
import { checkDestination, checkRoles, destinationOf } from "./configuration.ts";
import { firehose } from "./contract.ts";
import { encryptionOf, grantKey, shownEncryption } from "./encryptionSettings.ts";
import { maxDeliveryStreams } from "./limits.ts";
import { deliveryStreamArn } from "./names.ts";
import { deletePending, pendingFrames } from "./pendingRows.ts";
import { followSource, forgetSource } from "./source.ts";
import { type DeliveryStreamRow, deliveryStreams } from "./tables.ts";
import { checkTags } from "./tagRules.ts";

export const destinationId = "destinationId-000000000001";

/** https://docs.aws.amazon.com/firehose/latest/APIReference/API_CreateDeliveryStream.html */
export const createDeliveryStream = firehose.operation("CreateDeliveryStream", {
  access: ({ DeliveryStreamName, Tags }, ctx) => ({
    action: "firehose:CreateDeliveryStream",
    resource: deliveryStreamArn(ctx, DeliveryStreamName),
    resourceType: "AWS::KinesisFirehose::DeliveryStream",
    requestTags: Tags,
  }),
  async handle(input, ctx) {
    const { DeliveryStreamName: name, KinesisStreamSourceConfiguration: kinesis } = input;
    const { account, region } = ctx;
    const fromKinesis = input.DeliveryStreamType === "KinesisStreamAsSource";
    if (fromKinesis !== (kinesis !== undefined)) {
      throw ctx.error(
        "InvalidArgumentException",
        "KinesisStreamSourceConfiguration must be specified for a DeliveryStreamType of KinesisStreamAsSource, and for no other.",
      );
    }
    const destination = destinationOf(input, ctx);
    checkDestination(destination, ctx);
    await checkNew(name, ctx);
    const arn = deliveryStreamArn(ctx, name);
    await checkRoles({ arn, account, name }, destination, kinesis?.RoleARN, ctx);
    const created = ctx.clock.now();
    const encryption = encryptionOf(input.DeliveryStreamEncryptionConfigurationInput, fromKinesis, ctx);
    const row: DeliveryStreamRow = {
      streamId: randomText(20, "lower36"),
      name,
      arn,
      account,
      region,
      created,
      version: 1,
      destination,
      ...(kinesis && {
        source: {
          streamArn: kinesis.KinesisStreamARN ?? "",
          roleArn: kinesis.RoleARN ?? "",
          startMs: Math.floor(created),
        },
      }),
      ...(input.DirectPutSourceConfiguration && {
        throughputHintMiB: input.DirectPutSourceConfiguration.ThroughputHintInMBs as number,
      }),
      tags: checkTags(input.Tags ?? [], {}, ctx),
      ...(encryption && { encryption }),
    };
    if (encryption !== undefined) await grantKey(row, encryption, ctx as Context);
    putDeliveryStream(row, ctx);
    if (row.source !== undefined) await followSource(row, ctx as Context);
    return { DeliveryStreamARN: arn };
  },
});

async function checkNew(
  name: string,
  ctx: Context<"ResourceInUseException" | "LimitExceededException">,
): Promise<void> {
  const { tx, account, region } = ctx;
  if ((await deliveryStreams.get(tx, account, region, name)) !== undefined) {
    throw ctx.error("ResourceInUseException", `Firehose ${name} under accountId ${account} already exists`);
  }
  const held = await deliveryStreams.list(tx, [account, region], { limit: maxDeliveryStreams });
  if (held.length < maxDeliveryStreams) return;
  throw ctx.error(
    "LimitExceededException",
    `You have already consumed your firehose quota of ${maxDeliveryStreams} hoses.`,
  );
}

/** https://docs.aws.amazon.com/firehose/latest/APIReference/API_DeleteDeliveryStream.html */
export const deleteDeliveryStream = firehose.operation("DeleteDeliveryStream", {
  access: onDeliveryStream("DeleteDeliveryStream"),
  async handle({ DeliveryStreamName }, ctx) {
    const row = await existingDeliveryStream(DeliveryStreamName, ctx);
    const { account, region, streamId, name } = row;
    deliveryStreams.delete(ctx.tx, account, region, name);
    if (row.source !== undefined) await forgetSource(row, ctx as Context);
    ctx.afterCommit(() => forgetBuffer(streamId, ctx));
    // What was buffered goes with it, as on AWS.
    ctx.timers.set(`purge/${streamId}`, "purge", ctx.clock.now(), { streamId });
    return {};
  },
});

/** Frames that one transaction drops. */
const maxPurged = 500;

/** Timer: drops what was buffered for a stream that is deleted. */
export async function purge({ streamId }: { streamId: string }, ctx: Context): Promise<void> {
  const stream = { account: ctx.account, region: ctx.region, streamId };
  const frames = await pendingFrames(ctx.tx, stream, { limit: maxPurged });
  for (const { position } of frames) deletePending(ctx.tx, stream, position);
  if (frames.length === maxPurged)
    ctx.timers.set(`purge/${streamId}`, "purge", ctx.clock.now(), { streamId });
}

/** https://docs.aws.amazon.com/firehose/latest/APIReference/API_ListDeliveryStreams.html */
export const listDeliveryStreams = firehose.operation("ListDeliveryStreams", {
  access: () => ({ action: "firehose:ListDeliveryStreams", resource: "*" }),
  async handle({ Limit = 10, DeliveryStreamType, ExclusiveStartDeliveryStreamName: after }, ctx) {
    const rows = await deliveryStreams.list(ctx.tx, [ctx.account, ctx.region], {
      ...(after !== undefined && { after: [after] }),
    });
    const names = rows
      .filter(({ row }) => DeliveryStreamType === undefined || typeOf(row) === DeliveryStreamType)
      .map(({ row }) => row.name);
    return { DeliveryStreamNames: names.slice(0, Limit), HasMoreDeliveryStreams: names.length > Limit };
  },
});

function typeOf({ source }: DeliveryStreamRow): "DirectPut" | "KinesisStreamAsSource" {
  return source === undefined ? "DirectPut" : "KinesisStreamAsSource";
}

/** https://docs.aws.amazon.com/firehose/latest/APIReference/API_DescribeDeliveryStream.html */
export const describeDeliveryStream = firehose.operation("DescribeDeliveryStream", {
  access: onDeliveryStream("DescribeDeliveryStream"),
  async handle({ DeliveryStreamName }, ctx) {
    const row = await existingDeliveryStream(DeliveryStreamName, ctx);
    return {
      DeliveryStreamDescription: {
        DeliveryStreamName: row.name,
        DeliveryStreamARN: row.arn,
        DeliveryStreamStatus: "ACTIVE" as const,
        DeliveryStreamType: typeOf(row),
        VersionId: String(row.version),
        CreateTimestamp: new Date(row.created),
        ...(row.updated !== undefined && { LastUpdateTimestamp: new Date(row.updated) }),
        ...sourceOf(row),
        ...shownEncryption(row),
        Destinations: [shownDestination(row)],
        HasMoreDestinations: false,
      },
    };
  },
});

function sourceOf({ source, throughputHintMiB }: DeliveryStreamRow) {
  if (source !== undefined) {
    const { streamArn, roleArn, startMs } = source;
    return {
      Source: {
        KinesisStreamSourceDescription: {
          KinesisStreamARN: streamArn,
          RoleARN: roleArn,
          DeliveryStartTimestamp: new Date(startMs),
        },
      },
    };
  }
  return throughputHintMiB === undefined
    ? {}
    : { Source: { DirectPutSourceDescription: { ThroughputHintInMBs: throughputHintMiB } } };
}

/** Of a destination in S3, AWS shows both the older and the newer form; keys of endpoints it never shows. */
function shownDestination({ destination }: DeliveryStreamRow): DestinationDescription {
  if (destination.kind === "http") {
    const { EndpointConfiguration: endpoint, S3Configuration, ...rest } = destination.config;
    return {
      DestinationId: destinationId,
      HttpEndpointDestinationDescription: {
        ...rest,
        EndpointConfiguration: { Url: endpoint?.Url, Name: endpoint?.Name },
        S3DestinationDescription: S3Configuration as never,
      },
    };
  }
  const { config } = destination;
  const { S3BackupConfiguration, ...rest } = config;
  return {
    DestinationId: destinationId,
    S3DestinationDescription: {
      RoleARN: config.RoleARN,
      BucketARN: config.BucketARN,
      ...(config.Prefix !== undefined && { Prefix: config.Prefix }),
      ...(config.ErrorOutputPrefix !== undefined && { ErrorOutputPrefix: config.ErrorOutputPrefix }),
      BufferingHints: config.BufferingHints,
      CompressionFormat: config.CompressionFormat,
      EncryptionConfiguration: config.EncryptionConfiguration,
      CloudWatchLoggingOptions: config.CloudWatchLoggingOptions,
    },
    ExtendedS3DestinationDescription: {
      ...rest,
      ...(S3BackupConfiguration && { S3BackupDescription: S3BackupConfiguration as never }),
    } as never,
  };
}
