import type { ProcessingConfiguration, Processor } from "@aws-sdk/client-firehose";
import type { DeliveryScope } from "../../kit/service.ts";
import { transformed } from "./lambda.ts";
import { maxPartitions } from "./limits.ts";
import { partitionsOf } from "./objects.ts";
import { withAllKeys, withQueriedKeys } from "./partitioning.ts";
import { parameterOf, processorOf } from "./processors.ts";
import { failedRecord, type Incoming, type Processed, type Ready } from "./records.ts";
import type { DeliveryStreamRow } from "./tables.ts";
import { unpacked } from "./unpack.ts";

/** Everything that happens to records between the buffer and the destination. */
export async function processedRecords(
  stream: DeliveryStreamRow,
  records: readonly Incoming[],
  scope: DeliveryScope,
): Promise<Processed> {
  const { config } = stream.destination;
  const configuration = config.ProcessingConfiguration;
  const processed: Processed = { ready: [], failed: [], problems: [] };
  const parts = unpacked(records, configuration, processed, scope.nowMs);
  const processor = processorOf(configuration, "Lambda");
  let ready = await throughLambda(stream, parts, processor, processed, scope);
  ready = await withQueriedKeys(ready, configuration, processed, scope.nowMs);
  if (
    stream.destination.kind === "s3" &&
    stream.destination.config.DynamicPartitioningConfiguration?.Enabled
  ) {
    ready = withAllKeys(ready, stream.destination.config.Prefix ?? "", processed, scope.nowMs);
    ready = withinPartitions(ready, processed, scope.nowMs);
  }
  processed.ready = delimited(ready, configuration);
  return processed;
}

async function throughLambda(
  stream: DeliveryStreamRow,
  records: readonly Incoming[],
  processor: Processor | undefined,
  processed: Processed,
  scope: DeliveryScope,
): Promise<Ready[]> {
  if (processor === undefined) return records.map(({ arrivalMs, data }) => ({ arrivalMs, data }));
  const roleArn = stream.destination.config.RoleARN ?? "";
  return await transformed(records, { stream, processor, roleArn }, processed, scope);
}

const tooManyPartitions = {
  code: "DynamicPartitioning.ActivePartitionsLimitExceeded",
  message: `The delivery stream has more than ${maxPartitions} active partitions.`,
};

/** Records of the first partitions; those of more than AWS allows fail. */
function withinPartitions(records: readonly Ready[], processed: Processed, nowMs: number): Ready[] {
  const partitions = [...partitionsOf(records).values()];
  if (partitions.length <= maxPartitions) return [...records];
  for (const record of partitions.slice(maxPartitions).flat())
    processed.failed.push(failedRecord(record, tooManyPartitions, { attempts: 1, nowMs }));
  processed.problems.push({ ...tooManyPartitions, processor: "DynamicPartitioning" });
  return partitions.slice(0, maxPartitions).flat();
}

function delimited(records: Ready[], configuration: ProcessingConfiguration | undefined): Ready[] {
  const processor = processorOf(configuration, "AppendDelimiterToRecord");
  if (processor === undefined) return records;
  // As the console writes it: a backslash and a letter.
  const text = (parameterOf(processor, "Delimiter") ?? "\\n")
    .replaceAll("\\n", "\n")
    .replaceAll("\\t", "\t")
    .replaceAll("\\r", "\r");
  const delimiter = Buffer.from(text);
  return records.map((record) => ({ ...record, data: Buffer.concat([record.data, delimiter]) }));
}
