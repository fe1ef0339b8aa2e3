/** Values of fields and expressions. A timestamp is a time of its own kind, so that it is shown as one. */

export class Timestamp {
  readonly ms: number;
  constructor(ms: number) {
    this.ms = ms;
  }
}

export type Structure = readonly unknown[] | { readonly [name: string]: unknown };
export type Value = string | number | boolean | Timestamp | Structure | undefined;

const numeric = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/;

/** The number that a value is, or is written as. */
export function numberOf(value: Value): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "string") return numeric.test(value) ? Number(value) : undefined;
  if (value instanceof Timestamp) return value.ms;
  if (typeof value === "boolean") return value ? 1 : 0;
  return undefined;
}

/** The text that a value is shown as; undefined for what is not there. */
export function textOf(value: Value): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "string") return value;
  if (value instanceof Timestamp) return formatTime(value.ms);
  if (typeof value === "boolean") return value ? "1" : "0";
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : undefined;
  return JSON.stringify(value);
}

/** As results show times: "2026-11-25 10:00:00.000", in UTC. */
export function formatTime(ms: number): string {
  if (!Number.isFinite(ms) || Math.abs(ms) > 8.64e15) return "";
  return new Date(ms).toISOString().replace("T", " ").slice(0, 23);
}

export function isTrue(value: Value): boolean {
  if (typeof value === "boolean") return value;
  if (typeof value === "number") return value !== 0;
  return typeof value === "string" && /^(?:true|1)$/i.test(value);
}

export function isStructure(value: Value): value is Structure {
  return typeof value === "object" && !(value instanceof Timestamp);
}

/** How two values compare; undefined where one is missing or a structure: then no comparison holds. */
export function compare(a: Value, b: Value): number | undefined {
  if (a === undefined || b === undefined || isStructure(a) || isStructure(b)) return undefined;
  const x = numberOf(a);
  const y = numberOf(b);
  if (x !== undefined && y !== undefined) return x - y;
  const left = textOf(a) ?? "";
  const right = textOf(b) ?? "";
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Order for sorting: what is missing comes last in ascending order, numbers before texts. */
export function sortOrder(a: Value, b: Value): number {
  if (a === undefined || b === undefined) return (a === undefined ? 1 : 0) - (b === undefined ? 1 : 0);
  const x = numberOf(a);
  const y = numberOf(b);
  if (x !== undefined && y !== undefined) return x - y;
  if (x !== undefined || y !== undefined) return x !== undefined ? -1 : 1;
  return compare(a, b) ?? 0;
}
