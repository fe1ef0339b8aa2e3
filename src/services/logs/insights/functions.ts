import { parseDate } from "../datePatterns.ts";
import { addressFunctions } from "./addresses.ts";
import { strftime } from "./time.ts";
import { isTrue, numberOf, type Structure, Timestamp, textOf, type Value } from "./values.ts";

/**
 * Functions of values. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-operations-functions.html
 * Names are in small letters: queries may write them in any.
 */

type Fn = (...args: Value[]) => Value;

export interface FunctionFacts {
  run: Fn;
  /** How many arguments it takes. */
  min: number;
  max: number;
}

/** Functions of numbers; without a value where an argument is no number. */
function ofNumbers(run: (...numbers: number[]) => number): Fn {
  return (...args) => {
    const numbers = args.map(numberOf);
    if (numbers.some((number) => number === undefined)) return undefined;
    const result = run(...(numbers as number[]));
    return Number.isNaN(result) ? undefined : result;
  };
}

/** Functions whose first argument is a text; without a value where that is missing. */
function ofText(run: (text: string, ...args: Value[]) => Value): Fn {
  return (first, ...args) => {
    const text = typeof first === "object" && !(first instanceof Timestamp) ? undefined : textOf(first);
    return text === undefined ? undefined : run(text, ...args);
  };
}

function haversineKm(lat1: number, lon1: number, lat2: number, lon2: number): number {
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  const a =
    Math.sin(radians(lat2 - lat1) / 2) ** 2 +
    Math.cos(radians(lat1)) * Math.cos(radians(lat2)) * Math.sin(radians(lon2 - lon1) / 2) ** 2;
  const earthRadiusKm = 6371;
  return 2 * earthRadiusKm * Math.asin(Math.min(1, Math.sqrt(a)));
}

function rounded(value: number, digits = 0): number {
  const factor = 10 ** Math.min(15, Math.max(-15, Math.trunc(digits)));
  return Math.round(value * factor) / factor;
}

function trimmed(text: string, characters: Value, left: boolean, right: boolean): string {
  const given = textOf(characters);
  const isTrimmed = (char: string | undefined) =>
    char !== undefined && (given === undefined ? /\s/.test(char) : given.includes(char));
  let from = 0;
  let to = text.length;
  while (left && from < to && isTrimmed(text[from])) from += 1;
  while (right && to > from && isTrimmed(text[to - 1])) to -= 1;
  return text.slice(from, to);
}

function parsedJson(text: string): Structure | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Structure) : undefined;
  } catch {
    return undefined;
  }
}

function arrayOf(value: Value): readonly unknown[] {
  const list = typeof value === "string" ? parsedJson(value) : value;
  return Array.isArray(list) ? list : [];
}

function firstTrue(args: Value[]): Value {
  for (let i = 0; i + 1 < args.length; i += 2) if (isTrue(args[i])) return args[i + 1];
  return args.length % 2 === 1 ? args.at(-1) : undefined;
}

/** Longest text that a function makes. */
const maxTextLength = 1_048_576;

function joined(args: Value[]): string {
  return args
    .map((arg) => textOf(arg) ?? "")
    .join("")
    .slice(0, maxTextLength);
}

function replaced(text: string, search: Value, replacement: Value): string {
  const wanted = textOf(search) ?? "";
  return wanted === ""
    ? text
    : text.replaceAll(wanted, () => textOf(replacement) ?? "").slice(0, maxTextLength);
}

const timeOf = (value: Value, run: (ms: number) => Value): Value => {
  const ms = numberOf(value);
  return ms === undefined ? undefined : run(ms);
};

const formatted: Fn = (time, format, zone) =>
  timeOf(time, (ms) => strftime(ms, textOf(format) ?? "", textOf(zone)));

const many = 100;

