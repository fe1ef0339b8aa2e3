import type { MultipartUpload } from "@aws-sdk/client-s3";
import type { Context } from "../../kit/context.ts";
import { draw } from "../../kit/ids.ts";
import { objectAccess, onBucket } from "./access.ts";
import { checksumMembers, checksumName, checksumNames } from "./checksums.ts";
import { s3 } from "./contract.ts";
import { sealingFor, shownEncryption } from "./encryption.ts";
import { fail, invalidArgument, invalidRequest } from "./errors.ts";
import { type BucketInput, findBucket } from "./find.ts";
import { partNumberError } from "./headers.ts";
import { encoded, limitOf, walk } from "./listing.ts";
import { canonicalId } from "./names.ts";
import { describedBy, newObjectAccess } from "./put.ts";
import {
  type BucketRow,
  type Checksum,
  type ChecksumName,
  objects,
  parts,
  type UploadRow,
  uploads,
} from "./tables.ts";

/** Multipart uploads: begun, listed, aborted. https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html */

export interface UploadInput extends BucketInput {
  Key: string;
  UploadId: string;
}

/** The upload that a call is for, or NoSuchUpload. */
export async function findUpload(
  { Key, UploadId }: UploadInput,
  bucket: BucketRow,
  ctx: Context,
): Promise<UploadRow> {
  const upload = await uploads.get(ctx.tx, bucket.name, Key, UploadId);
  if (upload === undefined) throw fail("NoSuchUpload", { members: { UploadId } });
  return upload;
}

export function partKey(number: number): string {
  return String(number).padStart(5, "0");
}

export function checkPartNumber(number: number): void {
  if (!Number.isInteger(number) || number < 1 || number > 10_000) throw partNumberError("partNumber", number);
}

/** How many hex digits of an id are the time. */
const timeDigits = 12;

/**
 * Uploads of one key are listed in the order in which they were begun. The checksum of the parts stands in the id: what
 * is to be computed of a part is known before its upload can be looked up.
 */
function newUploadId(nowMs: number, checksum: UploadRow["checksum"]): string {
  const kind = checksum === undefined ? checksumNames.length : checksumNames.indexOf(checksum.name);
  return nowMs.toString(16).padStart(timeDigits, "0") + kind + draw(38).toString("base64url");
}

/** The checksum that an upload was begun with, by its id. */
export function checksumOfId(uploadId: string): ChecksumName | undefined {
  return checksumNames[Number(uploadId[timeDigits])];
}

/** Declares access to an upload under the key that it is for. */
export function onUpload(action: string) {
  return (input: UploadInput, ctx: Context) => objectAccess(action, input.Bucket, input.Key, ctx);
}

