import type { Context } from "../../../kit/context.ts";
import { items } from "../tables.ts";
import { changedItems, type ExportRow } from "../transfer/tables.ts";
import { type Item, itemBytes } from "../values.ts";
import { type Vault, vaultOf } from "../vault.ts";
import type { Line } from "./files.ts";

/** What one data file holds: as many lines as make it large enough. */

const fileBytes = 8 * 2 ** 20;
/** Lines of one file; in memory they take more than their bytes. */
const maxLines = 20_000;
const pageRows = 100;

export interface Page {
  lines: Line[];
  /** Of the items, as DynamoDB counts them. */
  bytes: number;
  /** Where the next file begins; left out at the end. */
  last?: [string, string];
}

type Read = { place: [string, string]; line: Line | undefined; bytes: number };

/** Items of a snapshot. */
async function itemsAfter(row: ExportRow, after: [string, string] | undefined, vault: Vault, ctx: Context) {
  const { account, region } = row.table;
  const page = await ctx.peek((tx) =>
    items.list(tx, [account, region, row.store], { limit: pageRows, ...(after && { after }) }),
  );
  return page.map(
    ({ key, row: held }): Read => ({
      place: [key[3], key[4]],
      line: { Item: vault.open(held) },
      bytes: held.bytes,
    }),
  );
}

/** Items that were changed; what was made and deleted in the meantime is none. */
async function changesAfter(
  row: ExportRow,
  after: [string, string] | undefined,
  vault: Vault,
  ctx: Context,
): Promise<Read[]> {
  const { account, region } = row.table;
  const page = await ctx.peek((tx) =>
    changedItems.list(tx, [account, region, row.store], { limit: pageRows, ...(after && { after }) }),
  );
  const showsOld = row.changes?.view === "NEW_AND_OLD_IMAGES";
  return page.map(({ key, row: held }): Read => {
    const before = held.old && vault.open(held.old);
    const now = held.new && vault.open(held.new);
    const isNothing = before === undefined && now === undefined;
    const line = {
      Metadata: { WriteTimestampMicros: { N: String(Math.floor(held.at * 1000)) } } as Item,
      Keys: held.keys,
      ...(before && showsOld && { OldImage: before }),
      ...(now && { NewImage: now }),
    };
    const bytes = itemBytes(held.keys) + (held.old?.bytes ?? 0) + (held.new?.bytes ?? 0);
    return { place: [key[3], key[4]], line: isNothing ? undefined : line, bytes: isNothing ? 0 : bytes };
  });
}

export async function pageToWrite(
  row: ExportRow,
  after: [string, string] | undefined,
  ctx: Context,
): Promise<Page> {
  const vault = await vaultOf(row.table, ctx);
  const read = row.changes === undefined ? itemsAfter : changesAfter;
  const lines: Line[] = [];
  let bytes = 0;
  let place = after;
  for (;;) {
    const page = await read(row, place, vault, ctx);
    for (const one of page) {
      if (one.line !== undefined) lines.push(one.line);
      bytes += one.bytes;
    }
    place = page.at(-1)?.place ?? place;
    if (page.length < pageRows) return { lines, bytes };
    if (bytes >= fileBytes || lines.length >= maxLines)
      return { lines, bytes, last: place as [string, string] };
  }
}
