import { checkedValue, type Item, type Value } from "../values.ts";
import { validation } from "../words.ts";
import type { Reader } from "./tokens.ts";

/** Literals and parameters of statements. */
export class Parameters {
  readonly #given: readonly unknown[];
  #used = 0;

  constructor(given: readonly unknown[]) {
    this.#given = given;
  }

  next(): Value {
    if (this.#used >= this.#given.length)
      throw validation("Number of parameters in request and statement don't match.");
    return checkedValue(this.#given[this.#used++]);
  }

  checkUsed(): void {
    if (this.#used !== this.#given.length)
      throw validation("Number of parameters in request and statement don't match.");
  }
}

/** A value, or undefined if what comes next is none. */
export function readValue(reader: Reader, parameters: Parameters): Value | undefined {
  const { next } = reader;
  if (next.kind === "parameter") {
    reader.take();
    return parameters.next();
  }
  if (next.kind === "text") return { S: reader.take().text };
  if (next.kind === "number") return checkedValue({ N: reader.take().text });
  if (next.kind === "sign" && (next.text === "-" || next.text === "+") && reader.second.kind === "number") {
    return checkedValue({ N: reader.take().text + reader.take().text });
  }
  if (next.kind === "word" && reader.second.text !== "(") {
    if (reader.takeWord("TRUE")) return { BOOL: true };
    if (reader.takeWord("FALSE")) return { BOOL: false };
    if (reader.takeWord("NULL")) return { NULL: true };
  }
  if (reader.isSign("{")) return { M: readMap(reader, parameters) };
  if (reader.isSign("[")) return { L: readItems(reader, parameters, "[", "]") };
  if (reader.isSign("<<")) return setOf(readItems(reader, parameters, "<<", ">>"));
  return undefined;
}

export function expectValue(reader: Reader, parameters: Parameters): Value {
  const value = readValue(reader, parameters);
  if (value === undefined) throw reader.unexpected();
  return value;
}

function readItems(reader: Reader, parameters: Parameters, open: string, close: string): Value[] {
  reader.expectSign(open);
  const list: Value[] = [];
  if (reader.takeSign(close)) return list;
  do list.push(expectValue(reader, parameters));
  while (reader.takeSign(","));
  reader.expectSign(close);
  return list;
}

function setOf(members: Value[]): Value {
  if (members.length > 0 && members.every(({ S }) => S !== undefined))
    return checkedValue({ SS: members.map(({ S }) => S) });
  if (members.length > 0 && members.every(({ N }) => N !== undefined))
    return checkedValue({ NS: members.map(({ N }) => N) });
  if (members.length > 0 && members.every(({ B }) => B !== undefined))
    return checkedValue({ BS: members.map(({ B }) => B) });
  throw validation("Sets must have members, all of them texts, numbers or bytes");
}

function readMap(reader: Reader, parameters: Parameters): Item {
  reader.expectSign("{");
  const item: Item = {};
  if (reader.takeSign("}")) return item;
  do {
    const token = reader.take();
    if (token.kind !== "text" && token.kind !== "quoted") throw reader.unexpected();
    reader.expectSign(":");
    const value = expectValue(reader, parameters);
    Object.defineProperty(item, token.text, { value, enumerable: true, configurable: true, writable: true });
  } while (reader.takeSign(","));
  reader.expectSign("}");
  return item;
}
