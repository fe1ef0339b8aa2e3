import type { Bound } from "../../kit/table.ts";
import type { Bindings } from "./expressions/bindings.ts";
import { parseCondition } from "./expressions/conditions.ts";
import type { Condition, Operand } from "./expressions/nodes.ts";
import { sortOf } from "./keys.ts";
import type { GivenFilter } from "./legacy.ts";
import { filterCondition } from "./legacy.ts";
import type { KeyAttribute, KeySchema } from "./tables.ts";
import { type Item, type Type, typeOf, type Value } from "./values.ts";
import { invalidParameter, validation } from "./words.ts";

/** What a Query asks of the key: the partition, and a range of the sort key. */
export interface KeyRange {
  /** Values of all partition attributes. */
  partition: Item;
  /** Where the sort key lies, as the store has it. */
  within?: { from?: Bound | undefined; to?: Bound | undefined };
  startsWith?: string;
  /** Whether an item of the partition lies in the range. */
  condition: Condition;
}

type Simple = Extract<Condition, { kind: "compare" | "between" | "begins_with" }>;

const kind = "KeyConditionExpression";

function unsupported(): Error {
  return validation("Query key condition not supported");
}

function invalid(message: string): Error {
  return validation(`Invalid ${kind}: ${message}`);
}

/** The comparisons that a condition is made of; all of them must hold. */
function comparisonsOf(condition: Condition): Simple[] {
  switch (condition.kind) {
    case "and":
      return condition.parts.flatMap(comparisonsOf);
    case "compare":
      if (condition.operator === "<>") throw invalid("Invalid operator used in KeyConditionExpression: <>");
      return [condition];
    case "between":
    case "begins_with":
      return [condition];
    case "or":
    case "not":
    case "in":
      throw invalid(`Invalid operator used in KeyConditionExpression: ${condition.kind.toUpperCase()}`);
    default: {
      const name =
        condition.kind === "exists"
          ? condition.wanted
            ? "attribute_exists"
            : "attribute_not_exists"
          : condition.kind === "type"
            ? "attribute_type"
            : condition.kind;
      throw invalid(`Invalid operator used in KeyConditionExpression: ${name}`);
    }
  }
}

interface Asked {
  name: string;
  operator: string;
  values: Value[];
}

function constant(operand: Operand): Value {
  if (operand.kind === "value") return operand.value;
  if (operand.kind === "size") throw invalid("KeyConditionExpressions cannot contain nested operations");
  throw invalid("KeyConditionExpressions cannot have conditions on paths on both sides");
}

function subject(operand: Operand): string {
  if (operand.kind === "size") throw invalid("KeyConditionExpressions cannot contain nested operations");
  if (operand.kind !== "path") {
    throw invalid("KeyConditionExpressions must have a key attribute as the first operand");
  }
  if (operand.path.length > 1)
    throw invalid("KeyConditionExpressions cannot have conditions on nested attributes");
  return String(operand.path[0]);
}

const mirrored: Record<string, string> = { "<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=" };

function askedBy(simple: Simple): Asked {
  switch (simple.kind) {
    case "compare":
      if (simple.left.kind === "value" && simple.right.kind === "path") {
        return {
          name: subject(simple.right),
          operator: mirrored[simple.operator] as string,
          values: [simple.left.value],
        };
      }
      return { name: subject(simple.left), operator: simple.operator, values: [constant(simple.right)] };
    case "between":
      return {
        name: subject(simple.operand),
        operator: "between",
        values: [constant(simple.low), constant(simple.high)],
      };
    case "begins_with":
      return {
        name: subject(simple.operand),
        operator: "begins_with",
        values: [constant(simple.start)],
      };
  }
}

/** The range that an expression asks for. */
export function expressionRange(text: string, bindings: Bindings, schema: KeySchema): KeyRange {
  return rangeOf(parseCondition(text, kind, bindings), schema);
}

const legacyOperators = new Set(["EQ", "LE", "LT", "GE", "GT", "BEGINS_WITH", "BETWEEN"]);

/** The range that the legacy KeyConditions ask for. */
export function legacyRange(given: Record<string, GivenFilter>, schema: KeySchema): KeyRange {
  for (const { ComparisonOperator: operator } of Object.values(given)) {
    if (operator !== undefined && !legacyOperators.has(operator))
      throw validation("Attempted conditional constraint is not an indexable operation");
  }
  const condition = filterCondition(given, undefined);
  if (condition === undefined) throw missing(schema.hash[0]);
  return rangeOf(condition, schema);
}

