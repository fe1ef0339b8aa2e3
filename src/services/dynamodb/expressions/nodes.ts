import type { Value } from "../values.ts";

/** What expressions are made of, their placeholders already replaced. */

/** Names of members of maps, numbers of items of lists; the first is an attribute of the item. */
export type Path = readonly (string | number)[];

export type Operand =
  | { kind: "path"; path: Path }
  | { kind: "value"; value: Value }
  | { kind: "size"; of: Operand };

export type Comparator = "=" | "<>" | "<" | "<=" | ">" | ">=";

export type Condition =
  | { kind: "and" | "or"; parts: readonly Condition[] }
  | { kind: "not"; part: Condition }
  | { kind: "compare"; operator: Comparator; left: Operand; right: Operand }
  | { kind: "between"; operand: Operand; low: Operand; high: Operand }
  | { kind: "in"; operand: Operand; list: readonly Operand[] }
  | { kind: "exists"; path: Path; wanted: boolean }
  | { kind: "type"; operand: Operand; type: string }
  | { kind: "begins_with"; operand: Operand; start: Operand }
  | { kind: "contains"; operand: Operand; part: Operand };

export type SetValue =
  | Operand
  | { kind: "sum"; left: SetValue; right: SetValue; sign: 1 | -1 }
  | { kind: "if_not_exists"; path: Path; otherwise: SetValue }
  | { kind: "list_append"; left: SetValue; right: SetValue };

export type Action =
  | { kind: "SET"; path: Path; value: SetValue }
  | { kind: "REMOVE"; path: Path }
  | { kind: "ADD" | "DELETE"; path: Path; value: Value };

export type ExpressionKind =
  | "ConditionExpression"
  | "FilterExpression"
  | "KeyConditionExpression"
  | "ProjectionExpression"
  | "UpdateExpression";

/** "[a, [1], b]", as AWS's messages show a path. */
export function shownPath(path: Path): string {
  return `[${path.map((step) => (typeof step === "number" ? `[${step}]` : step)).join(", ")}]`;
}
