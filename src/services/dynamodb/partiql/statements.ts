import type { Action, Condition, Path, SetValue } from "../expressions/nodes.ts";
import type { Item, Value } from "../values.ts";
import { readCondition, readPath } from "./conditions.ts";
import { malformed, Reader } from "./tokens.ts";
import { expectValue, Parameters, readValue } from "./values.ts";

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.statements.html */

export type Returning = "ALL_OLD" | "ALL_NEW" | "UPDATED_OLD" | "UPDATED_NEW";

export type Statement =
  | {
      kind: "select";
      table: string;
      index: string | undefined;
      /** Undefined for all. */
      paths: readonly Path[] | undefined;
      where: Condition | undefined;
      order: { name: string; descending: boolean } | undefined;
    }
  | { kind: "insert"; table: string; item: Item }
  | {
      kind: "update";
      table: string;
      actions: readonly Action[];
      where: Condition;
      returning: Returning | undefined;
    }
  | { kind: "delete"; table: string; where: Condition; returning: Returning | undefined }
  | { kind: "exists"; table: string; select: Extract<Statement, { kind: "select" }> };

export function parseStatement(text: string, given: readonly unknown[] = []): Statement {
  const reader = new Reader(text);
  const parameters = new Parameters(given);
  const statement = readStatement(reader, parameters);
  reader.takeSign(";");
  if (reader.next.kind !== "end") throw reader.unexpected();
  parameters.checkUsed();
  return statement;
}

function readStatement(reader: Reader, parameters: Parameters): Statement {
  if (reader.isWord("SELECT")) return readSelect(reader, parameters);
  if (reader.takeWord("INSERT")) return readInsert(reader, parameters);
  if (reader.takeWord("UPDATE")) return readUpdate(reader, parameters);
  if (reader.takeWord("DELETE")) return readDelete(reader, parameters);
  if (reader.takeWord("EXISTS")) {
    reader.expectSign("(");
    const select = readSelect(reader, parameters);
    reader.expectSign(")");
    return { kind: "exists", table: select.table, select };
  }
  throw reader.unexpected();
}

function readSelect(reader: Reader, parameters: Parameters): Extract<Statement, { kind: "select" }> {
  reader.expectWord("SELECT");
  let paths: Path[] | undefined;
  if (!reader.takeSign("*")) {
    paths = [readPath(reader)];
    while (reader.takeSign(",")) paths.push(readPath(reader));
  }
  reader.expectWord("FROM");
  const table = reader.name();
  const index = reader.takeSign(".") ? reader.name() : undefined;
  const where = reader.takeWord("WHERE") ? readCondition(reader, parameters) : undefined;
  let order: { name: string; descending: boolean } | undefined;
  if (reader.takeWord("ORDER", "BY")) {
    do {
      const name = reader.name();
      const descending = reader.takeWord("DESC");
      if (!descending) reader.takeWord("ASC");
      order = { name, descending };
    } while (reader.takeSign(","));
  }
  return { kind: "select", table, index, paths, where, order };
}

function readInsert(reader: Reader, parameters: Parameters): Statement {
  reader.expectWord("INTO");
  const table = reader.name();
  reader.expectWord("VALUE");
  const { M: item } = expectValue(reader, parameters);
  if (item === undefined) throw malformed("VALUE needs an item");
  return { kind: "insert", table, item };
}

function readReturning(reader: Reader): Returning | undefined {
  if (!reader.takeWord("RETURNING")) return undefined;
  const isAll = reader.takeWord("ALL");
  if (!isAll) reader.expectWord("MODIFIED");
  const isOld = reader.takeWord("OLD");
  if (!isOld) reader.expectWord("NEW");
  reader.expectSign("*");
  return `${isAll ? "ALL" : "UPDATED"}_${isOld ? "OLD" : "NEW"}`;
}

function readWhere(reader: Reader, parameters: Parameters): Condition {
  if (!reader.takeWord("WHERE"))
    throw malformed("Where clause does not contain a mandatory equality on all key attributes");
  return readCondition(reader, parameters);
}

function readDelete(reader: Reader, parameters: Parameters): Statement {
  reader.expectWord("FROM");
  const table = reader.name();
  const where = readWhere(reader, parameters);
  return { kind: "delete", table, where, returning: readReturning(reader) };
}

function readUpdate(reader: Reader, parameters: Parameters): Statement {
  const table = reader.name();
  const actions: Action[] = [];
  for (;;) {
    if (reader.takeWord("SET")) {
      do actions.push(readSet(reader, parameters));
      while (reader.takeSign(","));
    } else if (reader.takeWord("REMOVE")) {
      do actions.push({ kind: "REMOVE", path: readPath(reader) });
      while (reader.takeSign(","));
    } else break;
  }
  if (actions.length === 0) throw reader.unexpected();
  const where = readWhere(reader, parameters);
  return { kind: "update", table, actions, where, returning: readReturning(reader) };
}

function readSet(reader: Reader, parameters: Parameters): Action {
  const path = readPath(reader);
  reader.expectSign("=");
  for (const [name, kind] of [
    ["SET_ADD", "ADD"],
    ["SET_DELETE", "DELETE"],
  ] as const) {
    if (!reader.isWord(name)) continue;
    reader.take();
    reader.expectSign("(");
    readPath(reader);
    reader.expectSign(",");
    const value: Value = expectValue(reader, parameters);
    reader.expectSign(")");
    return { kind, path, value };
  }
  return { kind: "SET", path, value: readSum(reader, parameters) };
}

function readSum(reader: Reader, parameters: Parameters): SetValue {
  const left = readTerm(reader, parameters);
  const sign = reader.takeSign("+") ? 1 : reader.takeSign("-") ? -1 : undefined;
  if (sign === undefined) return left;
  return { kind: "sum", left, right: readTerm(reader, parameters), sign };
}

function readTerm(reader: Reader, parameters: Parameters): SetValue {
  const value = readValue(reader, parameters);
  if (value !== undefined) return { kind: "value", value };
  const isCall = reader.next.kind === "word" && reader.second.text === "(";
  if (!isCall) return { kind: "path", path: readPath(reader) };
  const name = reader.take().text.toLowerCase();
  reader.expectSign("(");
  const left = readSum(reader, parameters);
  reader.expectSign(",");
  const right = readSum(reader, parameters);
  reader.expectSign(")");
  if (name === "list_append") return { kind: "list_append", left, right };
  if (name === "if_not_exists" && left.kind === "path")
    return { kind: "if_not_exists", path: left.path, otherwise: right };
  throw malformed(`Unknown function: ${name}`);
}
