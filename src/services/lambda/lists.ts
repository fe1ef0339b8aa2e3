import { BadMarker, keyedPageOf as keyedPage, type Page, type PageOptions } from "../../kit/paging.ts";
import type { Table } from "../../kit/table.ts";
import type { Transaction } from "../../storage/store.ts";
import { invalid } from "./refusals.ts";

/** Pages of what is listed; a marker that is none of ours is refused in Lambda's words. */

async function orInvalid<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof BadMarker ? invalid("Invalid pagination token.") : error;
  }
}

export function keyedPageOf<Row, Key extends readonly string[]>(
  rows: Table<Row, Key>,
  tx: Transaction,
  parts: readonly string[],
  options: PageOptions<Row>,
): Promise<Page<{ key: Key; row: Row }>> {
  return orInvalid(keyedPage(rows, tx, parts, options));
}

export async function pageOf<Row, Key extends readonly string[]>(
  rows: Table<Row, Key>,
  tx: Transaction,
  parts: readonly string[],
  options: PageOptions<Row>,
): Promise<Page<Row>> {
  const { items, ...rest } = await keyedPageOf(rows, tx, parts, options);
  return { ...rest, items: items.map(({ row }) => row) };
}
