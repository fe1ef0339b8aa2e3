import { randomUUID } from "node:crypto";
import type { S3DestinationConfiguration } from "@aws-sdk/client-firehose";
import { compressed, extensions } from "./compression.ts";
import { maxEvaluatedPrefix, maxObjectBytes } from "./limits.ts";
import { patternTime } from "./patternTime.ts";
import { deliveredPrefix, type ErrorType, failedPrefix, type PrefixFacts } from "./prefixes.ts";
import type { Failed, Ready } from "./records.ts";
import type { DeliveryStreamRow } from "./tables.ts";

/** The objects that a delivery puts into S3, and their names. */

/** What the configurations of destination and backup have in common. */
export type BucketConfig = S3DestinationConfiguration & {
  FileExtension?: string | undefined;
  CustomTimeZone?: string | undefined;
};

export interface NewObject {
  config: BucketConfig;
  key: string;
  body: Buffer;
  records: number;
  /** Arrival of the oldest. */
  oldestMs: number;
  use: "delivery" | "backup" | "failure";
}

export function zoneOf({ CustomTimeZone }: BucketConfig): string {
  return CustomTimeZone ? CustomTimeZone : "UTC";
}

/** https://docs.aws.amazon.com/firehose/latest/dev/s3-object-name.html */
function nameOf({ name, version }: DeliveryStreamRow, timeMs: number, config: BucketConfig): string {
  return `${name}-${version}-${patternTime("yyyy-MM-dd-HH-mm-ss", timeMs, zoneOf(config))}-${randomUUID()}`;
}

interface Group {
  records: Ready[];
  bytes: number;
}

/** Records by their partition keys, each group no larger than an object may be. */
function groupsOf(records: readonly Ready[]): Group[] {
  const byKeys = new Map<string, Group[]>();
  for (const record of records) {
    const keys = JSON.stringify([record.fromQuery, record.fromLambda]);
    const groups = byKeys.get(keys) ?? [];
    byKeys.set(keys, groups);
    const last = groups.at(-1);
    if (last === undefined || last.bytes + record.data.length > maxObjectBytes) {
      groups.push({ records: [record], bytes: record.data.length });
    } else {
      last.records.push(record);
      last.bytes += record.data.length;
    }
  }
  return [...byKeys.values()].flat();
}

export function partitionsOf(records: readonly Ready[]): Map<string, Ready[]> {
  const partitions = new Map<string, Ready[]>();
  for (const record of records) {
    const keys = JSON.stringify([record.fromQuery, record.fromLambda]);
    const held = partitions.get(keys);
    if (held === undefined) partitions.set(keys, [record]);
    else held.push(record);
  }
  return partitions;
}

/** Objects of what is delivered, or backed up as it came. */
export async function deliveredObjects(
  stream: DeliveryStreamRow,
  records: readonly Ready[],
  config: BucketConfig,
  use: "delivery" | "backup",
): Promise<NewObject[]> {
  return await Promise.all(
    groupsOf(records).map(async ({ records: own }) => {
      const oldestMs = Math.min(...own.map(({ arrivalMs }) => arrivalMs));
      const [{ fromQuery, fromLambda } = { fromQuery: undefined, fromLambda: undefined }] = own;
      const facts: PrefixFacts = { timeMs: oldestMs, zone: zoneOf(config), fromQuery, fromLambda };
      const prefix = deliveredPrefix(config.Prefix ?? "", facts).slice(0, maxEvaluatedPrefix);
      const name = nameOf(stream, oldestMs, config);
      const format = config.CompressionFormat ?? "UNCOMPRESSED";
      const body = Buffer.concat(own.map(({ data }) => data));
      return {
        config,
        key: prefix + name + (config.FileExtension || extensions[format] || ""),
        body: await compressed(format, body, name, oldestMs),
        records: own.length,
        oldestMs,
        use,
      };
    }),
  );
}

/** An object of what failed: a line of JSON for each record. */
export async function failedObject(
  stream: DeliveryStreamRow,
  failed: readonly Failed[],
  config: BucketConfig,
  errorType: ErrorType,
): Promise<NewObject> {
  const oldestMs = Math.min(...failed.map(({ arrivalTimestamp }) => arrivalTimestamp));
  const facts: PrefixFacts = { timeMs: oldestMs, zone: zoneOf(config), errorType };
  const prefix = failedPrefix(config.Prefix ?? "", config.ErrorOutputPrefix, facts).slice(
    0,
    maxEvaluatedPrefix,
  );
  const format = config.CompressionFormat ?? "UNCOMPRESSED";
  const name = nameOf(stream, oldestMs, config);
  const body = Buffer.from(failed.map((one) => `${JSON.stringify(one)}\n`).join(""));
  return {
    config,
    key: prefix + name + (extensions[format] ?? ""),
    body: await compressed(format, body, name, oldestMs),
    records: failed.length,
    oldestMs,
    use: "failure",
  };
}
