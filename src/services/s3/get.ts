import type { Context } from "../../kit/context.ts";
import type { Access } from "../../kit/service.ts";
import { bucketAccess, objectAccess } from "./access.ts";
import { checkNotArchived, shownRestore } from "./archive.ts";
import { shownIfAsked } from "./checksums.ts";
import { checkRead, type ReadConditions } from "./conditions.ts";
import { contentOf, type Span, spanOf, spanOfPart } from "./content.ts";
import { s3 } from "./contract.ts";
import { type CustomerKeyInput, customerKey, keyTo, shownEncryption } from "./encryption.ts";
import { invalidArgument, invalidRequest } from "./errors.ts";
import { type BucketInput, findBucket, locate } from "./find.ts";
import { checkOverrides, type HeaderOverrides, shownHeaders } from "./headers.ts";
import { shownExpiration } from "./lifecycleRules.ts";
import { shownLock } from "./lockRules.ts";
import { maySeeAbsence } from "./put.ts";
import { shownReplication } from "./replicationRules.ts";
import type { BucketRow, ObjectRow } from "./tables.ts";
import { existingVersion, findVersion } from "./versions.ts";

export interface ObjectInput extends BucketInput {
  Key: string;
  VersionId?: string | undefined;
}

/** Access to an object that is looked at: the tags that it has count, and its own access control list. */
export async function versionAccess(
  action: string,
  input: ObjectInput,
  ctx: Context,
  context: Record<string, string | undefined> = {},
): Promise<Access> {
  return (await lookedAt(action, input, ctx, context)).access;
}

/** Actions that are one, whichever version is meant. */
const sameForVersions: ReadonlySet<string> = new Set(["RestoreObject", "UpdateObjectEncryption"]);

/** The same for reading: of what is not there, whoever may list the bucket may learn that it is not. */
async function readAccess(input: ObjectInput, ctx: Context): Promise<Access> {
  const { access, isAbsent } = await lookedAt("GetObject", input, ctx);
  if (!isAbsent || (await ctx.allowed(access))) return access;
  const { Bucket, Key } = input;
  const listing = await bucketAccess("ListBucket", Bucket, ctx, { context: { "s3:prefix": Key } });
  return (await ctx.allowed(listing)) ? listing : access;
}

async function lookedAt(
  action: string,
  { Bucket, Key, VersionId }: ObjectInput,
  ctx: Context,
  more: Record<string, string | undefined> = {},
): Promise<{ access: Access; isAbsent: boolean }> {
  const bucket = await locate(Bucket, ctx);
  // A version id that is none shows as such later, to those who may ask.
  const object = bucket && (await findVersion(bucket, Key, VersionId, ctx).catch(() => undefined));
  const isOne = VersionId === undefined || sameForVersions.has(action);
  const named = isOne ? action : action.replace("Object", "ObjectVersion");
  const context = { "s3:VersionId": VersionId, ...more };
  const access = await objectAccess(named, Bucket, Key, ctx, { object, context });
  const isThere = object !== undefined && !object.deleteMarker;
  return { access, isAbsent: bucket !== undefined && VersionId === undefined && !isThere };
}

/** The version that a request reads; that there is none learn only those who may list the bucket. */
export async function readableVersion(
  bucket: BucketRow,
  input: ObjectInput,
  ctx: Context,
  method: "GET" | "PUT" = "GET",
): Promise<ObjectRow> {
  const { Key, VersionId } = input;
  if (VersionId === undefined) {
    const row = await findVersion(bucket, Key, undefined, ctx);
    if (row === undefined || row.deleteMarker) await maySeeAbsence(bucket.name, Key, ctx);
  }
  return await existingVersion(bucket, Key, VersionId, ctx, method);
}

/**
 * How an object is encrypted is said when it is written, and not when it is read.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
 */
function checkNoEncryption({ request }: Context): void {
  const { serverSideEncryption: asked } = request;
  if (asked === undefined) return;
  const name = "x-amz-server-side-encryption";
  throw invalidArgument(`${name} header is not supported for this operation.`, name, asked);
}

type ReadInput = ObjectInput &
  ReadConditions &
  HeaderOverrides &
  CustomerKeyInput & {
    Range?: string | undefined;
    PartNumber?: number | undefined;
    ChecksumMode?: string | undefined;
  };

/** What GetObject and HeadObject have in common: all but the bytes. */
async function read(input: ReadInput, ctx: Context) {
  const bucket = await findBucket(input, ctx);
  checkOverrides(input, ctx.caller.principal.kind === "anonymous");
  checkNoEncryption(ctx);
  const row = await readableVersion(bucket, input, ctx);
  checkRead(input, row, ctx.clock.now());
  const under = await keyTo(row.encryption, customerKey(input), ctx);
  const span = await spanFor(input, bucket, row, ctx);
  const { start, end, partial } = span;
  const shown = {
    ...shownHeaders(row, input),
    ...shownEncryption(row.encryption, input),
    ...shownLock(row),
    ...shownRestore(row, ctx.clock.now()),
    ...shownReplication(row),
    ...checksumOf(input, row, span),
    AcceptRanges: "bytes",
    ContentLength: end - start,
    ETag: `"${row.etag}"`,
    LastModified: new Date(row.lastModified),
    ...(partial && { ContentRange: `bytes ${start}-${end - 1}/${row.size}` }),
    ...(bucket.versioning !== undefined && { VersionId: row.versionId }),
    ...(row.storageClass !== "STANDARD" && { StorageClass: row.storageClass }),
    ...(input.PartNumber !== undefined && row.partCount !== undefined && { PartsCount: row.partCount }),
    ...(row.tags && { TagCount: Object.keys(row.tags).length }),
    ...(input.VersionId === undefined && (await shownExpiration(bucket, input.Key, row, ctx))),
  };
  return { bucket, row, under, span, shown };
}

/** A checksum is of the whole object, or one of parts that have their own; of a range it would say nothing. */
function checksumOf({ ChecksumMode }: ReadInput, row: ObjectRow, { checksum, start, end }: Span) {
  if (checksum !== undefined && row.checksum?.type === "COMPOSITE") {
    return shownIfAsked({ checksum: { ...row.checksum, value: checksum } }, ChecksumMode);
  }
  return start === 0 && end === row.size ? shownIfAsked(row, ChecksumMode) : {};
}

async function spanFor(input: ReadInput, bucket: BucketRow, row: ObjectRow, ctx: Context): Promise<Span> {
  const { Range, PartNumber } = input;
  if (Range !== undefined && PartNumber !== undefined) {
    throw invalidRequest("Cannot specify both Range header and partNumber query parameter");
  }
  return PartNumber === undefined
    ? spanOf(Range, row.size)
    : await spanOfPart(bucket.name, row, PartNumber, ctx);
}

const statusOf = ({ ContentRange }: { ContentRange?: string | undefined }) =>
  ContentRange === undefined ? undefined : 206;

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html */
export const getObject = s3.operation("GetObject", {
  access: (input, ctx) => readAccess(input, ctx),
  async handle(input, ctx) {
    const { bucket, row, under, span, shown } = await read(input, ctx);
    checkNotArchived(row, ctx.clock.now());
    const Body = await contentOf(bucket.name, row, span, under, ctx);
    return { ...shown, Body: Body as never };
  },
  status: statusOf,
  record: { data: true },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html */
export const headObject = s3.operation("HeadObject", {
  access: (input, ctx) => readAccess(input, ctx),
  async handle(input, ctx) {
    const { shown } = await read(input, ctx);
    return shown;
  },
  status: statusOf,
  record: { data: true },
});
