import { compilePattern, constantOf, fillTemplate, type Template } from "../variables.ts";
import { anyOf, type OperatorFamily, type ValueTest } from "./values.ts";

/** `StringEquals`: exact, case-sensitive; `*` and `?` are ordinary characters. */
export const stringEquals: OperatorFamily = (values) => equalsAny(values, (text) => text);

/** `StringEqualsIgnoreCase`. */
export const stringEqualsIgnoreCase: OperatorFamily = (values) =>
  equalsAny(values, (text) => text.toLowerCase());

/** `StringLike`: case-sensitive, with wildcards. */
export const stringLike: OperatorFamily = (values) => anyOf(values.map(compilePattern));

function equalsAny(values: Template[], fold: (text: string) => string): ValueTest {
  const constants = new Set<string>();
  const templates: Template[] = [];
  for (const value of values) {
    const constant = constantOf(value);
    if (constant === undefined) templates.push(value);
    else constants.add(fold(constant));
  }
  if (templates.length === 0) return (value) => constants.has(fold(value));
  return (value, context) => {
    const folded = fold(value);
    if (constants.has(folded)) return true;
    for (const template of templates) {
      // A variable without value is null: nothing equals it.
      const text = fillTemplate(template, context);
      if (text !== undefined && fold(text) === folded) return true;
    }
    return false;
  };
}