function missing(attribute: KeyAttribute | undefined): Error {
  return validation(`Query condition missed key schema element: ${attribute?.name}`);
}

export function rangeOf(condition: Condition, schema: KeySchema): KeyRange {
  const asked = comparisonsOf(condition).map(askedBy);
  const byName = new Map<string, Asked>();
  for (const one of asked) {
    if (byName.has(one.name))
      throw invalid("KeyConditionExpressions must only contain one condition per key");
    byName.set(one.name, one);
  }
  const attributes = [...schema.hash, ...schema.range];
  if (asked.length > attributes.length) throw validation("Conditions can be of length 1 or 2 only");
  const partition: Item = {};
  for (const attribute of schema.hash) {
    const one = byName.get(attribute.name);
    if (one === undefined) throw missing(attribute);
    checkTypes(attribute, one);
    if (one.operator !== "=") throw unsupported();
    partition[attribute.name] = one.values[0] as Value;
  }
  const onRange = schema.range.map(({ name }) => byName.get(name));
  const strange = asked.find(({ name }) => !attributes.some((one) => one.name === name));
  if (strange !== undefined) {
    const next = schema.range.find((_, i) => onRange[i] === undefined);
    throw next === undefined ? unsupported() : missing(next);
  }
  schema.range.forEach((attribute, i) => {
    const one = onRange[i];
    if (one === undefined) return;
    // Each sort attribute needs those before it, and all of these but the last an equality.
    const before = onRange.slice(0, i);
    if (before.some((other) => other === undefined)) throw missing(schema.range[before.indexOf(undefined)]);
    if (before.some((other) => other?.operator !== "=")) throw unsupported();
    checkTypes(attribute, one);
  });
  return {
    partition,
    condition,
    ...placesOf(
      onRange.filter((one) => one !== undefined),
      schema,
    ),
  };
}

function checkTypes({ type, name }: KeyAttribute, { operator, values }: Asked): void {
  for (const value of values) {
    const actual: Type = typeOf(value);
    if (actual !== type) throw invalidParameter("Condition parameter type does not match schema type");
    const kindOf = value.S === "" ? "string" : value.B === "" ? "binary" : undefined;
    if (kindOf !== undefined && operator === "=") {
      throw validation(
        `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty ${kindOf} value. Key: ${name}`,
      );
    }
    if (operator === "begins_with" && type === "N") {
      throw invalid(
        "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N",
      );
    }
  }
}

/** Escapes as `sortPart` does, for one of several sort attributes. */
function escaped(value: Value): string {
  return sortOf(value).replace(/[\u0000\u0001]/g, (c) => `\u0001${c}`);
}

/** Where the sort key lies: by its first attributes as they are, and a range of the last that is asked about. */
function placesOf(asked: readonly Asked[], { range }: KeySchema): Pick<KeyRange, "within" | "startsWith"> {
  const last = asked.at(-1);
  if (last === undefined) return {};
  const isWhole = range.length === 1;
  const head = asked
    .slice(0, -1)
    .map(({ values }) => `${escaped(values[0] as Value)}\u0000`)
    .join("");
  const text = (value: Value) => (isWhole ? sortOf(value) : head + escaped(value));
  // Of several attributes, more may follow behind the last: "\u0001" is behind all that begins with its very value.
  const bound = (value: Value, inclusive: boolean, isUpper: boolean): Bound =>
    isWhole
      ? { part: text(value), inclusive }
      : inclusive === isUpper
        ? { part: `${text(value)}\u0001`, inclusive: !isUpper }
        : { part: text(value), inclusive: !isUpper };
  const [first, second] = last.values as [Value, Value];
  const lowest = head === "" ? undefined : { part: head, inclusive: true };
  const highest = head === "" ? undefined : { part: `${head.slice(0, -1)}\u0001`, inclusive: false };
  switch (last.operator) {
    case "=":
      return { within: { from: bound(first, true, false), to: bound(first, true, true) } };
    case "<":
      return { within: { from: lowest, to: bound(first, false, true) } };
    case "<=":
      return { within: { from: lowest, to: bound(first, true, true) } };
    case ">":
      return { within: { from: bound(first, false, false), to: highest } };
    case ">=":
      return { within: { from: bound(first, true, false), to: highest } };
    case "between":
      return { within: { from: bound(first, true, false), to: bound(second, true, true) } };
    default:
      return text(first) === "" ? {} : { startsWith: text(first) };
  }
}
