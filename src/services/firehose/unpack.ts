import { gunzipSync } from "node:zlib";
import type { ProcessingConfiguration } from "@aws-sdk/client-firehose";
import { parameterOf, processorOf } from "./processors.ts";
import { type Failure, failedRecord, type Incoming, type Processed } from "./records.ts";

/** What takes records apart before anything else: decompression, messages of CloudWatch Logs, records within records. */

/** A compressed record may not become larger. */
const maxUnpackedBytes = 16 * 2 ** 20;

class Unpackable extends Error {
  readonly failure: Failure;
  constructor(code: string, message: string) {
    super(message);
    this.failure = { code, message };
  }
}

interface LogsMessage {
  messageType?: string;
  logEvents?: { message?: string }[];
}

type Step = (record: Incoming) => Incoming[];

/** Records taken apart as the configuration says; those that cannot be are added to `processed`. */
export function unpacked(
  records: readonly Incoming[],
  configuration: ProcessingConfiguration | undefined,
  processed: Processed,
  nowMs: number,
): Incoming[] {
  const steps = stepsOf(configuration);
  if (steps.length === 0) return [...records];
  return records.flatMap((record) => {
    try {
      return steps.reduce<Incoming[]>((parts, step) => parts.flatMap(step), [record]);
    } catch (error) {
      if (!(error instanceof Unpackable)) throw error;
      processed.failed.push(failedRecord(record, error.failure, { attempts: 1, nowMs }));
      processed.problems.push({ ...error.failure, processor: "Decompression" });
      return [];
    }
  });
}

function stepsOf(configuration: ProcessingConfiguration | undefined): Step[] {
  const steps: Step[] = [];
  if (processorOf(configuration, "Decompression") !== undefined) steps.push(decompressed);
  const logs = processorOf(configuration, "CloudWatchLogProcessing");
  if (logs !== undefined && parameterOf(logs, "DataMessageExtraction") === "true") steps.push(logMessages);
  const aggregated = processorOf(configuration, "RecordDeAggregation");
  if (aggregated !== undefined) {
    const delimiter = Buffer.from(parameterOf(aggregated, "Delimiter") ?? "", "base64");
    const isDelimited = parameterOf(aggregated, "SubRecordType")?.toUpperCase() === "DELIMITED";
    steps.push(isDelimited ? (record) => split(record, delimiter) : jsonDocuments);
  }
  return steps;
}

function part(record: Incoming, data: Buffer): Incoming {
  return { ...record, data };
}

function decompressed(record: Incoming): Incoming[] {
  try {
    return [part(record, gunzipSync(record.data, { maxOutputLength: maxUnpackedBytes }))];
  } catch {
    throw new Unpackable("Decompression.Failed", "The record could not be decompressed: it is not GZIP.");
  }
}

/** Each message by itself; messages of control, by which CloudWatch Logs tries a destination out, are dropped. */
function logMessages(record: Incoming): Incoming[] {
  let parsed: LogsMessage;
  try {
    parsed = JSON.parse(record.data.toString()) as LogsMessage;
  } catch {
    throw new Unpackable("CloudWatchLogProcessing.Failed", "The record is not JSON of CloudWatch Logs.");
  }
  if (parsed.messageType === "CONTROL_MESSAGE") return [];
  if (parsed.messageType !== "DATA_MESSAGE" || !Array.isArray(parsed.logEvents)) {
    throw new Unpackable("CloudWatchLogProcessing.Failed", "The record is not a message of CloudWatch Logs.");
  }
  return parsed.logEvents.map(({ message = "" }) => part(record, Buffer.from(`${message}\n`)));
}

function split(record: Incoming, delimiter: Buffer): Incoming[] {
  if (delimiter.length === 0) return [record];
  const parts: Incoming[] = [];
  let start = 0;
  for (;;) {
    const end = record.data.indexOf(delimiter, start);
    const piece = record.data.subarray(start, end < 0 ? undefined : end);
    if (piece.length > 0) parts.push(part(record, piece));
    if (end < 0) return parts;
    start = end + delimiter.length;
  }
}

/** JSON documents one behind the other, or those of an array. */
function jsonDocuments(record: Incoming): Incoming[] {
  const text = record.data.toString();
  const ends = documentEnds(text);
  if (ends === undefined) {
    throw new Unpackable("RecordDeAggregation.Failed", "The record does not consist of JSON documents.");
  }
  if (ends.length === 1 && text.trimStart().startsWith("[")) {
    const items = JSON.parse(text) as unknown[];
    return items.map((item) => part(record, Buffer.from(JSON.stringify(item))));
  }
  let start = 0;
  return ends.map((end) => {
    const document = text.slice(start, end).trim();
    start = end;
    return part(record, Buffer.from(document));
  });
}

/** Where each object or array on the outermost level ends; undefined where there is anything else. */
function documentEnds(text: string): number[] | undefined {
  const ends: number[] = [];
  let depth = 0;
  let inText = false;
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i] as string;
    if (inText) {
      if (char === "\\") i += 1;
      else if (char === '"') inText = false;
    } else if (char === '"') {
      if (depth === 0) return undefined;
      inText = true;
    } else if (char === "{" || char === "[") depth += 1;
    else if (char === "}" || char === "]") {
      depth -= 1;
      if (depth < 0) return undefined;
      if (depth === 0) ends.push(i + 1);
    } else if (depth === 0 && !/\s/.test(char)) return undefined;
  }
  return depth === 0 && !inText && ends.length > 0 ? ends : undefined;
}
