import { MalformedPolicy, type Position } from "./malformed.ts";

/**
 * JSON with positions. `JSON.parse` keeps neither the place of a statement (which the policy simulator
 * reports) nor a second member of the same name (which could hide a statement from a reader), and it has no
 * bound on depth.
 */

/** Characters of one document. IAM's own limit for a document parameter is 131,072. */
export const maxDocumentChars = 262_144;
/** Nesting of one document. The grammar needs 5 levels. */
export const maxDocumentDepth = 16;

interface Span {
  /** Offset of the first character. */
  start: number;
  /** Offset behind the last character. */
  end: number;
}

export type JsonNode = Span &
  (
    | { type: "object"; members: Map<string, JsonNode> }
    | { type: "array"; items: JsonNode[] }
    | { type: "string"; value: string }
    | { type: "number"; value: number; text: string }
    | { type: "boolean"; value: boolean }
    | { type: "null" }
  );

/** Finds lines and columns of offsets; the lines are counted once. */
export class Lines {
  readonly #starts: number[] = [0];

  constructor(text: string) {
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) this.#starts.push(at + 1);
  }

  positionOf(offset: number): Position {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.#starts[low] as number) + 1 };
  }
}

/** Throws MalformedPolicy with problem "json" or "too-large"; its message is the parser's, for the caller to replace. */
export function parseJson(text: string): JsonNode {
  if (text.length > maxDocumentChars) {
    throw new MalformedPolicy(`The policy is longer than ${maxDocumentChars} characters.`, "too-large");
  }
  const reader = new JsonReader(text);
  const node = reader.value(0);
  reader.end();
  return node;
}

const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const escapes: Record<string, string> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

/** False for quotes, backslashes, control characters, and behind the end (where the code is NaN). */
function isPlain(code: number): boolean {
  return code >= 0x20 && code !== 0x22 && code !== 0x5c;
}

class JsonReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): JsonNode {
    if (depth > maxDocumentDepth) this.#fail();
    this.#skipSpace();
    const start = this.#at;
    const node = this.#bare(depth);
    return Object.assign(node, { start, end: this.#at }) as JsonNode;
  }

  end(): void {
    this.#skipSpace();
    if (this.#at < this.#text.length) this.#fail();
  }

  #bare(depth: number): object {
    switch (this.#text[this.#at]) {
      case "{":
        return this.#object(depth);
      case "[":
        return this.#array(depth);
      case '"':
        return { type: "string", value: this.#string() };
      case "t":
        return this.#word("true", { type: "boolean", value: true });
      case "f":
        return this.#word("false", { type: "boolean", value: false });
      case "n":
        return this.#word("null", { type: "null" });
      default:
        return this.#number();
    }
  }

  #object(depth: number): object {
    const members = new Map<string, JsonNode>();
    this.#at += 1;
    if (!this.#take("}")) {
      do {
        this.#skipSpace();
        const nameAt = this.#at;
        if (this.#text[this.#at] !== '"') this.#fail();
        const name = this.#string();
        if (members.has(name)) this.#fail(nameAt);
        if (!this.#take(":")) this.#fail();
        members.set(name, this.value(depth + 1));
      } while (this.#take(","));
      if (!this.#take("}")) this.#fail();
    }
    return { type: "object", members };
  }

  #array(depth: number): object {
    const items: JsonNode[] = [];
    this.#at += 1;
    if (!this.#take("]")) {
      do items.push(this.value(depth + 1));
      while (this.#take(","));
      if (!this.#take("]")) this.#fail();
    }
    return { type: "array", items };
  }

  #string(): string {
    const text = this.#text;
    let value = "";
    this.#at += 1;
    for (;;) {
      const from = this.#at;
      while (isPlain(text.charCodeAt(this.#at))) this.#at += 1;
      value += text.slice(from, this.#at);
      const char = text[this.#at];
      if (char === '"') {
        this.#at += 1;
        return value;
      }
      if (char !== "\\") this.#fail();
      value += this.#escape();
    }
  }

  #escape(): string {
    const letter = this.#text[this.#at + 1] ?? "";
    if (letter === "u") {
      const digits = this.#text.slice(this.#at + 2, this.#at + 6);
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) this.#fail();
      this.#at += 6;
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    const char = Object.hasOwn(escapes, letter) ? escapes[letter] : undefined;
    if (char === undefined) return this.#fail();
    this.#at += 2;
    return char;
  }

  #number(): object {
    numberPattern.lastIndex = this.#at;
    const text = numberPattern.exec(this.#text)?.[0];
    if (text === undefined) return this.#fail();
    this.#at += text.length;
    return { type: "number", value: Number(text), text };
  }

  #word(word: string, node: object): object {
    if (!this.#text.startsWith(word, this.#at)) this.#fail();
    this.#at += word.length;
    return node;
  }

  #take(char: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] !== char) return false;
    this.#at += 1;
    return true;
  }

  #skipSpace(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at += 1;
    }
  }

  #fail(at = this.#at): never {
    const position = new Lines(this.#text).positionOf(at);
    throw new MalformedPolicy(`Syntax error at position (${position.line},${position.column})`, "json", {
      position,
    });
  }
}
