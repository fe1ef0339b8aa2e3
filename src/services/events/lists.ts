import type { Context } from "../../kit/context.ts";
import { BadMarker, keyedPageOf } from "../../kit/paging.ts";
import type { Table } from "../../kit/table.ts";

/** AWS's page size of every list here. */
const maxPageSize = 100;

export interface ListInput {
  NextToken?: string | undefined;
  Limit?: number | undefined;
  NamePrefix?: string | undefined;
}

/** One page of the rows under `parts` whose next key part begins with the prefix, in order of names. */
export async function namedPage<Row, Key extends readonly string[]>(
  rows: Table<Row, Key>,
  parts: readonly string[],
  { NextToken, Limit = maxPageSize, NamePrefix }: ListInput,
  ctx: Context,
  where: (row: Row) => boolean = () => true,
): Promise<{ items: { name: string; row: Row }[]; next?: string }> {
  const options = { limit: Limit, marker: NextToken, startsWith: NamePrefix, where };
  try {
    const { items, ...rest } = await keyedPageOf(rows, ctx.tx, parts, options);
    return { ...rest, items: items.map(({ key, row }) => ({ name: key[parts.length] as string, row })) };
  } catch (error) {
    if (error instanceof BadMarker) throw ctx.error("ValidationException", "The token is invalid.");
    throw error;
  }
}
