import { isIndexed, keyedHash, keyNames, type Place, partitionOf, sortOfItem } from "./keys.ts";
import type { IndexRow, TableRow } from "./tables.ts";
import { type Item, itemBytes, type Value } from "./values.ts";

/** What an index holds of an item, and where. */
export interface Entry extends Place {
  tie: string;
  item: Item;
  bytes: number;
}

/** Names of the attributes that an index holds; undefined for all. */
export function projectedNames(table: TableRow, index: IndexRow): ReadonlySet<string> | undefined {
  if (index.projection.type === "ALL") return undefined;
  return new Set([...keyNames(table.key), ...keyNames(index.key), ...(index.projection.attributes ?? [])]);
}

/** Tells the items with one index key apart; of one item it is always the same. */
export function tieOf({ secret }: Pick<TableRow, "secret">, { partition, sort }: Place): string {
  return keyedHash(secret, `${partition}/${sort}`);
}

export function entryOf(
  table: TableRow,
  index: IndexRow,
  item: Item | undefined,
  place: Place,
): Entry | undefined {
  if (item === undefined || !isIndexed(index.key, item)) return undefined;
  const names = projectedNames(table, index);
  const held = names === undefined ? item : onlyNamed(item, names);
  return {
    partition: partitionOf(table.secret, index.key.hash, item),
    sort: sortOfItem(index.key.range, item),
    tie: tieOf(table, place),
    item: held,
    bytes: itemBytes(held),
  };
}

export function onlyNamed(item: Item, names: ReadonlySet<string>): Item {
  const held: Item = {};
  for (const name of names) if (Object.hasOwn(item, name)) held[name] = item[name] as Value;
  return held;
}
