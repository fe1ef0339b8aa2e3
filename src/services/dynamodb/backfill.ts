import type { Context } from "../../kit/context.ts";
import { entryOf } from "./indexes.ts";
import { entries, items, type TableRow, tables } from "./tables.ts";
import { vaultOf } from "./vault.ts";

/** What happens to the items of a table in the background after UpdateTable, a page at a time. */

const pageRows = 100;

interface Job {
  account: string;
  region: string;
  name: string;
  store: string;
  after?: string[];
}

async function tableOf({ account, region, name, store }: Job, ctx: Context): Promise<TableRow | undefined> {
  const table = await tables.get(ctx.tx, account, region, name);
  return table?.store === store ? table : undefined;
}

/** Enters the items that were there before an index into it; until then it cannot be read. */
export async function backfill(job: Job & { index: string }, ctx: Context): Promise<void> {
  const table = await tableOf(job, ctx);
  const index = table?.indexes.find(({ store }) => store === job.index);
  if (table === undefined || index === undefined) return;
  const { account, region, name, store } = table;
  const page = await items.list(ctx.tx, [account, region, store], {
    limit: pageRows,
    ...(job.after && { after: job.after }),
  });
  const vault = await vaultOf(table, ctx);
  for (const { key, row } of page) {
    const entry = entryOf(table, index, vault.open(row), { partition: key[3], sort: key[4] });
    if (entry === undefined) continue;
    const place = [account, region, index.store, entry.partition, entry.sort, entry.tie] as const;
    entries.put(ctx.tx, [...place], vault.seal(entry.item, entry.bytes));
  }
  const last = page.at(-1)?.key;
  if (last !== undefined && page.length === pageRows) {
    const payload = { ...job, after: [last[3], last[4]] };
    return ctx.outbox.put("backfill", payload, { group: `backfill/${index.store}` });
  }
  const { backfilling: _, ...filled } = index;
  const indexes = table.indexes.map((one) =>
    one === index ? { ...filled, status: "ACTIVE" as const } : one,
  );
  tables.put(ctx.tx, [account, region, name], { ...table, indexes });
}

/** Seals what a table and its indexes hold under the key that is current. */
export async function reseal(job: Job & { index?: number }, ctx: Context): Promise<void> {
  const table = await tableOf(job, ctx);
  if (table === undefined) return;
  const { account, region, store, indexes } = table;
  const vault = await vaultOf(table, ctx);
  const index = job.index === undefined ? undefined : indexes[job.index];
  const options = { limit: pageRows, ...(job.after && { after: job.after }) };
  const rows = index === undefined ? items : entries;
  const page: { key: readonly string[]; row: Parameters<typeof vault.open>[0] }[] = await rows.list(
    ctx.tx,
    [account, region, index?.store ?? store],
    options,
  );
  for (const { key, row } of page) {
    const sealed = vault.seal(vault.open(row), row.bytes);
    const { stamp } = row;
    if (index === undefined)
      items.put(ctx.tx, key as never, stamp === undefined ? sealed : { ...sealed, stamp });
    else entries.put(ctx.tx, key as never, sealed);
  }
  const last = page.at(-1)?.key;
  const group = { group: `reseal/${store}` };
  if (last !== undefined && page.length === pageRows) {
    return ctx.outbox.put("reseal", { ...job, after: last.slice(3) }, group);
  }
  const next = (job.index ?? -1) + 1;
  const { after: _, ...rest } = job;
  if (next < indexes.length) ctx.outbox.put("reseal", { ...rest, index: next }, group);
}
