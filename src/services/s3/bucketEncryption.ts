import type { ServerSideEncryptionRule } from "@aws-sdk/client-s3";
import { onBucket } from "./access.ts";
import { s3 } from "./contract.ts";
import { fail, invalidArgument } from "./errors.ts";
import { findBucket } from "./find.ts";
import { buckets, type DefaultEncryption } from "./tables.ts";

/** How objects are encrypted by default; every bucket has at least SSE-S3. */

function encryptionOf(rules: readonly ServerSideEncryptionRule[]): DefaultEncryption {
  const [rule, more] = rules;
  const { SSEAlgorithm: algorithm, KMSMasterKeyID: kmsKeyId } =
    rule?.ApplyServerSideEncryptionByDefault ?? {};
  if (rule === undefined || more !== undefined || algorithm === undefined) throw fail("MalformedXML");
  if (algorithm === "AES256" && kmsKeyId !== undefined) {
    throw invalidArgument(
      "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse",
      "ApplyServerSideEncryptionByDefault",
    );
  }
  const known = algorithm === "AES256" || algorithm === "aws:kms" || algorithm === "aws:kms:dsse";
  if (!known) throw fail("MalformedXML");
  return {
    algorithm,
    bucketKey: rule.BucketKeyEnabled ?? false,
    ...(kmsKeyId !== undefined && { kmsKeyId }),
  };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketEncryption.html */
export const putBucketEncryption = s3.operation("PutBucketEncryption", {
  access: onBucket("PutEncryptionConfiguration"),
  async handle(input, ctx) {
    const bucket = await findBucket(input, ctx);
    const encryption = {
      ...encryptionOf(input.ServerSideEncryptionConfiguration.Rules),
      chosen: true as const,
    };
    buckets.put(ctx.tx, [bucket.name], { ...bucket, encryption });
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketEncryption.html */
export const getBucketEncryption = s3.operation("GetBucketEncryption", {
  access: onBucket("GetEncryptionConfiguration"),
  async handle(input, ctx) {
    const { encryption } = await findBucket(input, ctx);
    const { algorithm, kmsKeyId, bucketKey } = encryption;
    const byDefault = {
      SSEAlgorithm: algorithm,
      ...(kmsKeyId !== undefined && { KMSMasterKeyID: kmsKeyId }),
    };
    return {
      ServerSideEncryptionConfiguration: {
        Rules: [{ ApplyServerSideEncryptionByDefault: byDefault, BucketKeyEnabled: bucketKey }],
      },
    };
  },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketEncryption.html */
export const deleteBucketEncryption = s3.operation("DeleteBucketEncryption", {
  access: onBucket("PutEncryptionConfiguration"),
  async handle(input, ctx) {
    const bucket = await findBucket(input, ctx);
    buckets.put(ctx.tx, [bucket.name], { ...bucket, encryption: { algorithm: "AES256", bucketKey: false } });
    return {};
  },
});
