import { beginsWith, compareValues, containsValue, sameValue, sizeOfValue } from "../compare.ts";
import { type Item, typeOf, type Value } from "../values.ts";
import type { Comparator, Condition, Operand, Path } from "./nodes.ts";

/** What is at a path of an item. */
export function valueAt(item: Item | undefined, path: Path): Value | undefined {
  if (item === undefined) return undefined;
  const [first] = path as [string];
  let value = Object.hasOwn(item, first) ? item[first] : undefined;
  for (let i = 1; i < path.length && value !== undefined; i += 1) {
    const step = path[i] as string | number;
    if (typeof step === "number") value = value.L?.[step];
    else value = value.M !== undefined && Object.hasOwn(value.M, step) ? value.M[step] : undefined;
  }
  return value;
}

function operandValue(operand: Operand, item: Item | undefined): Value | undefined {
  if (operand.kind === "value") return operand.value;
  if (operand.kind === "path") return valueAt(item, operand.path);
  const value = operandValue(operand.of, item);
  if (value === undefined) return undefined;
  const size = sizeOfValue(value);
  return size === undefined ? undefined : { N: String(size) };
}

function compared(operator: Comparator, left: Value | undefined, right: Value | undefined): boolean {
  if (operator === "<>") return !(left !== undefined && right !== undefined && sameValue(left, right));
  if (left === undefined || right === undefined) return false;
  if (operator === "=") return sameValue(left, right);
  const order = compareValues(left, right);
  if (order === undefined) return false;
  switch (operator) {
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    default:
      return order >= 0;
  }
}

/** Whether an item, or its absence, meets a condition. */
export function holds(condition: Condition, item: Item | undefined): boolean {
  switch (condition.kind) {
    case "and":
      return condition.parts.every((part) => holds(part, item));
    case "or":
      return condition.parts.some((part) => holds(part, item));
    case "not":
      return !holds(condition.part, item);
    case "compare":
      return compared(
        condition.operator,
        operandValue(condition.left, item),
        operandValue(condition.right, item),
      );
    case "between": {
      const value = operandValue(condition.operand, item);
      return (
        compared(">=", value, operandValue(condition.low, item)) &&
        compared("<=", value, operandValue(condition.high, item))
      );
    }
    case "in": {
      const value = operandValue(condition.operand, item);
      return condition.list.some((one) => compared("=", value, operandValue(one, item)));
    }
    case "exists":
      return (valueAt(item, condition.path) !== undefined) === condition.wanted;
    case "type": {
      const value = operandValue(condition.operand, item);
      return value !== undefined && typeOf(value) === condition.type;
    }
    case "begins_with": {
      const [value, start] = [operandValue(condition.operand, item), operandValue(condition.start, item)];
      return value !== undefined && start !== undefined && beginsWith(value, start);
    }
    case "contains": {
      const [value, part] = [operandValue(condition.operand, item), operandValue(condition.part, item)];
      return value !== undefined && part !== undefined && containsValue(value, part);
    }
  }
}

/** Attributes of the item that a condition looks at. */
export function attributesOf(condition: Condition, into: Set<string> = new Set()): Set<string> {
  const operand = (one: Operand) => {
    if (one.kind === "size") operand(one.of);
    else if (one.kind === "path") into.add(String(one.path[0]));
  };
  switch (condition.kind) {
    case "and":
    case "or":
      for (const part of condition.parts) attributesOf(part, into);
      break;
    case "not":
      attributesOf(condition.part, into);
      break;
    case "compare":
      operand(condition.left);
      operand(condition.right);
      break;
    case "between":
      for (const one of [condition.operand, condition.low, condition.high]) operand(one);
      break;
    case "in":
      for (const one of [condition.operand, ...condition.list]) operand(one);
      break;
    case "exists":
      into.add(String(condition.path[0]));
      break;
    case "type":
      operand(condition.operand);
      break;
    case "begins_with":
      operand(condition.operand);
      operand(condition.start);
      break;
    case "contains":
      operand(condition.operand);
      operand(condition.part);
  }
  return into;
}
