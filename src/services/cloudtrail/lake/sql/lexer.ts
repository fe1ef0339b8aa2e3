import { SqlError } from "./syntax.ts";

export interface Token {
  kind: "word" | "string" | "number" | "symbol" | "end";
  text: string;
  /** Words in double quotes are names, whatever they say. */
  quoted?: true;
}

/** Sticky, and without alternatives that overlap: linear in the statement. */
const blank = /(?:\s+|--[^\n]*)/y;
const word = /[A-Za-z_][A-Za-z0-9_]*/y;
/** An event data store's id stands without quotes, and may begin with a digit. */
const storeId = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/iy;
const number = /\d+(?:\.\d+)?/y;
const text = /'((?:[^']|'')*)'/y;
const name = /"((?:[^"]|"")*)"/y;
const symbol = /<>|!=|<=|>=|[=<>(),.*?;[\]-]/y;

export function tokensOf(statement: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (expression: RegExp): RegExpExecArray | null => {
    expression.lastIndex = at;
    const found = expression.exec(statement);
    if (found !== null) at = expression.lastIndex;
    return found;
  };
  while (at < statement.length) {
    if (take(blank)) continue;
    const id = take(storeId);
    if (id) tokens.push({ kind: "word", text: id[0], quoted: true });
    else tokens.push(plainToken(take) ?? problem(statement, at));
  }
  return [...tokens, { kind: "end", text: "" }];
}

function plainToken(take: (expression: RegExp) => RegExpExecArray | null): Token | undefined {
  const plain = take(word);
  if (plain) return { kind: "word", text: plain[0] };
  const digits = take(number);
  if (digits) return { kind: "number", text: digits[0] };
  const string = take(text);
  if (string) return { kind: "string", text: (string[1] as string).replaceAll("''", "'") };
  const quoted = take(name);
  if (quoted) return { kind: "word", text: (quoted[1] as string).replaceAll('""', '"'), quoted: true };
  const sign = take(symbol);
  return sign ? { kind: "symbol", text: sign[0] === "!=" ? "<>" : sign[0] } : undefined;
}

function problem(statement: string, at: number): never {
  throw new SqlError(`unexpected '${statement[at]}' at position ${at + 1}`);
}
