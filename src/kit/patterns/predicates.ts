import { isIP } from "node:net";

/**
 * What an event pattern may ask of one value. Parsing is strict, in the words of AWS.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
 */

/** A value in an event that is neither object nor array. */
export type Leaf = string | number | boolean | null;

export type Predicate =
  | { kind: "exact"; value: Leaf }
  | { kind: "exists"; exists: boolean }
  | { kind: "prefix"; text: string }
  | { kind: "suffix"; text: string }
  | { kind: "ignoreCase"; text: string }
  /** Whatever else: tried one by one. `id` is equal for equal tests. */
  | { kind: "test"; id: string; test: (value: Leaf) => boolean };

/** The pattern is not one that AWS would take. */
export class InvalidPattern extends Error {}

const maxWildcardsWithSameFollower = 3;

export function parsePredicate(value: unknown): Predicate {
  if (Array.isArray(value))
    throw new InvalidPattern("Match value must be String, number, true, false, or null");
  if (typeof value !== "object" || value === null) return { kind: "exact", value: value as Leaf };
  const [name, ...others] = Object.keys(value);
  if (name === undefined) throw new InvalidPattern("Empty objects are not allowed");
  if (others.length > 0) throw new InvalidPattern("Only one key allowed in match expression");
  const parse = Object.hasOwn(operators, name) ? operators[name] : undefined;
  if (parse === undefined) throw new InvalidPattern(`Unrecognized match type ${name}`);
  return parse((value as Record<string, unknown>)[name]);
}

const operators: Record<string, (operand: unknown) => Predicate> = {
  exists(operand) {
    if (typeof operand !== "boolean")
      throw new InvalidPattern("exists match pattern must be either true or false.");
    return { kind: "exists", exists: operand };
  },
  prefix: (operand) => affix("prefix", operand),
  suffix: (operand) => affix("suffix", operand),
  "equals-ignore-case"(operand) {
    if (typeof operand !== "string")
      throw new InvalidPattern("equals-ignore-case match pattern must be a string");
    return { kind: "ignoreCase", text: operand.toLowerCase() };
  },
  wildcard(operand) {
    const matches = wildcard(operand);
    return test("wildcard", operand, (value) => typeof value === "string" && matches(value));
  },
  numeric: (operand) => test("numeric", operand, numeric(operand)),
  cidr: (operand) => test("cidr", operand, cidr(operand)),
  "anything-but": (operand) => test("anything-but", operand, anythingBut(operand)),
};

function test(kind: string, operand: unknown, run: (value: Leaf) => boolean): Predicate {
  return { kind: "test", id: `${kind} ${JSON.stringify(operand)}`, test: run };
}

function affix(kind: "prefix" | "suffix", operand: unknown): Predicate {
  if (typeof operand === "string") return { kind, text: operand };
  const inner = (operand as Record<string, unknown> | null)?.["equals-ignore-case"];
  if (typeof inner !== "string") throw new InvalidPattern(`${kind} match pattern must be a string`);
  const text = inner.toLowerCase();
  const has = kind === "prefix" ? "startsWith" : "endsWith";
  return test(kind, operand, (value) => typeof value === "string" && value.toLowerCase()[has](text));
}

/** Texts that an operator inside of anything-but names: one, or a list of them. */
function texts(operand: unknown, complaint: string): string[] {
  const list = Array.isArray(operand) ? operand : [operand];
  if (list.length === 0 || !list.every((one): one is string => typeof one === "string"))
    throw new InvalidPattern(complaint);
  return list;
}

const notAnything = "Value of anything-but must be an array or single string/number value.";

function anythingBut(operand: unknown): (value: Leaf) => boolean {
  if (typeof operand === "object" && operand !== null && !Array.isArray(operand)) {
    const isOne = anyOf(operand as Record<string, unknown>);
    return (value) => typeof value !== "string" || !isOne(value);
  }
  if (!Array.isArray(operand) && typeof operand !== "string" && typeof operand !== "number") {
    throw new InvalidPattern(notAnything);
  }
  const list: unknown[] = Array.isArray(operand) ? operand : [operand];
  if (!list.every((one) => typeof one === "string" || typeof one === "number")) {
    throw new InvalidPattern("Inside anything but list, start|null|boolean is not supported.");
  }
  const excluded = new Set<unknown>(list);
  return (value) => !excluded.has(value);
}

/** The operators that anything-but may negate. */
function anyOf(operand: Record<string, unknown>): (value: string) => boolean {
  const [name = ""] = Object.keys(operand);
  const inner = operand[name];
  switch (name) {
    case "prefix":
    case "suffix": {
      if (typeof inner === "object" && inner !== null && !Array.isArray(inner))
        throw new InvalidPattern(notAnything);
      const list = texts(inner, "prefix/suffix match pattern must be a string");
      if (list.includes("")) throw new InvalidPattern("Null prefix/suffix not allowed");
      return (value) => list.some((one) => (name === "prefix" ? value.startsWith(one) : value.endsWith(one)));
    }
    case "equals-ignore-case": {
      const complaint =
        "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported.";
      const list = new Set(texts(inner, complaint).map((one) => one.toLowerCase()));
      return (value) => list.has(value.toLowerCase());
    }
    case "wildcard": {
      const list = texts(inner, "wildcard match pattern must be a string").map(wildcard);
      return (value) => list.some((matches) => matches(value));
    }
    default:
      throw new InvalidPattern(`Unsupported anything-but pattern: ${name}`);
  }
}

