import type {
  CreateDeliveryStreamInput,
  ProcessingConfiguration,
  Processor,
  S3DestinationConfiguration,
} from "@aws-sdk/client-firehose";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { passRole } from "../../kit/passRole.ts";
import { isBuilt } from "./compression.ts";
import { defaultBufferMiB, defaultBufferSeconds, minPartitionedBufferMiB } from "./limits.ts";
import { asRole } from "./names.ts";
import { compileQuery } from "./partitioning.ts";
import { isTimeZone } from "./patternTime.ts";
import { prefixProblem } from "./prefixes.ts";
import { parameterOf, processorOf, processorsOf } from "./processors.ts";
import type { Destination, HttpConfig, S3Config } from "./tables.ts";

/** Configurations of destinations: what is not built is refused, what is wrong explained, what was left out filled in. */

type Invalid = Context<"InvalidArgumentException">;

/** Members of an input that name destinations and sources that are not built. */
const unbuilt = {
  RedshiftDestinationConfiguration: "Redshift destinations",
  RedshiftDestinationUpdate: "Redshift destinations",
  ElasticsearchDestinationConfiguration: "Elasticsearch destinations",
  ElasticsearchDestinationUpdate: "Elasticsearch destinations",
  AmazonopensearchserviceDestinationConfiguration: "OpenSearch destinations",
  AmazonopensearchserviceDestinationUpdate: "OpenSearch destinations",
  AmazonOpenSearchServerlessDestinationConfiguration: "OpenSearch Serverless destinations",
  AmazonOpenSearchServerlessDestinationUpdate: "OpenSearch Serverless destinations",
  SplunkDestinationConfiguration: "Splunk destinations",
  SplunkDestinationUpdate: "Splunk destinations",
  SnowflakeDestinationConfiguration: "Snowflake destinations",
  SnowflakeDestinationUpdate: "Snowflake destinations",
  IcebergDestinationConfiguration: "Iceberg destinations",
  IcebergDestinationUpdate: "Iceberg destinations",
  MSKSourceConfiguration: "MSK sources",
  DatabaseSourceConfiguration: "database sources",
};

function notBuilt(what: string): AwsError {
  return new AwsError("NotImplemented", `Cloudkeep does not build ${what} of Firehose.`, { status: 501 });
}

export function checkBuilt(input: object): void {
  for (const [member, what] of Object.entries(unbuilt)) {
    if ((input as Record<string, unknown>)[member] !== undefined) throw notBuilt(what);
  }
}

/** The destination that an input configures. */
export function destinationOf(input: CreateDeliveryStreamInput, ctx: Invalid): Destination {
  checkBuilt(input);
  const {
    S3DestinationConfiguration: plain,
    ExtendedS3DestinationConfiguration: extended,
    HttpEndpointDestinationConfiguration: http,
  } = input;
  const given = [plain, extended, http].filter((one) => one !== undefined);
  if (given.length !== 1) {
    throw ctx.error(
      "InvalidArgumentException",
      "Exactly one destination configuration is supported for a Firehose",
    );
  }
  if (http !== undefined) return { kind: "http", config: httpWithDefaults(http) };
  return { kind: "s3", config: s3WithDefaults((extended ?? plain) as S3Config) };
}

function bucketDefaults<Config extends S3DestinationConfiguration>(config: Config): Config {
  return {
    ...config,
    BufferingHints: {
      SizeInMBs: config.BufferingHints?.SizeInMBs ?? defaultBufferMiB,
      IntervalInSeconds: config.BufferingHints?.IntervalInSeconds ?? defaultBufferSeconds,
    },
    CompressionFormat: config.CompressionFormat ?? "UNCOMPRESSED",
    EncryptionConfiguration: config.EncryptionConfiguration ?? { NoEncryptionConfig: "NoEncryption" },
    CloudWatchLoggingOptions: config.CloudWatchLoggingOptions ?? { Enabled: false },
  };
}

export function s3WithDefaults(config: S3Config): S3Config {
  return {
    ...bucketDefaults(config),
    S3BackupMode: config.S3BackupMode ?? "Disabled",
    ...(config.S3BackupConfiguration && {
      S3BackupConfiguration: bucketDefaults(config.S3BackupConfiguration),
    }),
  };
}

export function httpWithDefaults(config: HttpConfig): HttpConfig {
  return {
    ...config,
    BufferingHints: {
      SizeInMBs: config.BufferingHints?.SizeInMBs ?? defaultBufferMiB,
      IntervalInSeconds: config.BufferingHints?.IntervalInSeconds ?? defaultBufferSeconds,
    },
    RequestConfiguration: {
      ContentEncoding: config.RequestConfiguration?.ContentEncoding ?? "NONE",
      CommonAttributes: config.RequestConfiguration?.CommonAttributes ?? [],
    },
    RetryOptions: { DurationInSeconds: config.RetryOptions?.DurationInSeconds ?? 300 },
    S3BackupMode: config.S3BackupMode ?? "FailedDataOnly",
    ...(config.S3Configuration && { S3Configuration: bucketDefaults(config.S3Configuration) }),
  } as HttpConfig;
}

