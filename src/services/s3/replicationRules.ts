import type { ReplicationConfiguration, ReplicationRule } from "@aws-sdk/client-s3";
import type { Context } from "../../kit/context.ts";
import { readDocument } from "./documents.ts";
import { covers } from "./lifecycleRules.ts";
import type { BucketRow, ObjectRow } from "./tables.ts";

/**
 * Which versions are replicated, and where to.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-what-is-isnot-replicated.html
 */

export type ReplicatedOperation =
  | "OBJECT_PUT"
  | "OBJECT_PUT_TAGGING"
  | "OBJECT_PUT_ACL"
  | "OBJECT_PUT_RETENTION"
  | "OBJECT_PUT_LEGAL_HOLD"
  | "OBJECT_DELETE";

/** What is to be replicated, under the rule that was in force when it was written. */
export interface ReplicationJob {
  bucket: string;
  key: string;
  versionId: string;
  operation: ReplicatedOperation;
  role: string;
  rule: Pick<ReplicationRule, "ID" | "Destination">;
  requestedAt: number;
  attempts?: number;
}

/** Replication reads what is at hand: nothing that must be restored first. */
const archived: ReadonlySet<string> = new Set(["GLACIER", "DEEP_ARCHIVE"]);

/** Whether a rule that is about a version also takes it. Without a filter it is of the first kind, which takes markers. */
function takes(rule: ReplicationRule, row: ObjectRow): boolean {
  if (row.deleteMarker)
    return rule.Filter === undefined || rule.DeleteMarkerReplication?.Status === "Enabled";
  if (archived.has(row.storageClass)) return false;
  const { type } = row.encryption;
  if (type === "AES256") return true;
  return type !== "customer" && rule.SourceSelectionCriteria?.SseKmsEncryptedObjects?.Status === "Enabled";
}

/** The rules by which a version is replicated: of each destination, the one with the highest priority. */
function rulesFor({ Rules = [] }: ReplicationConfiguration, key: string, row: ObjectRow): ReplicationRule[] {
  const chosen = new Map<string | undefined, ReplicationRule>();
  const inForce = Rules.filter((rule) => rule.Status === "Enabled" && covers(rule, key, row));
  for (const rule of inForce.sort((a, b) => (a.Priority ?? 0) - (b.Priority ?? 0)))
    chosen.set(rule.Destination?.Bucket, rule);
  return [...chosen.values()].filter((rule) => takes(rule, row));
}

export function destinationOf({ Destination }: Pick<ReplicationRule, "Destination">): string {
  return (Destination?.Bucket ?? "").replace(/^arn:aws:s3:::/, "");
}

function send(
  bucket: BucketRow,
  key: string,
  row: ObjectRow,
  operation: ReplicatedOperation,
  { role, rules }: { role: string | undefined; rules: readonly ReplicationRule[] },
  ctx: Context,
): void {
  for (const { ID, Destination } of rules) {
    const job: ReplicationJob = {
      bucket: bucket.name,
      key,
      versionId: row.versionId,
      operation,
      role: role ?? "",
      rule: { ID, Destination },
      requestedAt: ctx.clock.now(),
    };
    const { account, region } = bucket;
    // What happens to a key is replicated in its order.
    ctx.outbox.put("replicate", { ...job }, { account, region, group: `replicate/${bucket.name}/${key}` });
  }
}

function pending(rules: readonly ReplicationRule[]) {
  return Object.fromEntries(rules.map((rule) => [destinationOf(rule), "PENDING" as const]));
}

/** A new version, sent to where the bucket's rules want it. */
export async function replicated(
  bucket: BucketRow,
  key: string,
  row: ObjectRow,
  ctx: Context,
): Promise<ObjectRow> {
  const configuration = await readDocument<ReplicationConfiguration>(bucket.name, "replication", ctx);
  if (configuration === undefined) return row;
  const rules = rulesFor(configuration, key, row);
  if (rules.length === 0) return row;
  const operation = row.deleteMarker ? "OBJECT_DELETE" : "OBJECT_PUT";
  send(bucket, key, row, operation, { role: configuration.Role, rules }, ctx);
  return { ...row, replication: pending(rules) };
}

/**
 * A version whose tags, grants or lock have changed: that follows to where the version itself was sent. Of a replica,
 * it goes where rules want to know of replicas' changes.
 */
export async function changeReplicated(
  bucket: BucketRow,
  key: string,
  row: ObjectRow,
  operation: ReplicatedOperation,
  ctx: Context,
): Promise<ObjectRow> {
  const { replication } = row;
  if (!bucket.replicates || replication === undefined) return row;
  const configuration = await readDocument<ReplicationConfiguration>(bucket.name, "replication", ctx);
  if (configuration === undefined) return row;
  const { Role: role } = configuration;
  const rules = rulesFor(configuration, key, row);
  if (replication === "REPLICA") {
    const wanted = rules.filter(
      ({ SourceSelectionCriteria: criteria }) => criteria?.ReplicaModifications?.Status === "Enabled",
    );
    send(bucket, key, row, operation, { role, rules: wanted }, ctx);
    return row;
  }
  const known = rules.filter((rule) => destinationOf(rule) in replication);
  send(bucket, key, row, operation, { role, rules: known }, ctx);
  return { ...row, replication: { ...replication, ...pending(known) } };
}

/** `x-amz-replication-status`: done when all destinations have it, failed as soon as one will not. */
export function shownReplication({ replication }: ObjectRow) {
  if (replication === undefined) return {};
  if (replication === "REPLICA") return { ReplicationStatus: "REPLICA" as const };
  const all = Object.values(replication);
  const ReplicationStatus = all.includes("FAILED")
    ? ("FAILED" as const)
    : all.includes("PENDING")
      ? ("PENDING" as const)
      : ("COMPLETED" as const);
  return { ReplicationStatus };
}
