import { compareNumbers } from "./numbers.ts";
import type { Item, Value } from "./values.ts";

/** Equality and order of values. */

/** Order of UTF-8 bytes, which is that of code points. */
function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Negative, zero or positive; undefined for values that have no order between them. */
export function compareValues(a: Value, b: Value): number | undefined {
  if (a.S !== undefined && b.S !== undefined) return compareTexts(a.S, b.S);
  if (a.N !== undefined && b.N !== undefined) return compareNumbers(a.N, b.N);
  if (a.B !== undefined && b.B !== undefined)
    return Buffer.compare(Buffer.from(a.B, "base64"), Buffer.from(b.B, "base64"));
  return undefined;
}

function sameSet(a: readonly string[], b: readonly string[] | undefined): boolean {
  if (a.length !== b?.length) return false;
  const members = new Set(a);
  return b.every((one) => members.has(one));
}

function sameItem(a: Item, b: Item | undefined): boolean {
  if (b === undefined) return false;
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  return names.every((name) => Object.hasOwn(b, name) && sameValue(a[name] as Value, b[name] as Value));
}

/** Values are in the form in which they are stored: equal numbers are equal texts. */
export function sameValue(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (a.S !== undefined) return a.S === b.S;
  if (a.N !== undefined) return a.N === b.N;
  if (a.B !== undefined) return a.B === b.B;
  if (a.BOOL !== undefined) return a.BOOL === b.BOOL;
  if (a.NULL !== undefined) return a.NULL === b.NULL;
  if (a.SS !== undefined) return sameSet(a.SS, b.SS);
  if (a.NS !== undefined) return sameSet(a.NS, b.NS);
  if (a.BS !== undefined) return sameSet(a.BS, b.BS);
  if (a.M !== undefined) return sameItem(a.M, b.M);
  const { L } = b;
  if (a.L === undefined || L === undefined || a.L.length !== L.length) return false;
  return a.L.every((one, i) => sameValue(one, L[i] as Value));
}

export function sameItems(a: Item | undefined, b: Item | undefined): boolean {
  return a === undefined ? b === undefined : sameItem(a, b);
}

/** Whether a text contains a text, or a set or list a value. */
export function containsValue(whole: Value, part: Value): boolean {
  if (whole.S !== undefined) return part.S !== undefined && whole.S.includes(part.S);
  if (whole.B !== undefined)
    return part.B !== undefined && Buffer.from(whole.B, "base64").includes(Buffer.from(part.B, "base64"));
  if (whole.SS !== undefined) return part.S !== undefined && whole.SS.includes(part.S);
  if (whole.NS !== undefined) return part.N !== undefined && whole.NS.includes(part.N);
  if (whole.BS !== undefined) return part.B !== undefined && whole.BS.includes(part.B);
  return whole.L?.some((one) => sameValue(one, part)) ?? false;
}

export function beginsWith(whole: Value, start: Value): boolean {
  if (whole.S !== undefined) return start.S !== undefined && whole.S.startsWith(start.S);
  if (whole.B === undefined || start.B === undefined) return false;
  const head = Buffer.from(start.B, "base64");
  return Buffer.from(whole.B, "base64").subarray(0, head.length).equals(head);
}

/** What `size` says; undefined for types that have none. */
export function sizeOfValue(value: Value): number | undefined {
  if (value.S !== undefined) return value.S.length;
  if (value.B !== undefined) return Buffer.from(value.B, "base64").length;
  const many = value.SS ?? value.NS ?? value.BS ?? value.L;
  if (many !== undefined) return many.length;
  return value.M === undefined ? undefined : Object.keys(value.M).length;
}
