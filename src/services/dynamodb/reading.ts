import type { Context } from "../../kit/context.ts";
import type { ListOptions } from "../../kit/table.ts";
import { shownItem } from "./answers.ts";
import { Meter, readUnits } from "./capacity.ts";
import { attributesOf, holds } from "./expressions/evaluate.ts";
import type { Condition } from "./expressions/nodes.ts";
import { type Projection, projected } from "./expressions/projection.ts";
import { projectedNames, tieOf } from "./indexes.ts";
import { keyOf, type Place, partitionOf, placeOf, sortOfItem } from "./keys.ts";
import { entries, type IndexRow, type ItemRow, items, type SealedRow, type TableRow } from "./tables.ts";
import { charge, checkThroughput } from "./throttle.ts";
import { checkedItem, type Item, typeOf, type Value } from "./values.ts";
import { type Vault, vaultOf } from "./vault.ts";
import { validation } from "./words.ts";

/** Reads ranges of a table or an index, a page at a time; what Query and Scan share. */

/** What one page reads, before any filter. */
const maxPageBytes = 2 ** 20;
/** More than most queries find: to see that there is no more costs another look. */
const firstChunkRows = 128;
const maxChunkRows = 1_000;

export interface Read {
  table: TableRow;
  index: IndexRow | undefined;
  /** Leading parts behind the store: the partition, or nothing. */
  parts: readonly string[];
  range: Pick<ListOptions, "within" | "startsWith" | "reverse">;
  start: Item | undefined;
  limit: number | undefined;
  filter: Condition | undefined;
  projection: Projection | undefined;
  /** Items are not answered, only counted. */
  countOnly: boolean;
  /** Attributes that a local index does not hold are wanted, too. */
  whole: boolean;
  consistent: boolean;
}

export interface ReadPage {
  items: Item[];
  count: number;
  scanned: number;
  last: Item | undefined;
}

type Row = ItemRow | SealedRow;
type Found = { key: readonly string[]; row: Row };

function listRows(read: Read, options: ListOptions, ctx: Context): Promise<Found[]> {
  const { table, index, parts } = read;
  const scope = [table.account, table.region, (index ?? table).store, ...parts];
  // Outside of the transaction: a page that others write to need not be read again.
  return ctx.peek<Found[]>((tx) =>
    index === undefined ? items.list(tx, scope, options) : entries.list(tx, scope, options),
  );
}

/** Where reading goes on, as the rest of the row's key behind the parts. */
function restOf({ table, index, parts }: Read, start: Item): string[] {
  const place = placeOf(table, start);
  const whole =
    index === undefined
      ? [place.partition, place.sort]
      : [
          partitionOf(table.secret, index.key.hash, start),
          sortOfItem(index.key.range, start),
          tieOf(table, place),
        ];
  return whole.slice(parts.length);
}

export async function readPage(read: Read, meter: Meter, ctx: Context): Promise<ReadPage> {
  const { table, index, limit, filter } = read;
  const vault = await vaultOf(table, ctx);
  const page: ReadPage = { items: [], count: 0, scanned: 0, last: undefined };
  let after: readonly string[] | undefined = read.start && restOf(read, read.start);
  let bytes = 0;
  let wholeBytes = 0;
  let chunk = firstChunkRows;
  reading: for (;;) {
    const wanted = Math.min(chunk, (limit ?? Number.POSITIVE_INFINITY) - page.scanned);
    const rows = await listRows(read, { limit: wanted, ...read.range, ...(after && { after }) }, ctx);
    for (const found of rows) {
      const { row } = found;
      let item = vault.open(row);
      bytes += row.bytes;
      page.scanned += 1;
      const held = item;
      if (read.whole) {
        const whole = await wholeItem(table, placeOf(table, item), vault, ctx);
        if (whole !== undefined) {
          item = whole.item;
          wholeBytes += whole.bytes;
        }
      }
      if (filter === undefined || holds(filter, item)) {
        page.count += 1;
        if (!read.countOnly) page.items.push(read.projection ? projected(item, read.projection) : item);
      }
      if (page.scanned === limit || bytes >= maxPageBytes) {
        page.last = startKeyOf(table, index, held);
        break reading;
      }
    }
    if (rows.length < wanted) break;
    after = rows.at(-1)?.key.slice(3 + read.parts.length);
    chunk = Math.max(1, Math.min(maxChunkRows, Math.ceil((maxPageBytes - bytes) / (bytes / page.scanned))));
  }
  meter.read(readUnits(bytes, read.consistent), index?.name);
  if (wholeBytes > 0) meter.read(readUnits(wholeBytes, read.consistent));
  return page;
}

