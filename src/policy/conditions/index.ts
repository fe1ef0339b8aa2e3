import type { ContextKeys } from "../types.ts";
import { constantOf, parseTemplate } from "../variables.ts";
import { arnLike } from "./arn.ts";
import { binaryEquals } from "./binary.ts";
import { bool, toBool } from "./bool.ts";
import { dateFamily } from "./date.ts";
import { ipAddress } from "./ip.ts";
import { numericFamily } from "./numeric.ts";
import { stringEquals, stringEqualsIgnoreCase, stringLike } from "./string.ts";
import type { OperatorFamily, ValueTest } from "./values.ts";

/**
 * Condition operators.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 */
interface Operator {
  family: OperatorFamily;
  negated: boolean;
}

const equal = (a: number, b: number) => a === b;
const less = (a: number, b: number) => a < b;
const lessOrEqual = (a: number, b: number) => a <= b;
const greater = (a: number, b: number) => a > b;
const greaterOrEqual = (a: number, b: number) => a >= b;

const matching = (family: OperatorFamily): Operator => ({ family, negated: false });
const negated = (family: OperatorFamily): Operator => ({ family, negated: true });

/** By name in lower case: IAM takes operators in any case. */
const operators = new Map<string, Operator>([
  ["stringequals", matching(stringEquals)],
  ["stringnotequals", negated(stringEquals)],
  ["stringequalsignorecase", matching(stringEqualsIgnoreCase)],
  ["stringnotequalsignorecase", negated(stringEqualsIgnoreCase)],
  ["stringlike", matching(stringLike)],
  ["stringnotlike", negated(stringLike)],
  ["numericequals", matching(numericFamily(equal))],
  ["numericnotequals", negated(numericFamily(equal))],
  ["numericlessthan", matching(numericFamily(less))],
  ["numericlessthanequals", matching(numericFamily(lessOrEqual))],
  ["numericgreaterthan", matching(numericFamily(greater))],
  ["numericgreaterthanequals", matching(numericFamily(greaterOrEqual))],
  ["dateequals", matching(dateFamily(equal))],
  ["datenotequals", negated(dateFamily(equal))],
  ["datelessthan", matching(dateFamily(less))],
  ["datelessthanequals", matching(dateFamily(lessOrEqual))],
  ["dategreaterthan", matching(dateFamily(greater))],
  ["dategreaterthanequals", matching(dateFamily(greaterOrEqual))],
  ["bool", matching(bool)],
  ["binaryequals", matching(binaryEquals)],
  ["ipaddress", matching(ipAddress)],
  ["notipaddress", negated(ipAddress)],
  ["arnequals", matching(arnLike)],
  ["arnnotequals", negated(arnLike)],
  ["arnlike", matching(arnLike)],
  ["arnnotlike", negated(arnLike)],
]);

type Quantifier = "ForAllValues" | "ForAnyValue" | undefined;

interface OperatorName {
  quantifier: Quantifier;
  /** In lower case, without quantifier and `IfExists`. */
  base: string;
  ifExists: boolean;
}

function parseOperator(name: string): OperatorName {
  const found = /^(?:(forallvalues|foranyvalue):)?(.*?)(ifexists)?$/.exec(name.toLowerCase());
  const prefix = found?.[1];
  return {
    quantifier: prefix === undefined ? undefined : prefix === "forallvalues" ? "ForAllValues" : "ForAnyValue",
    base: found?.[2] ?? "",
    ifExists: found?.[3] !== undefined,
  };
}

/** True for an operator that AWS has, with its prefixes and suffixes. */
export function isOperator(name: string): boolean {
  const { base, ifExists } = parseOperator(name);
  return base === "null" ? !ifExists : operators.has(base);
}

/** One key under one operator. */
export interface Condition {
  operator: string;
  /** As the policy writes it. */
  key: string;
  /** In lower case. */
  contextKey: string;
  values: readonly string[];
  holds: (context: ContextKeys) => boolean;
}

/**
 * Compiles one condition. An operator that is unknown (the parser refuses it; this is for whatever gets past)
 * fails closed: in an Allow statement it never holds, in a Deny statement always.
 */
export function compileCondition(
  operator: string,
  key: string,
  values: readonly string[],
  effect: "Allow" | "Deny",
  withVariables: boolean,
): Condition {
  const contextKey = key.toLowerCase();
  const named = { operator, key, contextKey, values };
  const { quantifier, base, ifExists } = parseOperator(operator);
  const templates = values.map((value) => parseTemplate(value, withVariables));
  if (base === "null" && !ifExists) {
    const wanted = new Set(templates.map((template) => toBool(constantOf(template))));
    return { ...named, holds: (context) => wanted.has(presentValue(context, contextKey) === undefined) };
  }
  const known = operators.get(base);
  if (known === undefined) return { ...named, holds: () => effect === "Deny" };
  const test = known.family(templates);
  return { ...named, holds: quantify(contextKey, test, known.negated, quantifier, ifExists) };
}

/** A key with an empty list of values is absent. */
function presentValue(context: ContextKeys, key: string): string | readonly string[] | undefined {
  const value = context.get(key);
  return value !== undefined && value.length === 0 && typeof value !== "string" ? undefined : value;
}

/**
 * How a condition treats an absent key and several values.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
 *
 * - Without quantifier an absent key fails a matching operator and passes a negated one.
 * - `ForAllValues` passes on an absent key, `ForAnyValue` fails, negated or not; both take an empty string as
 *   absent ("resolves to a null data set, such as an empty string").
 * - `IfExists` passes on an absent key.
 * - A key with several values and no quantifier, which AWS leaves open: a matching operator passes if one value
 *   matches, a negated one if none does.
 */
function quantify(
  key: string,
  test: ValueTest,
  isNegated: boolean,
  quantifier: Quantifier,
  ifExists: boolean,
): Condition["holds"] {
  if (quantifier === undefined) {
    const ifAbsent = ifExists || isNegated;
    return (context) => {
      const value = presentValue(context, key);
      if (value === undefined) return ifAbsent;
      if (typeof value === "string") return test(value, context) !== isNegated;
      return value.some((each) => test(each, context)) !== isNegated;
    };
  }
  const forAll = quantifier === "ForAllValues";
  const ifAbsent = ifExists || forAll;
  return (context) => {
    const value = presentValue(context, key);
    if (value === undefined || value === "") return ifAbsent;
    for (const each of typeof value === "string" ? [value] : value) {
      if ((test(each, context) !== isNegated) !== forAll) return !forAll;
    }
    return forAll;
  };
}
