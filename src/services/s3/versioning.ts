import { onBucket } from "./access.ts";
import { s3 } from "./contract.ts";
import { fail } from "./errors.ts";
import { findBucket } from "./find.ts";
import { buckets } from "./tables.ts";

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketVersioning.html */
export const putBucketVersioning = s3.operation("PutBucketVersioning", {
  access: onBucket("PutBucketVersioning"),
  async handle(input, ctx) {
    const bucket = await findBucket(input, ctx);
    const { Status: status } = input.VersioningConfiguration;
    if (status === undefined) throw fail("IllegalVersioningConfigurationException");
    if (status !== "Enabled" && status !== "Suspended") throw fail("MalformedXML");
    if (bucket.lock !== undefined && status === "Suspended") {
      throw fail("InvalidBucketState", {
        message:
          "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.",
      });
    }
    if (bucket.replicates && status === "Suspended") {
      throw fail("InvalidBucketState", {
        message:
          "A replication configuration is present on this bucket, so you cannot change the versioning state. To change the versioning state, first delete the replication configuration.",
      });
    }
    buckets.put(ctx.tx, [bucket.name], { ...bucket, versioning: status });
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketVersioning.html */
export const getBucketVersioning = s3.operation("GetBucketVersioning", {
  access: onBucket("GetBucketVersioning"),
  async handle(input, ctx) {
    const { versioning } = await findBucket(input, ctx);
    return versioning === undefined ? {} : { Status: versioning };
  },
});
