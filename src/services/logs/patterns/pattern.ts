/** A compiled filter pattern. */
export interface Pattern {
  kind: "all" | "terms" | "regex" | "json" | "fields";
  /** Regular expressions in it, of which AWS allows few. */
  regexes: number;
  /** A text that stands in every message that matches; absent if none is known. */
  literal?: string;
  matches(message: string): boolean;
  /** What a message holds under the pattern's names ("$.latency", "$size"); for messages that match. */
  values(message: string): Record<string, string>;
  /** One of those; also "$.…" that the pattern does not name. */
  value(message: string, name: string): string | undefined;
}

export const matchesAll: Pattern = {
  kind: "all",
  regexes: 0,
  matches: () => true,
  values: () => ({}),
  value: () => undefined,
};
