import type { Item, Value } from "../values.ts";

/** Reads a line of Amazon Ion text, as far as DynamoDB's types go: not timestamps, clobs, symbols and s-expressions. */

/** What the line has is no Ion, or none of DynamoDB's. */
export class BadIon extends Error {}

const maxDepth = 64;
const escapes: Readonly<Record<string, string>> = {
  "0": "\0",
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\n": "",
};
const hexDigits: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

const blank = /\s*/y;
const symbol = /[A-Za-z_$][\w$]*/y;
const number = /-?\d[\d_]*(?:\.[\d_]*)?(?:[dDeE][+-]?\d+)?/y;
const blob = /\{\{\s*([A-Za-z0-9+/=\s]*)\}\}/y;

class IonReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The version marker, which each line begins with, and one value. */
  document(): Value {
    if (this.#text.startsWith("$ion_1_0")) this.#at = "$ion_1_0".length;
    const value = this.#value(0);
    this.#match(blank);
    if (this.#at < this.#text.length) throw this.#bad();
    return value;
  }

  #bad(): BadIon {
    return new BadIon(`The line cannot be parsed as Amazon Ion, at character ${this.#at + 1}`);
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) return undefined;
    this.#at = pattern.lastIndex;
    return found;
  }

  #takes(text: string): boolean {
    this.#match(blank);
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #value(depth: number): Value {
    if (depth > maxDepth) throw this.#bad();
    this.#match(blank);
    const next = this.#text[this.#at] ?? "";
    if (next === '"') return { S: this.#quoted('"') };
    if (next === "[") return { L: this.#list(depth) };
    if (next === "{") {
      const bytes = this.#match(blob)?.[1];
      return bytes === undefined ? { M: this.#struct(depth) } : { B: bytes.replace(/\s/g, "") };
    }
    if (/[-\d]/.test(next)) return { N: this.#number() };
    return this.#named(depth);
  }

  /** A keyword, or what an annotation stands before. */
  #named(depth: number): Value {
    const name = this.#match(symbol)?.[0];
    if (name === undefined) throw this.#bad();
    if (this.#takes("::")) return annotated(name, this.#value(depth + 1)) ?? this.#fail();
    if (name === "true" || name === "false") return { BOOL: name === "true" };
    if (name === "null") return { NULL: true };
    throw this.#bad();
  }

  #fail(): never {
    throw this.#bad();
  }

  #number(): string {
    const found = this.#match(number)?.[0];
    if (found === undefined) throw this.#bad();
    return found
      .replaceAll("_", "")
      .replace(/d/i, "e")
      .replace(/\.(?!\d)/, "");
  }

  #list(depth: number): Value[] {
    const values: Value[] = [];
    this.#takes("[");
    while (!this.#takes("]")) {
      values.push(this.#value(depth + 1));
      if (!this.#takes(",") && this.#peek() !== "]") throw this.#bad();
    }
    return values;
  }

  #peek(): string | undefined {
    this.#match(blank);
    return this.#text[this.#at];
  }

  #struct(depth: number): Item {
    const members: [string, Value][] = [];
    this.#takes("{");
    while (!this.#takes("}")) {
      const name = this.#name();
      if (!this.#takes(":")) throw this.#bad();
      members.push([name, this.#value(depth + 1)]);
      if (!this.#takes(",") && this.#peek() !== "}") throw this.#bad();
    }
    return Object.fromEntries(members);
  }

  #name(): string {
    const next = this.#peek();
    if (next === '"' || next === "'") return this.#quoted(next);
    return this.#match(symbol)?.[0] ?? this.#fail();
  }

  #quoted(quote: string): string {
    let text = "";
    for (this.#at += 1; ; this.#at += 1) {
      const letter = this.#text[this.#at];
      if (letter === undefined) throw this.#bad();
      if (letter === quote) break;
      text += letter === "\\" ? this.#escaped() : letter;
    }
    this.#at += 1;
    return text;
  }

  #escaped(): string {
    this.#at += 1;
    const letter = this.#text[this.#at] ?? "";
    const digits = hexDigits[letter];
    if (digits === undefined) return escapes[letter] ?? letter;
    const code = Number.parseInt(this.#text.slice(this.#at + 1, this.#at + 1 + digits), 16);
    if (!(code <= 0x10ffff)) throw this.#bad();
    this.#at += digits;
    return digits === 4 ? String.fromCharCode(code) : String.fromCodePoint(code);
  }
}

/** Sets are lists with an annotation; other annotations say nothing to DynamoDB. */
function annotated(name: string, value: Value): Value | undefined {
  const type = /^\$dynamodb_(SS|NS|BS)$/.exec(name)?.[1] as "SS" | "NS" | "BS" | undefined;
  if (type === undefined) return value;
  const kind = type[0] as "S" | "N" | "B";
  const texts = value.L?.map((one) => one[kind]);
  return texts?.every((text) => text !== undefined) ? { [type]: texts } : undefined;
}

/** The item in a line: `$ion_1_0 {Item:{…}}`. */
export function itemOfIon(text: string): Item | undefined {
  return new IonReader(text).document().M?.Item?.M;
}
