/**
 * Times in JQ, which the library that evaluates queries lacks: strftime, strptime, gmtime, mktime. Each becomes a
 * format of the library's own ("@name"), which takes a value and gives one.
 * https://jqlang.org/manual/v1.6/#dates
 */

/** Broken-down time: year, month (0 to 11), day, hours, minutes, seconds, day of the week, day of the year. */
type Broken = [number, number, number, number, number, number, number, number];

function brokenOf(value: unknown): Broken {
  if (Array.isArray(value) && value.length >= 6 && value.every((part) => typeof part === "number"))
    return value as Broken;
  if (typeof value !== "number") throw new TypeError("A time is a number of seconds, or broken down.");
  const date = new Date(Math.floor(value) * 1000);
  const year = date.getUTCFullYear();
  return [
    year,
    date.getUTCMonth(),
    date.getUTCDate(),
    date.getUTCHours(),
    date.getUTCMinutes(),
    date.getUTCSeconds(),
    date.getUTCDay(),
    Math.floor((date.getTime() - Date.UTC(year, 0, 1)) / 86_400_000),
  ];
}

function secondsOf(value: unknown): number {
  const [year, month, day, hours, minutes, seconds] = brokenOf(value);
  return Math.floor(Date.UTC(year, month, day, hours, minutes, seconds) / 1000);
}

const days = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");
const months = "January February March April May June July August September October November December".split(
  " ",
);

const two = (value: number) => String(value).padStart(2, "0");

const directives: Record<string, (time: Broken) => string> = {
  Y: ([year]) => String(year),
  y: ([year]) => two(year % 100),
  m: ([, month]) => two(month + 1),
  d: ([, , day]) => two(day),
  e: ([, , day]) => String(day).padStart(2),
  H: ([, , , hours]) => two(hours),
  I: ([, , , hours]) => two(hours % 12 || 12),
  M: ([, , , , minutes]) => two(minutes),
  S: ([, , , , , seconds]) => two(Math.floor(seconds)),
  j: (time) => String(time[7] + 1).padStart(3, "0"),
  p: ([, , , hours]) => (hours < 12 ? "AM" : "PM"),
  A: (time) => days[time[6]] ?? "",
  a: (time) => (days[time[6]] ?? "").slice(0, 3),
  u: (time) => String(time[6] || 7),
  w: (time) => String(time[6]),
  B: ([, month]) => months[month] ?? "",
  b: ([, month]) => (months[month] ?? "").slice(0, 3),
  s: (time) => String(secondsOf(time)),
  Z: () => "UTC",
  z: () => "+0000",
  "%": () => "%",
};

function expanded(format: string): string {
  return format.replaceAll("%F", "%Y-%m-%d").replaceAll("%T", "%H:%M:%S").replaceAll("%R", "%H:%M");
}

export function strftime(format: string, value: unknown): string {
  const whole = typeof value === "number" ? brokenOf(value) : brokenOf(secondsOf(value));
  return expanded(format).replace(
    /%([A-Za-z%])/g,
    (text, letter: string) => directives[letter]?.(whole) ?? text,
  );
}

const parsers: Record<string, { pattern: string; part: number; offset?: number }> = {
  Y: { pattern: "(\\d{4})", part: 0 },
  m: { pattern: "(\\d{1,2})", part: 1, offset: -1 },
  d: { pattern: "(\\d{1,2})", part: 2 },
  H: { pattern: "(\\d{1,2})", part: 3 },
  M: { pattern: "(\\d{1,2})", part: 4 },
  S: { pattern: "(\\d{1,2})", part: 5 },
};

export function strptime(format: string, value: unknown): Broken {
  if (typeof value !== "string") throw new TypeError("A time is parsed from a text.");
  const parts: { part: number; offset: number }[] = [];
  const pattern = expanded(format)
    .replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")
    .replace(/%([A-Za-z])/g, (_, letter: string) => {
      if (letter === "Z" || letter === "z") return "(?:UTC|GMT|Z|[+-]00:?00)";
      const parser = parsers[letter];
      if (parser === undefined) throw new TypeError(`strptime does not know %${letter}.`);
      parts.push({ part: parser.part, offset: parser.offset ?? 0 });
      return parser.pattern;
    });
  const match = new RegExp(`^${pattern}$`).exec(value);
  if (match === null) throw new TypeError("The text does not have the format.");
  const fields = [1970, 0, 1, 0, 0, 0];
  for (const [i, { part, offset }] of parts.entries()) fields[part] = Number(match[i + 1]) + offset;
  const [year = 0, month = 0, day = 0, hours = 0, minutes = 0, seconds = 0] = fields;
  return brokenOf(Date.UTC(year, month, day, hours, minutes, seconds) / 1000);
}

/** Formats that queries of all customers have defined; the text of a format is in its name. */
const maxFormats = 1_000;
const parsedCall = /\b(strftime|strptime)\s*\(\s*("(?:[^"\\]|\\.)*")\s*\)/g;

/** The query with its times as formats, which are added to those of the library. Throws for what it cannot be. */
export function withTimes(query: string, formats: Record<string, (value: unknown) => unknown>): string {
  formats.gmtime ??= brokenOf;
  formats.mktime ??= secondsOf;
  return query
    .replace(parsedCall, (_, name: string, quoted: string) => {
      const format = JSON.parse(quoted) as string;
      const id = `${name}_${Buffer.from(format).toString("hex")}`;
      if (!Object.hasOwn(formats, id)) {
        if (Object.keys(formats).length >= maxFormats)
          throw new RangeError("There are too many formats of times.");
        formats[id] = (value) => (name === "strftime" ? strftime(format, value) : strptime(format, value));
      }
      return `@${id}`;
    })
    .replace(/(?<![.\w"])(gmtime|mktime)\b/g, "@$1");
}
