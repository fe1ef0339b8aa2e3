import type { Context } from "../../kit/context.ts";
import { fail } from "./errors.ts";
import { type BucketRow, buckets } from "./tables.ts";

/** Finding buckets, with what every operation on one checks first. */

export interface BucketInput {
  Bucket: string;
  ExpectedBucketOwner?: string | undefined;
}

/** The bucket, wherever it is and whosever it is; undefined if there is none. */
export async function locate(bucket: string, ctx: Context): Promise<BucketRow | undefined> {
  return await buckets.get(ctx.tx, bucket);
}

/** The bucket that a call is for, or NoSuchBucket. */
export async function findBucket(
  { Bucket, ExpectedBucketOwner }: BucketInput,
  ctx: Context,
): Promise<BucketRow> {
  const bucket = await locate(Bucket, ctx);
  if (bucket === undefined) throw noSuchBucket(Bucket);
  checkExpectedOwner(ExpectedBucketOwner, bucket);
  return bucket;
}

export function noSuchBucket(bucket: string) {
  return fail("NoSuchBucket", { members: { BucketName: bucket } });
}

export function checkExpectedOwner(expected: string | undefined, bucket: BucketRow): void {
  if (expected === undefined) return;
  if (!/^\d{12}$/.test(expected)) {
    throw fail("InvalidBucketOwnerAWSAccountID", {
      message: `The value of the expected bucket owner parameter must be an AWS Account ID... [${expected}]`,
    });
  }
  if (expected !== bucket.account) throw fail("AccessDenied");
}

/**
 * A bucket is served by the endpoint of its own Region only; others say where it is.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html
 */
export function checkRegion(bucket: BucketRow, ctx: Context): void {
  // Only a signature names a Region; without one, every endpoint is the bucket's own.
  if (bucket.region === ctx.region || ctx.caller.principal.kind === "anonymous") return;
  throw fail("PermanentRedirect", {
    members: { Endpoint: `${bucket.name}.s3.${bucket.region}.amazonaws.com`, Bucket: bucket.name },
    headers: { "x-amz-bucket-region": bucket.region },
  });
}
