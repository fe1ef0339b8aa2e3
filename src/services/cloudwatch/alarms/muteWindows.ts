import { isTimeZone, nextRun, type Schedule } from "../../../kit/schedule.ts";
import { dayMs, hourMs, minuteMs } from "../limits.ts";
import type { MuteRuleRow } from "../tables.ts";

/** When a mute rule holds. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Schedule.html */

const minDurationMs = minuteMs;
const maxDurationMs = 15 * dayMs;

/** "PT4H", "P2DT12H", in ms; undefined for any other text, and for what is too short or too long. */
export function durationMs(text: string): number | undefined {
  const match = /^P(?:(\d{1,3})D)?(?:T(?=\d)(?:(\d{1,4})H)?(?:(\d{1,5})M)?)?$/.exec(text);
  if (match === null) return undefined;
  const [, days = "0", hours = "0", minutes = "0"] = match;
  const ms = Number(days) * dayMs + Number(hours) * hourMs + Number(minutes) * minuteMs;
  return ms >= minDurationMs && ms <= maxDurationMs ? ms : undefined;
}

const weekdays = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"];
const months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/** Bounds of the five fields, and the names that their numbers have. */
const fields: readonly { min: number; max: number; names?: readonly string[] }[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: months },
  { min: 0, max: 7, names: weekdays },
];

/** `cron(0 2 * * SUN)` or `at(2026-11-30T14:00)`; undefined for any other text. */
export function muteSchedule(expression: string): Schedule | undefined {
  const local = /^at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2})\)$/.exec(expression)?.[1];
  if (local !== undefined)
    return Number.isNaN(Date.parse(`${local}Z`)) ? undefined : { kind: "at", local: `${local}:00` };
  const parts = /^cron\((.+)\)$/.exec(expression)?.[1]?.toUpperCase().split(" ");
  if (parts?.length !== fields.length) return undefined;
  const translated = parts.map((part, i) => translate(part, i));
  return translated.includes(undefined) ? undefined : { kind: "cron", pattern: `0 ${translated.join(" ")}` };
}

/** A field as the library has it: days of the week by their names, as it counts them otherwise. */
function translate(text: string, index: number): string | undefined {
  const { min, max, names = [] } = fields[index] as (typeof fields)[number];
  const one = (item: string): string | undefined => {
    if (item === "*" || names.includes(item)) return item;
    if (!/^\d{1,2}$/.test(item)) return undefined;
    const number = Number(item);
    if (number < min || number > max) return undefined;
    return names === weekdays ? weekdays[number] : String(number);
  };
  const items = text.split(",").map((item) => item.split("-").map(one));
  const isGood = items.every((range) => range.length <= 2 && !range.includes(undefined));
  return isGood ? items.map((range) => range.join("-")).join(",") : undefined;
}

export function isKnownTimeZone(name: string): boolean {
  return isTimeZone(name);
}

type Window = Pick<MuteRuleRow, "expression" | "duration" | "timeZone" | "startAt" | "expireAt">;

/** Until when a rule mutes at a time; undefined if it does not. */
export function mutedUntil(rule: Window, nowMs: number): number | undefined {
  const { startAt = Number.NEGATIVE_INFINITY, expireAt = Number.POSITIVE_INFINITY } = rule;
  if (nowMs < startAt || nowMs >= expireAt) return undefined;
  const schedule = muteSchedule(rule.expression);
  const length = durationMs(rule.duration);
  if (schedule === undefined || length === undefined) return undefined;
  const zone = { startMs: 0, ...(rule.timeZone !== undefined && { timeZone: rule.timeZone }) };
  // The first that began within the last window's length still goes on; one that began in it goes on longer.
  let began = nextRun(schedule, { afterMs: nowMs - length, ...zone });
  let until: number | undefined;
  for (let tries = 0; tries < maxOverlapping && began !== undefined && began <= nowMs; tries += 1) {
    until = began + length;
    began = nextRun(schedule, { afterMs: began, ...zone });
  }
  return until === undefined ? undefined : Math.min(until, expireAt);
}

/** Windows that overlap are followed so far. */
const maxOverlapping = 50;

export type MuteStatus = "SCHEDULED" | "ACTIVE" | "EXPIRED";

export function statusOf(rule: Window, nowMs: number): MuteStatus {
  if (rule.expireAt !== undefined && nowMs >= rule.expireAt) return "EXPIRED";
  if (mutedUntil(rule, nowMs) !== undefined) return "ACTIVE";
  const schedule = muteSchedule(rule.expression);
  const zone = { startMs: 0, ...(rule.timeZone !== undefined && { timeZone: rule.timeZone }) };
  const next = schedule && nextRun(schedule, { afterMs: nowMs, ...zone });
  return next === undefined || next >= (rule.expireAt ?? Number.POSITIVE_INFINITY) ? "EXPIRED" : "SCHEDULED";
}
