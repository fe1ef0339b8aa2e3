import type { ReplicationConfiguration } from "@aws-sdk/client-s3";
import { onBucket } from "./access.ts";
import { s3 } from "./contract.ts";
import { deleteDocument, readDocument, writeDocument } from "./documents.ts";
import { fail, invalidRequest } from "./errors.ts";
import { findBucket, locate } from "./find.ts";

/** Replication's configuration: kept, and its buckets checked; nothing is replicated. */

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketReplication.html */
export const putReplication = s3.operation("PutBucketReplication", {
  access: async (input, ctx) => [
    await onBucket("PutReplicationConfiguration")(input, ctx),
    {
      action: "iam:PassRole",
      resource: input.ReplicationConfiguration.Role || "*",
      context: { "iam:PassedToService": "s3.amazonaws.com" },
    },
  ],
  async handle(input, ctx) {
    const bucket = await findBucket(input, ctx);
    if (bucket.versioning !== "Enabled") {
      throw invalidRequest("Versioning must be 'Enabled' on the bucket to apply a replication configuration");
    }
    for (const { Destination } of input.ReplicationConfiguration.Rules) {
      const target = await locate(Destination.Bucket.replace(/^arn:aws:s3:::/, ""), ctx);
      if (target?.versioning !== "Enabled")
        throw invalidRequest("Destination bucket must have versioning enabled.");
    }
    writeDocument(bucket.name, "replication", input.ReplicationConfiguration, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketReplication.html */
export const getReplication = s3.operation("GetBucketReplication", {
  access: onBucket("GetReplicationConfiguration"),
  async handle(input, ctx) {
    const { name } = await findBucket(input, ctx);
    const document = await readDocument<ReplicationConfiguration>(name, "replication", ctx);
    if (document === undefined) {
      throw fail("ReplicationConfigurationNotFoundError", { members: { BucketName: name } });
    }
    return { ReplicationConfiguration: document };
  },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketReplication.html */
export const deleteReplication = s3.operation("DeleteBucketReplication", {
  access: onBucket("PutReplicationConfiguration"),
  async handle(input, ctx) {
    deleteDocument((await findBucket(input, ctx)).name, "replication", ctx);
    return {};
  },
});
