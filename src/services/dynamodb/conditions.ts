import { Bindings, type Placeholders } from "./expressions/bindings.ts";
import { parseCondition } from "./expressions/conditions.ts";
import type { Condition } from "./expressions/nodes.ts";
import { expectedCondition, type GivenExpected } from "./legacy.ts";
import { validation } from "./words.ts";

/** The condition of a write: an expression, or the legacy `Expected`. */

export interface ConditionInput extends Placeholders {
  ConditionExpression?: string | undefined;
  Expected?: Record<string, GivenExpected> | undefined;
  ConditionalOperator?: string | undefined;
}

/** Expressions and the parameters that came before them do not go together. */
export function checkNotMixed(
  input: object,
  expressions: readonly string[],
  legacy: readonly string[],
): void {
  const given = input as Record<string, unknown>;
  const isGiven = (name: string) => given[name] !== undefined;
  const old = legacy.filter(isGiven);
  const used = expressions.filter(isGiven);
  if (old.length === 0 || used.length === 0) return;
  throw validation(
    `Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {${old.join(", ")}} Expression parameters: {${used.join(", ")}}`,
  );
}

export function conditionOf(input: ConditionInput, bindings: Bindings): Condition | undefined {
  const { ConditionExpression: text, Expected, ConditionalOperator } = input;
  if (text !== undefined) return parseCondition(text, "ConditionExpression", bindings);
  if (ConditionalOperator !== undefined && Expected === undefined)
    throw validation("ConditionalOperator cannot be used without Filter or Expected");
  return Expected === undefined ? undefined : expectedCondition(Expected, ConditionalOperator);
}

/** For calls whose only expression is a condition. */
export function soleCondition(input: ConditionInput): Condition | undefined {
  if (
    input.ConditionExpression === undefined &&
    input.Expected === undefined &&
    input.ExpressionAttributeNames === undefined &&
    input.ExpressionAttributeValues === undefined &&
    input.ConditionalOperator === undefined
  ) {
    return undefined;
  }
  checkNotMixed(input, ["ConditionExpression"], ["Expected", "ConditionalOperator"]);
  const bindings = new Bindings(input, { ConditionExpression: input.ConditionExpression });
  const condition = conditionOf(input, bindings);
  bindings.checkUsed();
  return condition;
}
