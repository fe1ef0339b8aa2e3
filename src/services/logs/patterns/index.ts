import type { Context } from "../../../kit/context.ts";
import { PatternError } from "./errors.ts";
import { compileFields } from "./fields.ts";
import { compileJson } from "./json.ts";
import { matchesAll, type Pattern } from "./pattern.ts";
import { compileRegex, translateRegex } from "./regex.ts";
import { compileTerms } from "./terms.ts";

export type { Pattern } from "./pattern.ts";
export { PatternError };

/** Compiled patterns that are kept. */
const maxKept = 500;
const maxRegexes = 2;
const kept = new Map<string, Promise<Pattern>>();

/**
 * Compiles a filter pattern of any kind; throws PatternError.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 */
export function compilePattern(text: string): Promise<Pattern> {
  let pattern = kept.get(text);
  if (pattern === undefined) {
    pattern = compile(text.trim());
    if (kept.size >= maxKept) kept.delete(kept.keys().next().value as string);
    kept.set(text, pattern);
  }
  return pattern;
}

async function compile(text: string): Promise<Pattern> {
  if (text === "") return matchesAll;
  if (text.startsWith("{")) return withFewRegexes(await compileJson(text));
  if (text.startsWith("[")) return withFewRegexes(await compileFields(text));
  if (text.startsWith("%") && text.length > 1 && text.endsWith("%")) {
    const regex = await compileRegex(translateRegex(text.slice(1, -1)));
    return { ...matchesAll, kind: "regex", regexes: 1, matches: (message) => regex.test(message) };
  }
  return compileTerms(text);
}

function withFewRegexes(pattern: Pattern): Pattern {
  if (pattern.regexes > maxRegexes) {
    throw new PatternError(`A filter pattern can have at most ${maxRegexes} regular expressions.`);
  }
  return pattern;
}

/** Compiles a caller's pattern, or answers with InvalidParameterException. */
export async function patternOf(
  text: string | undefined,
  ctx: Context<"InvalidParameterException">,
): Promise<Pattern> {
  try {
    return await compilePattern(text ?? "");
  } catch (error) {
    if (error instanceof PatternError) throw ctx.error("InvalidParameterException", error.message);
    throw error;
  }
}
