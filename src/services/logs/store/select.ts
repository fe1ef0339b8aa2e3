import type { Pattern } from "../patterns/pattern.ts";
import type { Chunk } from "./chunk.ts";

/** The lines of a chunk that match a pattern; undefined: all of them. */
export function selector(pattern: Pattern): (chunk: Chunk) => number[] | undefined {
  const { kind, literal, matches } = pattern;
  if (kind === "all") return () => undefined;
  if (literal === undefined) {
    return (chunk) => {
      const found: number[] = [];
      for (let line = 0; line < chunk.lines; line += 1) if (matches(chunk.message(line))) found.push(line);
      return found;
    };
  }
  // One search over all messages finds the few that can match, instead of one for each.
  return (chunk) => {
    const found: number[] = [];
    const { text } = chunk;
    for (let at = text.indexOf(literal); at >= 0; ) {
      const line = chunk.lineAt(at);
      const end = chunk.endOf(line);
      // Not across the end of a message.
      if (at + literal.length <= end && matches(chunk.message(line))) {
        found.push(line);
        at = text.indexOf(literal, end);
      } else at = text.indexOf(literal, at + 1);
    }
    return found;
  };
}
