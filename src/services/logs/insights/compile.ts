import { PatternError } from "../patterns/errors.ts";
import { compileRegex } from "../patterns/regex.ts";
import { functions } from "./functions.ts";
import type { Row } from "./record.ts";
import { type Expression, type Match, QueryError } from "./syntax.ts";
import { periodOf } from "./time.ts";
import { compare, isStructure, isTrue, numberOf, Timestamp, textOf, type Value } from "./values.ts";

/** Expressions as closures over a row. */
export type Evaluate = (row: Row) => Value;

/** What a query knows of itself. */
export interface QueryFacts {
  /** ms; the query's range, and when it was started. */
  startTime: number;
  endTime: number;
  nowMs: number;
  /** Columns that are named by their own text ("count(*)"): commands behind may speak of them by it. */
  columns?: ReadonlySet<string>;
}

export async function compileExpression(expression: Expression, facts: QueryFacts): Promise<Evaluate> {
  const { kind } = expression;
  if (kind === "literal") {
    const { value } = expression;
    return () => value;
  }
  if (kind === "field") {
    const { name, path } = expression;
    return (row) => row.get(name, path);
  }
  if (kind === "call") {
    const { text } = expression;
    if (facts.columns?.has(text)) return (row) => row.get(text, [text]);
    return await compileCall(expression, facts);
  }
  if (kind === "binary") return await compileBinary(expression, facts);
  if (kind === "period") throw new QueryError("a period stands in bin(), datefloor() and dateceil() only");
  const of = await compileExpression(expression.of, facts);
  if (kind === "not") return (row) => !isTrue(of(row));
  if (kind === "negate") {
    return (row) => {
      const number = numberOf(of(row));
      return number === undefined ? undefined : -number;
    };
  }
  if (kind === "like") {
    const test = await compileMatch(expression.pattern);
    return (row) => {
      const text = textOf(of(row));
      return text !== undefined && test(text);
    };
  }
  const list = await Promise.all(expression.list.map((item) => compileExpression(item, facts)));
  return (row) => {
    const value = of(row);
    return list.some((item) => compare(value, item(row)) === 0);
  };
}

