import type { Context, Host } from "../../kit/context.ts";
import type { Counts } from "./attributes.ts";
import { Candidates } from "./candidates.ts";
import { type Kind, MessageCounts } from "./counts.ts";
import { fifoMessages, messages, type QueueRow, storeOf, tallies } from "./tables.ts";

/** What this process remembers of a queue's messages. All of it can be lost, and is found again in the store. */
export class QueueMemory {
  readonly candidates = new Candidates();
  readonly counts = new MessageCounts();
  /** The counts are from what is in the store, not from an earlier process's tally. */
  counted = false;
  /** Calls that wait for a message, each until a time, ms of real time. */
  readonly waiting = new Map<string, number>();
  /** When the next work of the queue's own is due: see `upkeep.ts`. */
  upkeepAt = 0;
  usedAt = 0;
  talliedMs = 0;
}

/** Queues that are remembered at once; those that were used longest ago are forgotten beyond. */
const maxQueues = 10_000;
/** Up to so many messages are counted one by one. */
const maxCounted = 1_000;
const tallyEveryMs = 1_000;

/** By the Cloudkeep that they are of, and by the queue's store. */
const memories = new WeakMap<Host, Map<string, QueueMemory>>();

function memoriesOf({ host }: Context): Map<string, QueueMemory> {
  let known = memories.get(host);
  if (known === undefined) {
    known = new Map();
    memories.set(host, known);
  }
  return known;
}

export function memoryOf({ store }: Pick<QueueRow, "store">, ctx: Context): QueueMemory {
  return memoriesOf(ctx).get(store) ?? remember(store, new QueueMemory(), ctx);
}

/** For a store that was just made: it is known to be empty. */
export function rememberNew(store: string, ctx: Context): void {
  const memory = new QueueMemory();
  memory.counted = true;
  remember(store, memory, ctx);
}

export function forget(store: string, ctx: Context): void {
  memoriesOf(ctx).delete(store);
}

function remember(store: string, memory: QueueMemory, ctx: Context): QueueMemory {
  const all = memoriesOf(ctx);
  all.set(store, memory);
  if (all.size > maxQueues) all.delete(all.keys().next().value as string);
  return memory;
}

/** A message that came or went: where, and what it is while it cannot be received. */
export interface Change {
  at: number;
  kind: Kind;
}

export interface Changes {
  added?: readonly Change[];
  removed?: readonly Change[];
}

/** Takes note of what a call changes, once that is on disk. */
export function noteChanges(queue: QueueRow, { added = [], removed = [] }: Changes, ctx: Context): void {
  const memory = memoryOf(queue, ctx);
  const nowMs = ctx.clock.now();
  ctx.afterCommit(() => {
    for (const { at, kind } of removed) memory.counts.removed(at, kind, nowMs);
    for (const { at, kind } of added) memory.counts.added(at, kind, nowMs);
  });
  // Before the first count, the tally of the process before this one must stand.
  if (!memory.counted || added.length === removed.length || nowMs - memory.talliedMs < tallyEveryMs) return;
  memory.talliedMs = nowMs;
  tallies.put(ctx.tx, storeOf(queue), { total: memory.counts.total + added.length - removed.length });
}

/** Counts of a queue's messages: exact where they are few or were all sent through this process. */
export async function countsOf(queue: QueueRow, ctx: Context): Promise<Counts> {
  const memory = memoryOf(queue, ctx);
  const nowMs = ctx.clock.now();
  if (!memory.counted) await count(queue, memory, nowMs, ctx);
  return memory.counts.read(nowMs);
}

async function count(queue: QueueRow, memory: QueueMemory, nowMs: number, ctx: Context): Promise<void> {
  const places = await ctx.peek(async (tx) =>
    queue.settings.fifo
      ? (await fifoMessages.list(tx, storeOf(queue), { limit: maxCounted + 1 })).map(({ row }) => ({
          at: row.visibleAt,
          row,
        }))
      : (await messages.list(tx, storeOf(queue), { limit: maxCounted + 1 })).map(({ key, row }) => ({
          at: Number(key[3]),
          row,
        })),
  );
  if (places.length > maxCounted) {
    const tally = await ctx.peek((tx) => tallies.get(tx, ...storeOf(queue)));
    memory.counts.total = Math.max(memory.counts.total + (tally?.total ?? 0), places.length);
  } else {
    memory.counts.clear();
    for (const { at, row } of places)
      memory.counts.added(at, row.receives > 0 ? "notVisible" : "delayed", nowMs);
  }
  memory.counted = true;
}
