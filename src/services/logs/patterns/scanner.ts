import { badCharacters, PatternError } from "./errors.ts";

/** Reads a pattern from left to right. */
export class Scanner {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  get done(): boolean {
    return this.at >= this.text.length;
  }

  get char(): string {
    return this.text[this.at] ?? "";
  }

  skipBlanks(): void {
    while (/\s/.test(this.char)) this.at += 1;
  }

  /** Whether `word` comes next; if so, passes it. */
  take(word: string): boolean {
    if (!this.text.startsWith(word, this.at)) return false;
    this.at += word.length;
    return true;
  }

  /** What a sticky expression matches here; passes it. */
  match(expression: RegExp): string | undefined {
    expression.lastIndex = this.at;
    const found = expression.exec(this.text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  expect(word: string): void {
    if (!this.take(word)) throw this.problem();
  }

  /** A text in double quotes, in which a backslash stands before quotes and backslashes. */
  quoted(): string {
    const start = this.at;
    this.at += 1;
    let text = "";
    while (this.char !== '"') {
      if (this.done) throw badCharacters(this.text.slice(start, start + 1));
      if (this.char === "\\" && /["\\]/.test(this.text[this.at + 1] ?? "")) this.at += 1;
      text += this.char;
      this.at += 1;
    }
    this.at += 1;
    return text;
  }

  /** What stands between percent signs. */
  regex(): string {
    const end = this.text.indexOf("%", this.at + 1);
    if (end < 0) throw badCharacters("%");
    const source = this.text.slice(this.at + 1, end);
    this.at = end + 1;
    return source;
  }

  problem(): PatternError {
    const rest = /^[^\p{L}\p{N}_\s]+/u.exec(this.text.slice(this.at))?.[0];
    return rest === undefined ? new PatternError("Invalid filter pattern") : badCharacters(rest);
  }
}
