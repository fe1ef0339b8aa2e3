import { setImmediate } from "node:timers/promises";
import { createContext, Script } from "node:vm";
import type { ProcessingConfiguration } from "@aws-sdk/client-firehose";
import jq, { formats } from "@michaelhomer/jqjs";
import { withTimes } from "./jqTimes.ts";
import { keysNamed } from "./prefixes.ts";
import { parameterOf, processorOf } from "./processors.ts";
import { failedRecord, type Processed, type Ready } from "./records.ts";

/** Partition keys by JQ. https://docs.aws.amazon.com/firehose/latest/dev/dynamic-partitioning.html */

type Filter = (input: unknown) => Iterable<unknown>;

/** Records whose keys are found in one turn, and the time that a query has for them: it may not end by itself. */
const recordsPerTurn = 500;
const maxTurnMs = 500;
const maxCompiled = 1_000;

const compiled = new Map<string, Filter>();

/** The library keeps what a query defines, for every query that comes after it. */
const definition = /\b(?:def|import|include)\b/;

/** The query, compiled; undefined for what is none. */
export function compileQuery(query: string): Filter | undefined {
  const known = compiled.get(query);
  if (known !== undefined) return known;
  if (definition.test(query)) return undefined;
  try {
    const filter: Filter = jq.compile(withTimes(query, formats));
    if (compiled.size >= maxCompiled) compiled.delete(compiled.keys().next().value as string);
    compiled.set(query, filter);
    return filter;
  } catch {
    return undefined;
  }
}

const limited = createContext({ run: () => {} });
const script = new Script("run()");

/** Runs `work` for no longer than a time: V8 ends it then, wherever it is. False if it was ended. */
function within(ms: number, work: () => void): boolean {
  limited.run = work;
  try {
    script.runInContext(limited, { timeout: ms });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_SCRIPT_EXECUTION_TIMEOUT") return false;
    throw error;
  }
}

const failure = {
  code: "DynamicPartitioning.MetadataExtractionFailed",
  message:
    "Partitioning keys could not be extracted from the record. Check the query against the record's data.",
};

/** Gives each record the keys that the query makes of it; those without them fail. */
export async function withQueriedKeys(
  records: readonly Ready[],
  configuration: ProcessingConfiguration | undefined,
  processed: Processed,
  nowMs: number,
): Promise<Ready[]> {
  const processor = processorOf(configuration, "MetadataExtraction");
  const query = processor && parameterOf(processor, "MetadataExtractionQuery");
  if (query === undefined) return [...records];
  const filter = compileQuery(query);
  const keyed: Ready[] = [];
  let next = 0;
  let ended = filter !== undefined;
  while (filter !== undefined && ended && next < records.length) {
    const turn = Math.min(records.length, next + recordsPerTurn);
    ended = within(maxTurnMs, () => {
      for (; next < turn; next += 1) {
        const record = records[next] as Ready;
        const fromQuery = keysOf(filter, record.data);
        if (fromQuery === undefined) fail(record, processed, nowMs);
        else keyed.push({ ...record, fromQuery });
      }
    });
    await setImmediate();
  }
  for (const record of records.slice(next)) fail(record, processed, nowMs);
  return keyed;
}

function fail(record: Ready, processed: Processed, nowMs: number): void {
  if (processed.problems.every(({ code }) => code !== failure.code)) {
    processed.problems.push({ ...failure, processor: "MetadataExtraction" });
  }
  processed.failed.push(failedRecord(record, failure, { attempts: 1, nowMs }));
}

function keysOf(filter: Filter, data: Buffer): Record<string, string> | undefined {
  try {
    const [first] = filter(JSON.parse(data.toString()));
    if (typeof first !== "object" || first === null || Array.isArray(first)) return undefined;
    const keys: Record<string, string> = {};
    for (const [name, value] of Object.entries(first)) {
      if (value === null || typeof value === "object") return undefined;
      keys[name] = String(value);
    }
    return keys;
  } catch {
    return undefined;
  }
}

const missingKey = {
  code: "DynamicPartitioning.PartitionKeyMissing",
  message: "The record lacks a partitioning key that the prefix names.",
};

/** Records that have every key that the prefix names; the others fail. */
export function withAllKeys(
  records: readonly Ready[],
  prefix: string,
  processed: Processed,
  nowMs: number,
): Ready[] {
  const query = keysNamed(prefix, "partitionKeyFromQuery");
  const lambda = keysNamed(prefix, "partitionKeyFromLambda");
  return records.filter((record) => {
    const whole =
      query.every((name) => hasKey(record.fromQuery, name)) &&
      lambda.every((name) => hasKey(record.fromLambda, name));
    if (!whole) processed.failed.push(failedRecord(record, missingKey, { attempts: 1, nowMs }));
    return whole;
  });
}

function hasKey(keys: Readonly<Record<string, string>> | undefined, name: string): boolean {
  return keys !== undefined && Object.hasOwn(keys, name) && keys[name] !== "";
}
