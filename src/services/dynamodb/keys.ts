import { hash } from "node:crypto";
import { orderOf } from "./numbers.ts";
import type { KeyAttribute, KeySchema, TableRow } from "./tables.ts";
import { base64Bytes, checkedItem, type Item, typeOf, type Value } from "./values.ts";
import { invalidParameter, validation } from "./words.ts";

/**
 * Keys of items, and where they lie in the store. Of a partition key, row keys hold a keyed hash; of a sort key a text
 * in its order. See docs/decisions/0007-dynamodb-keys.md.
 */

const maxHashBytes = 2048;
const maxRangeBytes = 1024;
/** 128 bits, hexadecimal: segments of a parallel scan are ranges of it. */
const partitionDigits = 32;

/** Where an item is within its table or index. */
export interface Place {
  partition: string;
  sort: string;
}

/** Parts of a key with several attributes, told apart. */
const between = "\u0000";

function plain(value: Value): string {
  return (value.S ?? value.N ?? value.B) as string;
}

/** A keyed hash: what was hashed cannot be guessed from it without the table's secret. */
export function keyedHash(secret: string, text: string): string {
  return hash("sha256", `${secret}${text}`, "hex").slice(0, partitionDigits);
}

export function partitionOf(secret: string, attributes: readonly KeyAttribute[], item: Item): string {
  let text = "";
  for (const { name } of attributes) {
    const value = plain(item[name] as Value);
    text += attributes.length > 1 ? `${value.length}:${value}` : value;
  }
  return keyedHash(secret, text);
}

/** The order of a value among those of its type. */
export function sortOf(value: Value): string {
  if (value.S !== undefined) return wellFormed(value.S);
  if (value.N !== undefined) return orderOf(value.N);
  return Buffer.from(value.B as string, "base64").toString("latin1");
}

/** Node 20 has it; the library of TypeScript's ES2023 does not. */
function wellFormed(text: string): string {
  return (text as string & { toWellFormed(): string }).toWellFormed();
}

/** Of a key with several sort attributes, the order of the first ones. */
export function sortPart(values: readonly Value[]): string {
  if (values.length === 1) return sortOf(values[0] as Value);
  // Ends lower than anything that may follow in a longer text, which the separator's own escape makes room for.
  return values
    .map((value) => sortOf(value).replace(/[\u0000\u0001]/g, (c) => `\u0001${c}`) + between)
    .join("");
}

export function sortOfItem(attributes: readonly KeyAttribute[], item: Item): string {
  if (attributes.length === 0) return "";
  return sortPart(attributes.map(({ name }) => item[name] as Value));
}

export function placeOf({ secret, key }: Pick<TableRow, "secret" | "key">, item: Item): Place {
  return { partition: partitionOf(secret, key.hash, item), sort: sortOfItem(key.range, item) };
}

/** Names of a key's attributes. */
export function keyNames({ hash: partition, range }: KeySchema): string[] {
  return [...partition, ...range].map(({ name }) => name);
}

/** The key's attributes of an item. */
export function keyOf(schema: KeySchema, item: Item): Item {
  const key: Item = {};
  for (const { name } of schema.hash) key[name] = item[name] as Value;
  for (const { name } of schema.range) key[name] = item[name] as Value;
  return key;
}

function bytesOf(value: Value): number {
  return value.B === undefined ? Buffer.byteLength(plain(value)) : base64Bytes(value.B);
}

function checkFilled({ name }: KeyAttribute, value: Value): void {
  const kind = value.S === "" ? "string" : value.B === "" ? "binary" : undefined;
  if (kind === undefined) return;
  throw validation(
    `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty ${kind} value. Key: ${name}`,
  );
}

function checkSizes({ hash: partition, range }: KeySchema, item: Item): void {
  for (const { name } of partition) {
    if (bytesOf(item[name] as Value) > maxHashBytes) {
      throw invalidParameter("Size of hashkey has exceeded the maximum size limit of2048 bytes");
    }
  }
  for (const { name } of range) {
    if (bytesOf(item[name] as Value) > maxRangeBytes) {
      throw invalidParameter("Aggregated size of all range keys has exceeded the size limit of 1024 bytes");
    }
  }
}

