import { SqlError } from "./syntax.ts";

/** Values of an event, and how they are compared and shown. Undefined is SQL's null. */

export type Value = string | number | boolean | object | undefined;

/** Columns of event data stores. https://docs.aws.amazon.com/awscloudtrail/latest/userguide/query-supported-event-schemas.html */
export const columns =
  "eventVersion userIdentity eventTime eventSource eventName awsRegion sourceIPAddress userAgent errorCode errorMessage requestParameters responseElements additionalEventData requestID eventID readOnly resources eventType apiVersion managementEvent recipientAccountId sharedEventID annotation vpcEndpointId serviceEventDetails addendum edgeDeviceDetails insightDetails eventCategory tlsDetails sessionCredentialFromConsole eventJson".split(
    " ",
  );

const byLowerCase = new Map(columns.map((name) => [name.toLowerCase(), name]));

/** Its name as events have it; throws for what is no column. */
export function columnNamed(name: string): string {
  const known = byLowerCase.get(name.toLowerCase());
  if (known === undefined) throw new SqlError(`Column '${name}' cannot be resolved`);
  return known;
}

/** Events as they were kept: JSON. */
export type Event = Readonly<Record<string, unknown>>;

const timeForm = /^\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)?(?:Z| UTC)?$/;

/** A time as Trino shows it, "2026-11-25 10:00:00.000": in this form times are compared. */
export function timeText(text: string): string | undefined {
  if (!timeForm.test(text)) return undefined;
  const iso = text.replace(" UTC", "Z").replace(" ", "T");
  const ms = Date.parse(iso.length === 10 || iso.endsWith("Z") ? iso : `${iso}Z`);
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString().replace("T", " ").replace("Z", "");
}

export function valueAt(event: Event, [column = "", ...rest]: readonly string[]): Value {
  if (column === "eventJson") return JSON.stringify(event);
  const value = event[column];
  if (column === "eventTime") return typeof value === "string" ? timeText(value) : undefined;
  return rest.reduce(memberOf, value as Value);
}

/** A member, in whatever case it is asked for. */
export function memberOf(value: Value, name: string): Value {
  if (typeof value !== "object" || value === null) return undefined;
  const key = Object.hasOwn(value, name)
    ? name
    : Object.keys(value).find((one) => one.toLowerCase() === name.toLowerCase());
  const found = key === undefined ? undefined : (value as Record<string, unknown>)[key];
  return found === null ? undefined : (found as Value);
}

/** Undefined where one is missing: SQL's unknown. */
export function compareValues(a: Value, b: Value): number | undefined {
  if (a === undefined || b === undefined || a === null || b === null) return undefined;
  if (typeof a === "number" || typeof b === "number") {
    const [x, y] = [Number(a), Number(b)];
    return Number.isNaN(x) || Number.isNaN(y) ? undefined : x - y;
  }
  const [x, y] = [String(shown(a)), String(shown(b))];
  return x < y ? -1 : x > y ? 1 : 0;
}

/** As Trino's answers show values: structures as "{type=IAMUser, arn=…}". */
export function shown(value: unknown): string {
  if (value === undefined || value === null) return "null";
  if (Array.isArray(value)) return `[${value.map(shown).join(", ")}]`;
  if (typeof value !== "object") return String(value);
  const members = Object.entries(value).map(([name, member]) => `${name}=${shown(member)}`);
  return `{${members.join(", ")}}`;
}

/** LIKE: "%" is any text, "_" any character. Goes back to the last "%" only: no worse than text times pattern. */
export function isLike(text: string, pattern: string): boolean {
  let [at, in_, star, mark] = [0, 0, -1, 0];
  while (at < text.length) {
    if (in_ < pattern.length && pattern[in_] === "%") {
      star = in_;
      mark = at;
      in_ += 1;
    } else if (in_ < pattern.length && (pattern[in_] === "_" || pattern[in_] === text[at])) {
      at += 1;
      in_ += 1;
    } else if (star >= 0) {
      in_ = star + 1;
      mark += 1;
      at = mark;
    } else return false;
  }
  while (pattern[in_] === "%") in_ += 1;
  return in_ === pattern.length;
}
