import { partsIn } from "./insights/time.ts";

/**
 * Times in the patterns of Java's DateTimeFormatter.
 * https://docs.oracle.com/en/java/javase/21/docs/api/java.base/java/time/format/DateTimeFormatter.html
 */

const second = 1_000;
const minute = 60_000;
const hour = 3_600_000;

const tokens =
  /yyyy|uuuu|yy|MMMM|MMM|MM|M|dd|d|HH|H|hh|h|mm|m|ss|s|S+|a|EEEE|E+|XXX|X|Z|'[^']*'|[^A-Za-z]+|[A-Za-z]/g;

const months = "January February March April May June July August September October November December".split(
  " ",
);
const days = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");

/** Whether a pattern is one of Java's that is understood here; or "epoch". */
export function isDatePattern(pattern: string): boolean {
  return (
    pattern === "epoch" ||
    [...pattern.matchAll(tokens)].every(
      ([token]) => token.length > 1 || /[^A-Za-z]|[MdHhmsSaEXZ]/.test(token),
    )
  );
}

/** ms since the epoch; undefined for a text that is not of the pattern. */
export function parseDate(text: string, format: string, timeZone = "UTC"): number | undefined {
  const found: Record<string, string> = {};
  let at = 0;
  for (const [token] of format.matchAll(tokens)) {
    const literal = token.startsWith("'") ? token.slice(1, -1) : /^[^A-Za-z]/.test(token) ? token : undefined;
    if (literal !== undefined) {
      if (!text.startsWith(literal, at)) return undefined;
      at += literal.length;
      continue;
    }
    const value = shapeOf(token, text, at);
    if (value === undefined) return undefined;
    found[token[0] === "u" ? "y" : token.startsWith("MMM") ? "MMM" : (token[0] as string)] = value;
    at += value.length;
  }
  return at === text.length ? timeOf(found, timeZone) : undefined;
}

const short = (name: string) => name.slice(0, 3);
const oneOf = (names: readonly string[]) => new RegExp(names.join("|"), "y");

const shapes: Readonly<Record<string, RegExp>> = {
  MMM: oneOf(months.map(short)),
  MMMM: oneOf(months),
  E: oneOf(days.map(short)),
  EEEE: oneOf(days),
  a: /[AaPp][Mm]/y,
  X: /Z|[+-]\d{2}(?::?\d{2})?/y,
  Z: /[+-]\d{4}/y,
};

function shapeOf(token: string, text: string, at: number): string | undefined {
  const shape =
    shapes[token] ??
    shapes[token[0] as string] ??
    new RegExp(token.length === 1 && token !== "S" ? "\\d{1,2}" : `\\d{${token.length}}`, "y");
  shape.lastIndex = at;
  return shape.exec(text)?.[0];
}

function monthNamed(name: string): number {
  return months.findIndex((one) => short(one) === short(name)) + 1;
}

function timeOf(found: Record<string, string>, timeZone: string): number | undefined {
  const month = found.MMM === undefined ? Number(found.M ?? 1) : monthNamed(found.MMM);
  const year = Number(found.y ?? 1970);
  let hours = Number(found.H ?? found.h ?? 0);
  if (found.a !== undefined) hours = (hours % 12) + (/p/i.test(found.a) ? 12 : 0);
  const ms = Date.UTC(
    year < 100 ? 2000 + year : year,
    month - 1,
    Number(found.d ?? 1),
    hours,
    Number(found.m ?? 0),
    Number(found.s ?? 0),
    Number((found.S ?? "").padEnd(3, "0").slice(0, 3)),
  );
  const offset = found.X ?? found.Z;
  if (offset !== undefined) return ms - offsetMs(offset);
  const parts = partsIn(ms, timeZone);
  if (parts === undefined) return undefined;
  const there = Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second);
  return ms - (there - Math.floor(ms / second) * second);
}

function offsetMs(offset: string): number {
  if (offset === "Z") return 0;
  const digits = offset.replace(":", "");
  const sign = digits.startsWith("-") ? -1 : 1;
  return sign * (Number(digits.slice(1, 3)) * hour + Number(digits.slice(3, 5) || 0) * minute);
}

/** A time in a pattern of Java's DateTimeFormatter; undefined for no time zone. */
export function formatDate(ms: number, pattern: string, timeZone: string): string | undefined {
  const parts = partsIn(ms, timeZone);
  if (parts === undefined) return undefined;
  if (pattern === "epoch") return String(ms);
  const there = Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute, parts.second);
  const offsetMinutes = Math.round((there - Math.floor(ms / 1000) * 1000) / 60_000);
  const values: Record<string, number> = {
    M: parts.month,
    d: parts.day,
    H: parts.hour,
    h: parts.hour % 12 || 12,
    m: parts.minute,
    s: parts.second,
  };
  return pattern.replace(tokens, (token) => {
    const letter = token[0] as string;
    if (letter === "'") return token.slice(1, -1);
    if (/^(?:yyyy|uuuu)$/.test(token)) return String(parts.year).padStart(4, "0");
    if (token === "yy") return String(parts.year % 100).padStart(2, "0");
    if (token.startsWith("MMM")) {
      const name = months[parts.month - 1] as string;
      return token === "MMMM" ? name : name.slice(0, 3);
    }
    if (letter === "E") {
      const name = days[new Date(there).getUTCDay()] as string;
      return token === "EEEE" ? name : name.slice(0, 3);
    }
    if (letter === "S")
      return String(((ms % 1000) + 1000) % 1000)
        .padStart(3, "0")
        .padEnd(token.length, "0")
        .slice(0, token.length);
    if (letter === "a") return parts.hour < 12 ? "AM" : "PM";
    if (letter === "X" || letter === "Z") return offsetOf(offsetMinutes, token);
    const value = values[letter];
    return value === undefined ? token : String(value).padStart(token.length, "0");
  });
}

function offsetOf(minutes: number, token: string): string {
  if (minutes === 0 && token.startsWith("X")) return "Z";
  const two = (value: number) => String(value).padStart(2, "0");
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  const sign = minutes < 0 ? "-" : "+";
  return `${sign}${two(hours)}${token === "XXX" ? ":" : ""}${token === "X" && rest === 0 ? "" : two(rest)}`;
}
