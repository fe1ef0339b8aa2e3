import { constantOf } from "../variables.ts";
import { nothing, type OperatorFamily } from "./values.ts";

/** `DateEquals` and its kin: ISO 8601 as W3C profiles it, or seconds since the epoch; no variables. */
export function dateFamily(holds: (value: number, wanted: number) => boolean): OperatorFamily {
  return (templates) => {
    const wanted = templates
      .map((template) => toTime(constantOf(template) ?? ""))
      .filter((time) => time !== undefined);
    if (wanted.length === 0) return nothing;
    return (value) => {
      const time = toTime(value);
      return time !== undefined && wanted.some((each) => holds(time, each));
    };
  };
}

const epochSeconds = /^-?\d{1,14}(?:\.\d+)?$/;
const isoDate =
  /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*([Zz]|[+-]\d\d:?\d\d)?)?)?)?$/;

/** Milliseconds since the epoch; a time without zone is UTC. A bare year of four digits is a year. */
export function toTime(text: string): number | undefined {
  const found = isoDate.exec(text);
  if (found === null) return epochSeconds.test(text) ? Number(text) * 1000 : undefined;
  const [, year, month = "1", day = "1", hour = "0", minute = "0", second = "0", fraction = "0", zone = "Z"] =
    found;
  const utc = Date.UTC(
    +(year as string),
    +month - 1,
    +day,
    +hour,
    +minute,
    +second,
    Math.floor(Number(`0.${fraction}`) * 1000),
  );
  if (+month < 1 || +month > 12 || +day < 1 || +day > daysIn(+(year as string), +month)) return undefined;
  if (+hour > 24 || +minute > 59 || +second > 60) return undefined;
  return utc - zoneMs(zone);
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function zoneMs(zone: string): number {
  if (zone === "Z" || zone === "z") return 0;
  const digits = zone.replace(":", "");
  const minutes = Number(digits.slice(1, 3)) * 60 + Number(digits.slice(3, 5));
  return (digits.startsWith("-") ? -minutes : minutes) * 60_000;
}
