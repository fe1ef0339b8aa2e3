import type { Context } from "../../../kit/context.ts";
import type { Place } from "../keys.ts";
import { type TableRow, tables, tombstones } from "../tables.ts";

/** Items of global tables that were deleted, for as long as an earlier write may still be under way. */

const keptMs = 3_600_000;
const sweepRows = 500;
const maxArmed = 50_000;

/** Tables whose next sweep is set. */
const armed = new Set<string>();

export function bury(table: TableRow, { partition, sort }: Place, stamp: string, ctx: Context): void {
  const { account, region, store, name } = table;
  const at = Math.floor(ctx.clock.now());
  tombstones.put(ctx.tx, [account, region, store, partition, sort], { stamp, at });
  if (armed.has(store)) return;
  const job = { account, region, name, store };
  ctx.timers.set(`tombstones/${store}`, "sweepTombstones", at + keptMs, job);
  ctx.afterCommit(() => {
    if (armed.size >= maxArmed) armed.clear();
    armed.add(store);
  });
}

/** Which write deleted the item that lay there. */
export async function stampOfGrave(
  { account, region, store }: TableRow,
  { partition, sort }: Place,
  ctx: Context,
): Promise<string | undefined> {
  return (await tombstones.get(ctx.tx, account, region, store, partition, sort))?.stamp;
}

interface Job {
  account: string;
  region: string;
  name: string;
  store: string;
  after?: [string, string];
}

/** Goes through all, a page at a time; what is still young is looked at again later. */
export async function sweepTombstones(job: Job, ctx: Context): Promise<void> {
  const { account, region, name, store, after } = job;
  armed.delete(store);
  if ((await tables.get(ctx.tx, account, region, name))?.store !== store) return;
  const now = Math.floor(ctx.clock.now());
  const page = await ctx.peek((tx) =>
    tombstones.list(tx, [account, region, store], { limit: sweepRows, ...(after && { after }) }),
  );
  for (const { key, row } of page) if (row.at <= now - keptMs) tombstones.delete(ctx.tx, ...key);
  const last = page.at(-1)?.key;
  const hasMore = last !== undefined && page.length === sweepRows;
  const isEmpty = page.every(({ row }) => row.at <= now - keptMs);
  if (!hasMore && isEmpty && after === undefined) return;
  const next = hasMore ? { ...job, after: [last[3], last[4]] } : { account, region, name, store };
  ctx.timers.set(`tombstones/${store}`, "sweepTombstones", hasMore ? now + 1 : now + keptMs, next);
}
