import type {
  CreateEventSourceMappingRequest,
  UpdateEventSourceMappingRequest,
} from "@aws-sdk/client-lambda";
import { parsePattern } from "../../kit/patterns/pattern.ts";
import { InvalidPattern } from "../../kit/patterns/predicates.ts";
import { parseArn } from "../../kit/targets.ts";
import { invalid } from "./refusals.ts";
import type { MappingRow } from "./tables.ts";

/** What customers say of an event source mapping, checked, as its row keeps it. */

type Input = CreateEventSourceMappingRequest | UpdateEventSourceMappingRequest;
export type Settings = Pick<
  MappingRow,
  | "enabled"
  | "batchSize"
  | "windowSeconds"
  | "parallelization"
  | "maxAgeSeconds"
  | "maxRetries"
  | "bisect"
  | "partial"
  | "filters"
  | "onFailure"
  | "maxConcurrency"
  | "tumblingSeconds"
  | "kmsKeyArn"
>;

const maxSmallBatch = 10;
const maxFilters = 5;
const defaultBatch = { sqs: 10, kinesis: 100, dynamodb: 100 };
const maxBatch = { sqs: 10_000, kinesis: 10_000, dynamodb: 10_000 };
const maxFifoBatch = 10;

export function kindOf(sourceArn: string | undefined): MappingRow["kind"] {
  const service = parseArn(sourceArn ?? "")?.service;
  if (service === "sqs" || service === "kinesis" || service === "dynamodb") return service;
  throw invalid("Unrecognized event source.");
}

/** Destinations to which a mapping may send what could not be processed. */
const destinationServices = new Set(["sqs", "sns", "s3"]);

function onFailureOf(
  kind: MappingRow["kind"],
  input: Input,
  present: string | undefined,
): string | undefined {
  const { DestinationConfig } = input;
  if (DestinationConfig === undefined) return present;
  const arn = DestinationConfig.OnFailure?.Destination;
  if (kind === "sqs" || DestinationConfig.OnSuccess?.Destination !== undefined)
    throw invalid("Unsupported DestinationConfig parameter for given event source mapping type.");
  if (arn === undefined || arn === "") return undefined;
  if (!destinationServices.has(parseArn(arn)?.service ?? ""))
    throw invalid(
      `The provided destination config DestinationConfig(onSuccess=null, onFailure=OnFailure(destination=${arn})) is invalid.`,
    );
  return arn;
}

function filtersOf({ FilterCriteria }: Input, present: string[]): string[] {
  if (FilterCriteria === undefined) return present;
  const patterns = (FilterCriteria.Filters ?? []).map(({ Pattern = "" }) => Pattern);
  if (patterns.length > maxFilters) throw invalid(`Number of filters exceeds the limit of ${maxFilters}.`);
  for (const pattern of patterns) {
    try {
      parsePattern(pattern);
    } catch (error) {
      if (error instanceof InvalidPattern || error instanceof SyntaxError)
        throw invalid("Invalid filter pattern definition.");
      throw error;
    }
  }
  return patterns;
}

/** The settings that an input asks for; what it leaves out stays as it is, or has AWS's defaults. */
export function settingsOf(
  kind: MappingRow["kind"],
  sourceArn: string,
  input: Input,
  present: Settings | undefined,
): Settings {
  const batchSize = input.BatchSize ?? present?.batchSize ?? defaultBatch[kind];
  const windowSeconds = input.MaximumBatchingWindowInSeconds ?? present?.windowSeconds ?? 0;
  const isFifo = sourceArn.endsWith(".fifo");
  if (batchSize > (isFifo ? maxFifoBatch : maxBatch[kind]))
    throw invalid(`Batch size must be no more than ${isFifo ? maxFifoBatch : maxBatch[kind]}.`);
  if (kind === "sqs" && batchSize > maxSmallBatch && windowSeconds === 0) {
    throw invalid(
      "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10",
    );
  }
  if (isFifo && windowSeconds > 0) throw invalid("Batching window is not supported for FIFO queues.");
  const tumblingSeconds = input.TumblingWindowInSeconds ?? present?.tumblingSeconds ?? 0;
  if (kind === "sqs" && tumblingSeconds > 0)
    throw invalid("TumblingWindowInSeconds is available for streams only.");
  if (input.ProvisionedPollerConfig !== undefined) throw invalid("Cloudkeep has no provisioned pollers.");
  const onFailure = onFailureOf(kind, input, present?.onFailure);
  const maxConcurrency = input.ScalingConfig
    ? input.ScalingConfig.MaximumConcurrency
    : present?.maxConcurrency;
  return {
    enabled: input.Enabled ?? present?.enabled ?? true,
    batchSize,
    windowSeconds,
    parallelization: input.ParallelizationFactor ?? present?.parallelization ?? 1,
    maxAgeSeconds: input.MaximumRecordAgeInSeconds ?? present?.maxAgeSeconds ?? -1,
    maxRetries: input.MaximumRetryAttempts ?? present?.maxRetries ?? -1,
    bisect: input.BisectBatchOnFunctionError ?? present?.bisect ?? false,
    partial: input.FunctionResponseTypes
      ? input.FunctionResponseTypes.includes("ReportBatchItemFailures")
      : (present?.partial ?? false),
    filters: filtersOf(input, present?.filters ?? []),
    ...(onFailure !== undefined && { onFailure }),
    ...(maxConcurrency !== undefined && { maxConcurrency }),
    ...(tumblingSeconds > 0 && { tumblingSeconds }),
    ...((input.KMSKeyArn ?? present?.kmsKeyArn) !== undefined && {
      kmsKeyArn: input.KMSKeyArn ?? (present?.kmsKeyArn as string),
    }),
  };
}

/** Where in a stream a mapping begins. */
export function positionOf(
  kind: MappingRow["kind"],
  input: CreateEventSourceMappingRequest,
): Pick<MappingRow, "startingPosition" | "startingAtMs"> {
  if (kind === "sqs") return {};
  const { StartingPosition: position, StartingPositionTimestamp: at } = input;
  if (position === undefined) {
    throw invalid(
      "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.",
    );
  }
  if (kind === "dynamodb" && position === "AT_TIMESTAMP")
    throw invalid(`Unsupported starting position for arn type: ${input.EventSourceArn}`);
  if ((position === "AT_TIMESTAMP") !== (at !== undefined))
    throw invalid("StartingPositionTimestamp must be specified for AT_TIMESTAMP, and only then.");
  return { startingPosition: position, ...(at && { startingAtMs: at.getTime() }) };
}
