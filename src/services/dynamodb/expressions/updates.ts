import { type Type, typeOf } from "../values.ts";
import type { Bindings } from "./bindings.ts";
import type { Action, Path, SetValue } from "./nodes.ts";
import { treeOf } from "./paths.ts";
import { Reader } from "./reader.ts";

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html */
export function parseUpdate(text: string, bindings: Bindings): Action[] {
  return new UpdateParser(new Reader(text, "UpdateExpression", bindings)).whole();
}

const sections = ["SET", "REMOVE", "ADD", "DELETE"] as const;
type Section = (typeof sections)[number];

const typeNames: Record<Type, string> = {
  S: "STRING",
  N: "NUMBER",
  B: "BINARY",
  SS: "STRING_SET",
  NS: "NUMBER_SET",
  BS: "BINARY_SET",
  M: "MAP",
  L: "LIST",
  NULL: "NULL",
  BOOL: "BOOLEAN",
};

class UpdateParser {
  readonly #reader: Reader;

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  whole(): Action[] {
    const reader = this.#reader;
    const actions: Action[] = [];
    const seen = new Set<Section>();
    while (reader.next.kind !== "end") {
      const section = sections.find((name) => reader.takeWord(name));
      if (section === undefined) throw reader.wrong();
      if (seen.has(section))
        throw reader.invalid(`The "${section}" section can only be used once in an update expression;`);
      seen.add(section);
      do actions.push(this.#action(section));
      while (reader.takeSign(","));
    }
    treeOf(
      actions.map(({ path }) => path),
      "UpdateExpression",
    );
    return actions;
  }

  #action(kind: Section): Action {
    const reader = this.#reader;
    const path = reader.path();
    if (kind === "REMOVE") return { kind, path };
    if (kind === "SET") {
      reader.expectSign("=");
      return { kind, path, value: this.#sum() };
    }
    const { next } = reader;
    if (next.kind !== "value") throw reader.wrong();
    const value = reader.bindings.value(reader.take().text, "UpdateExpression");
    const type = typeOf(value);
    const isSet = type === "SS" || type === "NS" || type === "BS";
    if (!isSet && !(kind === "ADD" && type === "N")) {
      throw reader.invalid(
        `Incorrect operand type for operator or function; operator: ${kind}, operand type: ${typeNames[type]}, typeSet: ALLOWED_FOR_${kind}_OPERAND`,
      );
    }
    return { kind, path, value };
  }

  #sum(): SetValue {
    const reader = this.#reader;
    const left = this.#operand();
    const sign = reader.takeSign("+") ? 1 : reader.takeSign("-") ? -1 : undefined;
    if (sign === undefined) return left;
    const right = this.#operand();
    for (const side of [left, right]) this.#checkType(side, sign === 1 ? "+" : "-", "N");
    return { kind: "sum", left, right, sign };
  }

  /** Of a value that stands in the request itself, the type is known. */
  #checkType(side: SetValue, name: string, wanted: Type): void {
    if (side.kind === "list_append" && wanted !== "L") throw this.#operandType(name, "L");
    if (side.kind !== "value") return;
    const type = typeOf(side.value);
    if (type !== wanted) throw this.#operandType(name, type);
  }

  #operandType(name: string, type: Type): Error {
    return this.#reader.invalid(
      `Incorrect operand type for operator or function; operator or function: ${name}, operand type: ${type}`,
    );
  }

  #operand(): SetValue {
    const reader = this.#reader;
    const { next, second } = reader;
    if (next.kind === "value") {
      return { kind: "value", value: reader.bindings.value(reader.take().text, "UpdateExpression") };
    }
    if (next.kind === "word" && second?.kind === "sign" && second.text === "(") return this.#function();
    return { kind: "path", path: reader.path() };
  }

  #function(): SetValue {
    const reader = this.#reader;
    const name = reader.take().text;
    if (name !== "if_not_exists" && name !== "list_append") {
      const known = [
        "attribute_exists",
        "attribute_not_exists",
        "attribute_type",
        "begins_with",
        "contains",
        "size",
      ];
      throw reader.invalid(
        known.includes(name)
          ? `The function is not allowed in an update expression; function: ${name}`
          : `Invalid function name; function: ${name}`,
      );
    }
    reader.expectSign("(");
    const operands = [this.#operand()];
    while (reader.takeSign(",")) operands.push(this.#operand());
    reader.expectSign(")");
    const [left, right] = operands;
    if (left === undefined || right === undefined || operands.length !== 2) {
      throw reader.invalid(
        `Incorrect number of operands for operator or function; operator or function: ${name}, number of operands: ${operands.length}`,
      );
    }
    if (name === "if_not_exists") return { kind: name, path: this.#asPath(left), otherwise: right };
    for (const side of operands) this.#checkType(side, name, "L");
    return { kind: name, left, right };
  }

  #asPath(operand: SetValue): Path {
    if (operand.kind === "path") return operand.path;
    throw this.#reader.invalid(
      "Operator or function requires a document path; operator or function: if_not_exists",
    );
  }
}
