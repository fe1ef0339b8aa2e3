import type { LifecycleRule, StorageClass } from "@aws-sdk/client-s3";
import type { Context } from "../../kit/context.ts";
import type { Table } from "../../kit/table.ts";
import { deleteMarker } from "./delete.ts";
import { afterDays, covers, expiryOf, type Lifecycle, lifecycleOf } from "./lifecycleRules.ts";
import { protectionOf } from "./lockRules.ts";
import { announce } from "./notify.ts";
import { type BucketRow, buckets, type ObjectRow, objects, older, uploads } from "./tables.ts";
import { noncurrentTransitionOf, transitionOf } from "./transitions.ts";
import { dropUpload } from "./uploads.ts";
import { insert, removeVersion, replace } from "./versions.ts";

/**
 * What lifecycle rules want is done each day at midnight (UTC) by the clock, a page of keys in a transaction, as AWS
 * does it once a day. Locked versions stay.
 */

const keysAtATime = 500;

interface Payload {
  bucket: string;
  /** Where the last page ended. */
  table?: "objects" | "older" | "uploads";
  after?: string[];
}

/** The bucket with the next look planned. */
export function scheduleLifecycle(bucket: BucketRow, ctx: Context): BucketRow {
  const due = afterDays(ctx.clock.now(), 0);
  const { lifecycleDue: before } = bucket;
  const id = `lifecycle/${bucket.name}`;
  if (before !== undefined && before !== due) ctx.timers.cancel(id, before);
  ctx.timers.set(id, "lifecycle", due, { bucket: bucket.name });
  return { ...bucket, lifecycleDue: due };
}

export function cancelLifecycle(bucket: string, due: number, ctx: Context): void {
  ctx.timers.cancel(`lifecycle/${bucket}`, due);
}

export async function runLifecycle(payload: Payload, ctx: Context): Promise<void> {
  const bucket = await buckets.get(ctx.tx, payload.bucket);
  if (bucket?.lifecycleDue === undefined) return;
  const lifecycle = await lifecycleOf(bucket.name, ctx);
  const { table = "objects", after } = payload;
  const next = await steps[table](bucket, lifecycle, after, ctx);
  if (next !== undefined) {
    const goesOn = { bucket: bucket.name, table, after: [...next] };
    ctx.timers.set(`lifecycle/${bucket.name}/more`, "lifecycle", ctx.clock.now(), goesOn);
    return;
  }
  const following = table === "objects" ? "older" : table === "older" ? "uploads" : undefined;
  if (following !== undefined) {
    const goesOn = { bucket: bucket.name, table: following };
    ctx.timers.set(`lifecycle/${bucket.name}/${following}`, "lifecycle", ctx.clock.now(), goesOn);
    return;
  }
  const due = afterDays(ctx.clock.now(), 0);
  ctx.timers.set(`lifecycle/${bucket.name}`, "lifecycle", due, { bucket: bucket.name });
  buckets.put(ctx.tx, [bucket.name], { ...bucket, lifecycleDue: due });
}

type Step = (
  bucket: BucketRow,
  lifecycle: Lifecycle,
  after: string[] | undefined,
  ctx: Context,
) => Promise<readonly string[] | undefined>;

const steps: Record<NonNullable<Payload["table"]>, Step> = {
  objects: expireObjects,
  older: expireOlder,
  uploads: abortUploads,
};

/** Read apart from the transaction, which then looks again at each row that it acts on. */
function pageAfter<Row, Key extends readonly string[]>(
  rows: Table<Row, Key>,
  bucket: string,
  after: string[] | undefined,
  ctx: Context,
) {
  return ctx.peek((tx) => rows.list(tx, [bucket], { limit: keysAtATime, ...(after && { after }) }));
}

/** Makes an end of the newest versions: deletes them, or puts a delete marker in front. Or moves them. */
async function expireObjects(...[bucket, lifecycle, after, ctx]: Parameters<Step>) {
  const page = await pageAfter(objects, bucket.name, after, ctx);
  const now = ctx.clock.now();
  for (const {
    key: [, key],
    row,
  } of page) {
    const due = lifecycle.rules.some((rule) => (expiryOf(rule, key, row) ?? Number.POSITIVE_INFINITY) <= now);
    const to = due ? undefined : transitionOf(lifecycle, key, row, now);
    if (!due && to === undefined) continue;
    // Somebody may have written since the page was read.
    const current = await objects.get(ctx.tx, bucket.name, key);
    if (current?.order !== row.order) continue;
    if (to !== undefined) await move(bucket, key, current, to, ctx);
    else if (bucket.versioning === undefined) {
      await removeVersion(bucket, key, row, ctx);
      announce(bucket, "LifecycleExpiration:Delete", key, row, ctx);
    } else {
      // What lifecycle rules delete is deleted here only.
      const { replicates: _, ...alone } = bucket;
      const marker = await insert(alone, key, deleteMarker(bucket.account), row, ctx);
      announce(bucket, "LifecycleExpiration:DeleteMarkerCreated", key, marker, ctx);
    }
  }
  return page.length < keysAtATime ? undefined : page.at(-1)?.key.slice(1);
}

