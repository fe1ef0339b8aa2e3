import type { Context } from "../../kit/context.ts";
import { uuid } from "../../kit/ids.ts";
import { keyOf } from "./keys.ts";
import { type RecordRow, records, type StreamRow } from "./tables.ts";
import { type Item, itemBytes } from "./values.ts";

/**
 * Records of streams. Each has a number that is higher than those before it: of one item's records always, as who
 * writes an item has read it first; of others as they happen to be written. A reader stops before the first number
 * that was given out but is not on disk yet, so none is passed over.
 */

/** Digits behind the milliseconds. */
const counterDigits = 9;
/** Of a transaction that never ended; none takes this long. */
const abandonedAfterMs = 60_000;

interface Pending {
  requestId: string;
  first: string;
  sinceMs: number;
}

/** Numbers given out in transactions that may still commit, by the run. */
const pending = new Map<object, Pending>();
/** Streams whose last number on disk is known to be lower than what is given out. */
const caughtUp = new Set<string>();
let lastMs = 0;
let counter = 0;

export function sequenceAt(ms: number, count = 0): string {
  return `${Math.floor(ms)}${String(count).padStart(counterDigits, "0")}`;
}

export function timeOfSequence(sequence: string): number {
  return Number(sequence.slice(0, -counterDigits));
}

export function nextSequence(clockMs: number): string {
  const now = Math.floor(clockMs);
  if (now > lastMs) {
    lastMs = now;
    counter = 0;
  } else counter += 1;
  return sequenceAt(lastMs, counter);
}

/** Numbers that are given out from now on are higher than this one. */
export function noteSequence(sequence: string): void {
  const ms = timeOfSequence(sequence);
  if (ms < lastMs) return;
  lastMs = ms;
  counter = Math.max(counter, Number(sequence.slice(-counterDigits)));
}

/** After a restart, numbers go on from what is on disk, even if the machine's clock was set back. */
async function catchUp(stream: StreamRow, scope: [string, string], ctx: Context): Promise<void> {
  if (caughtUp.has(stream.store)) return;
  const [last] = await ctx.peek((tx) =>
    records.list(tx, [...scope, stream.store], { limit: 1, reverse: true }),
  );
  if (last !== undefined) noteSequence(last.key[3]);
  caughtUp.add(stream.store);
}

/** A run of a call begins: what earlier runs of it gave out will never be. */
export function forgetRuns(ctx: Context): void {
  if (pending.size === 0) return;
  for (const [run, { requestId }] of pending) {
    if (requestId === ctx.requestId && run !== ctx.tx) pending.delete(run);
  }
}

function give(ctx: Context): string {
  const sequence = nextSequence(ctx.clock.now());
  if (!pending.has(ctx.tx)) {
    pending.set(ctx.tx, { requestId: ctx.requestId, first: sequence, sinceMs: Date.now() });
    ctx.afterCommit(() => void pending.delete(ctx.tx));
  }
  return sequence;
}

/** The number before which every record is on disk, or never will be. */
export function settledBefore(now: number): string {
  const longAgo = Date.now() - abandonedAfterMs;
  let lowest: string | undefined;
  for (const [run, { first, sinceMs }] of pending) {
    if (sinceMs < longAgo) pending.delete(run);
    else if (lowest === undefined || first < lowest) lowest = first;
  }
  // What is given out from here on is this, or more.
  return lowest ?? (Math.floor(now) > lastMs ? sequenceAt(now) : sequenceAt(lastMs, counter + 1));
}

export interface Changed {
  before: Item | undefined;
  after: Item | undefined;
  byService?: true;
}

/** Leaves a record of what has become of an item. The last step of a write: no condition may fail after it. */
export async function addRecord(
  stream: StreamRow,
  scope: [account: string, region: string],
  { before, after, byService }: Changed,
  ctx: Context,
): Promise<void> {
  await catchUp(stream, scope, ctx);
  const { view } = stream;
  const keys = keyOf(stream.key, (after ?? before) as Item);
  const oldImage = view === "OLD_IMAGE" || view === "NEW_AND_OLD_IMAGES" ? before : undefined;
  const newImage = view === "NEW_IMAGE" || view === "NEW_AND_OLD_IMAGES" ? after : undefined;
  const bytes = itemBytes(keys) + (oldImage ? itemBytes(oldImage) : 0) + (newImage ? itemBytes(newImage) : 0);
  const row: RecordRow = {
    id: uuid().replaceAll("-", ""),
    at: ctx.clock.now(),
    event: before === undefined ? "INSERT" : after === undefined ? "REMOVE" : "MODIFY",
    keys,
    ...(oldImage && { before: oldImage }),
    ...(newImage && { after: newImage }),
    bytes,
    ...(byService && { byService }),
  };
  records.put(ctx.tx, [...scope, stream.store, give(ctx)], row);
}
