import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { BadMarker, markerOf, positionOf } from "../../../kit/paging.ts";
import type { Meter } from "../capacity.ts";
import { applied } from "../expressions/apply.ts";
import { treeOf } from "../expressions/paths.ts";
import { projectionOf } from "../expressions/projection.ts";
import { indexToRead, tableForData } from "../find.ts";
import { checkItemKey, partitionOf, placeOf } from "../keys.ts";
import { type Read, readPage, readSelect, readStart } from "../reading.ts";
import type { TableRow } from "../tables.ts";
import { checkThroughput } from "../throttle.ts";
import { changeBy, checkNoKeys, tooLarge, type Update, updatedAttributes } from "../updateItem.ts";
import type { Item } from "../values.ts";
import { conditionFailed, validation } from "../words.ts";
import type { WriteRequest, Written } from "../write.ts";
import { keyIn, rangesOf } from "./keys.ts";
import type { Statement } from "./statements.ts";

/** Runs statements by what Query, Scan and the writes of items are made of. */

export type Select = Extract<Statement, { kind: "select" }>;

export interface SelectOptions {
  consistent: boolean;
  limit: number | undefined;
  token: string | undefined;
}

/** Which of the partitions is being read, and behind which item. */
function placeIn(token: string | undefined): { at: number; start: unknown } {
  if (token === undefined) return { at: 0, start: undefined };
  try {
    const [at, start] = positionOf(token);
    const number = Number(at);
    if (Number.isInteger(number) && number >= 0) {
      return { at: number, start: start ? (JSON.parse(start) as unknown) : undefined };
    }
  } catch (error) {
    if (!(error instanceof BadMarker) && !(error instanceof SyntaxError)) throw error;
  }
  throw validation("Invalid NextToken");
}

export async function select(
  statement: Select,
  options: SelectOptions,
  meter: Meter,
  ctx: Context,
): Promise<{ items: Item[]; token: string | undefined; last: Item | undefined }> {
  const { table } = meter;
  const index = indexToRead(table, { IndexName: statement.index, ConsistentRead: options.consistent });
  const schema = (index ?? table).key;
  const projection = statement.paths === undefined ? undefined : projectionOf(statement.paths);
  const ranges = rangesOf(statement.where, schema);
  if (statement.order !== undefined && ranges?.length !== 1)
    throw validation("Must have WHERE clause in the statement when using ORDER BY clause.");
  const asked = { filter: statement.where, projection };
  const selected = readSelect({}, table, index, asked);
  const { at, start: given } = placeIn(options.token);
  checkThroughput(table, "read", ctx, index);
  const items: Item[] = [];
  let left = options.limit;
  let start = readStart(given, table, index);
  const places = ranges ?? [undefined];
  for (let i = at; i < places.length; i += 1) {
    const range = places[i];
    const read: Read = {
      table,
      index,
      parts: range === undefined ? [] : [partitionOf(table.secret, schema.hash, range.partition)],
      range: {
        ...(range?.within && { within: range.within }),
        ...(range?.startsWith !== undefined && { startsWith: range.startsWith }),
        ...(statement.order?.descending && { reverse: true }),
      },
      start,
      limit: left,
      ...asked,
      ...selected,
      consistent: options.consistent,
    };
    const page = await readPage(read, meter, ctx);
    items.push(...page.items);
    start = undefined;
    if (page.last !== undefined) {
      return { items, token: markerOf([String(i), JSON.stringify(page.last)]), last: page.last };
    }
    if (left !== undefined) left -= page.scanned;
    if (left !== undefined && left <= 0 && i + 1 < places.length) {
      return { items, token: markerOf([String(i + 1), ""]), last: undefined };
    }
  }
  return { items, token: undefined, last: undefined };
}

export type WriteStatement = Extract<Statement, { kind: "insert" | "update" | "delete" }>;

export function isWrite(statement: Statement): statement is WriteStatement {
  return statement.kind === "insert" || statement.kind === "update" || statement.kind === "delete";
}

interface StatementWrite {
  request: WriteRequest;
  /** What the statement asks to be told of the item. */
  returned(written: Written): Item | undefined;
}

export function duplicate(item: Item | undefined): AwsError {
  return new AwsError("DuplicateItemException", "Duplicate primary key exists in table", {
    ...(item && { members: { Item: item } }),
  });
}

/** The write that a statement is. */
export function writeOf(statement: WriteStatement, table: TableRow, showsItem: boolean): StatementWrite {
  if (statement.kind === "insert") {
    const { item } = statement;
    checkItemKey(table.key, item);
    const change = (before: Item | undefined) => {
      if (before !== undefined) throw duplicate(showsItem ? before : undefined);
      return item;
    };
    return {
      request: { table, place: placeOf(table, item), change, needsBefore: true },
      returned: () => undefined,
    };
  }
  const { where, returning } = statement;
  const key = keyIn(where, table);
  const base = { table, place: placeOf(table, key), showsItem, needsBefore: true };
  if (statement.kind === "delete") {
    if (returning !== undefined && returning !== "ALL_OLD")
      throw validation("Only RETURNING ALL OLD * is supported in a DELETE statement");
    // To delete what is not there is no failure; what the WHERE asks besides is asked of what is there.
    const condition = where.kind === "and" && where.parts.length > keyCount(table) ? where : undefined;
    return {
      request: { ...base, condition, change: () => undefined },
      returned: ({ before }) => (returning === undefined ? undefined : before),
    };
  }
  const paths = statement.actions.map(({ path }) => path);
  treeOf(paths, "UpdateExpression");
  checkNoKeys(table, paths);
  const update: Update = { paths, apply: (before) => applied(statement.actions, before) };
  const change = changeBy(update, key);
  return {
    request: {
      ...base,
      condition: where,
      tooLarge,
      change(before) {
        if (before === undefined) throw conditionFailed();
        return change(before);
      },
    },
    returned: ({ before, after }) =>
      returning === undefined ? undefined : updatedAttributes(returning, update, before, after),
  };
}

function keyCount({ key }: TableRow): number {
  return key.hash.length + key.range.length;
}

export async function tableOf(statement: Statement, ctx: Context): Promise<TableRow> {
  return await tableForData(statement.table, ctx);
}
