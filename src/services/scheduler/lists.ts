import type { Context } from "../../kit/context.ts";
import { BadMarker, keyedPageOf, type Page } from "../../kit/paging.ts";
import type { Table } from "../../kit/table.ts";

const maxPageSize = 100;

interface ListInput {
  NamePrefix?: string | undefined;
  NextToken?: string | undefined;
  MaxResults?: number | undefined;
}

/** One page of the rows under `parts`, with AWS's error for a token that is none. */
export async function page<Row, Key extends readonly string[]>(
  rows: Table<Row, Key>,
  parts: readonly string[],
  { NamePrefix, NextToken, MaxResults = maxPageSize }: ListInput,
  ctx: Context,
  where?: (row: Row) => boolean,
): Promise<Page<{ key: Key; row: Row }>> {
  try {
    return await keyedPageOf(rows, ctx.tx, parts, {
      limit: MaxResults,
      marker: NextToken,
      startsWith: NamePrefix,
      ...(where && { where }),
    });
  } catch (error) {
    if (error instanceof BadMarker) throw ctx.error("ValidationException", "Invalid token.");
    throw error;
  }
}
