import type { Transaction } from "../storage/store.ts";
import type { Table } from "./table.ts";

/** A page of a listing, and the marker of the next. */
export interface Page<Item> {
  items: Item[];
  next?: string;
}

/** The marker is none of ours; the service answers with its own error for that. */
export class BadMarker extends Error {}

/** Markers are opaque to clients, as AWS's are: the position, in base64url. */
export function markerOf(position: readonly string[]): string {
  return Buffer.from(JSON.stringify(position)).toString("base64url");
}

/** The position in a marker; throws `BadMarker`. */
export function positionOf(marker: string): string[] {
  try {
    const position: unknown = JSON.parse(Buffer.from(marker, "base64url").toString());
    if (Array.isArray(position) && position.every((part) => typeof part === "string")) return position;
  } catch {
    // Falls through: what cannot be parsed is no marker of ours.
  }
  throw new BadMarker("The marker is invalid.");
}

export interface PageOptions<Row> {
  limit: number;
  marker?: string | undefined;
  /** Only rows whose key goes on with this, behind `parts`. */
  startsWith?: string | undefined;
  /** Rows that are not shown do not count; pages stay full. */
  where?: (row: Row) => boolean;
  /** From the last row to the first. */
  reverse?: boolean;
}

/** One page of the rows under `parts`, read no further than it needs. */
export async function pageOf<Row, Key extends readonly string[]>(
  rows: Table<Row, Key>,
  tx: Transaction,
  parts: readonly string[],
  options: PageOptions<Row>,
): Promise<Page<Row>> {
  const { items, ...rest } = await keyedPageOf(rows, tx, parts, options);
  return { ...rest, items: items.map(({ row }) => row) };
}

/** The same, each row with its key. */
export async function keyedPageOf<Row, Key extends readonly string[]>(
  rows: Table<Row, Key>,
  tx: Transaction,
  parts: readonly string[],
  { limit: asked, marker, startsWith, where, reverse = false }: PageOptions<Row>,
): Promise<Page<{ key: Key; row: Row }>> {
  // Some models give page sizes no lower bound: a page of none would never end.
  const limit = Math.max(1, asked);
  const items: { key: Key; row: Row }[] = [];
  let after = marker === undefined ? undefined : positionOf(marker);
  for (;;) {
    const wanted = limit + 1 - items.length;
    const batch = await rows.list(tx, parts, {
      limit: wanted,
      ...(startsWith && { startsWith }),
      ...(after && { after }),
      reverse,
    });
    for (const entry of batch) {
      const position = entry.key.slice(parts.length);
      if (where !== undefined && !where(entry.row)) {
        after = position;
        continue;
      }
      if (items.length === limit) return { items, next: markerOf(after ?? []) };
      items.push(entry);
      after = position;
    }
    if (batch.length < wanted) return { items };
  }
}

/** One page of a list that is held whole. */
export function pageOfList<Item>(
  list: readonly Item[],
  limit: number,
  marker: string | undefined,
): Page<Item> {
  const start = marker === undefined ? 0 : Number(positionOf(marker)[0]);
  if (!Number.isInteger(start) || start < 0) throw new BadMarker("The marker is invalid.");
  const items = list.slice(start, start + limit);
  return start + limit < list.length ? { items, next: markerOf([String(start + limit)]) } : { items };
}