export const functions: Readonly<Record<string, FunctionFacts>> = {
  abs: { run: ofNumbers(Math.abs), min: 1, max: 1 },
  ceil: { run: ofNumbers(Math.ceil), min: 1, max: 1 },
  floor: { run: ofNumbers(Math.floor), min: 1, max: 1 },
  greatest: { run: ofNumbers(Math.max), min: 1, max: many },
  least: { run: ofNumbers(Math.min), min: 1, max: many },
  log: { run: ofNumbers(Math.log), min: 1, max: 1 },
  sqrt: { run: ofNumbers(Math.sqrt), min: 1, max: 1 },
  round: { run: ofNumbers(rounded), min: 1, max: 2 },
  haversine: { run: ofNumbers(haversineKm), min: 4, max: 4 },
  tonumber: { run: numberOf, min: 1, max: 1 },
  todouble: { run: numberOf, min: 1, max: 1 },
  toint: { run: ofNumbers((value) => Math.trunc(value) | 0), min: 1, max: 1 },
  tolong: { run: ofNumbers(Math.trunc), min: 1, max: 1 },
  ispresent: { run: (value) => value !== undefined, min: 1, max: 1 },
  coalesce: { run: (...args) => args.find((arg) => arg !== undefined), min: 1, max: many },
  case: { run: (...args) => firstTrue(args), min: 2, max: 21 },
  if: { run: (condition, yes, no) => (isTrue(condition) ? yes : no), min: 3, max: 3 },
  isnumeric: { run: (value) => numberOf(value) !== undefined, min: 1, max: 1 },
  messagesize: { run: ofText((text) => Buffer.byteLength(text)), min: 1, max: 1 },
  jsonparse: { run: ofText(parsedJson), min: 1, max: 1 },
  jsonstringify: {
    run: (value) => (typeof value === "object" ? JSON.stringify(value) : undefined),
    min: 1,
    max: 1,
  },
  jsonarraysize: { run: (value) => arrayOf(value).length, min: 1, max: 1 },
  jsonarraycontains: {
    run: (list, value) => arrayOf(list).some((item) => textOf(item as Value) === textOf(value)),
    min: 2,
    max: 2,
  },
  isempty: { run: (value) => (textOf(value) ?? "") === "", min: 1, max: 1 },
  isblank: { run: (value) => (textOf(value) ?? "").trim() === "", min: 1, max: 1 },
  concat: { run: (...args) => joined(args), min: 1, max: many },
  ltrim: { run: ofText((text, characters) => trimmed(text, characters, true, false)), min: 1, max: 2 },
  rtrim: { run: ofText((text, characters) => trimmed(text, characters, false, true)), min: 1, max: 2 },
  trim: { run: ofText((text, characters) => trimmed(text, characters, true, true)), min: 1, max: 2 },
  strlen: { run: ofText((text) => [...text].length), min: 1, max: 1 },
  toupper: { run: ofText((text) => text.toUpperCase()), min: 1, max: 1 },
  tolower: { run: ofText((text) => text.toLowerCase()), min: 1, max: 1 },
  substr: {
    run: ofText((text, start, length) => {
      const from = Math.max(0, numberOf(start) ?? 0);
      const count = numberOf(length);
      return count === undefined ? text.slice(from) : text.slice(from, from + Math.max(0, count));
    }),
    min: 2,
    max: 3,
  },
  replace: { run: ofText(replaced), min: 3, max: 3 },
  strcontains: { run: ofText((text, part) => text.includes(textOf(part) ?? "")), min: 2, max: 2 },
  frommillis: { run: (value) => timeOf(value, (ms) => new Timestamp(ms)), min: 1, max: 1 },
  tomillis: { run: numberOf, min: 1, max: 1 },
  formatdate: { run: formatted, min: 2, max: 3 },
  strftime: { run: formatted, min: 2, max: 3 },
  parsedate: {
    run: ofText((text, format, zone) => parseDate(text, textOf(format) ?? "", textOf(zone))),
    min: 2,
    max: 3,
  },
  ...Object.fromEntries(
    Object.entries(addressFunctions).map(([name, run]) => {
      const count = name.includes("insubnet") ? 2 : 1;
      return [name, { run, min: count, max: count }];
    }),
  ),
};
