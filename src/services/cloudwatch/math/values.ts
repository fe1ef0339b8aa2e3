import { BadExpression } from "./parse.ts";

/** Values of metric math: numbers, time series, lists of time series. */

/** Times are seconds since the epoch, in order. */
export interface Series {
  label: string;
  period: number;
  points: ReadonlyMap<number, number>;
  /** What `PROP('…')` of a label shows. */
  properties?: Readonly<Record<string, string>>;
}

export type Value = number | string | Series | Series[];

export function isSeries(value: Value): value is Series {
  return typeof value === "object" && !Array.isArray(value);
}

/** A series of one to each point; points that become undefined, or no number, are left out. */
export function mapped(series: Series, change: (value: number, time: number) => number | undefined): Series {
  const points = new Map<number, number>();
  for (const [time, value] of series.points) {
    const made = change(value, time);
    if (made !== undefined && Number.isFinite(made)) points.set(time, made);
  }
  return { ...series, points };
}

/** Applies to a number, to each point, to each series. */
export function each(value: Value, change: (value: number) => number): Value {
  if (typeof value === "number") return change(value);
  if (typeof value === "string") throw new BadExpression("A text is no number.");
  return Array.isArray(value) ? value.map((one) => mapped(one, change)) : mapped(value, change);
}

type Combine = (left: number, right: number) => number | undefined;

/** Two values as one: series point by point, where both have one. */
export function combined(left: Value, right: Value, combine: Combine): Value {
  if (typeof left === "string" || typeof right === "string") throw new BadExpression("A text is no operand.");
  if (Array.isArray(left)) {
    if (!Array.isArray(right)) return left.map((one) => combined(one, right, combine) as Series);
    if (left.length !== right.length) throw new BadExpression("The operands are lists of different lengths.");
    return left.map((one, i) => combined(one, right[i] as Series, combine) as Series);
  }
  if (Array.isArray(right)) return right.map((one) => combined(left, one, combine) as Series);
  if (typeof left === "number") {
    if (typeof right === "number") return combine(left, right) ?? Number.NaN;
    return mapped(right, (value) => combine(left, value));
  }
  if (typeof right === "number") return mapped(left, (value) => combine(value, right));
  return mapped(left, (value, time) => {
    const other = right.points.get(time);
    return other === undefined ? undefined : combine(value, other);
  });
}

const flag = (holds: boolean) => (holds ? 1 : 0);

export const operators: Record<string, Combine> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => (b === 0 ? undefined : a / b),
  "%": (a, b) => (b === 0 ? undefined : a % b),
  "^": (a, b) => a ** b,
  "==": (a, b) => flag(a === b),
  "!=": (a, b) => flag(a !== b),
  "<": (a, b) => flag(a < b),
  ">": (a, b) => flag(a > b),
  "<=": (a, b) => flag(a <= b),
  ">=": (a, b) => flag(a >= b),
  "&&": (a, b) => flag(a !== 0 && b !== 0),
  AND: (a, b) => flag(a !== 0 && b !== 0),
  "||": (a, b) => flag(a !== 0 || b !== 0),
  OR: (a, b) => flag(a !== 0 || b !== 0),
};
