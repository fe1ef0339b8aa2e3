import type { Context } from "../../kit/context.ts";
import { objectAccess } from "./access.ts";
import { fail, invalidArgument, invalidRequest } from "./errors.ts";
import type { BucketRow, LockDefault, ObjectRow, Retention } from "./tables.ts";

/** Object Lock: who may delete or change what. https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html */

const dayMs = 86_400_000;

export interface LockInput {
  ObjectLockMode?: string | undefined;
  ObjectLockRetainUntilDate?: Date | undefined;
  ObjectLockLegalHoldStatus?: string | undefined;
}

/** What a new version is locked by: what its request says, or what its bucket does by default. */
export function lockOf(
  input: LockInput,
  bucket: BucketRow,
  nowMs: number,
): { retention?: Retention; legalHold?: boolean } {
  const { ObjectLockMode: mode, ObjectLockRetainUntilDate: until, ObjectLockLegalHoldStatus: hold } = input;
  if (bucket.lock === undefined) {
    if (mode === undefined && until === undefined && hold === undefined) return {};
    throw invalidRequest("Bucket is missing Object Lock Configuration");
  }
  if ((mode === undefined) !== (until === undefined)) {
    const missing = mode === undefined ? "x-amz-object-lock-mode" : "x-amz-object-lock-retain-until-date";
    throw invalidArgument(
      "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied",
      missing,
    );
  }
  const retention =
    mode !== undefined && until !== undefined
      ? retentionOf(mode, until, nowMs, "x-amz-object-lock-mode")
      : defaultRetention(bucket.lock.default, nowMs);
  if (hold !== undefined && hold !== "ON" && hold !== "OFF")
    throw invalidArgument("Legal Hold must be either of 'ON' or 'OFF'", "x-amz-object-lock-legal-hold", hold);
  return { ...(retention && { retention }), ...(hold !== undefined && { legalHold: hold === "ON" }) };
}

export function retentionOf(mode: string, until: Date, nowMs: number, argument: string): Retention {
  if (mode !== "GOVERNANCE" && mode !== "COMPLIANCE") {
    throw invalidArgument("Unknown wormMode directive.", argument, mode);
  }
  if (until.getTime() <= nowMs) {
    throw invalidArgument(
      "The retain until date must be in the future!",
      argument === "Mode" ? "RetainUntilDate" : "x-amz-object-lock-retain-until-date",
      until.toString(),
    );
  }
  return { mode, untilMs: until.getTime() };
}

function defaultRetention(lock: LockDefault | undefined, nowMs: number): Retention | undefined {
  if (lock === undefined) return undefined;
  const until = new Date(nowMs);
  if (lock.years !== undefined) until.setUTCFullYear(until.getUTCFullYear() + lock.years);
  return { mode: lock.mode, untilMs: until.getTime() + (lock.days ?? 0) * dayMs };
}

/** Whether a version is protected now, and whether the one who may bypass governance could delete it. */
export function protectionOf(row: ObjectRow, nowMs: number): "no" | "bypassable" | "yes" {
  if (row.legalHold) return "yes";
  if (row.retention === undefined || row.retention.untilMs <= nowMs) return "no";
  return row.retention.mode === "GOVERNANCE" ? "bypassable" : "yes";
}

/** Refuses to delete what is locked, unless the caller asks to bypass governance and may. */
export async function checkNotLocked(
  bucket: BucketRow,
  key: string,
  row: ObjectRow,
  bypass: boolean | undefined,
  ctx: Context,
): Promise<void> {
  const protection = protectionOf(row, ctx.clock.now());
  if (protection === "no") return;
  if (protection === "bypassable" && bypass && (await mayBypass(bucket, key, ctx))) return;
  throw fail("AccessDenied", {
    message: "Access Denied because object protected by object lock.",
  });
}

export async function mayBypass(bucket: BucketRow, key: string, ctx: Context): Promise<boolean> {
  return await ctx.allowed(await objectAccess("BypassGovernanceRetention", bucket.name, key, ctx));
}

export function shownHold(legalHold: boolean) {
  return legalHold ? ("ON" as const) : ("OFF" as const);
}

export function shownLock({ retention, legalHold }: Pick<ObjectRow, "retention" | "legalHold">) {
  return {
    ...(retention && {
      ObjectLockMode: retention.mode,
      ObjectLockRetainUntilDate: new Date(retention.untilMs),
    }),
    ...(legalHold !== undefined && { ObjectLockLegalHoldStatus: shownHold(legalHold) }),
  };
}

export function lockKeys(input: LockInput) {
  return {
    "s3:object-lock-mode": input.ObjectLockMode,
    "s3:object-lock-retain-until-date": input.ObjectLockRetainUntilDate?.toISOString(),
    "s3:object-lock-legal-hold": input.ObjectLockLegalHoldStatus,
  };
}
