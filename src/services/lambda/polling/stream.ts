import { AwsError } from "../../../kit/errors.ts";
import type { Pattern } from "../../../kit/patterns/pattern.ts";
import { type CheckpointRow, checkpoints, type WindowRow } from "../tables.ts";
import { type Answer, compile, failuresIn, invokeWith, passes } from "./batch.ts";
import { discard } from "./discard.ts";
import type { PollScope } from "./pollers.ts";
import { readerOf, type StreamReader, type StreamRecord } from "./shards.ts";
import { Tumbling } from "./windows.ts";

/** Records of a stream: each shard in order, its place kept in the store, until the function has processed them. */

const shardsEveryMs = 5_000;
const emptyPauseMs = 1_000;
const minPauseMs = 250;
const failedPauseMs = 5_000;
const firstRetryMs = 500;
const longestRetryMs = 60_000;
/** Stands in the place of a shard that was read to its end. */
const atEnd = "SHARD_END";

export async function pollStream(scope: PollScope): Promise<void> {
  const reader = readerOf(scope);
  const patterns = compile(scope.mapping.row.filters);
  const running = new Map<string, Promise<void>>();
  const ended = new Set<string>();
  while (!scope.signal.aborted) {
    try {
      const shards = await reader.shards();
      const known = new Set(shards.map(({ id }) => id));
      for (const { id, parents } of shards) {
        if (running.has(id) || ended.has(id)) continue;
        // A shard's records come behind those of the shards that it was made of.
        const isFree = parents.every((parent) => !known.has(parent) || ended.has(parent));
        if (!isFree) continue;
        const work = pollShard(scope, reader, id, patterns)
          .then(() => void ended.add(id))
          .catch((error: unknown) => problem(scope, error))
          .finally(() => running.delete(id));
        running.set(id, work);
      }
    } catch (error) {
      await problem(scope, error);
    }
    await Promise.race([scope.pause(shardsEveryMs), ...running.values()]);
  }
  await Promise.all(running.values());
}

async function problem(scope: PollScope, error: unknown): Promise<void> {
  if (!(error instanceof AwsError)) throw error;
  await scope.report(`PROBLEM: ${error.code}: ${error.message}`);
  await scope.pause(failedPauseMs);
}

async function placeOf(scope: PollScope, shard: string): Promise<CheckpointRow | undefined> {
  const { account, region, row } = scope.mapping;
  return await scope.act(async (ctx) => checkpoints.get(ctx.tx, account, region, row.uuid, shard));
}

async function setPlace(
  scope: PollScope,
  shard: string,
  sequenceNumber: string,
  window?: WindowRow,
): Promise<void> {
  const { account, region, row } = scope.mapping;
  const place = { sequenceNumber, ...(window && { window }) };
  await scope.act(async (ctx) => checkpoints.put(ctx.tx, [account, region, row.uuid, shard], place));
}

/** Reads a shard until its end, or until the poller is to end. */
async function pollShard(
  scope: PollScope,
  reader: StreamReader,
  shard: string,
  patterns: readonly Pattern[],
): Promise<void> {
  const place = await placeOf(scope, shard);
  if (place?.sequenceNumber === atEnd) return;
  let last = place?.sequenceNumber;
  let iterator: string | undefined = await reader.iterator(shard, last);
  const { batchSize, windowSeconds, parallelization, tumblingSeconds = 0 } = scope.mapping.row;
  const tumbling = tumblingSeconds > 0 ? new Tumbling(scope, shard, place?.window) : undefined;
  let waiting: StreamRecord[] = [];
  let windowEndsMs = 0;
  while (!scope.signal.aborted) {
    if (iterator !== undefined) {
      const page = await reader.read(shard, iterator, batchSize * parallelization);
      iterator = page.next;
      if (waiting.length === 0 && page.records.length > 0) windowEndsMs = Date.now() + windowSeconds * 1_000;
      waiting.push(...page.records);
    }
    const isDue = waiting.length >= batchSize || Date.now() >= windowEndsMs || iterator === undefined;
    if (waiting.length > 0 && isDue) {
      const batch = waiting;
      waiting = [];
      const results = await processAll(scope, shard, batch, patterns, tumbling);
      if (scope.signal.aborted) return;
      last = (batch.at(-1) as StreamRecord).sequenceNumber;
      await setPlace(scope, shard, last, tumbling?.row);
      // Whoever reads that all is well finds that it is also kept.
      if (results.length > 0 && results.every(Boolean)) await scope.report("OK");
    } else if (iterator === undefined) {
      await tumbling?.close();
      if (scope.signal.aborted) return;
      await setPlace(scope, shard, atEnd);
      return;
    } else {
      if (waiting.length === 0 && last !== undefined && (await tumbling?.isOver())) {
        await tumbling?.close();
        if (!scope.signal.aborted) await setPlace(scope, shard, last, tumbling?.row);
      }
      await scope.pause(waiting.length === 0 ? emptyPauseMs : untilDue(windowEndsMs));
    }
  }
  throw new AwsError("Stopped", "The poller was stopped.");
}

