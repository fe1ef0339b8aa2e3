import { validation } from "../words.ts";
import type { Bindings } from "./bindings.ts";
import type { ExpressionKind, Path } from "./nodes.ts";
import { isReserved } from "./reserved.ts";
import { syntaxError, type Token, tokensOf } from "./tokens.ts";

/** Steps of a path. */
const maxPathDepth = 32;

/** Goes through the tokens of an expression; what all kinds of expressions share. */
export class Reader {
  readonly kind: ExpressionKind;
  readonly bindings: Bindings;
  readonly #text: string;
  readonly #tokens: Token[];
  #at = 0;

  constructor(text: string, kind: ExpressionKind, bindings: Bindings) {
    this.#text = text;
    this.kind = kind;
    this.bindings = bindings;
    this.#tokens = tokensOf(text, kind);
  }

  get next(): Token {
    return this.#tokens[this.#at] as Token;
  }

  /** The token behind the next. */
  get second(): Token | undefined {
    return this.#tokens[this.#at + 1];
  }

  take(): Token {
    const token = this.next;
    if (token.kind !== "end") this.#at += 1;
    return token;
  }

  isSign(text: string): boolean {
    return this.next.kind === "sign" && this.next.text === text;
  }

  isWord(text: string): boolean {
    return this.next.kind === "word" && this.next.text.toUpperCase() === text;
  }

  takeSign(text: string): boolean {
    if (!this.isSign(text)) return false;
    this.#at += 1;
    return true;
  }

  takeWord(text: string): boolean {
    if (!this.isWord(text)) return false;
    this.#at += 1;
    return true;
  }

  expectSign(text: string): void {
    if (!this.takeSign(text)) throw this.wrong();
  }

  expectEnd(): void {
    if (this.next.kind !== "end") throw this.wrong();
  }

  /** A syntax error at the next token, or at one that was taken. */
  wrong(token: Token = this.next): Error {
    return syntaxError(this.#text, this.kind, token, this.#tokens);
  }

  invalid(message: string): Error {
    return validation(`Invalid ${this.kind}: ${message}`);
  }

  path(): Path {
    const steps: (string | number)[] = [this.#name()];
    for (;;) {
      if (this.takeSign(".")) steps.push(this.#name());
      else if (this.takeSign("[")) {
        if (this.next.kind !== "number") throw this.wrong();
        const index = Number(this.take().text);
        if (index > 2 ** 31 - 1)
          throw this.invalid(`List index is not within the allowable range; index: [${index}]`);
        steps.push(index);
        this.expectSign("]");
      } else break;
      if (steps.length > maxPathDepth)
        throw this.invalid(
          `The document path has too many nesting elements; nesting levels: ${steps.length}`,
        );
    }
    return steps;
  }

  #name(): string {
    const token = this.next;
    if (token.kind === "name") {
      this.#at += 1;
      return this.bindings.name(token.text, this.kind);
    }
    if (token.kind !== "word") throw this.wrong();
    if (isReserved(token.text)) {
      throw this.invalid(`Attribute name is a reserved keyword; reserved keyword: ${token.text}`);
    }
    this.#at += 1;
    return token.text;
  }
}
