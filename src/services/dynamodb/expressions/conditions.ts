import { compareValues } from "../compare.ts";
import { isType, typeOf, type Value } from "../values.ts";
import type { Bindings } from "./bindings.ts";
import type { Comparator, Condition, ExpressionKind, Operand, Path } from "./nodes.ts";
import { shownPath } from "./nodes.ts";
import { Reader } from "./reader.ts";

/**
 * ConditionExpression, FilterExpression and KeyConditionExpression.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
 */
export function parseCondition(text: string, kind: ExpressionKind, bindings: Bindings): Condition {
  const parser = new ConditionParser(new Reader(text, kind, bindings));
  return parser.whole();
}

const comparators: ReadonlySet<string> = new Set<Comparator>(["=", "<>", "<", "<=", ">", ">="]);
const functions = new Set([
  "attribute_exists",
  "attribute_not_exists",
  "attribute_type",
  "begins_with",
  "contains",
]);
/** Functions of update expressions: known, but not here. */
const elsewhere = new Set(["if_not_exists", "list_append"]);
/** Operators and functions of one expression. */
const maxOperators = 300;
const maxInOperands = 100;
/** Parentheses inside parentheses. */
const maxParentheses = 300;

class ConditionParser {
  readonly #reader: Reader;
  #operators = 0;
  #depth = 0;
  /** Conditions that stand in parentheses by themselves. */
  readonly #pairs = new Set<Condition>();

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  whole(): Condition {
    const condition = this.#or();
    this.#reader.expectEnd();
    return condition;
  }

