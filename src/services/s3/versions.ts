import type { Context } from "../../kit/context.ts";
import { draw } from "../../kit/ids.ts";
import { fail, invalidArgument } from "./errors.ts";
import { replicated } from "./replicationRules.ts";
import { type BucketRow, manifests, nulls, type ObjectRow, objects, older, type PartRow } from "./tables.ts";

/**
 * The versions of a key. The newest stands in `objects` unless it is a delete marker; all others, and delete
 * markers, in `older`, newest first. What is written without versioning has the id "null", and there is at most one
 * of it. https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html
 */

/** Microseconds of this time are left when an order is made of a time: later versions have smaller orders. */
const farFutureMicroseconds = 9_000_000_000_000_000;
const orderDigits = 16;

/** A place in front of `before`, as near to now as that allows. */
function orderBefore(before: string | undefined, nowMs: number): string {
  const byTime = farFutureMicroseconds - nowMs * 1000;
  const order = before === undefined ? byTime : Math.min(byTime, Number(before) - 1);
  return String(order).padStart(orderDigits, "0");
}

/** An id that looks random, and tells the order to who knows how. */
function idOf(order: string): string {
  const mask = draw(16);
  const place = Buffer.alloc(8);
  place.writeBigUInt64BE(BigInt(order) ^ mask.readBigUInt64BE(0));
  return Buffer.concat([mask, place]).toString("base64url");
}

/** Undefined for what was never an id: of what is made up, one in two thousand passes. */
function orderOf(versionId: string): string | undefined {
  if (!/^[A-Za-z0-9_-]{32}$/.test(versionId)) return undefined;
  const bytes = Buffer.from(versionId, "base64url");
  const place = bytes.readBigUInt64BE(16) ^ bytes.readBigUInt64BE(0);
  return place > farFutureMicroseconds ? undefined : String(place).padStart(orderDigits, "0");
}

/** The newest version, delete markers included. */
export async function newest(bucket: BucketRow, key: string, ctx: Context): Promise<ObjectRow | undefined> {
  const current = await objects.get(ctx.tx, bucket.name, key);
  if (current !== undefined || bucket.versioning === undefined) return current;
  return (await older.list(ctx.tx, [bucket.name, key], { limit: 1 }))[0]?.row;
}

/** A version by its id; without one, the newest. */
export async function findVersion(
  bucket: BucketRow,
  key: string,
  versionId: string | undefined,
  ctx: Context,
): Promise<ObjectRow | undefined> {
  if (versionId === undefined) return await newest(bucket, key, ctx);
  const current = await objects.get(ctx.tx, bucket.name, key);
  if (current?.versionId === versionId) return current;
  const order = await placeOf(bucket, key, versionId, ctx);
  if (order === undefined) return undefined;
  const row = await older.get(ctx.tx, bucket.name, key, order);
  return row?.versionId === versionId ? row : undefined;
}

/** Where a version stands among those of its key, whether or not it is still there. */
export async function placeOf(
  bucket: BucketRow,
  key: string,
  versionId: string,
  ctx: Context,
): Promise<string | undefined> {
  if (versionId === "null") {
    const row = (await nulls.get(ctx.tx, bucket.name, key)) ?? (await objects.get(ctx.tx, bucket.name, key));
    return row?.order;
  }
  const order = orderOf(versionId);
  if (order === undefined) throw invalidArgument("Invalid version id specified", "versionId", versionId);
  return order;
}

/** A version that is there, and is no delete marker; or AWS's error. */
export async function existingVersion(
  bucket: BucketRow,
  key: string,
  versionId: string | undefined,
  ctx: Context,
  method: "GET" | "PUT" = "GET",
): Promise<ObjectRow> {
  const row = await findVersion(bucket, key, versionId, ctx);
  if (row === undefined) throw notThere(key, versionId);
  // Reading, nothing is there; but a marker that is the newest version is not written to.
  if (row.deleteMarker)
    throw isDeleteMarker(key, row, versionId === undefined && method === "GET" ? undefined : method);
  return row;
}

export function notThere(key: string, versionId: string | undefined) {
  if (versionId === undefined) return fail("NoSuchKey", { members: { Key: key } });
  return fail("NoSuchVersion", { members: { Key: key, VersionId: versionId } });
}

/** Without a method, the version was not named: nothing is there. */
export function isDeleteMarker(key: string, row: ObjectRow, Method: "GET" | "PUT" | "DELETE" | undefined) {
  const headers = { "x-amz-delete-marker": "true", "x-amz-version-id": row.versionId };
  if (Method === undefined) return fail("NoSuchKey", { members: { Key: key }, headers });
  return fail("MethodNotAllowed", {
    members: { Method, ResourceType: "DeleteMarker" },
    headers: { ...headers, Allow: "DELETE", "Last-Modified": new Date(row.lastModified).toUTCString() },
  });
}

export type NewVersion = Omit<ObjectRow, "order" | "versionId" | "lastModified" | "replication">;

/**
 * Adds a version to a key in front of all others, or puts it in the place of the one without an id; `before` is the
 * newest so far.
 */
