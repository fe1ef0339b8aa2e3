import type { StorageClass } from "@aws-sdk/client-s3";
import { fail, invalidArgument } from "./errors.ts";
import type { ObjectRow } from "./tables.ts";

/**
 * Objects in archives, which must be restored before they are read.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects.html
 */

const hourMs = 3_600_000;

export type Tier = "Standard" | "Bulk" | "Expedited";

/** How long a retrieval takes, at the end of what AWS names as usual; an archive may have no tier of a name. */
const retrievalMs: Partial<Record<StorageClass, Partial<Record<Tier, number>>>> = {
  GLACIER: { Expedited: 5 * 60_000, Standard: 5 * hourMs, Bulk: 12 * hourMs },
  DEEP_ARCHIVE: { Standard: 12 * hourMs, Bulk: 48 * hourMs },
};

export function isArchived({ storageClass }: ObjectRow): boolean {
  return storageClass in retrievalMs;
}

/** ms from the request to the copy that can be read. */
export function retrievalTime({ storageClass }: ObjectRow, tier: string): number {
  const ms = retrievalMs[storageClass]?.[tier as Tier];
  if (ms === undefined)
    throw invalidArgument(`The tier ${tier} is not valid for ${storageClass}`, "Tier", tier);
  return ms;
}

export type RestoreState = "none" | "ongoing" | "restored";

export function restoreState({ restore }: ObjectRow, nowMs: number): RestoreState {
  if (restore === undefined || nowMs >= restore.untilMs) return "none";
  return nowMs < restore.readyAt ? "ongoing" : "restored";
}

/** What is archived must be restored before it is read. */
export function checkNotArchived(row: ObjectRow, nowMs: number): void {
  if (!isArchived(row) || restoreState(row, nowMs) === "restored") return;
  const { storageClass } = row;
  throw fail("InvalidObjectState", {
    members: { StorageClass: storageClass },
    headers: { "x-amz-storage-class": storageClass },
  });
}

/** `x-amz-restore`: whether a copy is on its way, and how long one stays. */
export function shownRestore(row: ObjectRow, nowMs: number): { Restore?: string } {
  const state = restoreState(row, nowMs);
  if (state === "none") return {};
  if (state === "ongoing") return { Restore: 'ongoing-request="true"' };
  const until = new Date(row.restore?.untilMs ?? 0).toUTCString();
  return { Restore: `ongoing-request="false", expiry-date="${until}"` };
}

/** The same in listings that ask for it. */
export function restoreStatus(row: ObjectRow, asked: readonly string[] | undefined, nowMs: number) {
  const state = restoreState(row, nowMs);
  if (state === "none" || !asked?.includes("RestoreStatus")) return {};
  const RestoreExpiryDate = new Date(row.restore?.untilMs ?? 0);
  return {
    RestoreStatus: {
      IsRestoreInProgress: state === "ongoing",
      ...(state === "restored" && { RestoreExpiryDate }),
    },
  };
}
