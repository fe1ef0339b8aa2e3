import { validation } from "../words.ts";

export interface Token {
  kind: "word" | "quoted" | "text" | "number" | "sign" | "parameter" | "end";
  text: string;
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ExecuteStatement.html */
const maxStatementCharacters = 8192;

const pattern =
  /\s+|"((?:[^"]|"")*)"|'((?:[^']|'')*)'|([A-Za-z_$][A-Za-z0-9_$]*)|(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)|(\?)|(<<|>>|<>|!=|<=|>=|\|\||[=<>+\-,.()[\]{}:*;])/y;

export function malformed(message: string): Error {
  return validation(`Statement wasn't well formed, can't be processed: ${message}`);
}

export function tokensOf(statement: string): Token[] {
  if (statement.length > maxStatementCharacters) throw malformed("it is too long");
  const tokens: Token[] = [];
  let at = 0;
  while (at < statement.length) {
    pattern.lastIndex = at;
    const match = pattern.exec(statement);
    if (match === null) throw malformed(`Unexpected character at position ${at + 1}`);
    const [whole, quoted, text, word, number, parameter, sign] = match;
    if (quoted !== undefined) tokens.push({ kind: "quoted", text: quoted.replaceAll('""', '"') });
    else if (text !== undefined) tokens.push({ kind: "text", text: text.replaceAll("''", "'") });
    else if (word !== undefined) tokens.push({ kind: "word", text: word });
    else if (number !== undefined) tokens.push({ kind: "number", text: number });
    else if (parameter !== undefined) tokens.push({ kind: "parameter", text: parameter });
    else if (sign !== undefined) tokens.push({ kind: "sign", text: sign });
    at += whole.length;
  }
  tokens.push({ kind: "end", text: "" });
  return tokens;
}

/** Goes through the tokens of a statement. */
export class Reader {
  readonly #tokens: Token[];
  #at = 0;

  constructor(statement: string) {
    this.#tokens = tokensOf(statement);
  }

  get next(): Token {
    return this.#tokens[this.#at] as Token;
  }

  get second(): Token {
    return this.#tokens[this.#at + 1] ?? { kind: "end", text: "" };
  }

  take(): Token {
    const token = this.next;
    if (token.kind !== "end") this.#at += 1;
    return token;
  }

  isWord(word: string): boolean {
    return this.next.kind === "word" && this.next.text.toUpperCase() === word;
  }

  isSign(sign: string): boolean {
    return this.next.kind === "sign" && this.next.text === sign;
  }

  takeWord(...words: string[]): boolean {
    const start = this.#at;
    for (const word of words) {
      if (!this.isWord(word)) {
        this.#at = start;
        return false;
      }
      this.#at += 1;
    }
    return true;
  }

  takeSign(sign: string): boolean {
    if (!this.isSign(sign)) return false;
    this.#at += 1;
    return true;
  }

  expectWord(word: string): void {
    if (!this.takeWord(word)) throw this.unexpected();
  }

  expectSign(sign: string): void {
    if (!this.takeSign(sign)) throw this.unexpected();
  }

  name(): string {
    const token = this.next;
    if (token.kind !== "word" && token.kind !== "quoted") throw this.unexpected();
    this.#at += 1;
    return token.text;
  }

  unexpected(): Error {
    return malformed(
      this.next.kind === "end" ? "Unexpected end of statement" : `Unexpected token: ${this.next.text}`,
    );
  }
}
