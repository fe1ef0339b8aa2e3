/** Physical keys of append logs: `log/<name>`, a separator, the kind of row, the position of its first entry. */

export const logPrefix = "log/";

export type LogRowKind = "meta" | "row" | "segment" | "index";

const letters: Record<LogRowKind, string> = { meta: "m", row: "r", segment: "s", index: "x" };

/** Names may hold any character, so the separator is escaped in them. */
function escaped(name: string): string {
  return name.replace(/[\u0000\u0001]/g, (c) => (c === "\u0000" ? "\u0001\u0001" : "\u0001\u0002"));
}

export interface LogKeys {
  meta: string;
  row: string;
  segment: string;
  index: string;
}

/** The prefixes of the rows of one log. */
export function logKeys(name: string): LogKeys {
  const prefix = `${logPrefix}${escaped(name)}\u0000`;
  return {
    meta: prefix + letters.meta,
    row: prefix + letters.row,
    segment: prefix + letters.segment,
    index: prefix + letters.index,
  };
}

/** Positions are digits and a dash, so this is behind all of them. */
export const afterAllPositions = ":";
