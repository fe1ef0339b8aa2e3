import type { DateTimeConverter } from "@aws-sdk/client-cloudwatch-logs";
import { parseDate, partsIn } from "../insights/time.ts";
import { get, type JsonObject, set } from "./event.ts";

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Transformation-Datatype.html */

const defaultFormat = "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'";
/** Seconds reach this number in the year 5138. */
const firstMilliseconds = 10 ** 11;

const tokens =
  /yyyy|uuuu|yy|MMMM|MMM|MM|M|dd|d|HH|H|hh|h|mm|m|ss|s|S+|a|EEEE|E+|XXX|X|Z|'[^']*'|[^A-Za-z]+|[A-Za-z]/g;

/** Whether a pattern is one of Java's that is understood here; or "epoch". */
export function isDatePattern(pattern: string): boolean {
  return (
    pattern === "epoch" ||
    [...pattern.matchAll(tokens)].every(
      ([token]) => token.length > 1 || /[^A-Za-z]|[MdHhmsSaEXZ]/.test(token),
    )
  );
}

export function dateConverter(options: DateTimeConverter): (event: JsonObject) => void {
  const { source = "", target = "", matchPatterns = [], targetFormat = defaultFormat } = options;
  const { sourceTimezone = "UTC", targetTimezone = "UTC" } = options;
  return (event) => {
    const value = get(event, source);
    if (typeof value !== "string" && typeof value !== "number") return;
    for (const pattern of matchPatterns) {
      const ms = pattern === "epoch" ? fromEpoch(value) : parseDate(String(value), pattern, sourceTimezone);
      if (ms === undefined) continue;
      const text = formatDate(ms, targetFormat, targetTimezone);
      if (text !== undefined) set(event, target, text);
      return;
    }
  };
}

function fromEpoch(value: string | number): number | undefined {
  const number = value === "" ? Number.NaN : Number(value);
  if (!Number.isFinite(number)) return undefined;
  return Math.abs(number) < firstMilliseconds ? number * 1000 : number;
}

const months = "January February March April May June July August September October November December".split(
  " ",
);
const days = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");

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
