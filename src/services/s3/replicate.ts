import { type Caller, servicePrincipal } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { isRetriable, retryDelayMs } from "../../kit/targets.ts";
import { accessAs } from "./access.ts";
import { aclsInForce } from "./aclGrants.ts";
import { keyTo, type Sealing, sealingUnder } from "./encryption.ts";
import { bucketArn, objectArn } from "./names.ts";
import { announce } from "./notify.ts";
import { replicaOf, settingsOf, sharedContent } from "./replicas.ts";
import { destinationOf, type ReplicationJob } from "./replicationRules.ts";
import { type BucketRow, buckets, type ObjectRow } from "./tables.ts";
import { findVersion, isFree, place, replace } from "./versions.ts";

/**
 * Replicates a version, or a change of it, under the role of the bucket's configuration.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-failure-codes.html
 */

const service = "s3.amazonaws.com";
const maxAttempts = 10;

/** What AWS calls the reason, and whose refusal it was. */
class Failure extends Error {
  readonly reason: string;

  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** One replication: from where to where, and who does it. */
interface Passage {
  job: ReplicationJob;
  source: BucketRow;
  row: ObjectRow;
  target: BucketRow;
  as: Caller;
}

async function roleFor({ role }: ReplicationJob, source: BucketRow, ctx: Context): Promise<Caller> {
  const by = servicePrincipal(service, {
    sourceArn: bucketArn(source.name),
    sourceAccount: source.account,
  });
  return await orFail("AssumeRoleNotPermitted", () => ctx.assumeRole(role, by, "s3-replication"));
}

/** Runs what may be refused; the refusal is given a reason. What may pass by itself is none. */
async function orFail<T>(reason: string | ((code: string) => string), work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AwsError) || isRetriable(error)) throw error;
    throw new Failure(typeof reason === "string" ? reason : reason(error.code), error.message);
  }
}

async function checkSource({ job, source, row, as }: Passage, ctx: Context): Promise<void> {
  const needs = async (action: string, reason: string, key?: string) =>
    await orFail(reason, () => ctx.authorize(accessAs(action, source, key, as, ctx, { object: row })));
  await needs("GetReplicationConfiguration", "SrcGetObjectNotPermitted");
  await needs("ListBucket", "SrcGetObjectNotPermitted");
  await needs("GetObjectVersionForReplication", "SrcGetObjectNotPermitted", job.key);
  if (row.deleteMarker) return;
  await needs("GetObjectVersionAcl", "SrcGetAclNotPermitted", job.key);
  if (row.retention) await needs("GetObjectRetention", "SrcGetRetentionNotPermitted", job.key);
  if (row.legalHold !== undefined) await needs("GetObjectLegalHold", "SrcGetLegalHoldNotPermitted", job.key);
}

/** Without leave to read its tags, an object is replicated without them; but a change of them is not. */
async function mayReadTags({ job, source, row, as }: Passage, ctx: Context): Promise<boolean> {
  if (row.tags === undefined) return true;
  const access = accessAs("GetObjectVersionTagging", source, job.key, as, ctx, { object: row });
  if (job.operation === "OBJECT_PUT_TAGGING") {
    await orFail("SrcGetTaggingNotPermitted", () => ctx.authorize(access));
    return true;
  }
  return await ctx.allowed(access);
}

const targetActions: Partial<Record<ReplicationJob["operation"], [action: string, reason: string]>> = {
  OBJECT_DELETE: ["ReplicateDelete", "DstDelObjNotPermitted"],
  OBJECT_PUT_ACL: ["ReplicateObject", "DstPutAclNotPermitted"],
  OBJECT_PUT_TAGGING: ["ReplicateObject", "DstPutTaggingNotPermitted"],
};

async function checkTarget({ job, source, row, target, as }: Passage, ctx: Context): Promise<void> {
  if (target.versioning !== "Enabled")
    throw new Failure("DstBucketUnversioned", "Destination bucket must have versioning enabled.");
  if (source.lock !== undefined && target.lock === undefined)
    throw new Failure("DstBucketObjectLockConfigMissing", "Bucket is missing Object Lock Configuration");
  const { Destination } = job.rule;
  // A bucket that somebody else has made under the name since is none of the rule's.
  if (Destination?.Account !== undefined && Destination.Account !== target.account)
    throw new Failure("DstPutObjectNotPermitted", "The destination bucket is owned by another account.");
  const kmsKey = Destination?.EncryptionConfiguration?.ReplicaKmsKeyID;
  const { type } = row.encryption;
  const context = {
    "s3:x-amz-server-side-encryption": type === "AES256" ? undefined : type,
    "s3:x-amz-server-side-encryption-aws-kms-key-id": type === "AES256" ? undefined : kmsKey,
  };
  const needs = async (action: string, reason: string) =>
    await orFail(reason, () => ctx.authorize(accessAs(action, target, job.key, as, ctx, { context })));
  const [action, reason] = targetActions[job.operation] ?? ["ReplicateObject", "DstPutObjectNotPermitted"];
  // Whoever may replicate objects may replicate their tags; but tags alone are also allowed by themselves.
  const isOfTags = job.operation === "OBJECT_PUT_TAGGING";
  if (isOfTags && (await ctx.allowed(accessAs("ReplicateTags", target, job.key, as, ctx, {})))) return;
  await needs(action, reason);
  if (Destination?.AccessControlTranslation?.Owner === "Destination" && aclsInForce(target))
    await needs("ObjectOwnerOverrideToBucketOwner", "DstPutObjectNotPermitted");
}

const sourceKeyReason = (code: string) =>
  code.startsWith("AccessDenied") ? "SrcGetObjectNotPermitted" : "SrcKmsKeyInvalidState";

