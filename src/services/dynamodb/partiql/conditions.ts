import type { Comparator, Condition, Operand, Path } from "../expressions/nodes.ts";
import { isType } from "../values.ts";
import { malformed, type Reader } from "./tokens.ts";
import { expectValue, type Parameters, readValue } from "./values.ts";

/** The WHERE of a statement. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-functions.html */

const comparators: Record<string, Comparator> = {
  "=": "=",
  "<>": "<>",
  "!=": "<>",
  "<": "<",
  "<=": "<=",
  ">": ">",
  ">=": ">=",
};

export function readPath(reader: Reader): Path {
  const steps: (string | number)[] = [reader.name()];
  for (;;) {
    if (reader.takeSign(".")) steps.push(reader.name());
    else if (reader.isSign("[") && reader.second.kind === "number") {
      reader.take();
      steps.push(Number(reader.take().text));
      reader.expectSign("]");
    } else return steps;
  }
}

export function readCondition(reader: Reader, parameters: Parameters): Condition {
  const parts = [readAnd(reader, parameters)];
  while (reader.takeWord("OR")) parts.push(readAnd(reader, parameters));
  return parts.length === 1 ? (parts[0] as Condition) : { kind: "or", parts };
}

function readAnd(reader: Reader, parameters: Parameters): Condition {
  const parts = [readNot(reader, parameters)];
  while (reader.takeWord("AND")) parts.push(readNot(reader, parameters));
  return parts.length === 1 ? (parts[0] as Condition) : { kind: "and", parts };
}

function readNot(reader: Reader, parameters: Parameters): Condition {
  if (reader.takeWord("NOT")) return { kind: "not", part: readNot(reader, parameters) };
  if (reader.takeSign("(")) {
    const inner = readCondition(reader, parameters);
    reader.expectSign(")");
    return inner;
  }
  return readPrimitive(reader, parameters);
}

function readOperand(reader: Reader, parameters: Parameters): Operand {
  if (reader.isWord("SIZE") && reader.second.text === "(") {
    reader.take();
    reader.expectSign("(");
    const of = readOperand(reader, parameters);
    reader.expectSign(")");
    return { kind: "size", of };
  }
  const value = readValue(reader, parameters);
  return value === undefined ? { kind: "path", path: readPath(reader) } : { kind: "value", value };
}

function readPrimitive(reader: Reader, parameters: Parameters): Condition {
  const { next } = reader;
  if (next.kind === "word" && reader.second.text === "(" && next.text.toUpperCase() !== "SIZE")
    return readFunction(reader, parameters);
  const operand = readOperand(reader, parameters);
  if (reader.takeWord("IS")) return readIs(reader, operand);
  if (reader.takeWord("BETWEEN")) {
    const low = readOperand(reader, parameters);
    reader.expectWord("AND");
    return { kind: "between", operand, low, high: readOperand(reader, parameters) };
  }
  const isNegated = reader.takeWord("NOT");
  if (reader.takeWord("IN")) {
    const within: Condition = { kind: "in", operand, list: readList(reader, parameters) };
    return isNegated ? { kind: "not", part: within } : within;
  }
  const operator = reader.next.kind === "sign" ? comparators[reader.next.text] : undefined;
  if (operator === undefined || isNegated) throw reader.unexpected();
  reader.take();
  return { kind: "compare", operator, left: operand, right: readOperand(reader, parameters) };
}

function readList(reader: Reader, parameters: Parameters): Operand[] {
  const close = reader.takeSign("(") ? ")" : "]";
  if (close === "]") reader.expectSign("[");
  const list: Operand[] = [];
  do list.push({ kind: "value", value: expectValue(reader, parameters) });
  while (reader.takeSign(","));
  reader.expectSign(close);
  return list;
}

function readIs(reader: Reader, operand: Operand): Condition {
  const isNegated = reader.takeWord("NOT");
  if (operand.kind !== "path") throw malformed("IS needs the path of an attribute");
  let found: Condition;
  if (reader.takeWord("MISSING")) found = { kind: "exists", path: operand.path, wanted: false };
  else if (reader.takeWord("NULL")) found = { kind: "type", operand, type: "NULL" };
  else throw reader.unexpected();
  return isNegated ? { kind: "not", part: found } : found;
}

function readFunction(reader: Reader, parameters: Parameters): Condition {
  const name = reader.take().text.toLowerCase();
  reader.expectSign("(");
  const operands = [readOperand(reader, parameters)];
  while (reader.takeSign(",")) operands.push(readOperand(reader, parameters));
  reader.expectSign(")");
  const [first, second] = operands as [Operand, Operand | undefined];
  if (name === "attribute_exists" || name === "attribute_not_exists") {
    if (first.kind !== "path" || second !== undefined) throw malformed(`${name} needs a path`);
    return { kind: "exists", path: first.path, wanted: name === "attribute_exists" };
  }
  if (second === undefined || operands.length !== 2) throw malformed(`${name} needs two operands`);
  switch (name) {
    case "begins_with":
      return { kind: "begins_with", operand: first, start: second };
    case "contains":
      return { kind: "contains", operand: first, part: second };
    case "attribute_type": {
      const type = second.kind === "value" ? second.value.S : undefined;
      if (type === undefined || !isType(type)) throw malformed("attribute_type needs the name of a type");
      return { kind: "type", operand: first, type };
    }
    default:
      throw malformed(`Unknown function: ${name}`);
  }
}
