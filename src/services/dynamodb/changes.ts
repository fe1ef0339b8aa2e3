import type { Context } from "../../kit/context.ts";
import { nextSequence } from "./records.ts";
import { type ChangeRow, changes } from "./tables.ts";

/**
 * Changes of items that are taken elsewhere after they were committed: into a Kinesis stream, into another Region. Each
 * waits in a queue, in the order of commits; a delivery takes up as many as there are. A write puts its change, and
 * an item into the outbox only if none is under way: many writes share one.
 */

/** Where changes wait, and which delivery takes them. */
export interface Queue {
  account: string;
  region: string;
  queue: string;
  /** Among the service's deliveries; they happen in the queue's own Region, or in this. */
  delivery: string;
  to?: string;
  /** What the delivery needs to know beside. */
  about: Readonly<Record<string, unknown>>;
}

/** A job of such a delivery. */
export interface QueueJob {
  queue: string;
  /** Runs that could not take anything. */
  attempts?: number;
  [about: string]: unknown;
}

const maxAwake = 50_000;
/** After so long a delivery is called for again: the commit that called for it may have failed. */
const awakeMs = 5_000;
/** Queues whose delivery is under way, and has not looked at the queue yet; until when that is believed. */
const awake = new Map<string, number>();

/** Leaves a change, in the turn of the commit: whoever commits later is behind it. */
export function enqueue(to: Queue, change: ChangeRow, ctx: Context): void {
  ctx.tx.atCommit(() => {
    changes.put(ctx.tx, [to.account, to.region, to.queue, nextSequence(change.at)], change);
    if ((awake.get(to.queue) ?? 0) > performance.now()) return;
    rouse(to.queue);
    ctx.outbox.put(
      to.delivery,
      { ...to.about, queue: to.queue },
      {
        account: to.account,
        region: to.to ?? to.region,
        group: groupOf(to.queue),
      },
    );
  });
}

function rouse(queue: string, delayMs = 0): void {
  if (awake.size >= maxAwake) awake.clear();
  awake.set(queue, performance.now() + delayMs + awakeMs);
}

function groupOf(queue: string): string {
  return `changes/${queue}`;
}

/** A delivery begins: it sees what is committed by now, and later changes call for another. */
export function begin({ queue }: QueueJob): void {
  awake.delete(queue);
}

/** There is more to do: at once, or after a while, in which no change calls for a delivery. */
export function goOn(delivery: string, job: QueueJob, ctx: Context, delayMs = 0): void {
  rouse(job.queue, delayMs);
  ctx.outbox.put(delivery, job, { group: groupOf(job.queue), delayMs });
}

/** The oldest changes of a queue. Others may add to it meanwhile without this transaction being run again. */
export async function oldest(queue: string, limit: number, ctx: Context, region = ctx.region) {
  return await ctx.peek((tx) => changes.list(tx, [ctx.account, region, queue], { limit }));
}
