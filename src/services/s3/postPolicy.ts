import type { FormFacts } from "../../kit/browsers.ts";
import type { AwsError } from "../../kit/errors.ts";
import { fail } from "./errors.ts";

/** The signed policy of a form: what its fields may be. https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html */

interface Condition {
  kind: "eq" | "starts-with";
  name: string;
  value: string;
  /** As the policy has it, for the error. */
  text: string;
}

export interface Lengths {
  minBytes: number;
  maxBytes: number;
}

/** Fields that need no condition. */
const free = /^(?:awsaccesskeyid|signature|policy|file|x-amz-signature|x-ignore-.*)$/;

function invalid(message: string): AwsError {
  return fail("InvalidPolicyDocument", { message: `Invalid Policy: ${message}` });
}

function denied(message: string): AwsError {
  return fail("AccessDenied", { message: `Invalid according to Policy: ${message}` });
}

/** Holds a form against its policy; the lengths that the policy allows the file. */
export function checkPolicy(
  { fields, nowMs }: FormFacts,
  { bucket, key }: { bucket: string; key: string },
  maxBytes: number,
): Lengths {
  const { expiration, conditions } = parse(fields.get("policy") ?? "");
  if (expiration <= nowMs) throw denied("Policy expired.");
  const lengths = { minBytes: 0, maxBytes };
  const named = new Set<string>();
  for (const condition of conditions) {
    if (condition.kind === "range") {
      lengths.minBytes = condition.min;
      lengths.maxBytes = Math.min(maxBytes, condition.max);
      continue;
    }
    named.add(condition.name);
    const value = { bucket, key }[condition.name] ?? fields.get(condition.name) ?? "";
    const holds = condition.kind === "eq" ? value === condition.value : startsWith(condition, value);
    if (!holds) throw denied(`Policy Condition failed: ${condition.text}`);
  }
  const extra = [...fields.keys()].find((name) => !free.test(name) && !named.has(name));
  if (extra !== undefined) throw denied(`Extra input fields: ${extra}`);
  return lengths;
}

/** A list of types may be given where one is asked for: each must begin so. */
function startsWith({ name, value }: Condition, given: string): boolean {
  if (name !== "content-type") return given.startsWith(value);
  return given.split(",").every((one) => one.trim().startsWith(value));
}

type Parsed = Condition | { kind: "range"; min: number; max: number };

function parse(encoded: string): { expiration: number; conditions: Parsed[] } {
  let document: Record<string, unknown>;
  try {
    document = JSON.parse(Buffer.from(encoded, "base64").toString()) as Record<string, unknown>;
  } catch {
    throw invalid("Invalid JSON.");
  }
  if (typeof document !== "object" || document === null) throw invalid("Invalid JSON.");
  const { expiration, conditions } = document;
  if (typeof expiration !== "string") throw invalid("Policy missing expiration.");
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/.test(expiration)
    ? Date.parse(expiration)
    : Number.NaN;
  if (Number.isNaN(at)) throw invalid(`Invalid 'expiration' value: '${expiration}'`);
  if (!Array.isArray(conditions)) throw invalid("Policy missing conditions.");
  if (conditions.length === 0 && !Array.isArray(conditions)) throw invalid("Policy missing conditions.");
  return { expiration: at, conditions: conditions.flatMap(conditionOf) };
}

function conditionOf(condition: unknown): Parsed[] {
  if (Array.isArray(condition)) return [listCondition(condition)];
  if (typeof condition !== "object" || condition === null) throw invalid("Invalid Condition.");
  const entries = Object.entries(condition);
  if (entries.length !== 1) {
    throw invalid("Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.");
  }
  return entries.map(([name, value]) => equal(name, value, JSON.stringify(["eq", `$${name}`, value])));
}

function listCondition(list: unknown[]): Parsed {
  const [kind, first, second] = list;
  const operator = typeof kind === "string" ? kind.toLowerCase() : "";
  if (list.length !== 3) throw invalid("Invalid Condition: wrong number of arguments.");
  if (operator === "content-length-range") {
    const [min, max] = [Number(first), Number(second)];
    if (!Number.isInteger(min) || !Number.isInteger(max)) throw invalid("Invalid content-length-range.");
    return { kind: "range", min, max };
  }
  if (operator !== "eq" && operator !== "starts-with")
    throw invalid(`Invalid Condition: unknown operation '${String(kind)}'.`);
  const text = `["${operator}", "${String(first)}", "${String(second)}"]`;
  if (typeof first !== "string" || !first.startsWith("$")) throw denied(`Policy Condition failed: ${text}`);
  return { ...equal(first.slice(1), second, text), kind: operator };
}

function equal(name: string, value: unknown, text: string): Condition {
  if (typeof value !== "string") throw invalid(`Invalid Condition: the value of ${name} must be a string.`);
  return { kind: "eq", name: name.toLowerCase(), value, text: text.replaceAll('","', '", "') };
}
