/**
 * Times as Java's DateTimeFormatter writes them, for the letters that prefixes use: what is in single quotes is taken
 * literally. https://docs.oracle.com/javase/8/docs/api/java/time/format/DateTimeFormatter.html
 */

interface Fields {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  millisecond: number;
  dayOfYear: number;
  /** Monday is 1. */
  dayOfWeek: number;
  zone: string;
}

const months = "January February March April May June July August September October November December".split(
  " ",
);
const days = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(" ");

const formats = new Map<string, Intl.DateTimeFormat>();

/** Whether a text names a time zone. */
export function isTimeZone(zone: string): boolean {
  try {
    formatOf(zone);
    return true;
  } catch {
    return false;
  }
}

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    formats.set(zone, format);
  }
  return format;
}

function fieldsOf(timeMs: number, zone: string): Fields {
  const parts = Object.fromEntries(
    formatOf(zone)
      .formatToParts(timeMs)
      .map(({ type, value }) => [type, Number(value)]),
  ) as Record<"year" | "month" | "day" | "hour" | "minute" | "second", number>;
  const midnight = Date.UTC(parts.year, parts.month - 1, parts.day);
  return {
    ...parts,
    millisecond: ((timeMs % 1000) + 1000) % 1000,
    dayOfYear: Math.round((midnight - Date.UTC(parts.year, 0, 1)) / 86_400_000) + 1,
    dayOfWeek: new Date(midnight).getUTCDay() || 7,
    zone,
  };
}

const writers: Record<string, (fields: Fields, count: number) => string> = {
  y: ({ year }, count) => (count === 2 ? padded(year % 100, 2) : padded(year, count)),
  u: ({ year }, count) => padded(year, count),
  Y: ({ year }, count) => padded(year, count),
  M: ({ month }, count) => named(months, month, count),
  L: ({ month }, count) => named(months, month, count),
  d: ({ day }, count) => padded(day, count),
  D: ({ dayOfYear }, count) => padded(dayOfYear, count),
  H: ({ hour }, count) => padded(hour, count),
  k: ({ hour }, count) => padded(hour || 24, count),
  K: ({ hour }, count) => padded(hour % 12, count),
  h: ({ hour }, count) => padded(hour % 12 || 12, count),
  m: ({ minute }, count) => padded(minute, count),
  s: ({ second }, count) => padded(second, count),
  S: ({ millisecond }, count) => padded(millisecond, 3).padEnd(count, "0").slice(0, count),
  E: ({ dayOfWeek }, count) => named(days, dayOfWeek, Math.max(3, count)),
  e: ({ dayOfWeek }, count) => padded(dayOfWeek, count),
  a: ({ hour }) => (hour < 12 ? "AM" : "PM"),
  V: ({ zone }) => zone,
};

function padded(value: number, count: number): string {
  return String(value).padStart(count, "0");
}

function named(names: readonly string[], number: number, count: number): string {
  if (count < 3) return padded(number, count);
  const name = names[number - 1] as string;
  return count === 3 ? name.slice(0, 3) : name;
}

export function patternTime(pattern: string, timeMs: number, zone: string): string {
  const fields = fieldsOf(timeMs, zone);
  return pattern.replace(
    /'((?:[^']|'')*)'|([A-Za-z])\2*/g,
    (whole, quoted: string | undefined, letter: string) => {
      if (quoted !== undefined) return quoted === "" ? "'" : quoted.replaceAll("''", "'");
      return writers[letter]?.(fields, whole.length) ?? whole;
    },
  );
}