/** Reads a page, and answers it as Query and Scan do. */
export async function answerPage(read: Read, wantedCapacity: string | undefined, ctx: Context) {
  const { table, index, countOnly } = read;
  checkThroughput(table, "read", ctx, index);
  const meter = new Meter(table);
  const page = await readPage(read, meter, ctx);
  charge(meter, ctx);
  const capacity = meter.shown(wantedCapacity);
  return {
    ...(!countOnly && { Items: page.items.map(shownItem) }),
    Count: page.count,
    ScannedCount: page.scanned,
    ...(page.last && { LastEvaluatedKey: shownItem(page.last) }),
    ...(capacity && { ConsumedCapacity: capacity }),
  };
}

async function wholeItem(table: TableRow, place: Place, vault: Vault, ctx: Context) {
  const { account, region, store } = table;
  const row = await ctx.peek<Row | undefined>((tx) =>
    items.get(tx, account, region, store, place.partition, place.sort),
  );
  return row && { item: vault.open(row), bytes: row.bytes };
}

/** The key by which reading goes on behind an item: the table's, and the index's. */
export function startKeyOf(table: TableRow, index: IndexRow | undefined, item: Item): Item {
  return { ...(index && keyOf(index.key, item)), ...keyOf(table.key, item) };
}

/** A start key as a client gave it: exactly the attributes that one would be answered with. */
export function readStart(given: unknown, table: TableRow, index: IndexRow | undefined): Item | undefined {
  if (given === undefined) return undefined;
  const start = checkedItem(given);
  const attributes = new Map(
    [...(index ? [...index.key.hash, ...index.key.range] : []), ...table.key.hash, ...table.key.range].map(
      ({ name, type }) => [name, type],
    ),
  );
  const fits =
    Object.keys(start).length === attributes.size &&
    [...attributes].every(
      ([name, type]) => Object.hasOwn(start, name) && typeOf(start[name] as Value) === type,
    );
  if (!fits) {
    throw validation(
      index === undefined
        ? "The provided starting key is invalid: The provided key element does not match the schema"
        : "The provided starting key is invalid",
    );
  }
  return start;
}

export interface SelectInput {
  Select?: string | undefined;
  ProjectionExpression?: string | undefined;
  AttributesToGet?: string[] | undefined;
}

/** What of each item is wanted, of what the table or index holds. */
export function readSelect(
  input: SelectInput,
  table: TableRow,
  index: IndexRow | undefined,
  { projection, filter }: { projection: Projection | undefined; filter: Condition | undefined },
): { countOnly: boolean; whole: boolean } {
  const { Select: select, ProjectionExpression, AttributesToGet } = input;
  checkSelect(select, ProjectionExpression, AttributesToGet, index);
  const names = index && projectedNames(table, index);
  const countOnly = select === "COUNT";
  if (index === undefined || names === undefined) return { countOnly, whole: false };
  if (index.kind === "global") {
    if (select === "ALL_ATTRIBUTES") {
      throw validation(
        `One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index ${index.name} because its projection type is not ALL`,
      );
    }
    const lacking = [...(projection?.attributes ?? [])].filter((name) => !names.has(name));
    if (lacking.length > 0) {
      throw validation(
        `One or more parameter values were invalid: Global secondary index ${index.name} does not project [${lacking.join(", ")}]`,
      );
    }
    return { countOnly, whole: false };
  }
  const lacks = (wanted: Iterable<string>) => [...wanted].some((name) => !names.has(name));
  const whole =
    select === "ALL_ATTRIBUTES" ||
    lacks(projection?.attributes ?? []) ||
    lacks(filter === undefined ? [] : attributesOf(filter));
  return { countOnly, whole };
}

function checkSelect(
  select: string | undefined,
  expression: string | undefined,
  names: readonly string[] | undefined,
  index: IndexRow | undefined,
): void {
  const given =
    expression !== undefined ? "ProjectionExpression" : names !== undefined ? "AttributesToGet" : undefined;
  if (select === "SPECIFIC_ATTRIBUTES" && given === undefined) {
    throw validation(
      "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES",
    );
  }
  if (select === "ALL_PROJECTED_ATTRIBUTES" && index === undefined) {
    throw validation("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName");
  }
  if (given === undefined || select === undefined || select === "SPECIFIC_ATTRIBUTES") return;
  const what = select === "COUNT" ? "only the Count" : select;
  throw validation(`Cannot specify the ${given} when choosing to get ${what}`);
}
