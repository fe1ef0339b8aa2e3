import type { Context } from "../../kit/context.ts";
import type { DigestName } from "../../kit/digests.ts";
import { checkedChecksum, checksumMembers, checksumNames, defaultChecksum, digestsFor } from "./checksums.ts";
import { contentOf, streamed } from "./content.ts";
import { s3 } from "./contract.ts";
import { findSource, type Source, sourceAccess } from "./copySource.ts";
import { type CustomerKeyInput, customerKey, keyTo, shownEncryption } from "./encryption.ts";
import { fail, invalidArgument, invalidRequest } from "./errors.ts";
import { findBucket } from "./find.ts";
import { etagOf, maxPutBytes } from "./put.ts";
import { type BucketRow, type PartRow, parts, type UploadRow } from "./tables.ts";
import { checkPartNumber, checksumOfId, findUpload, onUpload, partKey } from "./uploads.ts";

/** The parts of multipart uploads. */

const parametersMissing =
  "The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.";

/** The key under which the parts of an upload are kept: the customer's own must come with each. */
export async function uploadKey(
  upload: UploadRow,
  input: CustomerKeyInput,
  ctx: Context,
): Promise<Buffer | undefined> {
  const customer = customerKey(input);
  if ((upload.encryption.type === "customer") !== (customer !== undefined))
    throw invalidRequest(parametersMissing);
  try {
    return await keyTo(upload.encryption, customer, ctx);
  } catch (error) {
    if (customer === undefined || (error as { code?: string }).code !== "AccessDenied") throw error;
    throw invalidRequest("The provided encryption parameters did not match the ones used originally.");
  }
}

/** The object's checksum is made of those of its parts, whatever else the parts came with. */
function partDigests(
  input: Parameters<typeof digestsFor>[0] & { UploadId: string },
  trailers: readonly string[],
): DigestName[] {
  const usual = checksumOfId(input.UploadId) ?? defaultChecksum;
  return [...new Set([...digestsFor(input, trailers, usual), usual])];
}

/** Puts a part in place of an earlier one of the same number. */
async function putPart(bucket: BucketRow, upload: UploadRow, part: PartRow, ctx: Context): Promise<void> {
  const at = [bucket.name, upload.uploadId, partKey(part.number)] as const;
  const before = await parts.get(ctx.tx, ...at);
  if (before !== undefined) await ctx.bytes.remove(before.body);
  parts.put(ctx.tx, [...at], part);
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html */
export const uploadPart = s3.operation("UploadPart", {
  access: onUpload("PutObject"),
  body: { digests: partDigests, maxBytes: maxPutBytes },
  async handle(input, ctx) {
    const { PartNumber } = input;
    checkPartNumber(PartNumber);
    const bucket = await findBucket(input, ctx);
    const upload = await findUpload(input, bucket, ctx);
    const checksum = checkedChecksum(input, ctx.body, kindOf(upload));
    checkKind(upload, checksum);
    const kept = ctx.body.digests[kindOf(upload)]?.toString("base64");
    const under = await uploadKey(upload, input, ctx);
    const etag = etagOf(ctx.body.digests.md5, under);
    await putPart(
      bucket,
      upload,
      {
        number: PartNumber,
        size: ctx.body.size,
        etag,
        body: ctx.bytes.keep(ctx.body, under),
        lastModified: Math.floor(ctx.clock.now() / 1000) * 1000,
        ...(kept !== undefined && { checksum: kept }),
        encryption: upload.encryption,
      },
      ctx,
    );
    return {
      ETag: `"${etag}"`,
      [checksumMembers[checksum.name]]: checksum.value,
      ...shownEncryption(upload.encryption, input),
    };
  },
  record: { data: true },
});

/** The checksum of an upload's parts: the one that it was begun with. */
export function kindOf({ checksum }: UploadRow) {
  return checksum?.name ?? defaultChecksum;
}

function checkKind({ checksum: wanted }: UploadRow, { name, asked }: { name: string; asked: boolean }): void {
  if (wanted === undefined || !asked || wanted.name === name) return;
  throw invalidRequest(
    `Checksum Type mismatch occurred, expected checksum Type: ${wanted.name}, actual checksum Type: ${name}`,
  );
}

const rangeWords =
  "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy";

/** The bytes of the source that a part is made of. */
function rangeOf(range: string | undefined, { row }: Source): { start: number; end: number } {
  if (range === undefined) return { start: 0, end: row.size };
  const match = /^bytes=(\d+)-(\d+)$/.exec(range);
  if (match === null || Number(match[1]) > Number(match[2]))
    throw invalidArgument(rangeWords, "x-amz-copy-source-range", range);
  const [start, end] = [Number(match[1]), Number(match[2]) + 1];
  if (start >= row.size)
    throw invalidRequest("The specified copy range is invalid for the source object size");
  if (end > row.size) {
    throw invalidArgument(
      `Range specified is not valid for source object of size: ${row.size}`,
      "x-amz-copy-source-range",
      range,
    );
  }
  return { start, end };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html */
export const uploadPartCopy = s3.operation("UploadPartCopy", {
  access: async (input, ctx) => [await sourceAccess(input, ctx), await onUpload("PutObject")(input, ctx)],
  body: {
    digests: () => ["md5", ...checksumNames],
    maxBytes: maxPutBytes,
    async from(input, ctx) {
      checkPartNumber(input.PartNumber);
      const bucket = await findBucket(input, ctx);
      await findUpload(input, bucket, ctx);
      const source = await findSource(input, ctx);
      const span = rangeOf(input.CopySourceRange, source);
      if (span.end - span.start > maxPutBytes) {
        throw invalidRequest(
          `The specified copy source is larger than the maximum allowable size for a copy source: ${maxPutBytes}`,
        );
      }
      return streamed(await contentOf(source.bucket.name, source.row, span, source.under, ctx));
    },
  },
  async handle(input, ctx) {
    const bucket = await findBucket(input, ctx);
    const upload = await findUpload(input, bucket, ctx);
    const source = await findSource(input, ctx);
    const { start, end } = rangeOf(input.CopySourceRange, source);
    // The source changed since its bytes were copied: the client must try again.
    if (ctx.body.size !== end - start) throw fail("ConditionalRequestConflict");
    const under = await uploadKey(upload, input, ctx);
    const etag = etagOf(ctx.body.digests.md5, under);
    const name = kindOf(upload);
    const checksum = ctx.body.digests[name]?.toString("base64") ?? "";
    const lastModified = Math.floor(ctx.clock.now() / 1000) * 1000;
    const part = { number: input.PartNumber, size: ctx.body.size, etag, lastModified, checksum };
    const body = ctx.bytes.keep(ctx.body, under);
    await putPart(bucket, upload, { ...part, body, encryption: upload.encryption }, ctx);
    return {
      CopyPartResult: {
        ETag: `"${etag}"`,
        LastModified: new Date(lastModified),
        ...(upload.checksum && { [checksumMembers[name]]: checksum }),
      },
      ...(source.versionId !== undefined && { CopySourceVersionId: source.versionId }),
      ...shownEncryption(upload.encryption, input),
    };
  },
  record: { data: true },
});
