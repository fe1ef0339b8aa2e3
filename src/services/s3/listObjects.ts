import type { _Object } from "@aws-sdk/client-s3";
import type { Context } from "../../kit/context.ts";
import { BadMarker, markerOf, positionOf } from "../../kit/paging.ts";
import { type AccessOptions, onBucket } from "./access.ts";
import { restoreStatus } from "./archive.ts";
import { s3 } from "./contract.ts";
import { invalidArgument } from "./errors.ts";
import { type BucketInput, findBucket } from "./find.ts";
import { encoded, limitOf, type Walk, walk } from "./listing.ts";
import { canonicalId } from "./names.ts";
import { type ObjectRow, objects } from "./tables.ts";

interface ListInput extends BucketInput {
  Prefix?: string | undefined;
  Delimiter?: string | undefined;
  MaxKeys?: number | undefined;
}

export function listKeys({ Prefix, Delimiter, MaxKeys }: ListInput): AccessOptions {
  return {
    context: {
      "s3:prefix": Prefix ?? "",
      "s3:delimiter": Delimiter,
      "s3:max-keys": MaxKeys === undefined ? undefined : String(MaxKeys),
    },
  };
}

/** Read apart from the transaction: a listing is shown, and must not wait for others to stop writing. */
function pageOf(bucket: string, asked: Walk, ctx: Context) {
  return walk<ObjectRow>(asked, async ({ limit, position }) => {
    const options = { startsWith: asked.prefix, limit, ...position };
    const rows = await ctx.peek((tx) => objects.list(tx, [bucket], options));
    return rows.map(({ key, row }) => ({ key: key[1], row }));
  });
}

function shownObject(key: string, row: ObjectRow, withOwner: boolean, restore: object): _Object {
  return {
    Key: key,
    LastModified: new Date(row.lastModified),
    ETag: `"${row.etag}"`,
    ...(row.checksum && {
      ChecksumAlgorithm: [row.checksum.name.toUpperCase() as "CRC32"],
      ChecksumType: row.checksum.type,
    }),
    Size: row.size,
    StorageClass: row.storageClass as "STANDARD",
    ...(withOwner && { Owner: { ID: canonicalId(row.owner) } }),
    ...restore,
  };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html */
export const listObjects = s3.operation("ListObjects", {
  access: onBucket<ListInput>("ListBucket", listKeys),
  async handle(input, ctx) {
    const { Prefix = "", Delimiter = "", Marker = "", EncodingType } = input;
    const bucket = await findBucket(input, ctx);
    // Whose objects they are is not told to everybody.
    const isKnown = ctx.caller.principal.kind !== "anonymous";
    const show = encoded(EncodingType);
    const now = ctx.clock.now();
    const limit = limitOf(input.MaxKeys, "max-keys");
    const page = await pageOf(
      bucket.name,
      { prefix: Prefix, delimiter: Delimiter, limit, ...(Marker !== "" && { marker: { key: Marker } }) },
      ctx,
    );
    return {
      Name: bucket.name,
      Prefix: show(Prefix),
      Marker: show(Marker),
      MaxKeys: limit,
      IsTruncated: page.isTruncated,
      ...(Delimiter !== "" && { Delimiter: show(Delimiter) }),
      ...(EncodingType && { EncodingType }),
      // Without a delimiter, the last key says where to go on.
      ...(page.last && Delimiter !== "" && { NextMarker: show(page.last.key) }),
      Contents: page.items.map(({ key, row }) =>
        shownObject(show(key), row, isKnown, restoreStatus(row, input.OptionalObjectAttributes, now)),
      ),
      CommonPrefixes: page.prefixes.map((one) => ({ Prefix: show(one) })),
    };
  },
  record: { data: true },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html */
export const listObjectsV2 = s3.operation("ListObjectsV2", {
  access: onBucket<ListInput>("ListBucket", listKeys),
  async handle(input, ctx) {
    const { Prefix = "", Delimiter = "", StartAfter, ContinuationToken, EncodingType, FetchOwner } = input;
    const bucket = await findBucket(input, ctx);
    const show = encoded(EncodingType);
    const now = ctx.clock.now();
    const limit = limitOf(input.MaxKeys, "max-keys");
    const marker = ContinuationToken === undefined ? StartAfter : tokenKey(ContinuationToken);
    const page = await pageOf(
      bucket.name,
      { prefix: Prefix, delimiter: Delimiter, limit, ...(marker && { marker: { key: marker } }) },
      ctx,
    );
    return {
      Name: bucket.name,
      Prefix: show(Prefix),
      MaxKeys: limit,
      KeyCount: page.items.length + page.prefixes.length,
      IsTruncated: page.isTruncated,
      ...(Delimiter !== "" && { Delimiter: show(Delimiter) }),
      ...(EncodingType && { EncodingType }),
      ...(ContinuationToken !== undefined && { ContinuationToken }),
      ...(StartAfter !== undefined && ContinuationToken === undefined && { StartAfter: show(StartAfter) }),
      ...(page.last && { NextContinuationToken: markerOf([page.last.key]) }),
      Contents: page.items.map(({ key, row }) =>
        shownObject(
          show(key),
          row,
          FetchOwner ?? false,
          restoreStatus(row, input.OptionalObjectAttributes, now),
        ),
      ),
      CommonPrefixes: page.prefixes.map((one) => ({ Prefix: show(one) })),
    };
  },
  record: { data: true },
});

function tokenKey(token: string): string {
  try {
    const [key] = positionOf(token);
    if (key !== undefined) return key;
  } catch (error) {
    if (!(error instanceof BadMarker)) throw error;
  }
  throw invalidArgument("The continuation token provided is incorrect", "continuation-token");
}
