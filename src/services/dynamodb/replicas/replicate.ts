import type { Context } from "../../../kit/context.ts";
import { enqueue } from "../changes.ts";
import type { Place } from "../keys.ts";
import { nextSequence, noteSequence } from "../records.ts";
import type { ChangeRow, TableRow } from "../tables.ts";
import type { Item } from "../values.ts";

/**
 * Writes to one table of a global table are made in the others, too: the last writer wins, over all Regions.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html
 */

/** A number for a write: higher than any before it, and than that of the write which it follows. */
export function newStamp(before: string | undefined, ctx: Context): string {
  if (before !== undefined) noteSequence(before);
  return nextSequence(ctx.clock.now());
}

export interface SharedWrite {
  keys: Item;
  after?: Item;
  stamp: string;
}

/** Leaves a write for every other Region. */
export function replicate(table: TableRow, place: Place, shared: SharedWrite, ctx: Context): void {
  const { account, region, name } = table;
  const change: ChangeRow = { at: ctx.clock.now(), ...place, ...shared };
  for (const { queue, region: to, tableId } of table.replicas ?? []) {
    const about = { name, from: region, tableId };
    enqueue({ account, region, queue, to, delivery: "replicateChanges", about }, change, ctx);
  }
}
