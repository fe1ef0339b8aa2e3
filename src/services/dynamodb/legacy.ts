import { compareValues } from "./compare.ts";
import type { Comparator, Condition, Operand } from "./expressions/nodes.ts";
import { checkedValue, type Type, typeOf, type Value } from "./values.ts";
import { invalidParameter, validation } from "./words.ts";

/**
 * Conditions as they were before expressions: Expected, QueryFilter, ScanFilter.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LegacyConditionalParameters.html
 */

export interface GivenExpected {
  Value?: unknown;
  Exists?: boolean | undefined;
  ComparisonOperator?: string | undefined;
  AttributeValueList?: unknown[] | undefined;
}

export interface GivenFilter {
  ComparisonOperator?: string | undefined;
  AttributeValueList?: unknown[] | undefined;
}

const comparators: Record<string, Comparator> = {
  EQ: "=",
  NE: "<>",
  LT: "<",
  LE: "<=",
  GT: ">",
  GE: ">=",
};

/** How many values each operator takes. */
const counts: Record<string, [least: number, most: number]> = {
  EQ: [1, 1],
  NE: [1, 1],
  LT: [1, 1],
  LE: [1, 1],
  GT: [1, 1],
  GE: [1, 1],
  BEGINS_WITH: [1, 1],
  CONTAINS: [1, 1],
  NOT_CONTAINS: [1, 1],
  NULL: [0, 0],
  NOT_NULL: [0, 0],
  BETWEEN: [2, 2],
  IN: [1, Number.POSITIVE_INFINITY],
};

const scalars: readonly Type[] = ["S", "N", "B"];
/** Types that the values of an operator may have, where not any. */
const valueTypes: Record<string, readonly Type[]> = {
  LT: scalars,
  LE: scalars,
  GT: scalars,
  GE: scalars,
  BETWEEN: scalars,
  IN: scalars,
  BEGINS_WITH: ["S", "B"],
  CONTAINS: ["S", "N", "B"],
  NOT_CONTAINS: ["S", "N", "B"],
};

function checkedValues(operator: string, given: readonly unknown[] | undefined): Value[] {
  const values = (given ?? []).map((value) => checkedValue(value));
  const [least, most] = counts[operator] ?? [0, 0];
  if (values.length < least || values.length > most) {
    throw invalidParameter(`Invalid number of argument(s) for the ${operator} ComparisonOperator`);
  }
  const allowed = valueTypes[operator];
  for (const value of values) {
    const type = typeOf(value);
    if (allowed !== undefined && !allowed.includes(type)) {
      throw invalidParameter(`ComparisonOperator ${operator} is not valid for ${type} AttributeValue type`);
    }
  }
  const [first, second] = values;
  if (operator === "BETWEEN" || operator === "IN") {
    if (values.some((value) => typeOf(value) !== typeOf(first as Value)))
      throw invalidParameter("AttributeValues inside AttributeValueList must be of same type");
  }
  if (operator === "BETWEEN" && (compareValues(first as Value, second as Value) ?? 0) > 0) {
    throw validation(
      "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound",
    );
  }
  return values;
}

function conditionFor(name: string, operator: string, values: readonly Value[]): Condition {
  const operand: Operand = { kind: "path", path: [name] };
  const [first, second] = values.map((value): Operand => ({ kind: "value", value })) as [Operand, Operand];
  const comparator = comparators[operator];
  if (comparator !== undefined) return { kind: "compare", operator: comparator, left: operand, right: first };
  switch (operator) {
    case "NULL":
      return { kind: "exists", path: [name], wanted: false };
    case "NOT_NULL":
      return { kind: "exists", path: [name], wanted: true };
    case "BEGINS_WITH":
      return { kind: "begins_with", operand, start: first };
    case "CONTAINS":
      return { kind: "contains", operand, part: first };
    case "NOT_CONTAINS":
      // Of an attribute that is not there, both CONTAINS and NOT_CONTAINS are false.
      return {
        kind: "and",
        parts: [
          { kind: "exists", path: [name], wanted: true },
          { kind: "not", part: { kind: "contains", operand, part: first } },
        ],
      };
    case "BETWEEN":
      return { kind: "between", operand, low: first, high: second };
    default:
      return {
        kind: "in",
        operand,
        list: values.map((value): Operand => ({ kind: "value", value })),
      };
  }
}

function joined(parts: Condition[], operator: string | undefined): Condition {
  if (parts.length === 1) return parts[0] as Condition;
  return { kind: operator === "OR" ? "or" : "and", parts };
}

export function expectedCondition(
  given: Record<string, GivenExpected>,
  operator: string | undefined,
): Condition | undefined {
  const parts = Object.entries(given).map(([name, expected]) => expectation(name, expected));
  if (operator !== undefined && parts.length === 0)
    throw validation("ConditionalOperator cannot be used without Filter or Expected");
  return parts.length === 0 ? undefined : joined(parts, operator);
}

function expectation(name: string, expected: GivenExpected): Condition {
  const { Value: value, Exists: exists, ComparisonOperator: operator, AttributeValueList: list } = expected;
  if (operator !== undefined) {
    if (exists !== undefined)
      throw invalidParameter(`Exists and ComparisonOperator cannot be used together for Attribute: ${name}`);
    if (value !== undefined && list !== undefined) {
      throw invalidParameter(`Value and AttributeValueList cannot be used together for Attribute: ${name}`);
    }
    return conditionFor(name, operator, checkedValues(operator, value === undefined ? list : [value]));
  }
  if (list !== undefined)
    throw invalidParameter(
      `AttributeValueList can only be used with a ComparisonOperator for Attribute: ${name}`,
    );
  if (exists === false) {
    if (value !== undefined)
      throw invalidParameter(`Value cannot be used when Exists is set to false for Attribute: ${name}`);
    return { kind: "exists", path: [name], wanted: false };
  }
  if (value === undefined) {
    throw invalidParameter(
      exists === undefined
        ? `Value must be provided when Exists is null for Attribute: ${name}`
        : `Value must be provided when Exists is set to true for Attribute: ${name}`,
    );
  }
  return conditionFor(name, "EQ", [checkedValue(value)]);
}

export function filterCondition(
  given: Record<string, GivenFilter>,
  operator: string | undefined,
): Condition | undefined {
  const parts = Object.entries(given).map(([name, { ComparisonOperator = "EQ", AttributeValueList }]) =>
    conditionFor(name, ComparisonOperator, checkedValues(ComparisonOperator, AttributeValueList)),
  );
  if (operator !== undefined && parts.length === 0)
    throw validation("ConditionalOperator cannot be used without Filter or Expected");
  return parts.length === 0 ? undefined : joined(parts, operator);
}
