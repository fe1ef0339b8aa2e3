/**
 * Timestamps in the three formats of Smithy: `date-time`, `http-date`, `epoch-seconds`.
 * https://smithy.io/2.0/spec/protocol-traits.html#timestampformat-trait
 */
import type { Member } from "./contract.ts";

export type TimestampFormat = NonNullable<Member["timestampFormat"]>;

/** Largest distance from 1970 that a Date holds, in seconds. */
const maxEpochSeconds = 8_640_000_000_000;
const dateTime = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:?\d{2})$/;
const basicDateTime = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/;
const httpDate = /^[A-Z][a-z]{2,8}, \d{2}[ -][A-Z][a-z]{2}[ -]\d{2,4} \d{2}:\d{2}:\d{2}(\.\d{1,9})? GMT$/;
const epoch = /^-?\d{1,13}(\.\d{1,9})?([eE][+-]?\d{1,2})?$/;

/** A Date, or undefined where the number is none. Fractions are kept to the millisecond. */
export function fromEpochSeconds(seconds: number): Date | undefined {
  if (!(Math.abs(seconds) <= maxEpochSeconds)) return undefined;
  return new Date(Math.round(seconds * 1000));
}

/** Reads text in `format`; undefined where it is not in it. */
export function parseTimestamp(text: string, format: TimestampFormat): Date | undefined {
  if (format === "epoch-seconds") return epoch.test(text) ? fromEpochSeconds(Number(text)) : undefined;
  if (format === "http-date") return httpDate.test(text) ? validDate(text) : undefined;
  if (dateTime.test(text)) return validDate(text);
  const basic = basicDateTime.exec(text);
  return basic
    ? validDate(`${basic[1]}-${basic[2]}-${basic[3]}T${basic[4]}:${basic[5]}:${basic[6]}Z`)
    : undefined;
}

/** Query services and headers take any of the formats. Only one of them can fit. */
export function parseAnyTimestamp(text: string): Date | undefined {
  return (
    parseTimestamp(text, "date-time") ??
    parseTimestamp(text, "epoch-seconds") ??
    parseTimestamp(text, "http-date")
  );
}

function validDate(text: string): Date | undefined {
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** Writes a Date in `format`. AWS leaves out a fraction of zero. */
export function formatTimestamp(date: Date, format: TimestampFormat): string {
  if (format === "epoch-seconds") return String(date.getTime() / 1000);
  if (format === "http-date") return date.toUTCString();
  const text = date.toISOString();
  return text.endsWith(".000Z") ? `${text.slice(0, -5)}Z` : text;
}