const comparisons: Record<string, (a: number, b: number) => boolean> = {
  "=": (a, b) => a === b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
};

/** `["=", 5]`, `[">", 0, "<=", 5]`: a value, a lower bound, an upper bound, or both in this order. */
function numeric(operand: unknown): (value: Leaf) => boolean {
  if (!Array.isArray(operand)) throw new InvalidPattern("Value of numeric must be an array.");
  const [first, bound, second, top] = operand as unknown[];
  if (typeof first !== "string")
    throw new InvalidPattern(
      `Invalid member in numeric match: ${operand.length === 0 ? "]" : String(first)}`,
    );
  const one = comparison(first, bound, `Unrecognized numeric range operator: ${first}`);
  if (operand.length <= 2) return (value) => typeof value === "number" && one(value);
  if (!first.startsWith(">")) throw new InvalidPattern("Too many elements in numeric expression");
  if (typeof second !== "string") throw new InvalidPattern(`Bad value in numeric range: ${String(second)}`);
  if (!second.startsWith("<")) throw new InvalidPattern(`Bad numeric range operator: ${second}`);
  const other = comparison(second, top, `Bad numeric range operator: ${second}`);
  if ((bound as number) >= (top as number)) throw new InvalidPattern("Bottom must be less than top");
  if (operand.length > 4) throw new InvalidPattern("Too many terms in numeric range expression");
  return (value) => typeof value === "number" && one(value) && other(value);
}

function comparison(operator: string, bound: unknown, unknownOperator: string): (value: number) => boolean {
  const compare = Object.hasOwn(comparisons, operator) ? comparisons[operator] : undefined;
  if (compare === undefined) throw new InvalidPattern(unknownOperator);
  if (typeof bound !== "number")
    throw new InvalidPattern(`Value of ${operator === "=" ? "equals" : operator} must be numeric`);
  return (value) => compare(value, bound);
}

function cidr(operand: unknown): (value: Leaf) => boolean {
  if (typeof operand !== "string") throw new InvalidPattern("prefix match pattern must be a string");
  const [address = "", bits, ...others] = operand.split("/");
  if (bits === undefined || others.length > 0) throw new InvalidPattern("Malformed CIDR, one '/' required");
  if (!/^\d{1,3}$/.test(bits)) throw new InvalidPattern("Malformed CIDR, mask bits must be an integer");
  const version = isIP(address);
  if (version === 0) throw new InvalidPattern(`Nonstandard IP address: ${address}`);
  const width = version === 4 ? 32 : 128;
  if (Number(bits) > (version === 4 ? 31 : 127))
    throw new InvalidPattern(`${version === 4 ? "IPv4" : "IPv6"} mask bits must be < ${width}`);
  const shift = BigInt(width - Number(bits));
  const network = addressNumber(address) >> shift;
  return (value) =>
    typeof value === "string" && isIP(value) === version && addressNumber(value) >> shift === network;
}

/** An address as a number; IPv6 with its short forms. */
function addressNumber(address: string): bigint {
  if (isIP(address) === 4) return address.split(".").reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  const [plain = ""] = address.split("%");
  const dotted = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(plain);
  const hex = dotted
    ? plain.slice(0, dotted.index) +
      [0, 2].map((i) => ((Number(dotted[i + 1]) << 8) | Number(dotted[i + 2])).toString(16)).join(":")
    : plain;
  const [head = "", tail] = hex.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail ? tail.split(":") : [];
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => "0");
  return [...left, ...(tail === undefined ? [] : zeros), ...right].reduce(
    (sum, part) => sum * 65_536n + BigInt(`0x${part}`),
    0n,
  );
}

/** "*" stands for any characters; "\\*" and "\\\\" for themselves. Matching is linear for each star. */
function wildcard(operand: unknown): (value: string) => boolean {
  if (typeof operand !== "string") throw new InvalidPattern("wildcard match pattern must be a string");
  const parts: string[] = [""];
  const followers = new Map<string, number>();
  for (let i = 0; i < operand.length; i += 1) {
    const character = operand[i] as string;
    if (character === "\\") {
      const next = operand[i + 1];
      if (next !== "*" && next !== "\\") throw new InvalidPattern(`Invalid escape character at pos ${i}`);
      parts[parts.length - 1] += next;
      i += 1;
    } else if (character === "*") {
      if (operand[i + 1] === "*") throw new InvalidPattern(`Consecutive wildcard characters at pos ${i + 1}`);
      parts.push("");
      const follower = operand[i + 1] ?? "";
      followers.set(follower, (followers.get(follower) ?? 0) + 1);
    } else parts[parts.length - 1] += character;
  }
  if ([...followers.values()].some((count) => count > maxWildcardsWithSameFollower)) {
    throw new InvalidPattern(
      "Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard character",
    );
  }
  return (value) => fits(value, parts);
}

function fits(value: string, parts: readonly string[]): boolean {
  const first = parts[0] as string;
  if (parts.length === 1) return value === first;
  const last = parts.at(-1) as string;
  if (value.length < first.length + last.length || !value.startsWith(first) || !value.endsWith(last))
    return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = value.indexOf(part, at);
    if (found < 0 || found + part.length > value.length - last.length) return false;
    at = found + part.length;
  }
  return true;
}