/** A shard lets itself be read five times in a second. */
function untilDue(atMs: number): number {
  return Math.max(minPauseMs, Math.min(emptyPauseMs, atMs - Date.now()));
}

/** Hands on what passes the filters; whether each batch succeeded. */
async function processAll(
  scope: PollScope,
  shard: string,
  records: readonly StreamRecord[],
  patterns: readonly Pattern[],
  tumbling: Tumbling | undefined,
): Promise<boolean[]> {
  const passed = records.filter(({ filterable }) => passes(patterns, filterable));
  if (tumbling === undefined) return await processLanes(scope, shard, passed);
  return await tumbling.process(passed, (batch, window) => processBatch(scope, shard, batch, window));
}

/** Records of one key stay together and in order; different keys may go in parallel. Whether each batch succeeded. */
async function processLanes(
  scope: PollScope,
  shard: string,
  records: readonly StreamRecord[],
): Promise<boolean[]> {
  const { batchSize, parallelization } = scope.mapping.row;
  const lanes: StreamRecord[][] = Array.from({ length: parallelization }, () => []);
  for (const record of records) lanes[hashOf(record.key) % parallelization]?.push(record);
  const results: boolean[] = [];
  await Promise.all(
    lanes.map(async (lane) => {
      for (let at = 0; at < lane.length && !scope.signal.aborted; at += batchSize)
        results.push(await processBatch(scope, shard, lane.slice(at, at + batchSize)));
    }),
  );
  return results;
}

function hashOf(text: string): number {
  let hash = 0;
  for (const byte of Buffer.from(text)) hash = (Math.imul(hash, 31) + byte) >>> 0;
  return hash;
}

/** Hands a batch to the function again and again, until it succeeds, or is to be given up: whether it succeeded. */
async function processBatch(
  scope: PollScope,
  shard: string,
  first: StreamRecord[],
  window?: Tumbling,
): Promise<boolean> {
  const { maxRetries, maxAgeSeconds, bisect, partial } = scope.mapping.row;
  let batch = first;
  let attempts = 0;
  let last: Answer | undefined;
  while (batch.length > 0 && !scope.signal.aborted) {
    const fresh = maxAgeSeconds < 0 ? batch : await youngIn(scope, batch, maxAgeSeconds);
    if (fresh.length < batch.length) {
      const expired = batch.slice(0, batch.length - fresh.length);
      await discard(scope, shard, expired, { condition: "RecordAgeExceeded", attempts, answer: undefined });
      batch = fresh;
      continue;
    }
    last = await invokeWith(
      scope,
      batch.map(({ event }) => event),
      window?.facts(),
    );
    await measureAge(scope, batch);
    const isKept = window === undefined || (await window.take(last));
    const left = isKept ? remaining(batch, last, partial) : batch;
    if (left.length === 0) return true;
    await scope.report("PROBLEM: Function call failed");
    // What was not even run is no attempt.
    if (last.outcome !== undefined) attempts += 1;
    const isWhole = left.length === batch.length;
    if (bisect && isWhole && batch.length > 1 && last.outcome !== undefined) {
      const middle = Math.ceil(batch.length / 2);
      const isFirstDone = await processBatch(scope, shard, batch.slice(0, middle), window);
      return (await processBatch(scope, shard, batch.slice(middle), window)) && isFirstDone;
    }
    batch = left;
    if (maxRetries >= 0 && attempts > maxRetries) {
      const reason = { condition: "RetryAttemptsExhausted" as const, attempts, answer: last };
      await discard(scope, shard, batch, reason);
      return false;
    }
    await scope.pause(Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(attempts, 10)));
  }
  return false;
}

/** What is to be tried again: from the first record that failed, all that follows. */
function remaining(batch: StreamRecord[], { outcome }: Answer, partial: boolean): StreamRecord[] {
  if (outcome === undefined || outcome.functionError !== undefined) return batch;
  if (!partial) return [];
  const failed = failuresIn(outcome, new Set(batch.map(({ sequenceNumber }) => sequenceNumber)));
  if (failed === "all") return batch;
  const at = batch.findIndex(({ sequenceNumber }) => failed.has(sequenceNumber));
  return at < 0 ? [] : batch.slice(at);
}

async function youngIn(
  scope: PollScope,
  batch: StreamRecord[],
  maxAgeSeconds: number,
): Promise<StreamRecord[]> {
  const now = await scope.act(async (ctx) => ctx.clock.now());
  const at = batch.findIndex(({ atMs }) => now - atMs <= maxAgeSeconds * 1_000);
  return at < 0 ? [] : batch.slice(at);
}

/** https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html#performance-metrics */
async function measureAge(scope: PollScope, batch: readonly StreamRecord[]): Promise<void> {
  const newest = batch.at(-1);
  if (newest === undefined) return;
  const dimensions = { FunctionName: scope.mapping.row.functionName };
  await scope.act(async (ctx) => {
    const value = Math.max(0, ctx.clock.now() - newest.atMs);
    ctx.metric({ namespace: "AWS/Lambda", name: "IteratorAge", dimensions, value, unit: "Milliseconds" });
  });
}
