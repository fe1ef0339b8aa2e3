import { AwsError } from "../../kit/errors.ts";
import { fail } from "./errors.ts";
import type { ObjectRow } from "./tables.ts";

/** Conditional requests. https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html */

export interface ReadConditions {
  IfMatch?: string | undefined;
  IfNoneMatch?: string | undefined;
  IfModifiedSince?: Date | undefined;
  IfUnmodifiedSince?: Date | undefined;
}

function names(header: string, etag: string): boolean {
  return header.split(",").some((one) => {
    const value = one
      .trim()
      .replace(/^W\//, "")
      .replace(/^"(.*)"$/, "$1");
    return value === "*" || value === etag;
  });
}

type Failing = "match" | "unchanged" | undefined;

/** Which of the conditions fails, in the precedence of RFC 9110, section 13.2.2. */
function failing(
  conditions: ReadConditions,
  row: ObjectRow,
  nowMs: number,
): { header: string; kind: Failing } | undefined {
  const { IfMatch, IfNoneMatch, IfModifiedSince, IfUnmodifiedSince } = conditions;
  if (IfMatch !== undefined) {
    if (!names(IfMatch, row.etag)) return { header: "If-Match", kind: "match" };
  } else if (IfUnmodifiedSince !== undefined && row.lastModified > IfUnmodifiedSince.getTime()) {
    return { header: "If-Unmodified-Since", kind: "match" };
  }
  if (IfNoneMatch !== undefined) {
    if (names(IfNoneMatch, row.etag)) return { header: "If-None-Match", kind: "unchanged" };
  } else if (IfModifiedSince !== undefined && isModifiedBy(row, IfModifiedSince, nowMs)) {
    return { header: "If-Modified-Since", kind: "unchanged" };
  }
  return undefined;
}

/** Whether there is nothing newer than a date; dates to come say nothing (RFC 9110, section 13.1.3). */
function isModifiedBy({ lastModified }: ObjectRow, since: Date, nowMs: number): boolean {
  return lastModified <= since.getTime() && since.getTime() <= nowMs;
}

/** Refuses a read whose conditions do not hold: 412, or 304 where the client has the object already. */
export function checkRead(conditions: ReadConditions, row: ObjectRow, nowMs: number): void {
  const failed = failing(conditions, row, nowMs);
  if (failed === undefined) return;
  if (failed.kind === "match") throw fail("PreconditionFailed", { members: { Condition: failed.header } });
  throw new AwsError("NotModified", "Not Modified", {
    status: 304,
    headers: { ETag: `"${row.etag}"`, "Last-Modified": new Date(row.lastModified).toUTCString() },
  });
}

/** Conditions on the source of a copy: all that fail are 412. */
export function checkSource(conditions: ReadConditions, row: ObjectRow, nowMs: number): void {
  const failed = failing(conditions, row, nowMs);
  if (failed !== undefined) {
    throw fail("PreconditionFailed", { members: { Condition: `x-amz-copy-source-${failed.header}` } });
  }
}

/** Refuses a write whose conditions do not hold of what is there. */
export function checkWrite(
  { IfMatch, IfNoneMatch }: Pick<ReadConditions, "IfMatch" | "IfNoneMatch">,
  key: string,
  current: ObjectRow | undefined,
): void {
  const there = current?.deleteMarker ? undefined : current;
  if (IfMatch !== undefined && IfNoneMatch !== undefined) {
    throw notImplemented(
      "If-Match,If-None-Match",
      "Multiple conditional request headers present in the request",
    );
  }
  if (IfNoneMatch !== undefined) {
    if (IfNoneMatch !== "*") throw refusedValue("If-None-Match");
    if (there !== undefined) throw fail("PreconditionFailed", { members: { Condition: "If-None-Match" } });
  }
  if (IfMatch === undefined) return;
  if (IfMatch === "*") throw refusedValue("If-Match");
  if (there === undefined) throw fail("NoSuchKey", { members: { Key: key } });
  if (!names(IfMatch, there.etag)) throw fail("PreconditionFailed", { members: { Condition: "If-Match" } });
}

function refusedValue(header: string) {
  return notImplemented(header, `We don't accept the provided value of ${header} header for this API`);
}

export function notImplemented(Header: string, additionalMessage?: string) {
  return fail("NotImplemented", { members: { Header, additionalMessage } });
}
