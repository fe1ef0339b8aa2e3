import type { DeleteMarkerEntry, ObjectVersion } from "@aws-sdk/client-s3";
import type { Context } from "../../kit/context.ts";
import { onBucket } from "./access.ts";
import { restoreStatus } from "./archive.ts";
import { s3 } from "./contract.ts";
import { invalidArgument } from "./errors.ts";
import { findBucket } from "./find.ts";
import { compareUtf8, type Entry, encoded, type From, limitOf, walk } from "./listing.ts";
import { listKeys } from "./listObjects.ts";
import { canonicalId } from "./names.ts";
import { type ObjectRow, objects, older } from "./tables.ts";
import { placeOf } from "./versions.ts";

/** A version in a listing, and whether it is the newest of its key. */
export interface Listed {
  version: ObjectRow;
  isLatest: boolean;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html */
export const listObjectVersions = s3.operation("ListObjectVersions", {
  access: onBucket("ListBucketVersions", listKeys),
  async handle(input, ctx) {
    const { Prefix = "", Delimiter = "", KeyMarker = "", VersionIdMarker = "", EncodingType } = input;
    const bucket = await findBucket(input, ctx);
    const show = encoded(EncodingType);
    const limit = limitOf(input.MaxKeys, "max-keys");
    const now = ctx.clock.now();
    if (VersionIdMarker !== "" && KeyMarker === "") {
      throw invalidArgument(
        "A version-id marker cannot be specified without a key marker.",
        "version-id-marker",
        VersionIdMarker,
      );
    }
    // The version may be gone since the last page: many clients delete what they list.
    const rest = VersionIdMarker === "" ? undefined : await placeOf(bucket, KeyMarker, VersionIdMarker, ctx);
    const marker = KeyMarker === "" ? undefined : { key: KeyMarker, ...(rest !== undefined && { rest }) };
    const page = await walk<Listed>(
      { prefix: Prefix, delimiter: Delimiter, limit, ...(marker && { marker }) },
      (at) => versionsFrom(bucket.name, Prefix, at, ctx),
    );
    const last = page.items.at(-1);
    const isKey = page.last !== undefined && page.last.key === last?.key && page.last.rest !== undefined;
    return {
      Name: bucket.name,
      Prefix: show(Prefix),
      KeyMarker: show(KeyMarker),
      VersionIdMarker,
      MaxKeys: limit,
      IsTruncated: page.isTruncated,
      ...(Delimiter !== "" && { Delimiter: show(Delimiter) }),
      ...(EncodingType && { EncodingType }),
      ...(page.last && {
        NextKeyMarker: show(page.last.key),
        ...(isKey && { NextVersionIdMarker: last?.row.version.versionId }),
      }),
      Versions: page.items
        .filter(({ row }) => !row.version.deleteMarker)
        .map(({ key, row }) =>
          shownVersion(show(key), row, restoreStatus(row.version, input.OptionalObjectAttributes, now)),
        ),
      DeleteMarkers: page.items
        .filter(({ row }) => row.version.deleteMarker)
        .map(({ key, row }) => shownMarker(show(key), row)),
      CommonPrefixes: page.prefixes.map((one) => ({ Prefix: show(one) })),
    };
  },
  record: { data: true },
});

/** Versions of keys in order, the newest of each first: what `objects` and `older` hold, merged. */
export async function versionsFrom(
  bucket: string,
  prefix: string,
  { limit, position }: From,
  ctx: Context,
): Promise<Entry<Listed>[]> {
  const options = { startsWith: prefix, limit };
  const [behindKey, behindOrder = ""] = position.after ?? [];
  // Behind one version of a key, the newest of that key has been shown, unless it was deleted since.
  const newestFrom = behindKey === undefined ? position : { after: [behindKey] };
  const newest = await ctx.peek((tx) => objects.list(tx, [bucket], { ...options, ...newestFrom }));
  const current =
    behindKey === undefined ? undefined : await ctx.peek((tx) => objects.get(tx, bucket, behindKey));
  const isNext = behindKey !== undefined && current !== undefined && current.order > behindOrder;
  if (isNext) newest.unshift({ key: [bucket, behindKey], row: current });
  const others = await ctx.peek((tx) => older.list(tx, [bucket], { ...options, ...position }));
  const merged: Entry<Listed>[] = [];
  let [i, j] = [0, 0];
  let latestOf = isNext ? undefined : behindKey;
  while (merged.length < limit && (i < newest.length || j < others.length)) {
    const [a, b] = [newest[i], others[j]];
    const takesNewest = b === undefined || (a !== undefined && compareUtf8(a.key[1], b.key[1]) <= 0);
    const entry = (takesNewest ? a : b) as { key: readonly string[]; row: ObjectRow };
    const key = entry.key[1] as string;
    merged.push({ key, rest: entry.row.order, row: { version: entry.row, isLatest: key !== latestOf } });
    latestOf = key;
    if (takesNewest) i += 1;
    else j += 1;
  }
  return merged;
}

function shownVersion(Key: string, { version, isLatest }: Listed, restore: object): ObjectVersion {
  return {
    ETag: `"${version.etag}"`,
    ...(version.checksum && {
      ChecksumAlgorithm: [version.checksum.name.toUpperCase() as "CRC32"],
      ChecksumType: version.checksum.type,
    }),
    Size: version.size,
    StorageClass: version.storageClass as "STANDARD",
    Key,
    VersionId: version.versionId,
    IsLatest: isLatest,
    LastModified: new Date(version.lastModified),
    Owner: { ID: canonicalId(version.owner) },
    ...restore,
  };
}

function shownMarker(Key: string, { version, isLatest }: Listed): DeleteMarkerEntry {
  return {
    Key,
    VersionId: version.versionId,
    IsLatest: isLatest,
    LastModified: new Date(version.lastModified),
    Owner: { ID: canonicalId(version.owner) },
  };
}
