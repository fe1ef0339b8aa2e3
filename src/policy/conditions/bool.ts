import { fillTemplate } from "../variables.ts";
import { anyOf, type OperatorFamily } from "./values.ts";

/** `Bool`: "true" or "false", in any case; anything else matches nothing. */
export const bool: OperatorFamily = (values) =>
  anyOf(
    values.map((template) => (value, context) => {
      const wanted = toBool(fillTemplate(template, context));
      return wanted !== undefined && wanted === toBool(value);
    }),
  );

export function toBool(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  if (text === "true" || text === "false") return text === "true";
  const folded = text.toLowerCase();
  return folded === "true" ? true : folded === "false" ? false : undefined;
}
