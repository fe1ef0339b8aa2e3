import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { placeOf } from "../keys.ts";
import { sequenceAt } from "../records.ts";
import { items, recoverables, tables } from "../tables.ts";
import { type ExportRow, exportJobs } from "../transfer/tables.ts";
import { type ExportJob, goOn } from "./job.ts";

/** A table as it was at a time: a copy of its items, from which later writes are taken back. */

const pageRows = 200;

/** While it is being read, the table must be there: what it held is deleted with it. */
async function checkThere({ table }: ExportRow, ctx: Context): Promise<void> {
  const now = await tables.get(ctx.tx, table.account, table.region, table.name);
  if (now?.store === table.store) return;
  throw new AwsError("TableNotFoundException", `Table not found: ${table.arn}`);
}

/** Copies a page of items; as they lie, for they open with the table's own key. */
export async function copyItems(row: ExportRow, job: ExportJob, ctx: Context): Promise<void> {
  await checkThere(row, ctx);
  const { account, region, store } = row.table;
  const page = await ctx.peek((tx) =>
    items.list(tx, [account, region, store], { limit: pageRows, ...(job.after && { after: job.after }) }),
  );
  for (const { key, row: item } of page)
    items.put(ctx.tx, [account, region, row.store, key[3], key[4]], item);
  exportJobs.put(ctx.tx, [ctx.account, ctx.region, row.id], row);
  const last = page.at(-1)?.key;
  const { id } = job;
  if (last !== undefined && page.length === pageRows)
    return goOn({ id, stage: "copy", after: [last[3], last[4]] }, ctx);
  goOn({ id, stage: "takeBack", sequence: sequenceAt(ctx.clock.now() + 1) }, ctx);
}

/** Takes back what was written after the time, the latest write first: in the end each item is as it was. */
export async function takeBack(row: ExportRow, job: ExportJob, ctx: Context): Promise<void> {
  await checkThere(row, ctx);
  const { account, region, store } = row.table;
  const page = await ctx.peek((tx) =>
    recoverables.list(tx, [account, region, store], {
      limit: pageRows,
      reverse: true,
      within: {
        from: { part: sequenceAt((row.at as number) + 1), inclusive: true },
        to: { part: job.sequence as string, inclusive: false },
      },
    }),
  );
  for (const { row: write } of page) {
    const { partition, sort } = placeOf(row.table, write.keys);
    const place = [account, region, row.store, partition, sort] as const;
    if (write.before === undefined) items.delete(ctx.tx, ...place);
    else items.put(ctx.tx, [...place], write.before);
  }
  exportJobs.put(ctx.tx, [ctx.account, ctx.region, row.id], row);
  const last = page.at(-1)?.key[3];
  const { id } = job;
  if (last !== undefined && page.length === pageRows)
    return goOn({ id, stage: "takeBack", sequence: last }, ctx);
  goOn({ id, stage: "write" }, ctx);
}
