import { constantOf } from "../variables.ts";
import type { OperatorFamily } from "./values.ts";

/** `BinaryEquals`: bytes, in base64 on both sides (context keys are strings); no variables. */
export const binaryEquals: OperatorFamily = (values) => {
  const wanted = new Set(values.map((template) => unpadded(constantOf(template) ?? "")));
  return (value) => wanted.has(unpadded(value));
};

function unpadded(base64: string): string {
  let end = base64.length;
  while (base64[end - 1] === "=") end -= 1;
  return base64.slice(0, end);
}
