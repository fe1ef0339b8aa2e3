import type { Position } from "./malformed.ts";

/** A policy document, read and checked, not yet compiled. */

export type PolicyVersion = "2008-10-17" | "2012-10-17";
export type Effect = "Allow" | "Deny";

/** Principal types with their values; `"*"` is every principal. */
export type PrincipalBlock = "*" | ReadonlyMap<string, readonly string[]>;

export interface ConditionSource {
  operator: string;
  key: string;
  values: readonly string[];
}

export interface StatementSource {
  sid: string | undefined;
  effect: Effect;
  principal: { block: PrincipalBlock; negated: boolean } | undefined;
  action: { values: readonly string[]; negated: boolean };
  resource: { values: readonly string[]; negated: boolean } | undefined;
  conditions: ConditionSource[];
  /** Where the statement begins and ends in the document. */
  start: Position;
  end: Position;
}

export interface PolicyDocument {
  version: PolicyVersion;
  id: string | undefined;
  statements: StatementSource[];
}
