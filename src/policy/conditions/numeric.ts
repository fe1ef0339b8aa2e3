import { constantOf } from "../variables.ts";
import { nothing, type OperatorFamily } from "./values.ts";

/** `NumericEquals` and its kin: integers and decimals, no variables. */
export function numericFamily(holds: (value: number, wanted: number) => boolean): OperatorFamily {
  return (templates) => {
    const wanted = templates
      .map((template) => toNumber(constantOf(template) ?? ""))
      .filter((n) => n !== undefined);
    if (wanted.length === 0) return nothing;
    return (value) => {
      const number = toNumber(value);
      return number !== undefined && wanted.some((each) => holds(number, each));
    };
  };
}

const decimal = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

function toNumber(text: string): number | undefined {
  const trimmed = text.trim();
  return decimal.test(trimmed) ? Number(trimmed) : undefined;
}