export async function insert(
  bucket: BucketRow,
  key: string,
  version: NewVersion,
  before: ObjectRow | undefined,
  ctx: Context,
): Promise<ObjectRow> {
  const { versioning, name } = bucket;
  const now = ctx.clock.now();
  const order = orderBefore(versioning === undefined ? undefined : before?.order, now);
  const versionId = versioning === "Enabled" ? idOf(order) : "null";
  const made: ObjectRow = { ...version, order, versionId, lastModified: Math.floor(now / 1000) * 1000 };
  const row = bucket.replicates ? await replicated(bucket, key, made, ctx) : made;
  if (versionId === "null" && versioning !== undefined) await dropNull(bucket, key, ctx);
  const stillThere = before !== undefined && !(versionId === "null" && before.versionId === "null");
  if (stillThere && !before.deleteMarker) retire(name, key, before, ctx);
  else if (before !== undefined && versioning === undefined) await dropContent(name, before, ctx);
  if (!row.deleteMarker) {
    objects.put(ctx.tx, [name, key], row);
    return row;
  }
  if (before !== undefined && !before.deleteMarker) objects.delete(ctx.tx, name, key);
  older.put(ctx.tx, [name, key, order], row);
  if (versionId === "null") nulls.put(ctx.tx, [name, key], { order });
  return row;
}

/** Whether no version of a key has this place yet. */
export async function isFree(bucket: BucketRow, key: string, order: string, ctx: Context): Promise<boolean> {
  const current = await objects.get(ctx.tx, bucket.name, key);
  return current?.order !== order && (await older.get(ctx.tx, bucket.name, key, order)) === undefined;
}

/** Puts a version of another bucket where its order says, with its id. */
export async function place(bucket: BucketRow, key: string, row: ObjectRow, ctx: Context): Promise<void> {
  const { name } = bucket;
  const top = await newest(bucket, key, ctx);
  if (top !== undefined && top.order < row.order) return older.put(ctx.tx, [name, key, row.order], row);
  if (top !== undefined && !top.deleteMarker) {
    retire(name, key, top, ctx);
    if (row.deleteMarker) objects.delete(ctx.tx, name, key);
  }
  if (row.deleteMarker) older.put(ctx.tx, [name, key, row.order], row);
  else objects.put(ctx.tx, [name, key], row);
}

/** The newest version becomes an older one. */
function retire(bucket: string, key: string, row: ObjectRow, ctx: Context): void {
  older.put(ctx.tx, [bucket, key, row.order], row);
  if (row.versionId === "null") nulls.put(ctx.tx, [bucket, key], { order: row.order });
}

async function dropNull(bucket: BucketRow, key: string, ctx: Context): Promise<void> {
  const row = await findVersion(bucket, key, "null", ctx);
  if (row !== undefined) await removeRow(bucket, key, row, ctx);
}

async function removeRow(bucket: BucketRow, key: string, row: ObjectRow, ctx: Context): Promise<boolean> {
  const { name } = bucket;
  await dropContent(name, row, ctx);
  const current = await objects.get(ctx.tx, name, key);
  if (current?.order === row.order) {
    objects.delete(ctx.tx, name, key);
    return true;
  }
  older.delete(ctx.tx, name, key, row.order);
  if (row.versionId === "null") nulls.delete(ctx.tx, name, key);
  return current === undefined;
}

/** Takes a version away for good; the one below it may come to be the newest. */
export async function removeVersion(
  bucket: BucketRow,
  key: string,
  row: ObjectRow,
  ctx: Context,
): Promise<void> {
  const topIsOpen = await removeRow(bucket, key, row, ctx);
  if (!topIsOpen || bucket.versioning === undefined) return;
  const next = (await older.list(ctx.tx, [bucket.name, key], { limit: 1 }))[0]?.row;
  if (next === undefined || next.deleteMarker) return;
  older.delete(ctx.tx, bucket.name, key, next.order);
  if (next.versionId === "null") nulls.delete(ctx.tx, bucket.name, key);
  objects.put(ctx.tx, [bucket.name, key], next);
}

/** Changes a version in its place. */
export async function replace(bucket: BucketRow, key: string, row: ObjectRow, ctx: Context): Promise<void> {
  const current = await objects.get(ctx.tx, bucket.name, key);
  if (current?.order === row.order) objects.put(ctx.tx, [bucket.name, key], row);
  else older.put(ctx.tx, [bucket.name, key, row.order], row);
}

/** Gives up the bytes of a version. */
export async function dropContent(bucket: string, row: ObjectRow, ctx: Context): Promise<void> {
  if (row.body !== undefined) await ctx.bytes.remove(row.body);
  if (row.manifest === undefined) return;
  for (const { body } of await partsOf(bucket, row, ctx)) await ctx.bytes.remove(body);
  manifests.delete(ctx.tx, bucket, row.manifest);
}

/** Parts of an object that was uploaded in parts. */
export async function partsOf(bucket: string, row: ObjectRow, ctx: Context): Promise<readonly PartRow[]> {
  if (row.manifest === undefined) return [];
  return (await manifests.get(ctx.tx, bucket, row.manifest))?.parts ?? [];
}
