import { AwsError } from "../../kit/errors.ts";
import { normalNumber } from "./numbers.ts";
import { invalidParameter, validation } from "./words.ts";

/** Attribute values as they are in JSON, bytes in base64. They are stored and answered so: no copy is made. */
export interface Value {
  S?: string;
  N?: string;
  B?: string;
  SS?: string[];
  NS?: string[];
  BS?: string[];
  M?: Item;
  L?: Value[];
  NULL?: boolean;
  BOOL?: boolean;
}

export type Item = Record<string, Value>;
export type Type = keyof Value;

/** Containers inside containers. */
const maxDepth = 32;
export const maxItemBytes = 400 * 1024;

const types: ReadonlySet<string> = new Set<Type>(["S", "N", "B", "SS", "NS", "BS", "M", "L", "NULL", "BOOL"]);

export function isType(name: string): name is Type {
  return types.has(name);
}

/** The type of a checked value. */
export function typeOf(value: Value): Type {
  for (const type in value) return type as Type;
  throw new Error("A value has no type.");
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The bytes that a base64 text stands for. */
export function base64Bytes(text: string): number {
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  return (text.length / 4) * 3 - padding;
}

/** What is no value at all, in the words of AWS's JSON reader. */
function badType(given: unknown, wanted: string): Error {
  const words =
    typeof given === "object" && given !== null
      ? Array.isArray(given)
        ? "Start of list found where not expected"
        : "Start of structure or map found where not expected."
      : `${tokenOf(given)} cannot be converted to ${wanted}`;
  return new AwsError("SerializationException", words);
}

function tokenOf(given: unknown): string {
  if (typeof given === "number") return Number.isInteger(given) ? "NUMBER_VALUE" : "DECIMAL_VALUE";
  if (typeof given === "boolean") return given ? "TRUE_VALUE" : "FALSE_VALUE";
  return typeof given === "string" ? "STRING_VALUE" : "NULL_VALUE";
}

function checkedText(value: unknown): string {
  if (typeof value !== "string") throw badType(value, "String");
  return value;
}

function checkedBytes(value: unknown): string {
  const text = checkedText(value);
  if (!base64.test(text))
    throw new AwsError("SerializationException", "Invalid Base64 in an attribute value");
  return text;
}

/** A value as a client sent it, checked and with its numbers as they are stored. */
export function checkedValue(given: unknown, depth = 0): Value {
  if (typeof given !== "object" || given === null || Array.isArray(given))
    throw badType(given, "AttributeValue");
  let type: string | undefined;
  const members = given as Record<string, unknown>;
  for (const name in members) {
    if (!types.has(name) || members[name] === null) continue;
    if (type !== undefined) {
      throw validation(
        "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
      );
    }
    type = name;
  }
  if (type === undefined) {
    throw validation("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes");
  }
  return checkedMember(type as Type, members[type], depth);
}

function checkedMember(type: Type, given: unknown, depth: number): Value {
  switch (type) {
    case "S":
      return { S: checkedText(given) };
    case "N":
      return { N: normalNumber(checkedText(given)) };
    case "B":
      return { B: checkedBytes(given) };
    case "BOOL":
      if (typeof given !== "boolean") throw badType(given, "Boolean");
      return { BOOL: given };
    case "NULL":
      if (given !== true) throw invalidParameter("Null attribute value types must have the value of true");
      return { NULL: true };
    case "M":
      return { M: checkedItem(given, depth + 1) };
    case "L":
      if (!Array.isArray(given)) throw badType(given, "List");
      checkDepth(depth + 1);
      return { L: given.map((item) => checkedValue(item, depth + 1)) };
    default:
      return { [type]: checkedSet(type, given) };
  }
}

function checkDepth(depth: number): void {
  if (depth > maxDepth)
    throw validation("Nesting Levels have exceeded supported limits: Attributes are nested too deeply");
}

export function checkAttributeName(name: string): void {
  if (name === "") throw invalidParameter("Empty attribute name");
}

/** A map of attributes: an item, a key, or what is in an M. */
export function checkedItem(given: unknown, depth = 0): Item {
  if (typeof given !== "object" || given === null || Array.isArray(given)) throw badType(given, "Map");
  checkDepth(depth);
  const item: Item = {};
  for (const name in given) {
    if (depth === 0) checkAttributeName(name);
    const value = checkedValue((given as Record<string, unknown>)[name], depth);
    if (name === "__proto__") {
      Object.defineProperty(item, name, { value, enumerable: true, configurable: true, writable: true });
    } else item[name] = value;
  }
  return item;
}

const setNames = { SS: "An string set ", NS: "An number set ", BS: "Binary sets should not be empty" };

function checkedSet(type: "SS" | "NS" | "BS", given: unknown): string[] {
  if (!Array.isArray(given)) throw badType(given, "List");
  if (given.length === 0) {
    throw invalidParameter(type === "BS" ? setNames.BS : `${setNames[type]} may not be empty`);
  }
  const read = type === "NS" ? (item: unknown) => normalNumber(checkedText(item)) : checkedText;
  const items = given.map(type === "BS" ? checkedBytes : read);
  if (new Set(items).size !== items.length) {
    const what = `Input collection [${items.join(", ")}]`;
    throw invalidParameter(
      type === "NS"
        ? "Input collection contains duplicates"
        : `${what}${type === "BS" ? "of type BS " : " "}contains duplicates.`,
    );
  }
  return items;
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html */
export function valueBytes(value: Value): number {
  if (value.S !== undefined) return textBytes(value.S);
  if (value.N !== undefined) return numberBytes(value.N);
  if (value.B !== undefined) return base64Bytes(value.B);
  if (value.M !== undefined) {
    let bytes = 3;
    for (const name in value.M) bytes += 1 + textBytes(name) + valueBytes(value.M[name] as Value);
    return bytes;
  }
  if (value.L !== undefined) {
    let bytes = 3;
    for (const item of value.L) bytes += 1 + valueBytes(item);
    return bytes;
  }
  if (value.SS !== undefined) return value.SS.reduce((sum, one) => sum + textBytes(one), 0);
  if (value.NS !== undefined) return value.NS.reduce((sum, one) => sum + numberBytes(one), 0);
  if (value.BS !== undefined) return value.BS.reduce((sum, one) => sum + base64Bytes(one), 0);
  return 1;
}

function textBytes(text: string): number {
  return Buffer.byteLength(text);
}

/** About one byte for two digits, and one more. */
function numberBytes(number: string): number {
  const digits = number.replace(/^-?0*\.?0*|\.|0+$/g, "").length;
  return Math.ceil(digits / 2) + 1 + (number.startsWith("-") ? 1 : 0);
}

export function itemBytes(item: Item): number {
  let bytes = 0;
  for (const name in item) bytes += textBytes(name) + valueBytes(item[name] as Value);
  return bytes;
}
