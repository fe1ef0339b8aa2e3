import { onBucket } from "./access.ts";
import { ownerGrant } from "./aclGrants.ts";
import { s3 } from "./contract.ts";
import { fail } from "./errors.ts";
import { findBucket } from "./find.ts";
import { buckets } from "./tables.ts";

/** Who owns objects, and whether access control lists count. https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html */

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketOwnershipControls.html */
export const putBucketOwnershipControls = s3.operation("PutBucketOwnershipControls", {
  access: onBucket("PutBucketOwnershipControls"),
  async handle(input, ctx) {
    const bucket = await findBucket(input, ctx);
    const [rule, more] = input.OwnershipControls.Rules;
    const ownership = rule?.ObjectOwnership;
    if (ownership === undefined || more !== undefined) throw fail("MalformedXML");
    const own = ownerGrant(bucket.account);
    const isOwnersOnly = bucket.grants.every(({ id }) => id === own.id);
    if (ownership === "BucketOwnerEnforced" && !isOwnersOnly)
      throw fail("InvalidBucketAclWithObjectOwnership");
    buckets.put(ctx.tx, [bucket.name], { ...bucket, ownership });
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketOwnershipControls.html */
export const getBucketOwnershipControls = s3.operation("GetBucketOwnershipControls", {
  access: onBucket("GetBucketOwnershipControls"),
  async handle(input, ctx) {
    const { ownership, name } = await findBucket(input, ctx);
    if (ownership === undefined) {
      throw fail("OwnershipControlsNotFoundError", { members: { BucketName: name } });
    }
    return { OwnershipControls: { Rules: [{ ObjectOwnership: ownership }] } };
  },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketOwnershipControls.html */
export const deleteBucketOwnershipControls = s3.operation("DeleteBucketOwnershipControls", {
  access: onBucket("PutBucketOwnershipControls"),
  async handle(input, ctx) {
    const { ownership: _, ...bucket } = await findBucket(input, ctx);
    buckets.put(ctx.tx, [bucket.name], bucket);
    return {};
  },
});
