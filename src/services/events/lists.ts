import type { Context } from "../../kit/context.ts";
import { BadMarker, markerOf, positionOf } from "../../kit/paging.ts";
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
  { NextToken, Limit = maxPageSize, NamePrefix = "" }: ListInput,
  ctx: Context,
  where: (row: Row) => boolean = () => true,
): Promise<{ items: { name: string; key: Key; row: Row }[]; next?: string }> {
  const items: { name: string; key: Key; row: Row }[] = [];
  let after = NextToken === undefined ? undefined : tokenPosition(NextToken, ctx);
  // Names before the prefix need not be read: what follows the last name that sorts before it.
  if (after === undefined && NamePrefix !== "") after = [`${NamePrefix.slice(0, -1)}${before(NamePrefix)}`];
  for (;;) {
    const batch = await rows.list(ctx.tx, parts, { limit: Limit + 1, ...(after && { after }) });
    for (const { key, row } of batch) {
      const name = key[parts.length] as string;
      const position = key.slice(parts.length);
      if (!name.startsWith(NamePrefix)) {
        if (name > NamePrefix) return { items };
      } else if (where(row)) {
        if (items.length === Limit) return { items, next: markerOf(after ?? []) };
        items.push({ name, key, row });
      }
      after = position;
    }
    if (batch.length <= Limit) return { items };
  }
}

/** The greatest text of one character that sorts before the prefix's last, followed by the greatest of all. */
function before(prefix: string): string {
  const code = prefix.charCodeAt(prefix.length - 1);
  return code === 0 ? "" : `${String.fromCharCode(code - 1)}\uffff`;
}

function tokenPosition(token: string, ctx: Context): string[] {
  try {
    return positionOf(token);
  } catch (error) {
    if (error instanceof BadMarker) throw ctx.error("ValidationException", "The token is invalid.");
    throw error;
  }
}
