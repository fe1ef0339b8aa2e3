import type { ContextKeys } from "../types.ts";
import type { Template } from "../variables.ts";

/** True if a request's value matches at least one of the values in the policy, negation left aside. */
export type ValueTest = (value: string, context: ContextKeys) => boolean;

/** One family of operators: compiles the policy's values into one test. */
export type OperatorFamily = (values: Template[]) => ValueTest;

export function anyOf(tests: ValueTest[]): ValueTest {
  if (tests.length === 1) return tests[0] as ValueTest;
  return (value, context) => {
    for (const test of tests) if (test(value, context)) return true;
    return false;
  };
}

export const nothing: ValueTest = () => false;
