import { fieldsOf, matches, type Pattern, patternOf } from "../../kit/patterns/pattern.ts";
import { InvalidPattern } from "../../kit/patterns/predicates.ts";
import type { StoredAttribute } from "./messages.ts";
import type { SubscriptionRow } from "./tables.ts";

/** Which messages a subscription gets. https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html */

const maxKeys = 5;
const maxCombinations = 150;

/** Checks a filter policy; `invalid` makes the error of a reason. */
export function checkFilter(text: string, scope: string, invalid: (reason: string) => Error): void {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(`FilterPolicy: failed to parse JSON. ${error instanceof Error ? error.message : ""}`);
  }
  let pattern: Pattern;
  try {
    checkNegations(value);
    pattern = patternOf(value);
  } catch (error) {
    if (error instanceof InvalidPattern) throw invalid(`FilterPolicy: ${error.message}`);
    throw error;
  }
  const paths = new Set(pattern.flatMap((one) => [...one.keys()]));
  if (scope === "MessageAttributes" && hasNested(value as object))
    throw invalid("Filter policy scope MessageAttributes does not support nested filter policy");
  if (paths.size > maxKeys)
    throw invalid(`FilterPolicy: Filter policy can not have more than ${maxKeys} keys`);
  // Alternatives add up; within one, values multiply, those of a nested key by its depth.
  let combinations = 0;
  for (const alternative of pattern) {
    let product = 1;
    for (const [path, predicates] of alternative) product *= predicates.length * path.split(".").length;
    combinations += product;
  }
  if (combinations > maxCombinations) throw invalid("FilterPolicy: Filter policy is too complex");
}

/** SNS negates prefixes only. https://docs.aws.amazon.com/sns/latest/dg/string-value-matching.html */
function checkNegations(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    checkNegations(inner);
    if (name !== "anything-but" || typeof inner !== "object" || Array.isArray(inner) || inner === null)
      continue;
    for (const [operator, operand] of Object.entries(inner)) {
      if (operator !== "prefix") throw new InvalidPattern(`Unsupported anything-but pattern: ${operator}`);
      if (typeof operand !== "string") throw new InvalidPattern("prefix match pattern must be a string");
    }
  }
}

function hasNested(policy: object): boolean {
  return Object.entries(policy).some(
    ([name, value]) => name !== "$or" && typeof value === "object" && !Array.isArray(value),
  );
}

const compiled = new WeakMap<SubscriptionRow, Pattern>();

/** Whether a subscription wants a message. */
export function wants(
  row: SubscriptionRow,
  { body, attributes }: { body: string; attributes: Readonly<Record<string, StoredAttribute>> },
): boolean {
  const { FilterPolicy, FilterPolicyScope } = row.attributes;
  if (!FilterPolicy || FilterPolicy === "{}") return true;
  let pattern = compiled.get(row);
  if (pattern === undefined) {
    pattern = patternOf(JSON.parse(FilterPolicy));
    compiled.set(row, pattern);
  }
  const subject = FilterPolicyScope === "MessageBody" ? parsedBody(body) : filterable(attributes);
  return subject !== undefined && matches(pattern, fieldsOf(subject));
}

function parsedBody(body: string): unknown {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Attributes as a policy sees them: numbers as numbers, String.Array taken apart, bytes not at all. */
function filterable(attributes: Readonly<Record<string, StoredAttribute>>): Record<string, unknown> {
  const seen: Record<string, unknown> = {};
  for (const [name, { type, text }] of Object.entries(attributes)) {
    if (text === undefined) continue;
    if (type === "Number" || type.startsWith("Number.")) seen[name] = Number(text);
    else if (type === "String.Array") seen[name] = parsedList(text);
    else seen[name] = text;
  }
  return seen;
}

function parsedList(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
