import type { ObjectPart } from "@aws-sdk/client-s3";
import type { Context } from "../../kit/context.ts";
import { checksumMembers, shownChecksum } from "./checksums.ts";
import { checkRead } from "./conditions.ts";
import { s3 } from "./contract.ts";
import { customerKey, keyTo } from "./encryption.ts";
import { invalidArgument } from "./errors.ts";
import { findBucket } from "./find.ts";
import { readableVersion, versionAccess } from "./get.ts";
import type { BucketRow, ObjectRow } from "./tables.ts";
import { partsOf } from "./versions.ts";

const maxPartsPerPage = 1_000;

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html */
export const getObjectAttributes = s3.operation("GetObjectAttributes", {
  access: async (input, ctx) => [
    await versionAccess("GetObject", input, ctx),
    await versionAccess("GetObjectAttributes", input, ctx),
  ],
  async handle(input, ctx) {
    const bucket = await findBucket(input, ctx);
    const row = await readableVersion(bucket, input, ctx);
    checkRead({}, row, ctx.clock.now());
    await keyTo(row.encryption, customerKey(input), ctx);
    const wanted = attributesOf(input.ObjectAttributes);
    return {
      LastModified: new Date(row.lastModified),
      ...(bucket.versioning !== undefined && { VersionId: row.versionId }),
      ...(wanted.has("ETag") && { ETag: row.etag }),
      ...(wanted.has("Checksum") &&
        row.checksum && {
          Checksum: shownChecksum({ ...row.checksum, value: row.checksum.value.replace(/-\d+$/, "") }),
        }),
      ...(wanted.has("ObjectSize") && { ObjectSize: row.size }),
      ...(wanted.has("StorageClass") && { StorageClass: row.storageClass }),
      ...(wanted.has("ObjectParts") &&
        row.partCount !== undefined && {
          ObjectParts: await shownParts(bucket, row, input, ctx),
        }),
    };
  },
  record: { data: true },
});

const attributes = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"];

/** Clients send the list as several headers, or as one. */
function attributesOf(asked: readonly string[]): Set<string> {
  const wanted = asked.flatMap((one) => one.split(/[\0,]/)).map((one) => one.trim());
  if (wanted.some((one) => !attributes.includes(one)))
    throw invalidArgument("Invalid attribute name specified.");
  return new Set(wanted);
}

async function shownParts(
  bucket: BucketRow,
  row: ObjectRow,
  {
    MaxParts = maxPartsPerPage,
    PartNumberMarker,
  }: { MaxParts?: number | undefined; PartNumberMarker?: string | undefined },
  ctx: Context,
) {
  const marker = Number(PartNumberMarker ?? 0);
  const limit = Math.min(Number(MaxParts), maxPartsPerPage);
  const parts = await partsOf(bucket.name, row, ctx);
  const shown = {
    TotalPartsCount: parts.length,
    MaxParts: limit,
    PartNumberMarker: String(marker),
  };
  // Parts by themselves are told only where each has a checksum of its own.
  if (row.checksum?.type === "FULL_OBJECT") return { TotalPartsCount: parts.length };
  if (row.checksum === undefined) return { ...shown, IsTruncated: false };
  const rest = parts.map((part, i) => ({ ...part, number: i + 1 })).filter(({ number }) => number > marker);
  const page = rest.slice(0, limit);
  const member = checksumMembers[row.checksum.name];
  return {
    ...shown,
    IsTruncated: rest.length > page.length,
    NextPartNumberMarker: String(page.at(-1)?.number ?? 0),
    Parts: page.map(
      ({ number, size, checksum }): ObjectPart => ({
        PartNumber: number,
        Size: size,
        ...(checksum && { [member]: checksum }),
      }),
    ),
  };
}
