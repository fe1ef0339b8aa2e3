import type { Context } from "../../kit/context.ts";
import { checksumName, shownChecksum } from "./checksums.ts";
import { checkWrite } from "./conditions.ts";
import { contentOf, streamed } from "./content.ts";
import { s3 } from "./contract.ts";
import { type CopyInput, findSource, type Source, sourceAccess } from "./copySource.ts";
import { opening, sealingFor, shownEncryption } from "./encryption.ts";
import { fail, invalidArgument, invalidRequest } from "./errors.ts";
import { findBucket } from "./find.ts";
import { shownExpiration } from "./lifecycleRules.ts";
import { announce } from "./notify.ts";
import { describedBy, etagOf, maxPutBytes, type NewObjectInput, newObjectAccess } from "./put.ts";
import type { Checksum, ChecksumName } from "./tables.ts";
import { insert, newest } from "./versions.ts";

type CopyObjectInput = NewObjectInput &
  CopyInput & {
    MetadataDirective?: string | undefined;
    TaggingDirective?: string | undefined;
    ChecksumAlgorithm?: string | undefined;
  };

function directives(input: CopyObjectInput) {
  const { MetadataDirective: metadata = "COPY", TaggingDirective: tagging = "COPY" } = input;
  for (const [name, value] of [
    ["x-amz-metadata-directive", metadata],
    ["x-amz-tagging-directive", tagging],
  ] as const) {
    if (value !== "COPY" && value !== "REPLACE")
      throw invalidArgument(
        `Unknown ${name === "x-amz-tagging-directive" ? "tagging" : "metadata"} directive.`,
        name,
        value,
      );
  }
  return { replacesMetadata: metadata === "REPLACE", replacesTags: tagging === "REPLACE" };
}

/** The checksum that the copy has: the one asked for, else the source's own kind. */
function checksumOf(input: CopyObjectInput, { row }: Source): ChecksumName {
  if (input.ChecksumAlgorithm !== undefined) return checksumName(input.ChecksumAlgorithm);
  return row.checksum?.name ?? "crc64nvme";
}

/** A copy stands on the same bytes, unless something must be computed of them anew. */
function canShare(input: CopyObjectInput, source: Source): boolean {
  const { row } = source;
  const sameChecksum =
    row.checksum?.type === "FULL_OBJECT" && row.checksum.name === checksumOf(input, source);
  return row.body !== undefined && sameChecksum && row.encryption.type === "AES256";
}

const allDigests = ["md5", "crc32", "crc32c", "crc64nvme", "sha1", "sha256"] as const;

/**
 * Copies an object, its metadata and tags with it unless the request has its own.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
 */
export const copyObject = s3.operation("CopyObject", {
  access: async (input, ctx) => [
    await sourceAccess(input, ctx),
    ...(await newObjectAccess(input, ctx, {
      "s3:x-amz-copy-source": input.CopySource.replace(/^\//, ""),
      "s3:x-amz-metadata-directive": input.MetadataDirective,
    })),
  ],
  body: {
    // Which checksum the source has is known only later.
    digests: () => allDigests,
    maxBytes: maxPutBytes,
    async from(input, ctx) {
      const source = await findSource(input, ctx);
      if (canShare(input, source)) return undefined;
      checkSize(source);
      const { bucket, row, under } = source;
      return streamed(await contentOf(bucket.name, row, { start: 0, end: row.size }, under, ctx));
    },
  },
  async handle(input, ctx) {
    const { Key } = input;
    const bucket = await findBucket(input, ctx);
    const source = await findSource(input, ctx);
    checkSize(source);
    const { replacesMetadata, replacesTags } = directives(input);
    const described = describedBy(bucket, input, ctx);
    const before = await newest(bucket, Key, ctx);
    checkWrite(input, Key, before);
    checkSelf(input, source, bucket.name);
    const sealing = await sealingFor(input, bucket, Key, ctx);
    const content = await contentFor(input, source, sealing, ctx);
    const { metadata, headers, tags, ...rest } = described;
    const { row: from } = source;
    const row = await insert(
      bucket,
      Key,
      {
        ...rest,
        ...content,
        headers: replacesMetadata
          ? headers
          : {
              ...withoutRedirect(from.headers),
              ...(headers.websiteRedirect !== undefined && { websiteRedirect: headers.websiteRedirect }),
            },
        ...optional("metadata", replacesMetadata ? metadata : from.metadata),
        ...optional("tags", replacesTags ? tags : from.tags),
        encryption: sealing.row,
      },
      before,
      ctx,
    );
    announce(bucket, "ObjectCreated:Copy", Key, row, ctx);
    return {
      CopyObjectResult: {
        ETag: `"${row.etag}"`,
        LastModified: new Date(row.lastModified),
        ...shownChecksum(row.checksum),
      },
      ...(source.versionId !== undefined && { CopySourceVersionId: source.versionId }),
      // Of a bucket whose versioning is suspended, too: "null".
      ...(bucket.versioning !== undefined && { VersionId: row.versionId }),
      ...shownEncryption(sealing.row, input),
      ...(await shownExpiration(bucket, Key, row, ctx)),
    };
  },
  record: { data: true },
});

function optional<Name extends string, Value>(name: Name, value: Value | undefined) {
  return (value === undefined ? {} : { [name]: value }) as { [name in Name]?: Value };
}

function withoutRedirect<T extends { websiteRedirect?: string }>({ websiteRedirect: _, ...headers }: T) {
  return headers;
}

function checkSize({ row }: Source): void {
  if (row.size <= maxPutBytes) return;
  throw invalidRequest(
    `The specified copy source is larger than the maximum allowable size for a copy source: ${maxPutBytes}`,
  );
}

/** A copy onto itself must change something. */
function checkSelf(input: CopyObjectInput, { bucket, key, row }: Source, target: string): void {
  if (bucket.name !== target || key !== input.Key || input.CopySource.includes("?versionId=")) return;
  const changes =
    input.MetadataDirective === "REPLACE" ||
    input.ServerSideEncryption !== undefined ||
    input.SSECustomerKey !== undefined ||
    input.WebsiteRedirectLocation !== undefined ||
    input.StorageClass !== undefined ||
    (input.ChecksumAlgorithm !== undefined && input.ChecksumAlgorithm.toLowerCase() !== row.checksum?.name) ||
    row.encryption.type !== "AES256" ||
    bucket.encryption.chosen === true;
  if (changes) return;
  throw invalidRequest(
    "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
  );
}

async function contentFor(
  input: CopyObjectInput,
  source: Source,
  sealing: { row: { type: string }; under?: Buffer },
  ctx: Context,
): Promise<{ size: number; etag: string; body: string; checksum: Checksum }> {
  const { row } = source;
  if (canShare(input, source) && row.body !== undefined && row.checksum !== undefined) {
    const body = await opening(ctx.bytes.share(row.body, source.under, sealing.under));
    const etag = sealing.under === undefined ? row.etag : etagOf(undefined, sealing.under);
    return { size: row.size, etag, body, checksum: row.checksum };
  }
  const { body } = ctx;
  // The source changed since its bytes were copied: the client must try again.
  if (body.size !== row.size) throw fail("ConditionalRequestConflict");
  const name = checksumOf(input, source);
  return {
    size: body.size,
    etag: etagOf(body.digests.md5, sealing.under),
    body: ctx.bytes.keep(body, sealing.under),
    checksum: { name, value: body.digests[name]?.toString("base64") ?? "", type: "FULL_OBJECT" },
  };
}