function targetKeyReason(code: string): string {
  if (code.startsWith("AccessDenied")) return "DstPutObjectNotPermitted";
  return code === "KMS.NotFoundException" ? "DstKmsKeyNotFound" : "DstKmsKeyInvalidState";
}

/** Under the key that the rule names, in the destination's Region; what no key wraps needs none there either. */
async function sealingOf({ job, row, target, as }: Passage, ctx: Context): Promise<Sealing> {
  const { type, bucketKey } = row.encryption;
  if (type === "AES256" || type === "customer") return { row: { type: "AES256" } };
  const keyId = job.rule.Destination?.EncryptionConfiguration?.ReplicaKmsKeyID ?? "alias/aws/s3";
  return await sealingUnder({ type, keyId, bucketKey }, target, job.key, as, ctx);
}

/** Tags, grants and lock anew, of a version that the destination has. */
async function change(
  { job, target }: Passage,
  seen: ObjectRow,
  there: ObjectRow,
  ctx: Context,
): Promise<void> {
  const { tags: _, grants: __, retention, legalHold, ...rest } = there;
  // A lock that the destination gave by default stays until the source has another.
  const kept = {
    ...(retention && job.operation !== "OBJECT_PUT_RETENTION" && { retention }),
    ...(legalHold !== undefined && { legalHold }),
  };
  const settings = settingsOf(seen, there.owner, job.rule, target, kept);
  await replace(target, job.key, { ...rest, ...settings }, ctx);
}

async function pass(passage: Passage, ctx: Context): Promise<void> {
  const { job, source, row, target, as } = passage;
  await checkSource(passage, ctx);
  await checkTarget(passage, ctx);
  const { tags, ...untagged } = row;
  const seen = tags !== undefined && (await mayReadTags(passage, ctx)) ? { ...untagged, tags } : untagged;
  const there = await findVersion(target, job.key, job.versionId, ctx);
  if (there !== undefined) {
    if (!row.deleteMarker) await change(passage, seen, there, ctx);
    return;
  }
  if (job.operation !== "OBJECT_PUT" && job.operation !== "OBJECT_DELETE")
    throw new Failure("DstVersionNotFound", "The specified version does not exist.");
  if (!(await isFree(target, job.key, row.order, ctx)))
    throw new Failure("DstPutObjectNotPermitted", "Another version was written at the very same time.");
  const under = await orFail(sourceKeyReason, () => keyTo(row.encryption, undefined, ctx, as));
  const sealing = await orFail(targetKeyReason, () => sealingOf(passage, ctx));
  const content = await sharedContent(source, row, target, { under, newUnder: sealing.under }, ctx);
  const replica = replicaOf(seen, { ...content, encryption: sealing.row }, job.rule, target, ctx);
  await place(target, job.key, replica, ctx);
  const what = row.deleteMarker ? "ObjectRemoved:DeleteMarkerCreated" : "ObjectCreated:Put";
  announce(target, what, job.key, replica, ctx);
}

/** What became of it, in the row of the version at the source. */
async function note(
  { source, row, job }: Omit<Passage, "target" | "as">,
  status: "COMPLETED" | "FAILED",
  ctx: Context,
): Promise<void> {
  if (row.replication === undefined || row.replication === "REPLICA") return;
  const replication = { ...row.replication, [destinationOf(job.rule)]: status };
  await replace(source, job.key, { ...row, replication }, ctx);
}

/** Tells why: in the record, and those who want to be told, where the rule keeps metrics as AWS wants it. */
function tell({ source, row, job }: Omit<Passage, "target" | "as">, failure: Failure, ctx: Context): void {
  const { rule, operation, requestedAt } = job;
  const { account, region } = source;
  const facts = {
    replicationRuleId: rule.ID ?? "",
    destinationBucket: rule.Destination?.Bucket ?? "",
    s3Operation: operation,
    requestTime: new Date(requestedAt).toISOString(),
    failureReason: failure.reason,
  };
  ctx.serviceEvent("ReplicateObject", {
    account,
    region,
    resources: [{ accountId: account, type: "AWS::S3::Object", ARN: objectArn(source.name, job.key) }],
    serviceEventDetails: { ...facts, versionId: row.versionId },
    errorMessage: failure.message,
  });
  if (rule.Destination?.Metrics?.Status !== "Enabled") return;
  announce(source, "Replication:OperationFailedReplication", job.key, row, ctx, {
    replicationEventData: facts,
  });
}

export async function replicate(job: ReplicationJob, ctx: Context): Promise<void> {
  const source = await buckets.get(ctx.tx, job.bucket);
  const row = source && (await findVersion(source, job.key, job.versionId, ctx));
  // What was deleted meanwhile has nothing to replicate any more.
  if (source === undefined || row === undefined) return;
  const { attempts = 1 } = job;
  try {
    const as = await roleFor(job, source, ctx);
    const target = await buckets.get(ctx.tx, destinationOf(job.rule));
    if (target === undefined) throw new Failure("DstBucketNotFound", "The specified bucket does not exist");
    await pass({ job, source, row, target, as }, ctx);
    await note({ job, source, row }, "COMPLETED", ctx);
  } catch (error) {
    if (error instanceof AwsError && isRetriable(error) && attempts < maxAttempts) {
      ctx.outbox.put("replicate", { ...job, attempts: attempts + 1 }, { delayMs: retryDelayMs(attempts) });
      return;
    }
    const failure = error instanceof AwsError ? new Failure(error.code, error.message) : error;
    if (!(failure instanceof Failure)) throw error;
    await note({ job, source, row }, "FAILED", ctx);
    tell({ job, source, row }, failure, ctx);
  }
}
