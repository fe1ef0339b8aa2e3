import { Cron } from "croner";

/**
 * Schedule expressions of EventBridge, its Scheduler and all that borrow them: `rate(5 minutes)`,
 * `cron(0 18 ? * MON-FRI *)`, `at(2026-11-30T09:00:00)`.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
 */
export type Schedule =
  | { kind: "rate"; everyMs: number }
  | { kind: "cron"; pattern: string }
  /** Local time of the schedule's time zone: "2026-11-30T09:00:00". */
  | { kind: "at"; local: string };

const unitsMs: Record<string, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** The schedule that an expression says; undefined where AWS would refuse it. */
export function parseSchedule(expression: string): Schedule | undefined {
  return rate(expression) ?? cron(expression) ?? at(expression);
}

/** "rate(1 minute)", "rate(5 minutes)": the unit agrees with the number. */
function rate(expression: string): Schedule | undefined {
  const match = /^rate\(([1-9]\d{0,8}) (minute|hour|day)(s?)\)$/.exec(expression);
  if (match === null) return undefined;
  const count = Number(match[1]);
  if ((count === 1) !== (match[3] === "")) return undefined;
  return { kind: "rate", everyMs: count * (unitsMs[match[2] as string] as number) };
}

function at(expression: string): Schedule | undefined {
  const local = /^at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\)$/.exec(expression)?.[1];
  if (local === undefined || Number.isNaN(Date.parse(`${local}Z`))) return undefined;
  return { kind: "at", local };
}

interface Field {
  min: number;
  max: number;
  names?: readonly string[];
  /** What the field may hold beside numbers, names, ranges, lists and steps. */
  special?: RegExp;
}

const months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const weekdays = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html#eb-cron-expressions */
const fields: readonly Field[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31, special: /^(?:\?|L|LW|(?:[1-9]|[12]\d|3[01])W)$/ },
  { min: 1, max: 12, names: months },
  { min: 1, max: 7, names: weekdays, special: /^(?:\?|L|(?:[1-7]|[A-Z]{3})(?:L|#[1-5]))$/ },
  { min: 1970, max: 2199 },
];

const dayOfMonth = 2;
const dayOfWeek = 4;

function cron(expression: string): Schedule | undefined {
  const parts = /^cron\((.+)\)$/.exec(expression)?.[1]?.toUpperCase().split(" ");
  if (parts?.length !== fields.length) return undefined;
  // Exactly one of the two days says when; the other is "?".
  if ((parts[dayOfMonth] === "?") === (parts[dayOfWeek] === "?")) return undefined;
  if (!parts.every((part, i) => isField(part, fields[i] as Field))) return undefined;
  const pattern = parts.map((part, i) => translated(part, fields[i] as Field, i === dayOfWeek)).join(" ");
  return { kind: "cron", pattern: `0 ${pattern}` };
}

function isField(text: string, field: Field): boolean {
  return text.split(",").every((item) => {
    if (field.special?.test(item)) return true;
    const [range = "", step, ...more] = item.split("/");
    if (more.length > 0 || (step !== undefined && !/^[1-9]\d{0,3}$/.test(step))) return false;
    if (range === "*") return true;
    const [first = "", last, ...others] = range.split("-");
    if (others.length > 0) return false;
    const from = numberOf(first, field);
    const to = last === undefined ? from : numberOf(last, field);
    return from !== undefined && to !== undefined;
  });
}

function numberOf(text: string, { min, max, names = [] }: Field): number | undefined {
  const named = names.indexOf(text);
  if (named >= 0) return min + named;
  if (!/^\d{1,4}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}

/** In the library's words: "0/15" counts on to the end of the field, "6L" is the last of that weekday. */
function translated(text: string, { max }: Field, isWeekday: boolean): string {
  if (text === "?") return "*";
  return text
    .split(",")
    .map((item) => {
      if (isWeekday && item === "L") return "7";
      if (isWeekday && /^\w+L$/.test(item)) return item.replace(/L$/, "#L");
      return /^\w+\/\d+$/.test(item) ? item.replace("/", `-${max}/`) : item;
    })
    .join(",");
}

/**
 * When a schedule is next due after `afterMs`, ms since the epoch; undefined if never again. A rate counts from
 * `startMs`. `timeZone` is an IANA name; times that daylight saving skips or repeats are as the library has them: a
 * fixed time that does not exist happens right after the gap, one that happens twice happens once.
 */
export function nextRun(
  schedule: Schedule,
  { afterMs, startMs, timeZone = "UTC" }: { afterMs: number; startMs: number; timeZone?: string },
): number | undefined {
  if (schedule.kind === "rate") {
    if (afterMs < startMs) return startMs + schedule.everyMs;
    return startMs + (Math.floor((afterMs - startMs) / schedule.everyMs) + 1) * schedule.everyMs;
  }
  const options = { timezone: timeZone, paused: true, alternativeWeekdays: true };
  const job = new Cron(schedule.kind === "cron" ? schedule.pattern : schedule.local, options);
  return job.nextRun(new Date(afterMs))?.getTime();
}

/** Whether a name is a time zone. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
