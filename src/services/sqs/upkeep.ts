import type { Context } from "../../kit/context.ts";
import type { Table } from "../../kit/table.ts";
import { engineOf } from "./engines.ts";
import { countsOf, forget, memoryOf } from "./memory.ts";
import { metric, setUpkeep } from "./metrics.ts";
import { periodsAt } from "./periods.ts";
import {
  attempts,
  bodies,
  fifoMessages,
  groups,
  messages,
  moves,
  type QueueRow,
  queues,
  ready,
  sent,
  storeOf,
  tails,
  tallies,
} from "./tables.ts";

/** What queues need done of themselves: gauges published, old messages deleted, what was dropped cleared away. */

type AnyTable = Table<unknown, readonly string[]>;

const minuteMs = 60_000;
/** Rows that one transaction deletes. */
const sweepRows = 1_000;

interface QueueName {
  account: string;
  region: string;
  name: string;
  store: string;
}

/** Runs a minute after the queue was used, for as long as it is, and then when its oldest message is too old. */
export async function upkeep({ account, region, name, store }: QueueName, ctx: Context): Promise<void> {
  const queue = await queues.get(ctx.tx, account, region, name);
  if (queue?.store !== store) return;
  const memory = memoryOf(queue, ctx);
  const now = ctx.clock.now();
  // Another timer of the queue's, set after a restart, goes on instead of this one.
  if (memory.upkeepAt > now) return;
  const { oldestAt, more } = await engineOf(queue).expire(queue, ctx);
  const moreToForget = await forgetOld(queue, ctx);
  await publishGauges(queue, oldestAt, ctx);
  if (more || moreToForget) return setUpkeep(queue, memory, now + 1, ctx);
  if (now - memory.usedAt < minuteMs) return setUpkeep(queue, memory, now - (now % minuteMs) + minuteMs, ctx);
  if (oldestAt === undefined) return;
  setUpkeep(queue, memory, oldestAt + queue.settings.retentionSeconds * 1000 + 1, ctx);
}

async function publishGauges(queue: QueueRow, oldestAt: number | undefined, ctx: Context): Promise<void> {
  const { visible, notVisible, delayed } = await countsOf(queue, ctx);
  metric(queue, "ApproximateNumberOfMessagesVisible", visible, ctx);
  metric(queue, "ApproximateNumberOfMessagesNotVisible", notVisible, ctx);
  metric(queue, "ApproximateNumberOfMessagesDelayed", delayed, ctx);
  const ageMs = oldestAt === undefined ? 0 : Math.max(0, ctx.clock.now() - oldestAt);
  metric(queue, "ApproximateAgeOfOldestMessage", Math.floor(ageMs / 1000), ctx, "Seconds");
}

/** Drops what was remembered in periods that are over; whether there is more of it. */
async function forgetOld(queue: QueueRow, ctx: Context): Promise<boolean> {
  if (queue.settings.fifo === undefined) return false;
  let more = false;
  const [, previous] = periodsAt(ctx.clock.now());
  for (const rows of [sent, attempts] as unknown as AnyTable[]) {
    const first = (count: number) => ctx.peek((tx) => rows.list(tx, storeOf(queue), { limit: count }));
    const isOld = ({ key }: { key: readonly string[] }) => (key[3] ?? "") < previous;
    if (!(await first(1)).some(isOld)) continue;
    const old = (await first(sweepRows)).filter(isOld);
    for (const { key } of old) rows.delete(ctx.tx, ...key);
    more ||= old.length === sweepRows;
  }
  return more;
}

const tablesOfStore = [messages, moves, bodies, fifoMessages, groups, tails, ready, sent, attempts, tallies];

/** Leaves the rows of a store that no queue has any more to be deleted, a few at a time. */
export function abandon({ account, region, store }: QueueRow, ctx: Context): void {
  ctx.afterCommit(() => forget(store, ctx));
  ctx.outbox.put("sweep", { account, region, store }, { account, region });
}

export async function sweep(
  { account, region, store }: Omit<QueueName, "name">,
  ctx: Context,
): Promise<void> {
  let left = sweepRows;
  for (const rows of tablesOfStore as unknown as AnyTable[]) {
    const page = await rows.list(ctx.tx, [account, region, store], { limit: left });
    for (const { key } of page) rows.delete(ctx.tx, ...key);
    left -= page.length;
    if (left <= 0) return ctx.outbox.put("sweep", { account, region, store });
  }
}
