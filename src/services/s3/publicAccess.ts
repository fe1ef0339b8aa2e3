import { onBucket } from "./access.ts";
import { s3 } from "./contract.ts";
import { fail } from "./errors.ts";
import { findBucket } from "./find.ts";
import { buckets } from "./tables.ts";

/** Block Public Access. https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutPublicAccessBlock.html */
export const putPublicAccessBlock = s3.operation("PutPublicAccessBlock", {
  access: onBucket("PutBucketPublicAccessBlock"),
  async handle(input, ctx) {
    const bucket = await findBucket(input, ctx);
    const { PublicAccessBlockConfiguration: asked } = input;
    const publicAccess = {
      blockPublicAcls: asked.BlockPublicAcls ?? false,
      ignorePublicAcls: asked.IgnorePublicAcls ?? false,
      blockPublicPolicy: asked.BlockPublicPolicy ?? false,
      restrictPublicBuckets: asked.RestrictPublicBuckets ?? false,
    };
    buckets.put(ctx.tx, [bucket.name], { ...bucket, publicAccess });
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetPublicAccessBlock.html */
export const getPublicAccessBlock = s3.operation("GetPublicAccessBlock", {
  access: onBucket("GetBucketPublicAccessBlock"),
  async handle(input, ctx) {
    const { publicAccess, name } = await findBucket(input, ctx);
    if (publicAccess === undefined) {
      throw fail("NoSuchPublicAccessBlockConfiguration", { members: { BucketName: name } });
    }
    return {
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: publicAccess.blockPublicAcls,
        IgnorePublicAcls: publicAccess.ignorePublicAcls,
        BlockPublicPolicy: publicAccess.blockPublicPolicy,
        RestrictPublicBuckets: publicAccess.restrictPublicBuckets,
      },
    };
  },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeletePublicAccessBlock.html */
export const deletePublicAccessBlock = s3.operation("DeletePublicAccessBlock", {
  access: onBucket("PutBucketPublicAccessBlock"),
  async handle(input, ctx) {
    const { publicAccess: _, ...bucket } = await findBucket(input, ctx);
    buckets.put(ctx.tx, [bucket.name], bucket);
    return {};
  },
});
