import { badCharacters } from "./errors.ts";
import { matchesAll, type Pattern } from "./pattern.ts";
import { Scanner } from "./scanner.ts";

/**
 * Terms: "ERROR ARGUMENTS" (all of them), "?ERROR ?WARN" (any), "ERROR -ARGUMENTS" (without), phrases in quotes.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html#matching-terms-unstructured-log-events
 */
export function compileTerms(text: string): Pattern {
  const all: string[] = [];
  const any: string[] = [];
  const none: string[] = [];
  let everything = false;
  const scanner = new Scanner(text);
  for (scanner.skipBlanks(); !scanner.done; scanner.skipBlanks()) {
    const list = scanner.take("?") ? any : scanner.take("-") ? none : all;
    const quoted = scanner.char === '"';
    const term = quoted ? scanner.quoted() : scanner.match(/[\p{L}\p{N}_]+/uy);
    if (term === undefined) throw scanner.problem();
    if (term === "") throw badCharacters('""');
    // AWS's way to write that all is wanted: a blank in quotes.
    if (quoted && term.trim() === "") everything = true;
    else list.push(term);
    if (!scanner.done && !/\s/.test(scanner.char) && !(quoted || scanner.char === '"'))
      throw scanner.problem();
  }
  if (everything && all.length + none.length === 0) return matchesAll;
  const literal = all.reduce((longest, term) => (term.length > longest.length ? term : longest), "");
  // Optional terms beside others have no effect: AWS says so.
  const matches =
    all.length + none.length === 0
      ? (message: string) => any.some((term) => message.includes(term))
      : (message: string) =>
          all.every((term) => message.includes(term)) && !none.some((term) => message.includes(term));
  return { ...matchesAll, kind: "terms", matches, ...(literal !== "" && { literal }) };
}
