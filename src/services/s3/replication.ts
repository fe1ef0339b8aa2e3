import type { ReplicationConfiguration, ReplicationRule } from "@aws-sdk/client-s3";
import { uuid } from "../../kit/ids.ts";
import { onBucket } from "./access.ts";
import { s3 } from "./contract.ts";
import { deleteDocument, readDocument, writeDocument } from "./documents.ts";
import { fail, invalidRequest } from "./errors.ts";
import { findBucket, locate } from "./find.ts";
import { buckets } from "./tables.ts";

/** Replication's configuration: `replicationRules.ts` says what follows from it, `replicate.ts` does it. */

/** What AWS refuses of a rule, beside what its schema does. */
function checkRule(rule: ReplicationRule): void {
  const { Filter, Priority, DeleteMarkerReplication, SourceSelectionCriteria, Destination } = rule;
  const needed = (what: string) =>
    invalidRequest(
      `${what} must be specified for this version of Cross Region Replication configuration schema. Please refer to S3 Developer Guide for more information.`,
    );
  if (Filter !== undefined) {
    if (Priority === undefined) throw needed("Priority");
    if (DeleteMarkerReplication === undefined) throw needed("DeleteMarkerReplication");
    const hasTags = Filter.Tag !== undefined || (Filter.And?.Tags?.length ?? 0) > 0;
    if (hasTags && DeleteMarkerReplication.Status === "Enabled") {
      throw invalidRequest(
        "Delete marker replication is not supported if any Tag filter is specified. Please refer to S3 Developer Guide for more information.",
      );
    }
  }
  const wantsKms = SourceSelectionCriteria?.SseKmsEncryptedObjects !== undefined;
  const { EncryptionConfiguration: encryption } = Destination ?? {};
  if (encryption !== undefined && !wantsKms)
    throw invalidRequest("SseKmsEncryptedObjects must be specified if EncryptionConfiguration is present.");
  if (wantsKms && encryption?.ReplicaKmsKeyID === undefined)
    throw invalidRequest("ReplicaKmsKeyID must be specified if SseKmsEncryptedObjects tag is present.");
}

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
    for (const rule of input.ReplicationConfiguration.Rules) {
      checkRule(rule);
      const { Destination } = rule;
      const target = await locate(Destination.Bucket.replace(/^arn:aws:s3:::/, ""), ctx);
      if (target?.versioning !== "Enabled")
        throw invalidRequest("Destination bucket must have versioning enabled.");
    }
    const { Role, Rules } = input.ReplicationConfiguration;
    const named = Rules.map((rule) => ({ ...rule, ID: rule.ID || uuid() }));
    writeDocument(bucket.name, "replication", { Role, Rules: named }, ctx);
    buckets.put(ctx.tx, [bucket.name], { ...bucket, replicates: true });
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
    const { replicates: _, ...bucket } = await findBucket(input, ctx);
    deleteDocument(bucket.name, "replication", ctx);
    buckets.put(ctx.tx, [bucket.name], bucket);
    return {};
  },
});
