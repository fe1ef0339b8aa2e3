import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import type { Access } from "../../kit/service.ts";
import { bucketAccess, objectAccess } from "./access.ts";
import { notImplemented } from "./conditions.ts";
import { s3 } from "./contract.ts";
import { fail, invalidArgument } from "./errors.ts";
import { findBucket, locate } from "./find.ts";
import { checkNotLocked } from "./lockRules.ts";
import { announce } from "./notify.ts";
import type { BucketRow, ObjectRow } from "./tables.ts";
import { findVersion, insert, newest, notThere, removeVersion } from "./versions.ts";

interface DeleteInput {
  Key: string;
  VersionId?: string | undefined;
  IfMatch?: string | undefined;
  IfMatchLastModifiedTime?: Date | undefined;
  IfMatchSize?: number | undefined;
}

interface Deleted {
  DeleteMarker?: boolean;
  VersionId?: string;
  /** Only of a marker that was made by the call. */
  made?: boolean;
}

function accessTo(
  bucket: string,
  { Key, VersionId, IfMatch }: DeleteInput,
  object: ObjectRow | undefined,
  ctx: Context,
) {
  const action = VersionId === undefined ? "DeleteObject" : "DeleteObjectVersion";
  const context = { "s3:VersionId": VersionId, "s3:if-match": IfMatch };
  return objectAccess(action, bucket, Key, ctx, { context, object });
}

/** Deletes one object, or version; that it is not there is no error. */
async function deleteOne(
  bucket: BucketRow,
  input: DeleteInput,
  bypass: boolean | undefined,
  ctx: Context,
): Promise<Deleted> {
  const { Key, VersionId } = input;
  if (VersionId === undefined) {
    const current = await newest(bucket, Key, ctx);
    checkConditions(input, current);
    if (bucket.versioning === undefined) {
      if (current === undefined) return {};
      await removeVersion(bucket, Key, current, ctx);
      announce(bucket, "ObjectRemoved:Delete", Key, current, ctx);
      return {};
    }
    return await mark(bucket, Key, bypass, ctx);
  }
  const row = await findVersion(bucket, Key, VersionId, ctx);
  checkConditions(input, row);
  if (row === undefined) return { VersionId };
  await checkNotLocked(bucket, Key, row, bypass, ctx);
  await removeVersion(bucket, Key, row, ctx);
  announce(bucket, "ObjectRemoved:Delete", Key, row, ctx);
  return { VersionId, ...(row.deleteMarker && { DeleteMarker: true }) };
}

/** Puts a delete marker in front of a key's versions. */
async function mark(
  bucket: BucketRow,
  key: string,
  bypass: boolean | undefined,
  ctx: Context,
): Promise<Deleted> {
  if (bucket.versioning === "Suspended") {
    const replaced = await findVersion(bucket, key, "null", ctx);
    if (replaced !== undefined) await checkNotLocked(bucket, key, replaced, bypass, ctx);
  }
  const before = await newest(bucket, key, ctx);
  const marker = deleteMarker(ctx.caller.principal.account || bucket.account);
  const row = await insert(bucket, key, marker, before, ctx);
  announce(bucket, "ObjectRemoved:DeleteMarkerCreated", key, row, ctx);
  return { DeleteMarker: true, VersionId: row.versionId, made: true };
}

export function deleteMarker(owner: string) {
  return {
    deleteMarker: true as const,
    owner,
    size: 0,
    etag: "",
    storageClass: "STANDARD" as const,
    headers: {},
    encryption: { type: "AES256" as const },
  };
}

/** Time and size are conditions of directory buckets. */
function checkConditions({ Key, ...input }: DeleteInput, row: ObjectRow | undefined): void {
  if (input.IfMatchLastModifiedTime !== undefined) throw notImplemented("x-amz-if-match-last-modified-time");
  if (input.IfMatchSize !== undefined) throw notImplemented("x-amz-if-match-size");
  if (input.IfMatch === undefined) return;
  if (row === undefined || row.deleteMarker) throw fail("NoSuchKey", { members: { Key } });
  const wanted = input.IfMatch.replace(/^"(.*)"$/, "$1");
  if (wanted !== "*" && wanted !== row.etag) {
    throw fail("PreconditionFailed", { members: { Condition: "If-Match" } });
  }
}

