import { badCharacters, PatternError } from "./errors.ts";

/**
 * Regular expressions of filter patterns and queries. They are run by Rust's engine, compiled to WebAssembly, which
 * takes linear time whatever the expression: those who write patterns are not those who pay for the time. It is loaded
 * when the first expression is compiled.
 */

export interface Regex {
  test(text: string): boolean;
  /** Groups of the first match, by number and by name; undefined if there is none. */
  captures(text: string): { list: string[]; named: Record<string, string> } | undefined;
  /** Names of the groups that have one. */
  readonly names: readonly string[];
  replaceAll(text: string, replacement: string): string;
}

/** Compiled expressions that are kept. */
const maxKept = 500;
const kept = new Map<string, Regex>();

/** Compiles an expression in Rust's syntax; throws PatternError. https://docs.rs/regex/latest/regex/#syntax */
export async function compileRegex(source: string): Promise<Regex> {
  const known = kept.get(source);
  if (known !== undefined) return known;
  const { RRegex } = await import("rregex");
  let engine: InstanceType<typeof RRegex>;
  try {
    engine = new RRegex(source);
  } catch {
    throw new PatternError("Invalid regular expression.");
  }
  const names = engine.captureNames().filter((name) => name !== null);
  const regex: Regex = {
    names,
    test: (text) => engine.isMatch(text),
    captures: (text) => {
      const found = engine.captures(text);
      if (found === undefined) return undefined;
      const named: Record<string, string> = {};
      for (const name of names) {
        const match = found.name[name];
        if (match !== undefined) named[name] = match.value;
      }
      return { list: found.get.slice(1).map(({ value }) => value), named };
    },
    replaceAll: (text, replacement) => engine.replaceAll(text, replacement),
  };
  if (kept.size >= maxKept) kept.delete(kept.keys().next().value as string);
  kept.set(source, regex);
  return regex;
}

/** What may stand in an expression of a filter pattern; blanks as in AWS's own examples. */
const supported = /^[A-Za-z0-9 :_#=@/;,\-^$?[\]{}|\\*+.]*$/;

/**
 * An expression of a filter pattern, without its percent signs, in Rust's syntax.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html#regex-expressions
 */
export function translateRegex(source: string): string {
  if (!supported.test(source)) {
    throw badCharacters(/[^A-Za-z0-9 :_#=@/;,\-^$?[\]{}|\\*+.]+/.exec(source)?.[0] ?? source);
  }
  let translated = "";
  let inClass = false;
  for (let i = 0; i < source.length; i += 1) {
    const char = source[i] as string;
    if (char === "\\") {
      i += 1;
      translated += escapeOf(source[i] ?? "", inClass);
    } else if (char === "{" && !inClass && source[i + 1] === ",") {
      translated += "{0";
    } else {
      // Within a class Rust gives "[" a meaning that AWS's syntax has not.
      translated += inClass && char === "[" ? "\\[" : char;
      if (char === "[") inClass = true;
      else if (char === "]") inClass = false;
    }
  }
  return translated;
}

/** Digits and words are ASCII's, as AWS says. */
function escapeOf(char: string, inClass: boolean): string {
  if (char === "d") return inClass ? "0-9" : "[0-9]";
  if (char === "w") return inClass ? "a-zA-Z_0-9" : "[a-zA-Z_0-9]";
  if (char === "D" && !inClass) return "[^0-9]";
  if (char === "W" && !inClass) return "[^a-zA-Z_0-9]";
  return `\\${char}`;
}
