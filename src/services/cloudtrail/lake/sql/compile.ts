import { type Expression, SqlError } from "./syntax.ts";
import {
  columnNamed,
  compareValues,
  type Event,
  isLike,
  memberOf,
  shown,
  timeText,
  type Value,
  valueAt,
} from "./values.ts";

/** Expressions as closures over an event, and over what was gathered of its group. */

export interface Env {
  event: Event;
  /** Values of aggregates, where events are grouped. */
  gathered?: ReadonlyMap<Expression, Value>;
}

export type Evaluate = (env: Env) => Value;

/** Throws SqlError for unknown columns and functions. */
export function compile(expression: Expression): Evaluate {
  switch (expression.kind) {
    case "literal": {
      const value = expression.value ?? undefined;
      return () => value;
    }
    case "column": {
      const [column = "", ...rest] = expression.path;
      const path = [columnNamed(column), ...rest];
      return ({ event }) => valueAt(event, path);
    }
    case "aggregate":
      if (expression.of !== undefined) compile(expression.of);
      return ({ gathered }) => gathered?.get(expression);
    case "call":
      return compileCall(expression.name, expression.args);
    case "not": {
      const of = compile(expression.of);
      return (env) => negated(of(env));
    }
    case "and":
    case "or":
      return compileLogic(expression.kind, compile(expression.left), compile(expression.right));
    case "compare": {
      const [left, right] = timesAlike([expression.left, expression.right]) as [Evaluate, Evaluate];
      const test = tests[expression.operator] as (order: number) => boolean;
      return (env) => {
        const order = compareValues(left(env), right(env));
        return order === undefined ? undefined : test(order);
      };
    }
    case "like": {
      const [of, pattern] = [compile(expression.of), compile(expression.pattern)];
      return (env) => {
        const [text, form] = [of(env), pattern(env)];
        return text === undefined || form === undefined ? undefined : isLike(shown(text), String(form));
      };
    }
    case "in":
      return compileIn(expression.of, expression.list);
    case "between": {
      const { of, low, high } = expression;
      const both: Expression = {
        kind: "and",
        left: { kind: "compare", operator: ">=", left: of, right: low },
        right: { kind: "compare", operator: "<=", left: of, right: high },
      };
      return compile(both);
    }
    case "isNull": {
      const of = compile(expression.of);
      return (env) => of(env) === undefined;
    }
  }
}

const tests: Readonly<Record<string, (order: number) => boolean>> = {
  "=": (order) => order === 0,
  "<>": (order) => order !== 0,
  "<": (order) => order < 0,
  ">": (order) => order > 0,
  "<=": (order) => order <= 0,
  ">=": (order) => order >= 0,
};

/** SQL knows true, false and unknown. */
function negated(value: Value): Value {
  return value === undefined ? undefined : value !== true;
}

function compileLogic(kind: "and" | "or", left: Evaluate, right: Evaluate): Evaluate {
  const decides = kind === "or";
  return (env) => {
    const a = left(env);
    if (a === decides) return decides;
    const b = right(env);
    if (b === decides) return decides;
    return a === undefined || b === undefined ? undefined : !decides;
  };
}

function isTime(expression: Expression): boolean {
  return (
    (expression.kind === "column" && expression.path.join(".").toLowerCase() === "eventtime") ||
    (expression.kind === "aggregate" && expression.of !== undefined && isTime(expression.of))
  );
}

/** Texts that are held against the event's time are brought into its form. */
function timesAlike(expressions: readonly Expression[]): Evaluate[] {
  const ofTime = expressions.some(isTime);
  return expressions.map((one) => {
    const time = ofTime && one.kind === "literal" ? timeText(String(one.value)) : undefined;
    return time === undefined ? compile(one) : () => time;
  });
}

function compileIn(of: Expression, list: readonly Expression[]): Evaluate {
  const [value, ...items] = timesAlike([of, ...list]) as [Evaluate, ...Evaluate[]];
  return (env) => {
    const wanted = value(env);
    if (wanted === undefined) return undefined;
    const orders = items.map((item) => compareValues(wanted, item(env)));
    return orders.includes(0) ? true : orders.includes(undefined) ? undefined : false;
  };
}

type Fn = { run: (...values: Value[]) => Value; args: number };

const functions: Readonly<Record<string, Fn>> = {
  lower: { run: (value) => (value === undefined ? undefined : shown(value).toLowerCase()), args: 1 },
  upper: { run: (value) => (value === undefined ? undefined : shown(value).toUpperCase()), args: 1 },
  length: { run: (value) => (value === undefined ? undefined : [...shown(value)].length), args: 1 },
  element_at: { run: (value, key) => elementAt(value, key), args: 2 },
  date: { run: (value) => (value === undefined ? undefined : shown(value).slice(0, 10)), args: 1 },
};

/** Maps hold texts: what is none is shown as JSON. Lists count from one. */
function elementAt(value: Value, key: Value): Value {
  if (Array.isArray(value)) return (value[Number(key) - 1] ?? undefined) as Value;
  const found = memberOf(value, String(key));
  return typeof found === "object" ? JSON.stringify(found) : found;
}

function compileCall(name: string, args: readonly Expression[]): Evaluate {
  if (name === "coalesce" && args.length > 0) {
    const values = args.map(compile);
    return (env) => values.map((value) => value(env)).find((value) => value !== undefined);
  }
  const known = Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (known === undefined || known.args !== args.length)
    throw new SqlError(`Function '${name}' not registered`);
  const values = args.map(compile);
  return (env) => known.run(...values.map((value) => value(env)));
}
