import type { Context } from "../../../kit/context.ts";
import { keyOf } from "../keys.ts";
import { items, type TableRow, tables } from "../tables.ts";
import { vaultOf } from "../vault.ts";
import { applyWrite } from "./deliver.ts";
import { othersOf, putTable, withReplica } from "./members.ts";

/** Fills a new replica, a page at a time, while writes already come to it. */

const pageRows = 50;

export interface Fill {
  name: string;
  tableId: string;
  /** The table from which it is filled. */
  from: string;
  store: string;
  after?: [string, string];
  [member: string]: unknown;
}

export function fillSoon(fill: Fill, region: string, ctx: Context): void {
  ctx.outbox.put("fillReplica", fill, { region, group: `fill/${fill.tableId}` });
}

/** Runs in the new replica's Region. */
export async function fillReplica(fill: Fill, ctx: Context): Promise<void> {
  const table = await tables.get(ctx.tx, ctx.account, ctx.region, fill.name);
  if (table?.id !== fill.tableId) return;
  const source = await tables.get(ctx.tx, ctx.account, fill.from, fill.name);
  if (source?.store !== fill.store) return await done(table, ctx);
  const vault = await vaultOf(source, ctx);
  const page = await ctx.peek((tx) =>
    items.list(tx, [ctx.account, fill.from, fill.store], {
      limit: pageRows,
      ...(fill.after && { after: fill.after }),
    }),
  );
  for (const { row } of page) {
    const item = vault.open(row);
    const { stamp = "" } = row;
    await applyWrite(table, { keys: keyOf(table.key, item), after: item, stamp }, ctx);
  }
  const last = page.at(-1)?.key;
  if (last === undefined || page.length < pageRows) return await done(table, ctx);
  fillSoon({ ...fill, after: [last[3], last[4]] }, ctx.region, ctx);
}

async function done(table: TableRow, ctx: Context): Promise<void> {
  putTable({ ...table, status: "ACTIVE" }, ctx);
  for (const other of await othersOf(table, ctx))
    putTable(
      withReplica(other, table.region, (held) => ({ ...held, status: "ACTIVE" })),
      ctx,
    );
}
