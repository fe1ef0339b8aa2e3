import type { Context } from "../../kit/context.ts";
import type { Place } from "./keys.ts";
import { entries, items, type TableRow } from "./tables.ts";
import type { Item } from "./values.ts";
import { validation } from "./words.ts";

/** What answers of writes have in common. */

/** Items go out as they are stored; the contract's types have bytes as bytes. */
export function shownItem(item: Item): never {
  return item as never;
}

export interface RecordedInput {
  TableName: string;
  Key?: unknown;
}

/** Of a read of many items, the record shows where it read. */
export const readRecord = {
  data: true as const,
  requestOnly: ({ TableName, IndexName }: { TableName?: unknown; IndexName?: unknown }) => ({
    tableName: TableName,
    ...(IndexName !== undefined && { indexName: IndexName }),
  }),
};

/** What CloudTrail shows of a request for one item: never what the item holds. */
export const itemRecord = {
  data: true as const,
  requestOnly: ({ TableName, Key }: RecordedInput) => ({
    tableName: TableName,
    ...(Key !== undefined && { key: Key }),
  }),
};

export function returned(wanted: string | undefined, allowed: readonly string[]): string {
  if (wanted === undefined || allowed.includes(wanted)) return wanted ?? "NONE";
  throw validation("Return values set to invalid value");
}

const gigabyte = 2 ** 30;
const pageRows = 1_000;

/**
 * An estimate of the size of all items with one partition key, for tables with local indexes.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LSI.html#LSI.ItemCollections
 */
export async function collectionMetrics(
  table: TableRow,
  { partition }: Place,
  item: Item,
  wanted: string | undefined,
  ctx: Context,
) {
  const locals = table.indexes.filter(({ kind }) => kind === "local");
  if (wanted !== "SIZE" || locals.length === 0) return undefined;
  const { account, region, store } = table;
  let bytes = await bytesUnder(items, [account, region, store, partition], ctx);
  for (const index of locals)
    bytes += await bytesUnder(entries, [account, region, index.store, partition], ctx);
  const low = Math.floor(bytes / gigabyte);
  const [attribute] = table.key.hash;
  const name = attribute?.name ?? "";
  return {
    ItemCollectionKey: { [name]: item[name] },
    SizeEstimateRangeGB: [low, low + 1],
  };
}

async function bytesUnder(
  rows: typeof items | typeof entries,
  parts: string[],
  ctx: Context,
): Promise<number> {
  let bytes = 0;
  let after: readonly string[] | undefined;
  for (;;) {
    const options = { limit: pageRows, ...(after && { after }) };
    const page = await ctx.peek<{ key: readonly string[]; row: { bytes: number } }[]>((tx) =>
      rows.list(tx, parts, options),
    );
    for (const { row } of page) bytes += row.bytes;
    if (page.length < pageRows) return bytes;
    after = page.at(-1)?.key.slice(parts.length);
  }
}
