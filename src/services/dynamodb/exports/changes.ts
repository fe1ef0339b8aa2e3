import type { Context } from "../../../kit/context.ts";
import { placeOf } from "../keys.ts";
import { sequenceAt } from "../records.ts";
import { items, type RecoverableRow, recoverables, type TableRow } from "../tables.ts";
import { type ChangedItemRow, changedItems, type ExportRow } from "../transfer/tables.ts";
import { type ExportJob, goOn } from "./job.ts";

/**
 * What was changed between two times, one row for each item. Each write left what was there before it: the first since
 * the beginning tells how an item was then, and the first since the end how it was in the end. Of an item that was not
 * written since the end, that is how it now is; should it be written while it is looked at, that write tells.
 */

const pageRows = 200;

type Span = NonNullable<ExportRow["changes"]>;

/** Takes one write into account. */
function told(
  held: ChangedItemRow | undefined,
  write: RecoverableRow,
  { to }: Span,
): ChangedItemRow | undefined {
  const { keys, at, before } = write;
  if (at < to) return held === undefined ? { keys, at, ...(before && { old: before }) } : { ...held, at };
  if (held === undefined || held.isSettled) return held;
  const { new: _, ...rest } = held;
  return { ...rest, ...(before && { new: before }), isSettled: true };
}

/** Goes through the table's writes, from the beginning of the span until now. */
export async function gatherChanges(row: ExportRow, job: ExportJob, ctx: Context): Promise<void> {
  const { account, region, store } = row.table;
  const span = row.changes as Span;
  const page = await ctx.peek((tx) =>
    recoverables.list(tx, [account, region, store], {
      limit: pageRows,
      within: {
        from:
          job.sequence === undefined
            ? { part: sequenceAt(span.from), inclusive: true }
            : { part: job.sequence, inclusive: false },
      },
    }),
  );
  for (const { row: write } of page) {
    const { partition, sort } = placeOf(row.table, write.keys);
    const key: [string, string, string, string, string] = [account, region, row.store, partition, sort];
    const held = await changedItems.get(ctx.tx, ...key);
    const now = told(held, write, span);
    if (now !== undefined && now !== held) changedItems.put(ctx.tx, key, now);
  }
  const { id, stage } = job;
  const sequence = page.at(-1)?.key[3] ?? job.sequence;
  const place = { id, ...(sequence !== undefined && { sequence }) };
  if (page.length === pageRows) return goOn({ ...place, stage }, ctx);
  goOn({ ...place, stage: stage === "gather" ? "look" : "write" }, ctx);
}

/** Looks how the items are that were not written since the end. */
export async function lookAtChanged(row: ExportRow, job: ExportJob, ctx: Context): Promise<void> {
  const { account, region } = row.table;
  const page = await changedItems.list(ctx.tx, [account, region, row.store], {
    limit: pageRows,
    ...(job.after && { after: job.after }),
  });
  for (const { key, row: held } of page) {
    if (held.isSettled) continue;
    const now = await itemNow(row.table, key[3], key[4], ctx);
    if (now !== undefined) changedItems.put(ctx.tx, key, { ...held, new: now });
  }
  const last = page.at(-1)?.key;
  if (last !== undefined && page.length === pageRows) return goOn({ ...job, after: [last[3], last[4]] }, ctx);
  const { after: _, ...rest } = job;
  goOn({ ...rest, stage: "gatherMore" }, ctx);
}

function itemNow({ account, region, store }: TableRow, partition: string, sort: string, ctx: Context) {
  return ctx.peek((tx) => items.get(tx, account, region, store, partition, sort));
}
