import { compileRegex, translateRegex } from "./regex.ts";
import type { Scanner } from "./scanner.ts";

/** Comparisons of one value, as JSON and space-delimited patterns have them. */

/** A value of a message: what JSON or a field holds. */
export type Value = string | number | boolean;
export type Condition = (value: Value) => boolean;

const operators = ["!=", ">=", "<=", "=", ">", "<"] as const;
export type Operator = (typeof operators)[number];

export function takeOperator(scanner: Scanner): Operator | undefined {
  return operators.find((operator) => scanner.take(operator));
}

const number = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

export interface Comparison {
  condition: Condition;
  isRegex: boolean;
}

/** Reads what follows an operator: a quoted text, an expression in percent signs, or a bare word matched by `bare`. */
export async function takeComparison(
  operator: Operator,
  scanner: Scanner,
  bare: RegExp,
): Promise<Comparison> {
  if (scanner.char === "%") return await regexComparison(operator, scanner);
  const quoted = scanner.char === '"';
  const text = quoted ? scanner.quoted() : scanner.match(bare);
  if (text === undefined || text === "") throw scanner.problem();
  const isNumber = !quoted && number.test(text);
  if (operator === "=" || operator === "!=") {
    const equal = isNumber ? equalsNumber(text) : glob(text);
    return { condition: operator === "=" ? equal : (value) => !equal(value), isRegex: false };
  }
  if (!isNumber) throw scanner.problem();
  return { condition: ordered(operator, Number(text)), isRegex: false };
}

async function regexComparison(operator: Operator, scanner: Scanner): Promise<Comparison> {
  if (operator !== "=" && operator !== "!=") throw scanner.problem();
  const regex = await compileRegex(translateRegex(scanner.regex()));
  const wanted = operator === "=";
  return { condition: (value) => regex.test(String(value)) === wanted, isRegex: true };
}

function equalsNumber(text: string): Condition {
  const wanted = Number(text);
  return (value) => (typeof value === "number" ? value === wanted : equalTexts(String(value), text, wanted));
}

/** Fields of a message are texts; "200" is the number 200 there, too. */
function equalTexts(value: string, text: string, wanted: number): boolean {
  return value === text || (number.test(value) && Number(value) === wanted);
}

function ordered(operator: Exclude<Operator, "=" | "!=">, than: number): Condition {
  const compare: (value: number) => boolean = {
    ">": (value: number) => value > than,
    "<": (value: number) => value < than,
    ">=": (value: number) => value >= than,
    "<=": (value: number) => value <= than,
  }[operator];
  return (value) => {
    if (typeof value === "number") return compare(value);
    return typeof value === "string" && number.test(value) && compare(Number(value));
  };
}

/** A text in which "*" stands for any characters; in time linear in the value for each part between the stars. */
export function glob(pattern: string): Condition {
  const [first = "", ...rest] = pattern.split("*");
  if (rest.length === 0) return (value) => String(value) === pattern;
  const last = rest.pop() as string;
  const middle = rest.filter((part) => part !== "");
  return (value) => {
    const text = String(value);
    if (!text.startsWith(first) || text.length < first.length + last.length) return false;
    let at = first.length;
    for (const part of middle) {
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return at <= text.length - last.length && text.endsWith(last);
  };
}