/** Deletes or moves older versions whose time has come, and delete markers that have nothing behind them any more. */
async function expireOlder(...[bucket, lifecycle, after, ctx]: Parameters<Step>) {
  const page = await pageAfter(older, bucket.name, after, ctx);
  const now = ctx.clock.now();
  let newer: { key: string; row: ObjectRow; count: number } | undefined;
  for (const {
    key: [, key],
    row,
  } of page) {
    if (newer?.key !== key) {
      const current = await objects.get(ctx.tx, bucket.name, key);
      const above = current ?? (await versionAbove(bucket.name, key, row, ctx));
      newer = above && { key, row: above, count: 1 };
    }
    const since = newer?.row.lastModified;
    const isOver = lifecycle.rules.some((rule) =>
      noncurrentIsOver(rule, key, row, since, newer?.count ?? 0, now),
    );
    const isBare = newer === undefined && row.deleteMarker === true && (await isAlone(bucket.name, key, ctx));
    if (isOver || (isBare && lifecycle.rules.some((rule) => markerIsOver(rule, key, row, now)))) {
      const there = await older.get(ctx.tx, bucket.name, key, row.order);
      if (there !== undefined && protectionOf(there, now) === "no") {
        await removeVersion(bucket, key, row, ctx);
        announce(bucket, "LifecycleExpiration:Delete", key, row, ctx);
      }
    } else if (newer !== undefined) {
      const place = { since: newer.row.lastModified, newer: newer.count };
      const to = noncurrentTransitionOf(lifecycle, key, row, place, now);
      const there = to && (await older.get(ctx.tx, bucket.name, key, row.order));
      if (there !== undefined) await move(bucket, key, there, to as StorageClass, ctx);
    }
    newer = { key, row, count: (newer?.count ?? 0) + 1 };
  }
  return page.length < keysAtATime ? undefined : page.at(-1)?.key.slice(1);
}

/** Into another storage class; a copy that was restored from an archive does not outlast it. */
async function move(
  bucket: BucketRow,
  key: string,
  { restore: _, ...row }: ObjectRow,
  storageClass: StorageClass,
  ctx: Context,
): Promise<void> {
  const moved = { ...row, storageClass };
  await replace(bucket, key, moved, ctx);
  announce(bucket, "LifecycleTransition", key, moved, ctx);
}

/** The version in front of one that a page begins with, where the key's newest is a delete marker. */
async function versionAbove(bucket: string, key: string, row: ObjectRow, ctx: Context) {
  const [first] = await older.list(ctx.tx, [bucket, key], { limit: 1 });
  return first?.row.order === row.order ? undefined : first?.row;
}

/** Counted from when the version stopped to be the newest: from when the one in front of it came. */
function noncurrentIsOver(
  rule: LifecycleRule,
  key: string,
  row: ObjectRow,
  since: number | undefined,
  newerCount: number,
  now: number,
): boolean {
  const { NoncurrentDays: days, NewerNoncurrentVersions: kept = 0 } = rule.NoncurrentVersionExpiration ?? {};
  if (days === undefined || since === undefined || !covers(rule, key, row)) return false;
  // Of the newer ones, the newest of all is no noncurrent version.
  return afterDays(since, days) <= now && newerCount - 1 >= kept;
}

function markerIsOver(rule: LifecycleRule, key: string, row: ObjectRow, now: number): boolean {
  const { ExpiredObjectDeleteMarker: wanted, Days } = rule.Expiration ?? {};
  if (!covers(rule, key, row)) return false;
  return wanted === true || (Days !== undefined && afterDays(row.lastModified, Days) <= now);
}

async function isAlone(bucket: string, key: string, ctx: Context): Promise<boolean> {
  return (await older.list(ctx.tx, [bucket, key], { limit: 2 })).length === 1;
}

/** Gives up uploads that nobody finished. */
async function abortUploads(...[bucket, lifecycle, after, ctx]: Parameters<Step>) {
  const page = await pageAfter(uploads, bucket.name, after, ctx);
  const now = ctx.clock.now();
  for (const {
    key: [, key],
    row,
  } of page) {
    const isOver = lifecycle.rules.some((rule) => {
      const days = rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation;
      const prefix = rule.Filter?.Prefix ?? rule.Filter?.And?.Prefix ?? rule.Prefix ?? "";
      return days !== undefined && key.startsWith(prefix) && afterDays(row.initiated, days) <= now;
    });
    if (isOver && (await uploads.get(ctx.tx, bucket.name, key, row.uploadId)))
      await dropUpload(bucket.name, key, row, ctx);
  }
  return page.length < keysAtATime ? undefined : page.at(-1)?.key.slice(1);
}