  #count(): void {
    this.#operators += 1;
    if (this.#operators > maxOperators) {
      throw this.#reader.invalid(
        `The expression contains too many operators; operator count: ${this.#operators}`,
      );
    }
  }

  #or(): Condition {
    const parts = [this.#and()];
    while (this.#reader.takeWord("OR")) {
      this.#count();
      parts.push(this.#and());
    }
    return parts.length === 1 ? (parts[0] as Condition) : { kind: "or", parts };
  }

  #and(): Condition {
    const parts = [this.#not()];
    while (this.#reader.takeWord("AND")) {
      this.#count();
      parts.push(this.#not());
    }
    return parts.length === 1 ? (parts[0] as Condition) : { kind: "and", parts };
  }

  #not(): Condition {
    if (this.#reader.takeWord("NOT")) {
      this.#count();
      return { kind: "not", part: this.#not() };
    }
    if (this.#reader.takeSign("(")) {
      this.#depth += 1;
      if (this.#depth > maxParentheses) {
        throw this.#reader.invalid("The expression is nested too deeply in parentheses");
      }
      const inner = this.#or();
      this.#reader.expectSign(")");
      this.#depth -= 1;
      if (this.#pairs.has(inner)) {
        throw this.#reader.invalid("The expression has redundant parentheses;");
      }
      this.#pairs.add(inner);
      return inner;
    }
    return this.#primitive();
  }

  #primitive(): Condition {
    const reader = this.#reader;
    const { next, second } = reader;
    if (next.kind === "word" && second?.kind === "sign" && second.text === "(" && next.text !== "size") {
      return this.#function();
    }
    const operand = this.#operand();
    this.#count();
    if (reader.takeWord("BETWEEN")) return this.#between(operand);
    if (reader.takeWord("IN")) return this.#in(operand);
    if (reader.next.kind !== "sign" || !comparators.has(reader.next.text)) {
      if (operand.kind === "size" && (reader.next.kind === "end" || reader.isSign(")"))) {
        throw reader.invalid(
          "The function is not allowed to be used this way in an expression; function: size",
        );
      }
      throw reader.wrong();
    }
    const operator = reader.take().text as Comparator;
    const right = this.#operand();
    this.#checkDistinct(operator, operand, [right]);
    if (operator !== "=" && operator !== "<>") this.#checkOrdered(operator, operand, right);
    return { kind: "compare", operator, left: operand, right };
  }

  #between(operand: Operand): Condition {
    const low = this.#operand();
    if (!this.#reader.takeWord("AND")) throw this.#reader.wrong();
    const high = this.#operand();
    this.#checkOrdered("BETWEEN", low, high);
    if (low.kind === "value" && high.kind === "value") this.#checkBounds(low.value, high.value);
    this.#checkDistinct("BETWEEN", operand, [low, high]);
    return { kind: "between", operand, low, high };
  }

  #checkBounds(low: Value, high: Value): void {
    const order = compareValues(low, high);
    const [lower, upper] = [shownValue(low), shownValue(high)];
    if (order === undefined) {
      throw this.#reader.invalid(
        `The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: ${lower}, upper bound operand: AttributeValue: ${upper}`,
      );
    }
    if (order > 0) {
      throw this.#reader.invalid(
        `The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: ${lower}, upper bound operand: AttributeValue: ${upper}`,
      );
    }
  }

  #in(operand: Operand): Condition {
    const reader = this.#reader;
    reader.expectSign("(");
    const list = [this.#operand()];
    while (reader.takeSign(",")) list.push(this.#operand());
    reader.expectSign(")");
    if (list.length > maxInOperands) throw this.#operandCount("IN", list.length + 1);
    this.#checkDistinct("IN", operand, list);
    return { kind: "in", operand, list };
  }

  #operandCount(name: string, count: number): Error {
    return this.#reader.invalid(
      `Incorrect number of operands for operator or function; operator or function: ${name}, number of operands: ${count}`,
    );
  }

  /** A comparison of a path with itself says nothing. */
  #checkDistinct(operator: string, first: Operand, others: readonly Operand[]): void {
    if (first.kind !== "path") return;
    const shown = shownPath(first.path);
    if (others.some((one) => one.kind === "path" && shownPath(one.path) === shown)) {
      throw this.#reader.invalid(
        `The first operand must be distinct from the remaining operands for this operator or function; operator: ${operator}, first operand: ${shown}`,
      );
    }
  }

  #checkOrdered(operator: string, ...operands: Operand[]): void {
    for (const operand of operands) {
      if (operand.kind !== "value") continue;
      const type = typeOf(operand.value);
      if (type === "S" || type === "N" || type === "B") continue;
      throw this.#operandType(operator, type);
    }
  }

  #operandType(operator: string, type: string): Error {
    return this.#reader.invalid(
      `Incorrect operand type for operator or function; operator or function: ${operator}, operand type: ${type}`,
    );
  }

  #operand(): Operand {
    const reader = this.#reader;
    const { next, second } = reader;
    if (next.kind === "value")
      return { kind: "value", value: reader.bindings.value(reader.take().text, reader.kind) };
    if (next.kind === "word" && second?.kind === "sign" && second.text === "(") {
      if (next.text !== "size") throw this.#misplaced(next.text);
      this.#count();
      const [path] = this.#arguments();
      return { kind: "size", of: this.#sized(path as Operand) };
    }
    return { kind: "path", path: reader.path() };
  }

  #misplaced(name: string): Error {
    const known = functions.has(name) || elsewhere.has(name);
    return this.#reader.invalid(
      known
        ? `The function is not allowed to be used this way in an expression; function: ${name}`
        : `Invalid function name; function: ${name}`,
    );
  }

  /** A function's name and its operands. */
  #arguments(): Operand[] {
    const reader = this.#reader;
    const name = reader.take().text;
    reader.expectSign("(");
    const list = [this.#operand()];
    while (reader.takeSign(",")) list.push(this.#operand());
    reader.expectSign(")");
    const wanted = name === "size" || name.endsWith("exists") ? 1 : 2;
    if (list.length !== wanted) throw this.#operandCount(name, list.length);
    return list;
  }

  #sized(operand: Operand): Operand {
    if (operand.kind === "size") throw this.#misplaced("size");
    if (operand.kind === "value") {
      const type = typeOf(operand.value);
      if (type === "N" || type === "BOOL" || type === "NULL") throw this.#operandType("size", type);
    }
    return operand;
  }

  #asPath(name: string, operand: Operand | undefined): Path {
    if (operand?.kind === "path") return operand.path;
    throw this.#reader.invalid(
      `Operator or function requires a document path; operator or function: ${name}`,
    );
  }

  #function(): Condition {
    const reader = this.#reader;
    const name = reader.next.text;
    if (!functions.has(name)) throw this.#misplaced(name);
    this.#count();
    const [first, second] = this.#arguments() as [Operand, Operand];
    switch (name) {
      case "attribute_exists":
      case "attribute_not_exists":
        return { kind: "exists", path: this.#asPath(name, first), wanted: name === "attribute_exists" };
      case "attribute_type":
        return { kind: "type", operand: first, type: this.#typeName(second) };
      case "begins_with": {
        for (const one of [first, second]) {
          const type = one.kind === "value" ? typeOf(one.value) : "S";
          if (type !== "S" && type !== "B") throw this.#operandType(name, type);
        }
        this.#checkDistinct(name, first, [second]);
        return { kind: "begins_with", operand: first, start: second };
      }
      default:
        this.#checkDistinct(name, first, [second]);
        return { kind: "contains", operand: first, part: second };
    }
  }

  #typeName(operand: Operand): string {
    if (operand.kind !== "value" || operand.value.S === undefined) {
      throw this.#operandType(
        "attribute_type",
        operand.kind === "value" ? typeOf(operand.value) : "DOCUMENT_PATH",
      );
    }
    const type = operand.value.S;
    if (!isType(type)) {
      throw this.#reader.invalid(
        `Invalid attribute type name found; type: ${type}, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}`,
      );
    }
    return type;
  }
}

/** "{S:text}" */
function shownValue(value: Value): string {
  const type = typeOf(value);
  return `{${type}:${String(value[type])}}`;
}
