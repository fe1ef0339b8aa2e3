/** Values in the notation of Java's `toString`, which AWS's validation messages quote. */
import { isScalar, membersOf, shapeNamed } from "./compile.ts";
import type { Contract, Member, ScalarType } from "./contract.ts";
import { maxEchoedCharacters } from "./limits.ts";

const withheld = "***Sensitive Data Redacted***";

/** `'text'` for a message, or undefined for a sensitive value, of which AWS shows nothing. */
export function quoted(contract: Contract, member: Member, value: unknown): string | undefined {
  if (member.sensitive || contract.terseValidation) return undefined;
  const text = javaText(contract, member, value, maxEchoedCharacters);
  return `'${text.length > maxEchoedCharacters ? `${text.slice(0, maxEchoedCharacters)}...` : text}'`;
}

/** `budget` bounds the work: once a text is longer, the rest is left out. */
function javaText(contract: Contract, member: Member, value: unknown, budget: number): string {
  if (value === undefined || value === null) return "null";
  if (member.sensitive) return withheld;
  const shape = shapeNamed(contract, member.shape);
  if (isScalar(shape)) return javaScalar(shape.type, value);
  const parts: string[] = [];
  let length = 0;
  const add = (part: string) => {
    parts.push(part);
    length += part.length;
    return length <= budget;
  };
  if (shape.type === "list") {
    for (const item of value as unknown[]) {
      if (!add(javaText(contract, shape.member, item, budget - length))) break;
    }
    return `[${parts.join(", ")}]`;
  }
  if (shape.type === "map") {
    for (const [key, item] of Object.entries(value as object)) {
      if (!add(`${key}=${javaText(contract, shape.value, item, budget - length)}`)) break;
    }
    return `{${parts.join(", ")}}`;
  }
  for (const [name, inner] of membersOf(shape)) {
    const field = (value as Record<string, unknown>)[name];
    if (!add(`${lowerFirst(name)}=${javaText(contract, inner, field, budget - length)}`)) break;
  }
  return `${member.shape}(${parts.join(", ")})`;
}

function javaScalar(type: ScalarType, value: unknown): string {
  if (value instanceof Uint8Array) {
    return `java.nio.HeapByteBuffer[pos=0 lim=${value.length} cap=${value.length}]`;
  }
  if (value instanceof Date) return value.toUTCString();
  if (type === "double" || type === "float") return javaDouble(value as number);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

export function javaDouble(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

/** Members are named with a small first letter in messages and in CloudTrail: "keyId". */
export function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