function checkBypass(bucket: BucketRow, bypass: boolean | undefined): void {
  if (bypass === undefined || bucket.lock !== undefined) return;
  throw invalidArgument(
    "x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets.",
    "x-amz-bypass-governance-retention",
  );
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html */
export const deleteObject = s3.operation("DeleteObject", {
  async access(input, ctx): Promise<Access> {
    const bucket = await locate(input.Bucket, ctx);
    const object =
      bucket && (await findVersion(bucket, input.Key, input.VersionId, ctx).catch(() => undefined));
    return await accessTo(input.Bucket, input, object, ctx);
  },
  async handle(input, ctx) {
    const bucket = await findBucket(input, ctx);
    checkBypass(bucket, input.BypassGovernanceRetention);
    const { made: _, ...deleted } = await deleteOne(bucket, input, input.BypassGovernanceRetention, ctx);
    return deleted;
  },
  record: { data: true },
});

const maxKeysPerCall = 1_000;

/**
 * Deletes up to 1,000 objects; each is authorized, and fails, by itself.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
 */
export const deleteObjects = s3.operation("DeleteObjects", {
  async access({ Bucket, Delete }, ctx): Promise<Access> {
    // That the caller may delete any of it, each key shows; that there is such a caller, the first.
    const [first] = Delete.Objects ?? [];
    if (first === undefined) return await bucketAccess("ListBucket", Bucket, ctx);
    const access = await accessTo(Bucket, first, undefined, ctx);
    const bucket = await locate(Bucket, ctx);
    if (bucket === undefined || (await ctx.allowed(access))) return access;
    return (await anyAllowed(Bucket, Delete.Objects ?? [], ctx)) ?? access;
  },
  async handle(input, ctx) {
    const bucket = await findBucket(input, ctx);
    const { Objects = [], Quiet } = input.Delete;
    if (Objects.length === 0 || Objects.length > maxKeysPerCall) throw fail("MalformedXML");
    checkBypass(bucket, input.BypassGovernanceRetention);
    const deleted: object[] = [];
    const errors: object[] = [];
    for (const one of Objects) {
      const wanted = {
        ...one,
        IfMatch: one.ETag,
        IfMatchLastModifiedTime: one.LastModifiedTime,
        IfMatchSize: one.Size,
      };
      try {
        await ctx.authorize(await accessTo(bucket.name, wanted, undefined, ctx));
        await checkThere(bucket, one, ctx);
        const result = await deleteOne(bucket, wanted, input.BypassGovernanceRetention, ctx);
        deleted.push(shownDeleted(one, result));
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        errors.push({ Key: one.Key, VersionId: one.VersionId, Code: error.code, Message: error.message });
      }
    }
    return {
      ...(!Quiet && deleted.length > 0 && { Deleted: deleted }),
      ...(errors.length > 0 && { Errors: errors }),
    };
  },
  record: { data: true },
});

/** What never was the id of a version is an error of its own kind here. */
async function checkThere(bucket: BucketRow, { Key, VersionId }: DeleteInput, ctx: Context): Promise<void> {
  if (VersionId === undefined) return;
  await findVersion(bucket, Key, VersionId, ctx).catch((error: unknown) => {
    throw error instanceof AwsError ? notThere(Key, VersionId) : error;
  });
}

/** The access to the first key that the caller may delete, if there is one. */
async function anyAllowed(
  bucket: string,
  keys: readonly DeleteInput[],
  ctx: Context,
): Promise<Access | undefined> {
  for (const one of keys) {
    const access = await accessTo(bucket, one, undefined, ctx);
    if (await ctx.allowed(access)) return access;
  }
  return undefined;
}

function shownDeleted({ Key, VersionId }: DeleteInput, result: Deleted): object {
  return {
    Key,
    ...(VersionId !== undefined && { VersionId }),
    ...(result.DeleteMarker && { DeleteMarker: true, DeleteMarkerVersionId: result.VersionId }),
  };
}
