import { QueryError } from "./syntax.ts";

/** Periods and the times that they divide. Weeks begin on Mondays. */

const millisecond = 1;
const second = 1_000;
const minute = 60_000;
const hour = 3_600_000;
const day = 86_400_000;

type Unit = { ms: number; cap: number } | { months: number };

/** AWS takes no more of a unit than would make the next one. */
const units: Readonly<Record<string, Unit>> = {
  ms: { ms: millisecond, cap: 1000 },
  s: { ms: second, cap: 60 },
  m: { ms: minute, cap: 60 },
  h: { ms: hour, cap: 24 },
  d: { ms: day, cap: Number.POSITIVE_INFINITY },
  w: { ms: 7 * day, cap: Number.POSITIVE_INFINITY },
  mo: { months: 1 },
  q: { months: 3 },
  y: { months: 12 },
};

const names: Readonly<Record<string, keyof typeof units>> = {
  millisecond: "ms",
  ms: "ms",
  msec: "ms",
  second: "s",
  s: "s",
  sec: "s",
  minute: "m",
  m: "m",
  min: "m",
  hour: "h",
  h: "h",
  hr: "h",
  day: "d",
  d: "d",
  week: "w",
  w: "w",
  month: "mo",
  mo: "mo",
  mon: "mo",
  quarter: "q",
  q: "q",
  qtr: "q",
  year: "y",
  y: "y",
  yr: "y",
};

export interface Period {
  /** The last division at or before a time. */
  floor(ms: number): number;
  /** The first at or behind it. */
  ceil(ms: number): number;
}

export function periodOf(count: number, unitName: string): Period {
  const name = names[unitName] ?? (unitName.length > 2 ? names[unitName.replace(/s$/, "")] : undefined);
  const unit = name === undefined ? undefined : units[name];
  if (unit === undefined || !(count > 0)) throw new QueryError(`invalid period ${count}${unitName}`);
  return "months" in unit
    ? months(unit.months * Math.floor(count))
    : fixed(unit.ms * Math.min(count, unit.cap), name);
}

/** 1 January 1970 was a Thursday. */
const firstMonday = 4 * day;

function fixed(length: number, unit: string | undefined): Period {
  const origin = unit === "w" ? firstMonday : 0;
  const floor = (ms: number) => Math.floor((ms - origin) / length) * length + origin;
  return { floor, ceil: (ms) => -Math.floor(-(ms - origin) / length) * length + origin };
}

function months(count: number): Period {
  const startOf = (number: number) => Date.UTC(1970, number * count, 1);
  const indexOf = (ms: number) => {
    const date = new Date(ms);
    return Math.floor(((date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth()) / count);
  };
  return {
    floor: (ms) => startOf(indexOf(ms)),
    ceil: (ms) => {
      const start = startOf(indexOf(ms));
      return start === ms ? ms : startOf(indexOf(ms) + 1);
    },
  };
}

/** strftime, as far as AWS's function has it. */
export function strftime(ms: number, format: string, timeZone = "UTC"): string | undefined {
  const parts = partsIn(ms, timeZone);
  if (parts === undefined) return undefined;
  const two = (value: number) => String(value).padStart(2, "0");
  const { year, month, day: date, hour: hours, minute: minutes, second: seconds } = parts;
  const values: Record<string, string> = {
    Y: String(year),
    y: two(year % 100),
    m: two(month),
    d: two(date),
    H: two(hours),
    I: two(hours % 12 || 12),
    M: two(minutes),
    S: two(seconds),
    L: String(((ms % 1000) + 1000) % 1000).padStart(3, "0"),
    p: hours < 12 ? "AM" : "PM",
    s: String(Math.floor(ms / 1000)),
    Z: timeZone,
    F: `${year}-${two(month)}-${two(date)}`,
    T: `${two(hours)}:${two(minutes)}:${two(seconds)}`,
    "%": "%",
  };
  return format.replace(/%(.)/g, (whole, letter: string) => values[letter] ?? whole);
}

interface Parts {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

/** Making one takes longer than using it a hundred times. There are only so many time zones. */
const formatters = new Map<string, Intl.DateTimeFormat>();

/** Undefined for no time zone. */
function formatterOf(timeZone: string): Intl.DateTimeFormat | undefined {
  const known = formatters.get(timeZone);
  if (known !== undefined) return known;
  try {
    const formatter = new Intl.DateTimeFormat("en-US", {
      timeZone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    formatters.set(timeZone, formatter);
    return formatter;
  } catch {
    return undefined;
  }
}

export function partsIn(ms: number, timeZone: string): Parts | undefined {
  if (!Number.isFinite(ms) || Math.abs(ms) > 8.64e15) return undefined;
  const formatter = formatterOf(timeZone);
  if (formatter === undefined) return undefined;
  return Object.fromEntries(
    formatter.formatToParts(new Date(ms)).map(({ type, value }) => [type, Number(value)]),
  ) as unknown as Parts;
}