/** An expression without any of the characters that mean something is found as a text. */
const plainText = /^[\w\s"'=:;,<>@#%&!~/-]*$/;

/** Compiles what "like" looks for; throws QueryError. */
export async function compileMatch(pattern: Match): Promise<(text: string) => boolean> {
  const plain = "text" in pattern ? pattern.text : plainText.test(pattern.regex) ? pattern.regex : undefined;
  if (plain !== undefined) return (text) => text.includes(plain);
  const regex = await regexOf((pattern as { regex: string }).regex);
  return (text) => regex.test(text);
}

export async function regexOf(source: string) {
  try {
    return await compileRegex(source);
  } catch (error) {
    if (error instanceof PatternError) throw new QueryError(`invalid regular expression ${source}`);
    throw error;
  }
}

type Binary = Expression & { kind: "binary" };

async function compileBinary({ operator, left, right }: Binary, facts: QueryFacts): Promise<Evaluate> {
  const [a, b] = await Promise.all([compileExpression(left, facts), compileExpression(right, facts)]);
  if (operator === "and") return (row) => isTrue(a(row)) && isTrue(b(row));
  if (operator === "or") return (row) => isTrue(a(row)) || isTrue(b(row));
  const comparison = comparisons[operator];
  if (comparison !== undefined) {
    return (row) => {
      const order = compare(a(row), b(row));
      return order !== undefined && comparison(order);
    };
  }
  const calculate = arithmetic[operator] as (x: number, y: number) => number;
  return (row) => {
    const x = numberOf(a(row));
    const y = numberOf(b(row));
    if (x === undefined || y === undefined) return undefined;
    const result = calculate(x, y);
    return Number.isFinite(result) ? result : undefined;
  };
}

const comparisons: Readonly<Record<string, (order: number) => boolean>> = {
  "=": (order) => order === 0,
  "!=": (order) => order !== 0,
  ">": (order) => order > 0,
  "<": (order) => order < 0,
  ">=": (order) => order >= 0,
  "<=": (order) => order <= 0,
};

const arithmetic: Readonly<Record<string, (x: number, y: number) => number>> = {
  "+": (x, y) => x + y,
  "-": (x, y) => x - y,
  "*": (x, y) => x * y,
  "/": (x, y) => x / y,
  "%": (x, y) => x % y,
  "^": (x, y) => x ** y,
};

type Call = Expression & { kind: "call" };

async function compileCall(call: Call, facts: QueryFacts): Promise<Evaluate> {
  const { name, args } = call;
  const period = await compilePeriodCall(call, facts);
  if (period !== undefined) return period;
  const constant = constants[name];
  if (constant !== undefined && args.length === 0) {
    const value = constant(facts);
    return () => value;
  }
  if (name === "unmask") return compileUnmask(call);
  if (name === "regexreplace") return await compileRegexReplace(call, facts);
  const known = functions[name];
  if (known === undefined) throw new QueryError(`invalid function ${name}`);
  const { run, min, max } = known;
  if (args.length < min || args.length > max) throw wrongArguments(call);
  const compiled = await Promise.all(args.map((arg) => compileExpression(arg, facts)));
  const [first, second] = compiled;
  // Without a list of arguments for each line, where there are few.
  if (compiled.length === 1 && first) return (row) => run(first(row));
  if (compiled.length === 2 && first && second) return (row) => run(first(row), second(row));
  return (row) => run(...compiled.map((arg) => arg(row)));
}

function wrongArguments({ name }: Call): QueryError {
  return new QueryError(`invalid arguments in the function ${name}`);
}

const constants: Readonly<Record<string, (facts: QueryFacts) => Value>> = {
  now: ({ nowMs }) => Math.floor(nowMs / 1000),
  querystarttime: ({ startTime }) => startTime,
  queryendtime: ({ endTime }) => endTime,
  querytimerange: ({ startTime, endTime }) => endTime - startTime,
};

/** bin(5m), datefloor(@timestamp, 1h), dateceil(@timestamp, 1h) */
async function compilePeriodCall(call: Call, facts: QueryFacts): Promise<Evaluate | undefined> {
  const { name, args } = call;
  if (name !== "bin" && name !== "datefloor" && name !== "dateceil") return undefined;
  const last = args.at(-1);
  if (last?.kind !== "period" || args.length !== (name === "bin" ? 1 : 2)) throw wrongArguments(call);
  const period = periodOf(last.count, last.unit);
  const round = name === "dateceil" ? period.ceil : period.floor;
  const timestamp: Expression = { kind: "field", name: "@timestamp", path: ["@timestamp"] };
  const of = await compileExpression(name === "bin" ? timestamp : (args[0] as Expression), facts);
  return (row) => {
    const ms = numberOf(of(row));
    return ms === undefined ? undefined : new Timestamp(round(ms));
  };
}

/** Whoever starts the query must be allowed to: see `unmasks`. */
function compileUnmask(call: Call): Evaluate {
  const [field, ...more] = call.args;
  if (field?.kind !== "field" || more.length > 0) throw wrongArguments(call);
  return (row) => row.unmasked.get(field.name, field.path);
}

/** Whether a part of a query shows what is masked. */
export function unmasks(part: unknown): boolean {
  if (typeof part !== "object" || part === null) return false;
  const { kind, name } = part as { kind?: unknown; name?: unknown };
  return (kind === "call" && name === "unmask") || Object.values(part).some(unmasks);
}

async function compileRegexReplace(call: Call, facts: QueryFacts): Promise<Evaluate> {
  const [text, pattern, replacement] = call.args;
  if (!text || pattern?.kind !== "literal" || !replacement || call.args.length !== 3)
    throw wrongArguments(call);
  const regex = await regexOf(String(pattern.value));
  const [of, by] = await Promise.all([compileExpression(text, facts), compileExpression(replacement, facts)]);
  return (row) => {
    const value = of(row);
    const found = isStructure(value) ? undefined : textOf(value);
    return found === undefined ? undefined : regex.replaceAll(found, textOf(by(row)) ?? "");
  };
}
