import type { Context } from "../../kit/context.ts";
import type { MaybePromise } from "../../storage/store.ts";
import { placeOf } from "./keys.ts";
import { sequenceAt } from "./records.ts";
import { items, recoverables, type TableRow, tables } from "./tables.ts";
import type { Item } from "./values.ts";
import { type Vault, vaultOf } from "./vault.ts";
import { write } from "./write.ts";

/** Fills a restored table, a page at a time: with copies, and then with what was there before each later write. */

const pageRows = 50;

interface Job {
  account: string;
  region: string;
  name: string;
  store: string;
  /** The table that the items are of, and where they lie. */
  source: TableRow;
  from: string;
  /** The time to go back to, for a table that is still written to. */
  at?: number;
  after?: [string, string];
  /** Writes before this one have yet to be taken back. */
  back?: string;
}

function put(table: TableRow, item: Item, ctx: Context): Promise<unknown> {
  return write({ table, place: placeOf(table, item), change: () => item, needsBefore: true }, undefined, ctx);
}

export async function restoreItems(job: Job, ctx: Context): Promise<void> {
  const table = await tables.get(ctx.tx, job.account, job.region, job.name);
  if (table?.store !== job.store) return;
  const vault = await (vaultOf(job.source, ctx) as MaybePromise<Vault>);
  if (job.back !== undefined) return await takeBack(table, job, vault, ctx);
  const { account, region } = job.source;
  const page = await ctx.peek((tx) =>
    items.list(tx, [account, region, job.from], { limit: pageRows, ...(job.after && { after: job.after }) }),
  );
  for (const { row } of page) await put(table, vault.open(row), ctx);
  const last = page.at(-1)?.key;
  if (last !== undefined && page.length === pageRows)
    return again({ ...job, after: [last[3], last[4]] }, ctx);
  if (job.at === undefined) return done(table, ctx);
  again({ ...job, back: sequenceAt(ctx.clock.now() + 1) }, ctx);
}

function again(job: Job, ctx: Context): void {
  ctx.outbox.put("restoreItems", { ...job }, { group: `restore/${job.store}` });
}

function done(table: TableRow, ctx: Context): void {
  tables.put(ctx.tx, [table.account, table.region, table.name], { ...table, status: "ACTIVE" });
}

/** Takes back what was written after the time, the latest write first: in the end each item is as it was. */
async function takeBack(table: TableRow, job: Job, vault: Vault, ctx: Context): Promise<void> {
  const { account, region } = job.source;
  const page = await ctx.peek((tx) =>
    recoverables.list(tx, [account, region, job.from], {
      limit: pageRows,
      reverse: true,
      within: {
        from: { part: sequenceAt((job.at as number) + 1), inclusive: true },
        to: { part: job.back as string, inclusive: false },
      },
    }),
  );
  for (const { row } of page) {
    const before = row.before && vault.open(row.before);
    if (before !== undefined) await put(table, before, ctx);
    else {
      const place = placeOf(table, row.keys);
      await write({ table, place, change: () => undefined, needsBefore: true }, undefined, ctx);
    }
  }
  const last = page.at(-1)?.key[3];
  if (last === undefined || page.length < pageRows) return done(table, ctx);
  again({ ...job, back: last }, ctx);
}