/** How the checksum of the whole is made of those of the parts. */
function checksumKind(algorithm: string | undefined, type: string | undefined): UploadRow["checksum"] {
  if (algorithm === undefined) {
    if (type !== undefined) {
      throw invalidRequest(
        "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.",
      );
    }
    return undefined;
  }
  const name = checksumName(algorithm);
  const usual: Checksum["type"] = name === "crc64nvme" ? "FULL_OBJECT" : "COMPOSITE";
  const impossible = name === "crc64nvme" ? "COMPOSITE" : name.startsWith("sha") ? "FULL_OBJECT" : undefined;
  if (type !== undefined && type !== "COMPOSITE" && type !== "FULL_OBJECT") {
    throw invalidRequest("Value for x-amz-checksum-type header is invalid.");
  }
  if (type !== undefined && type === impossible) {
    throw invalidRequest(`The ${type} checksum type cannot be used with the ${name} checksum algorithm.`);
  }
  return { name, type: (type as Checksum["type"] | undefined) ?? usual };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html */
export const createMultipartUpload = s3.operation("CreateMultipartUpload", {
  access: (input, ctx) => newObjectAccess(input, ctx),
  async handle(input, ctx) {
    const { Bucket, Key } = input;
    const bucket = await findBucket(input, ctx);
    const checksum = checksumKind(input.ChecksumAlgorithm, input.ChecksumType);
    const described = describedBy(bucket, input, ctx);
    const sealing = await sealingFor(input, bucket, Key, ctx);
    const UploadId = newUploadId(ctx.clock.now(), checksum);
    const account = ctx.caller.principal.account || bucket.account;
    // Peeked at: what others write to the key must not hinder the upload.
    const there = await ctx.peek((tx) => objects.get(tx, Bucket, Key));
    uploads.put(ctx.tx, [Bucket, Key, UploadId], {
      ...described,
      uploadId: UploadId,
      initiated: ctx.clock.now(),
      initiator: {
        id: ctx.caller.principal.arn || canonicalId(account),
        name: ctx.caller.userName ?? account,
      },
      encryption: sealing.row,
      ...(checksum && { checksum }),
      ...(there && { over: there.order }),
    });
    return {
      Bucket,
      Key,
      UploadId,
      ...(checksum && {
        ChecksumAlgorithm: checksum.name.toUpperCase() as never,
        ChecksumType: checksum.type,
      }),
      ...shownEncryption(sealing.row, input),
    };
  },
  record: { data: true },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html */
export const abortMultipartUpload = s3.operation("AbortMultipartUpload", {
  access: onUpload("AbortMultipartUpload"),
  async handle(input, ctx) {
    const bucket = await findBucket(input, ctx);
    await dropUpload(bucket.name, input.Key, await findUpload(input, bucket, ctx), ctx);
    return {};
  },
  record: { data: true },
});

/** Gives up an upload and what was uploaded of it. */
export async function dropUpload(
  bucket: string,
  key: string,
  { uploadId }: UploadRow,
  ctx: Context,
): Promise<void> {
  uploads.delete(ctx.tx, bucket, key, uploadId);
  for (const { key: partKey, row } of await parts.list(ctx.tx, [bucket, uploadId])) {
    parts.delete(ctx.tx, ...partKey);
    await ctx.bytes.remove(row.body);
  }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html */
export const listParts = s3.operation("ListParts", {
  access: onUpload("ListMultipartUploadParts"),
  async handle(input, ctx) {
    const { Bucket, Key, UploadId } = input;
    const bucket = await findBucket(input, ctx);
    const upload = await findUpload(input, bucket, ctx);
    const limit = limitOf(input.MaxParts, "max-parts");
    const marker = Number(input.PartNumberMarker ?? 0);
    if (!Number.isInteger(marker) || marker < 0)
      throw invalidArgument(
        "Provided part-number-marker not an integer or within integer range",
        "part-number-marker",
        input.PartNumberMarker,
      );
    const page = await parts.list(ctx.tx, [Bucket, UploadId], { after: [partKey(marker)], limit: limit + 1 });
    const shown = page.slice(0, limit).map(({ row }) => row);
    const member = upload.checksum && checksumMembers[upload.checksum.name];
    return {
      Bucket,
      Key,
      UploadId,
      PartNumberMarker: String(marker),
      NextPartNumberMarker: String(shown.at(-1)?.number ?? 0),
      MaxParts: limit,
      IsTruncated: page.length > limit,
      StorageClass: upload.storageClass,
      Owner: { ID: canonicalId(upload.owner) },
      Initiator: { ID: upload.initiator.id, DisplayName: upload.initiator.name },
      ...(upload.checksum && {
        ChecksumAlgorithm: upload.checksum.name.toUpperCase() as never,
        ChecksumType: upload.checksum.type,
      }),
      Parts: shown.map((part) => ({
        PartNumber: part.number,
        LastModified: new Date(part.lastModified),
        ETag: `"${part.etag}"`,
        Size: part.size,
        ...(member && part.checksum && { [member]: part.checksum }),
      })),
    };
  },
  record: { data: true },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html */
export const listMultipartUploads = s3.operation("ListMultipartUploads", {
  access: onBucket(
    "ListBucketMultipartUploads",
    ({ Prefix, Delimiter }: { Bucket: string; Prefix?: string; Delimiter?: string }) => ({
      context: { "s3:prefix": Prefix, "s3:delimiter": Delimiter },
    }),
  ),
  async handle(input, ctx) {
    const { Bucket, Prefix = "", Delimiter = "", KeyMarker = "", UploadIdMarker = "", EncodingType } = input;
    const bucket = await findBucket(input, ctx);
    const limit = limitOf(input.MaxUploads, "max-uploads");
    if (UploadIdMarker !== "" && KeyMarker !== "" && !/^[A-Za-z0-9_-]+$/.test(UploadIdMarker)) {
      throw invalidArgument("Invalid uploadId marker", "upload-id-marker", UploadIdMarker);
    }
    const marker =
      KeyMarker === ""
        ? undefined
        : { key: KeyMarker, ...(UploadIdMarker !== "" && { rest: UploadIdMarker }) };
    const page = await walk<UploadRow>(
      { prefix: Prefix, delimiter: Delimiter, limit, ...(marker && { marker }) },
      async ({ limit: wanted, position }) => {
        const options = { startsWith: Prefix, limit: wanted, ...position };
        const rows = await ctx.peek((tx) => uploads.list(tx, [bucket.name], options));
        return rows.map(({ key, row }) => ({ key: key[1], rest: key[2], row }));
      },
    );
    const show = encoded(EncodingType);
    const last = page.isTruncated ? page.last : page.items.at(-1);
    return {
      Bucket,
      KeyMarker: show(KeyMarker),
      UploadIdMarker: KeyMarker === "" ? "" : UploadIdMarker,
      ...(Prefix !== "" && { Prefix: show(Prefix) }),
      ...(Delimiter !== "" && { Delimiter: show(Delimiter) }),
      MaxUploads: limit,
      ...(EncodingType && { EncodingType }),
      IsTruncated: page.isTruncated,
      // AWS says where to go on even where nothing follows.
      NextKeyMarker: show(last?.key ?? ""),
      NextUploadIdMarker: last?.rest ?? "",
      Uploads: page.items.map(
        ({ key, row }): MultipartUpload => ({
          UploadId: row.uploadId,
          Key: show(key),
          Initiated: new Date(row.initiated),
          StorageClass: row.storageClass,
          Owner: { ID: canonicalId(row.owner) },
          Initiator: { ID: row.initiator.id, DisplayName: row.initiator.name },
          ...(row.checksum && {
            ChecksumAlgorithm: row.checksum.name.toUpperCase() as never,
            ChecksumType: row.checksum.type,
          }),
        }),
      ),
      CommonPrefixes: page.prefixes.map((one) => ({ Prefix: show(one) })),
    };
  },
});
