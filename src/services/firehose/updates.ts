import type { Context } from "../../kit/context.ts";
import { existingDeliveryStream, onDeliveryStream, putDeliveryStream } from "./access.ts";
import {
  checkBuilt,
  checkDestination,
  checkRoles,
  httpWithDefaults,
  s3WithDefaults,
} from "./configuration.ts";
import { firehose } from "./contract.ts";
import { destinationId } from "./deliveryStreams.ts";
import type { Destination, HttpConfig, S3Config } from "./tables.ts";

/** Changes of a destination: members that are given replace those that are held. */

/** https://docs.aws.amazon.com/firehose/latest/APIReference/API_UpdateDestination.html */
export const updateDestination = firehose.operation("UpdateDestination", {
  access: onDeliveryStream("UpdateDestination"),
  async handle(input, ctx) {
    const row = await existingDeliveryStream(input.DeliveryStreamName, ctx);
    checkBuilt(input);
    const { CurrentDeliveryStreamVersionId: version } = input;
    if (version !== String(row.version)) {
      throw ctx.error(
        "ConcurrentModificationException",
        `Cannot update firehose: ${row.name} since the current version id: ${row.version} and specified version id: ${version} do not match`,
      );
    }
    if (input.DestinationId !== destinationId) {
      throw ctx.error("InvalidArgumentException", `Destination Id ${input.DestinationId} not found`);
    }
    const destination = updated(row.destination, input, ctx);
    checkDestination(destination, ctx);
    await checkRoles(row, destination, undefined, ctx);
    putDeliveryStream(
      { ...row, destination, version: row.version + 1, updated: ctx.clock.now() },
      ctx as Context,
    );
    return {};
  },
});

interface Updates {
  S3DestinationUpdate?: object | undefined;
  ExtendedS3DestinationUpdate?: object | undefined;
  HttpEndpointDestinationUpdate?: object | undefined;
}

function updated(held: Destination, updates: Updates, ctx: Context<"InvalidArgumentException">): Destination {
  const s3 = updates.ExtendedS3DestinationUpdate ?? updates.S3DestinationUpdate;
  const http = updates.HttpEndpointDestinationUpdate;
  const given = s3 ?? http;
  if (given === undefined || (s3 !== undefined && http !== undefined)) {
    throw ctx.error("InvalidArgumentException", "Exactly one destination update is supported for a Firehose");
  }
  if ((held.kind === "s3") !== (s3 !== undefined)) {
    throw ctx.error(
      "InvalidArgumentException",
      "The type of a delivery stream's destination cannot be changed.",
    );
  }
  if (held.kind === "http") {
    const { S3Update, ...rest } = given as { S3Update?: object };
    const S3Configuration = merged(held.config.S3Configuration, S3Update);
    return {
      kind: "http",
      config: httpWithDefaults({ ...merged(held.config, rest), S3Configuration } as HttpConfig),
    };
  }
  const { S3BackupUpdate, ...rest } = given as { S3BackupUpdate?: object };
  const config = merged(held.config, rest) as S3Config;
  checkKept(held.config, config, ctx);
  const backup = merged(
    held.config.S3BackupConfiguration,
    S3BackupUpdate,
  ) as S3Config["S3BackupConfiguration"];
  return {
    kind: "s3",
    config: s3WithDefaults({ ...config, ...(backup && { S3BackupConfiguration: backup }) }),
  };
}

function checkKept(before: S3Config, after: S3Config, ctx: Context<"InvalidArgumentException">): void {
  const partitioned = ({ DynamicPartitioningConfiguration }: S3Config) =>
    DynamicPartitioningConfiguration?.Enabled === true;
  if (partitioned(before) !== partitioned(after)) {
    throw ctx.error(
      "InvalidArgumentException",
      "Dynamic Partitioning can be enabled or disabled only when a delivery stream is created.",
    );
  }
  if (before.S3BackupMode === "Enabled" && after.S3BackupMode !== "Enabled") {
    throw ctx.error("InvalidArgumentException", "S3BackupMode cannot be changed from Enabled to Disabled.");
  }
}

function merged<Config extends object>(
  held: Config | undefined,
  update: object | undefined,
): Config | undefined {
  if (update === undefined) return held;
  const given = Object.fromEntries(Object.entries(update).filter(([, value]) => value !== undefined));
  return { ...held, ...given } as Config;
}
