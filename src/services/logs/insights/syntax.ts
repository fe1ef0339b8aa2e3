/** What a query is made of. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html */

export type Expression =
  | { kind: "literal"; value: string | number | boolean }
  | { kind: "period"; count: number; unit: string }
  | { kind: "field"; name: string; path: (string | number)[] }
  | { kind: "call"; name: string; args: Expression[]; text: string }
  | { kind: "negate"; of: Expression }
  | { kind: "not"; of: Expression }
  | { kind: "binary"; operator: string; left: Expression; right: Expression }
  | { kind: "like"; of: Expression; pattern: Match }
  | { kind: "in"; of: Expression; list: Expression[] };

/** What "like" looks for: a text, or a regular expression. */
export type Match = { regex: string } | { text: string };

/** An expression under a name: its alias, or its own text. */
export interface Named {
  name: string;
  expression: Expression;
}

export type Command =
  | { kind: "fields"; items: Named[] }
  | { kind: "display"; items: Named[] }
  | { kind: "filter"; condition: Expression }
  | { kind: "parse"; from: Expression; pattern: { glob: string } | { regex: string }; names: string[] }
  | { kind: "stats"; items: Named[]; by: Named[] }
  | { kind: "sort"; keys: { expression: Expression; descending: boolean }[] }
  | { kind: "dedup"; keys: Expression[] }
  | { kind: "limit"; count: number };

/** A query that cannot be understood, and where. */
export class QueryError extends Error {
  readonly start: number;
  readonly end: number;
  constructor(message: string, start = 0, end = start + 1) {
    super(message);
    this.start = start;
    this.end = end;
  }
}