/** Refuses a destination that could not work. */
export function checkDestination(destination: Destination, ctx: Invalid): void {
  const invalid = (message: string) => ctx.error("InvalidArgumentException", message);
  checkProcessing(destination.config.ProcessingConfiguration, ctx);
  if (destination.kind === "http") {
    if (destination.config.SecretsManagerConfiguration?.Enabled) throw notBuilt("secrets of Secrets Manager");
    checkBucket(destination.config.S3Configuration as S3DestinationConfiguration, false, ctx);
    return;
  }
  const { config } = destination;
  if (config.DataFormatConversionConfiguration?.Enabled) throw notBuilt("conversion to Parquet or ORC");
  const partitioned = config.DynamicPartitioningConfiguration?.Enabled === true;
  checkBucket(config, partitioned, ctx);
  if (config.CustomTimeZone && !isTimeZone(config.CustomTimeZone)) {
    throw invalid(`CustomTimeZone ${config.CustomTimeZone} is not a valid time zone.`);
  }
  if (partitioned && (config.BufferingHints?.SizeInMBs ?? 0) < minPartitionedBufferMiB) {
    throw invalid(
      `BufferingHints.SizeInMBs must be at least ${minPartitionedBufferMiB} when Dynamic Partitioning is enabled.`,
    );
  }
  if (config.S3BackupMode === "Enabled") {
    if (config.S3BackupConfiguration === undefined)
      throw invalid("S3BackupConfiguration must be specified when S3BackupMode is Enabled.");
    checkBucket(config.S3BackupConfiguration, false, ctx);
  }
}

function checkBucket(
  { Prefix, ErrorOutputPrefix, CompressionFormat = "UNCOMPRESSED" }: S3DestinationConfiguration,
  partitioned: boolean,
  ctx: Invalid,
): void {
  if (!isBuilt(CompressionFormat)) throw notBuilt(`compression by ${CompressionFormat}`);
  const problem = prefixProblem({ prefix: Prefix, errorPrefix: ErrorOutputPrefix, partitioned });
  if (problem !== undefined) throw ctx.error("InvalidArgumentException", problem);
}

function checkProcessing(configuration: ProcessingConfiguration | undefined, ctx: Invalid): void {
  const seen = new Set<string>();
  for (const processor of processorsOf(configuration)) {
    const { Type: type = "" } = processor;
    if (seen.has(type))
      throw ctx.error("InvalidArgumentException", `There is more than one processor of type ${type}.`);
    seen.add(type);
    const problem = processorProblem(processor);
    if (problem !== undefined) throw ctx.error("InvalidArgumentException", problem);
  }
  if (seen.has("CloudWatchLogProcessing") && !seen.has("Decompression")) {
    throw ctx.error("InvalidArgumentException", "CloudWatchLogProcessing needs the processor Decompression.");
  }
}

function processorProblem(processor: Processor): string | undefined {
  if (processor.Type === "Lambda" && parameterOf(processor, "LambdaArn") === undefined)
    return "The processor Lambda needs the parameter LambdaArn.";
  if (processor.Type !== "MetadataExtraction") return undefined;
  const query = parameterOf(processor, "MetadataExtractionQuery");
  if (query === undefined)
    return "The processor MetadataExtraction needs the parameter MetadataExtractionQuery.";
  return compileQuery(query) === undefined
    ? `The MetadataExtractionQuery ${query} is not a valid query.`
    : undefined;
}

/** Every role that a destination is given. */
function rolesOf({ kind, config }: Destination): string[] {
  const buckets =
    kind === "s3"
      ? [config, (config as S3Config).S3BackupConfiguration]
      : [config, (config as HttpConfig).S3Configuration];
  const lambda = processorOf(config.ProcessingConfiguration, "Lambda");
  const roles = [...buckets.map((one) => one?.RoleARN), lambda && parameterOf(lambda, "RoleArn")];
  return [...new Set(roles.filter((role) => role !== undefined))];
}

/** Who gives roles must be allowed to, and Firehose must be trusted by them. */
export async function checkRoles(
  stream: { arn: string; account: string; name: string },
  destination: Destination,
  sourceRole: string | undefined,
  ctx: Invalid,
): Promise<void> {
  const roles = [...rolesOf(destination), ...(sourceRole === undefined ? [] : [sourceRole])];
  for (const role of new Set(roles)) {
    await passRole(ctx as Context, role, "firehose.amazonaws.com", stream.arn);
    try {
      await asRole(stream, role, ctx as Context);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      throw ctx.error(
        "InvalidArgumentException",
        `Firehose is unable to assume role ${role}. Please check the role provided.`,
      );
    }
  }
}
