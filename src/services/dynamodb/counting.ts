import type { Context } from "../../kit/context.ts";
import { entries, items, type TableRow, tables } from "./tables.ts";

/**
 * How many items tables and indexes have: AWS says so about every six hours. A job counts, so that no write touches a
 * number that all others touch.
 */

const periodMs = 6 * 3_600_000;
const pageRows = 1_000;
const maxArmed = 50_000;

/** Tables whose next count is set. */
const armed = new Set<string>();

/** A table is written to: it is counted within hours. */
export function noteWrite({ account, region, name, store }: TableRow, ctx: Context): void {
  if (armed.has(store)) return;
  const now = ctx.clock.now();
  const at = now - (now % periodMs) + periodMs;
  ctx.timers.set(`count/${store}`, "count", at, { account, region, name, store });
  ctx.afterCommit(() => {
    if (armed.size >= maxArmed) armed.clear();
    armed.add(store);
  });
}

interface Count {
  items: number;
  bytes: number;
}

interface Job {
  account: string;
  region: string;
  name: string;
  store: string;
  /** Stores that are counted: the table's, then its indexes'. */
  counts?: Record<string, Count>;
  after?: readonly string[];
}

/** Counts a page of the first store that is not done. */
export async function count(job: Job, ctx: Context): Promise<void> {
  if (job.counts === undefined) armed.delete(job.store);
  const { account, region, name, store } = job;
  const table = await tables.get(ctx.tx, account, region, name);
  if (table?.store !== store) return;
  const counts = job.counts ?? {};
  const stores = [store, ...table.indexes.map((index) => index.store)];
  const current = stores.find((one) => counts[one] === undefined || (job.after && one === lastOf(counts)));
  if (current === undefined) return finish(table, counts, ctx);
  const options = { limit: pageRows, ...(job.after && { after: job.after }) };
  const rows = current === store ? items : entries;
  const page = await ctx.peek<{ key: readonly string[]; row: { bytes: number } }[]>((tx) =>
    rows.list(tx, [account, region, current], options),
  );
  const held = counts[current] ?? { items: 0, bytes: 0 };
  const sum = {
    items: held.items + page.length,
    bytes: page.reduce((bytes, { row }) => bytes + row.bytes, held.bytes),
  };
  const last = page.length === pageRows ? page.at(-1)?.key.slice(3) : undefined;
  const next = { account, region, name, store, counts: { ...counts, [current]: sum } };
  ctx.outbox.put("count", { ...next, ...(last && { after: last }) }, { account, region });
}

function lastOf(counts: Record<string, Count>): string | undefined {
  return Object.keys(counts).at(-1);
}

function finish(table: TableRow, counts: Record<string, Count>, ctx: Context): void {
  const none = { items: 0, bytes: 0 };
  const counted = {
    ...(counts[table.store] ?? none),
    indexes: Object.fromEntries(table.indexes.map(({ name, store }) => [name, counts[store] ?? none])),
  };
  tables.put(ctx.tx, [table.account, table.region, table.name], { ...table, counted });
}