/** A key as a client gave it: exactly the attributes of the schema. */
export function checkedKey(schema: KeySchema, given: unknown): Item {
  const key = checkedItem(given);
  const attributes = [...schema.hash, ...schema.range];
  const fits =
    Object.keys(key).length === attributes.length &&
    attributes.every(({ name, type }) => Object.hasOwn(key, name) && typeOf(key[name] as Value) === type);
  if (!fits) throw validation("The provided key element does not match the schema");
  for (const attribute of attributes) checkFilled(attribute, key[attribute.name] as Value);
  checkSizes(schema, key);
  return key;
}

export function hasKey({ hash: partition, range }: KeySchema, item: Item): boolean {
  return [...partition, ...range].every(
    ({ name, type }) => Object.hasOwn(item, name) && typeOf(item[name] as Value) === type,
  );
}

/** Whether an item that is to be put has the key's attributes. */
export function checkItemKey(schema: KeySchema, item: Item): void {
  for (const attribute of [...schema.hash, ...schema.range]) {
    const { name, type } = attribute;
    const value = Object.hasOwn(item, name) ? item[name] : undefined;
    if (value === undefined) throw invalidParameter(`Missing the key ${name} in the item`);
    const actual = typeOf(value);
    if (actual !== type)
      throw invalidParameter(`Type mismatch for key ${name} expected: ${type} actual: ${actual}`);
    checkFilled(attribute, value);
  }
  checkSizes(schema, item);
}

/** Attributes of an index's key that an item has must be of the index's types, and not empty. */
export function checkIndexKeys({ indexes }: Pick<TableRow, "indexes">, item: Item): void {
  for (const { key, name: indexName } of indexes) {
    for (const { name, type } of [...key.hash, ...key.range]) {
      const value = Object.hasOwn(item, name) ? item[name] : undefined;
      if (value === undefined) continue;
      const actual = typeOf(value);
      if (actual !== type) {
        throw invalidParameter(
          `Type mismatch for Index Key ${name} Expected: ${type} Actual: ${actual} IndexName: ${indexName}`,
        );
      }
      const kind = value.S === "" ? "string" : value.B === "" ? "binary" : undefined;
      if (kind !== undefined) {
        throw validation(
          `One or more parameter values are not valid. A value specified for a secondary index key is not supported. The AttributeValue for a key attribute cannot contain an empty ${kind} value. IndexName: ${indexName}, IndexKey: ${name}`,
        );
      }
      checkIndexSize(key, name, value);
    }
  }
}

function checkIndexSize({ hash: partition }: KeySchema, name: string, value: Value): void {
  const isHash = partition.some((one) => one.name === name);
  const max = isHash ? maxHashBytes : maxRangeBytes;
  if (bytesOf(value) <= max) return;
  throw invalidParameter(
    isHash
      ? "Size of hashkey has exceeded the maximum size limit of2048 bytes"
      : "Aggregated size of all range keys has exceeded the size limit of 1024 bytes",
  );
}

/** Whether an index holds the item: it has all of the index's key, of the right types. */
export function isIndexed({ hash: partition, range }: KeySchema, item: Item): boolean {
  return isKey(partition, item, maxHashBytes) && isKey(range, item, maxRangeBytes);
}

/** Items that were there before the index may have other types, or values that are too long. */
function isKey(attributes: readonly KeyAttribute[], item: Item, maxBytes: number): boolean {
  for (const { name, type } of attributes) {
    if (!Object.hasOwn(item, name)) return false;
    const value = item[name] as Value;
    const text = value[type];
    if (text === undefined || text === "") return false;
    if (text.length * 3 > maxBytes && bytesOf(value) > maxBytes) return false;
  }
  return true;
}
