import type { Context } from "../../kit/context.ts";
import { onBucket } from "./access.ts";
import { s3 } from "./contract.ts";
import { fail } from "./errors.ts";
import { findBucket } from "./find.ts";
import { type ObjectInput, readableVersion, versionAccess } from "./get.ts";
import { announce } from "./notify.ts";
import { changeReplicated } from "./replicationRules.ts";
import { type BucketRow, buckets, type ObjectRow } from "./tables.ts";
import { checkedTags, maxBucketTags, maxObjectTags, tagSet } from "./tagRules.ts";
import { findVersion, isDeleteMarker, replace } from "./versions.ts";

/** The version whose tags are meant: a delete marker has none, named or not. */
async function taggedVersion(
  Method: "GET" | "PUT" | "DELETE",
  bucket: BucketRow,
  input: ObjectInput,
  ctx: Context,
): Promise<ObjectRow> {
  const row = await findVersion(bucket, input.Key, input.VersionId, ctx);
  if (row?.deleteMarker) throw isDeleteMarker(input.Key, row, Method);
  return await readableVersion(bucket, input, ctx);
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectTagging.html */
export const putObjectTagging = s3.operation("PutObjectTagging", {
  async access(input, ctx) {
    const access = await versionAccess("PutObjectTagging", input, ctx);
    const requested = Object.fromEntries(
      input.Tagging.TagSet.map(({ Key, Value }) => [`s3:RequestObjectTag/${Key}`, Value]),
    );
    const keys = input.Tagging.TagSet.flatMap(({ Key }) => Key ?? []);
    const { context } = access;
    return {
      ...access,
      context: () => ({
        ...(typeof context === "function" ? context() : context),
        ...requested,
        "s3:RequestObjectTagKeys": keys,
      }),
    };
  },
  async handle(input, ctx) {
    const bucket = await findBucket(input, ctx);
    const row = await taggedVersion("PUT", bucket, input, ctx);
    const tags = checkedTags(input.Tagging.TagSet, maxObjectTags);
    const { tags: _, ...rest } = row;
    const tagged = Object.keys(tags).length > 0 ? { ...rest, tags } : rest;
    const sent = await changeReplicated(bucket, input.Key, tagged, "OBJECT_PUT_TAGGING", ctx);
    await replace(bucket, input.Key, sent, ctx);
    announce(bucket, "ObjectTagging:Put", input.Key, row, ctx);
    return bucket.versioning === undefined ? {} : { VersionId: row.versionId };
  },
  record: { data: true },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectTagging.html */
export const getObjectTagging = s3.operation("GetObjectTagging", {
  access: (input, ctx) => versionAccess("GetObjectTagging", input, ctx),
  async handle(input, ctx) {
    const bucket = await findBucket(input, ctx);
    const row = await taggedVersion("GET", bucket, input, ctx);
    return {
      TagSet: tagSet(row.tags ?? {}),
      ...(bucket.versioning !== undefined && { VersionId: row.versionId }),
    };
  },
  record: { data: true },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjectTagging.html */
export const deleteObjectTagging = s3.operation("DeleteObjectTagging", {
  access: (input, ctx) => versionAccess("DeleteObjectTagging", input, ctx),
  async handle(input, ctx) {
    const bucket = await findBucket(input, ctx);
    const { tags: _, ...row } = await taggedVersion("DELETE", bucket, input, ctx);
    const sent = await changeReplicated(bucket, input.Key, row, "OBJECT_PUT_TAGGING", ctx);
    await replace(bucket, input.Key, sent, ctx);
    announce(bucket, "ObjectTagging:Delete", input.Key, row, ctx);
    return bucket.versioning === undefined ? {} : { VersionId: row.versionId };
  },
  record: { data: true },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketTagging.html */
export const putBucketTagging = s3.operation("PutBucketTagging", {
  access: onBucket("PutBucketTagging"),
  async handle(input, ctx) {
    const bucket = await findBucket(input, ctx);
    const tags = checkedTags(input.Tagging.TagSet, maxBucketTags);
    buckets.put(ctx.tx, [bucket.name], { ...bucket, tags });
    return {};
  },
  status: () => 204,
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketTagging.html */
export const getBucketTagging = s3.operation("GetBucketTagging", {
  access: onBucket("GetBucketTagging"),
  async handle(input, ctx) {
    const { tags = {}, name } = await findBucket(input, ctx);
    if (Object.keys(tags).length === 0) throw fail("NoSuchTagSet", { members: { BucketName: name } });
    return { TagSet: tagSet(tags) };
  },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketTagging.html */
export const deleteBucketTagging = s3.operation("DeleteBucketTagging", {
  access: onBucket("PutBucketTagging"),
  async handle(input, ctx) {
    const { tags: _, ...bucket } = await findBucket(input, ctx);
    buckets.put(ctx.tx, [bucket.name], bucket);
    return {};
  },
});
