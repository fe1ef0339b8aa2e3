import { QueryError } from "./syntax.ts";

export type TokenKind = "name" | "number" | "period" | "string" | "regex" | "operator" | "end";

export interface Token {
  kind: TokenKind;
  text: string;
  /** Of a name: written in backticks, so no keyword and taken as it is. */
  quoted?: boolean;
  start: number;
  end: number;
}

const blanks = /(?:\s|#[^\n]*)+/y;
const number = /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const unit = /[A-Za-z]+/y;
const name = /[@$\p{L}_][\p{L}\p{N}_@$:]*/uy;
const operator = /=~|!=|>=|<=|==|[=<>+\-*/%^(),.[\]|]/y;

/** Whether a "/" behind these tokens divides; else it begins a regular expression. */
function divides(tokens: readonly Token[]): boolean {
  const last = tokens.at(-1);
  if (last === undefined || isParsed(tokens)) return false;
  if (last.kind === "name") return last.quoted === true || !wordsBefore.test(last.text);
  return last.kind === "number" || last.kind === "string" || last.text === ")" || last.text === "]";
}

const wordsBefore = /^(?:like|parse|and|or|not|filter|by|in)$/i;

/** Within "parse field", where the pattern comes next. */
function isParsed(tokens: readonly Token[]): boolean {
  const command = tokens.slice(
    tokens.findLastIndex(({ kind, text }) => kind === "operator" && text === "|") + 1,
  );
  const [first] = command;
  return (
    first?.text.toLowerCase() === "parse" &&
    !command.some(({ kind }) => kind === "string" || kind === "regex")
  );
}

/** A query's tokens. */
export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (expression: RegExp) => {
    expression.lastIndex = at;
    return expression.exec(text)?.[0];
  };
  const add = (kind: TokenKind, value: string, length: number, quoted?: boolean) => {
    tokens.push({ kind, text: value, start: at, end: at + length, ...(quoted && { quoted }) });
    at += length;
  };
  for (;;) {
    at += match(blanks)?.length ?? 0;
    const char = text[at];
    if (char === undefined) break;
    if (char === '"' || char === "'") quoted(char, "string");
    else if (char === "`") quoted(char, "name");
    else if (char === "/" && !divides(tokens) && regexEnd(text, at) !== undefined) {
      const end = regexEnd(text, at) as number;
      add("regex", text.slice(at + 1, end).replaceAll("\\/", "/"), end + 1 - at);
    } else if (/\d/.test(char)) numeric(match(number) as string);
    else {
      const found = match(name);
      if (found !== undefined) add("name", found, found.length);
      else plain(match(operator));
    }
  }
  tokens.push({ kind: "end", text: "", start: text.length, end: text.length });
  return tokens;

  function plain(found: string | undefined): void {
    if (found === undefined) throw new QueryError(`unexpected symbol found ${text[at]}`, at);
    add("operator", found, found.length);
  }

  function numeric(digits: string): void {
    const start = at;
    at += digits.length;
    const letters = match(unit);
    at = start;
    if (letters === undefined) add("number", digits, digits.length);
    else add("period", digits + letters, digits.length + letters.length);
  }

  /** In quotes a backslash stands before a quote or another backslash. */
  function quoted(quote: string, kind: "string" | "name"): void {
    let value = "";
    let end = at + 1;
    while (text[end] !== quote) {
      if (end >= text.length) throw new QueryError("unterminated quoted text", at, text.length);
      if (text[end] === "\\" && (text[end + 1] === quote || text[end + 1] === "\\")) end += 1;
      value += text[end];
      end += 1;
    }
    add(kind, value, end + 1 - at, kind === "name");
  }
}

/** Where the regular expression that begins here ends; undefined if it does not. */
function regexEnd(text: string, start: number): number | undefined {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === "/") return at;
    else if (text[at] === "\n") return undefined;
  }
  return undefined;
}
