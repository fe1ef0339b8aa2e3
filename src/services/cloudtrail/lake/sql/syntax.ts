/**
 * What a query is made of: one SELECT over one event data store, in the words of Trino's SQL.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/query-limitations.html
 */

export type Expression =
  | { kind: "literal"; value: string | number | boolean | null }
  | { kind: "column"; path: string[] }
  | { kind: "call"; name: string; args: Expression[] }
  | { kind: "aggregate"; name: AggregateName; of: Expression | undefined; distinct: boolean }
  | { kind: "not"; of: Expression }
  | { kind: "and" | "or"; left: Expression; right: Expression }
  | { kind: "compare"; operator: Comparison; left: Expression; right: Expression }
  | { kind: "like"; of: Expression; pattern: Expression }
  | { kind: "in"; of: Expression; list: Expression[] }
  | { kind: "between"; of: Expression; low: Expression; high: Expression }
  | { kind: "isNull"; of: Expression };

export type AggregateName = "count" | "sum" | "min" | "max" | "avg";
export type Comparison = "=" | "<>" | "<" | ">" | "<=" | ">=";

export interface Item {
  expression: Expression;
  /** Its name in the answer. */
  name: string;
}

export interface Select {
  distinct: boolean;
  /** Undefined for "*". */
  items: Item[] | undefined;
  /** Id of the event data store. */
  from: string;
  where?: Expression;
  groupBy: Expression[];
  having?: Expression;
  orderBy: { expression: Expression; descending: boolean }[];
  limit?: number;
}

/** A statement that cannot be understood, and where. */
export class SqlError extends Error {}
