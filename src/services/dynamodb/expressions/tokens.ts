import { validation } from "../words.ts";
import type { ExpressionKind } from "./nodes.ts";

export interface Token {
  kind: "word" | "name" | "value" | "number" | "sign" | "end";
  text: string;
  at: number;
}

export const maxExpressionBytes = 4096;

const pattern =
  /\s+|(#[A-Za-z0-9_]+)|(:[A-Za-z0-9_]+)|([A-Za-z][A-Za-z0-9_]*)|(\d+)|(<>|<=|>=|[=<>+\-,.()[\]])/y;

export function tokensOf(text: string, kind: ExpressionKind): Token[] {
  if (text.length > maxExpressionBytes || text.length * 3 > maxExpressionBytes) checkSize(text, kind);
  if (text.trim() === "") throw validation(`Invalid ${kind}: The expression can not be empty;`);
  const tokens: Token[] = [];
  pattern.lastIndex = 0;
  let at = 0;
  while (at < text.length) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) throw syntaxError(text, kind, { kind: "sign", text: text.charAt(at), at }, tokens);
    const [whole, name, value, word, number, sign] = match;
    if (name !== undefined) tokens.push({ kind: "name", text: name, at });
    else if (value !== undefined) tokens.push({ kind: "value", text: value, at });
    else if (word !== undefined) tokens.push({ kind: "word", text: word, at });
    else if (number !== undefined) tokens.push({ kind: "number", text: number, at });
    else if (sign !== undefined) tokens.push({ kind: "sign", text: sign, at });
    at += whole.length;
  }
  tokens.push({ kind: "end", text: "<EOF>", at: text.length });
  return tokens;
}

function checkSize(text: string, kind: ExpressionKind): void {
  const bytes = Buffer.byteLength(text);
  if (bytes <= maxExpressionBytes) return;
  throw validation(
    `Invalid ${kind}: Expression size has exceeded the maximum allowed size; expression size: ${bytes}`,
  );
}

/** "Syntax error; token: "x", near: "a x b"" */
export function syntaxError(
  text: string,
  kind: ExpressionKind,
  wrong: Token,
  tokens: readonly Token[],
): Error {
  const index = tokens.indexOf(wrong);
  const before = index < 0 ? tokens.at(-1) : tokens[index - 1];
  const after = index < 0 ? undefined : tokens[index + 1];
  const end =
    after === undefined
      ? wrong.at + wrong.text.length
      : after.kind === "end"
        ? after.at
        : after.at + after.text.length;
  const near = text.slice(before?.at ?? wrong.at, end).trimEnd();
  return validation(`Invalid ${kind}: Syntax error; token: "${wrong.text}", near: "${near}"`);
}
