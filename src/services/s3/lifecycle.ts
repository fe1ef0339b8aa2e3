import type { LifecycleRule, Transition } from "@aws-sdk/client-s3";
import { uuid } from "../../kit/ids.ts";
import { onBucket } from "./access.ts";
import { s3 } from "./contract.ts";
import { deleteDocument, readDocument, writeDocument } from "./documents.ts";
import { fail, invalidArgument, invalidRequest } from "./errors.ts";
import { findBucket } from "./find.ts";
import { dayMs, type LifecycleDocument } from "./lifecycleRules.ts";
import { cancelLifecycle, scheduleLifecycle } from "./lifecycleRun.ts";
import { buckets } from "./tables.ts";

const maxRules = 1_000;
const minDaysBeforeInfrequent = 30;
const minimumSizes = ["all_storage_classes_128K", "varies_by_storage_class"];

function checkedRules(rules: readonly LifecycleRule[]): LifecycleRule[] {
  if (rules.length === 0 || rules.length > maxRules) throw fail("MalformedXML");
  const named = rules.map((rule) => ({ ...rule, ID: rule.ID || uuid().replaceAll("-", "") }));
  if (new Set(named.map(({ ID }) => ID)).size < named.length) {
    throw invalidArgument("Rule ID must be unique. Found same ID for more than one rule");
  }
  for (const rule of named) checkRule(rule);
  return named;
}

function checkRule(rule: LifecycleRule & { ID: string }): void {
  const { ID, Status, Expiration: expiration, NoncurrentVersionExpiration: noncurrent } = rule;
  if (ID.length > 255) throw invalidArgument("ID length should not exceed allowed limit of 255");
  if (Status !== "Enabled" && Status !== "Disabled") throw fail("MalformedXML");
  const abort = rule.AbortIncompleteMultipartUpload;
  const acts = expiration ?? noncurrent ?? abort ?? rule.Transitions ?? rule.NoncurrentVersionTransitions;
  if (acts === undefined) throw invalidRequest("At least one action needs to be specified in a rule");
  if (rule.Filter === undefined && rule.Prefix === undefined) throw fail("MalformedXML");
  checkExpiration(expiration);
  if (noncurrent !== undefined && noncurrent.NoncurrentDays === undefined) throw fail("MalformedXML");
  for (const transition of rule.Transitions ?? []) checkTransition(transition);
  const days = [expiration?.Days, noncurrent?.NoncurrentDays, abort?.DaysAfterInitiation];
  if (days.some((one) => one !== undefined && one <= 0)) {
    throw invalidArgument("'Days' for Expiration action must be a positive integer");
  }
  const { Tag, And } = rule.Filter ?? {};
  const hasTags = Tag !== undefined || (And?.Tags?.length ?? 0) > 0;
  if (hasTags && expiration?.ExpiredObjectDeleteMarker !== undefined) {
    throw invalidRequest("Rule with ExpiredObjectDeleteMarker cannot have tags");
  }
  const keys = And?.Tags?.map(({ Key }) => Key) ?? [];
  if (new Set(keys).size < keys.length) throw invalidRequest("Duplicate Tag Keys are not allowed.");
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html */
function checkTransition({ Date: at, Days, StorageClass }: Transition): void {
  if (StorageClass === undefined || (at !== undefined && Days !== undefined)) throw fail("MalformedXML");
  checkMidnight(at);
  const least = StorageClass === "STANDARD_IA" || StorageClass === "ONEZONE_IA" ? minDaysBeforeInfrequent : 0;
  if (Days === undefined || Days >= least) return;
  throw invalidArgument(
    least === 0
      ? "'Days' in Transition action must be nonnegative"
      : `'Days' in Transition action must be greater than or equal to ${least} for storageClass '${StorageClass}'`,
  );
}

function checkExpiration(expiration: LifecycleRule["Expiration"]): void {
  if (expiration === undefined) return;
  const { Date: at, Days, ExpiredObjectDeleteMarker: marker } = expiration;
  if ([at, Days, marker].filter((one) => one !== undefined).length !== 1) throw fail("MalformedXML");
  checkMidnight(at);
}

function checkMidnight(at: Date | undefined): void {
  if (at === undefined || new Date(at).getTime() % dayMs === 0) return;
  throw invalidArgument("'Date' must be at midnight GMT", "Date", new Date(at).toISOString());
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html */
export const putBucketLifecycle = s3.operation("PutBucketLifecycleConfiguration", {
  access: onBucket("PutLifecycleConfiguration"),
  async handle(input, ctx) {
    const bucket = await findBucket(input, ctx);
    const size = input.TransitionDefaultMinimumObjectSize ?? "all_storage_classes_128K";
    if (!minimumSizes.includes(size)) {
      throw invalidRequest(`Invalid TransitionDefaultMinimumObjectSize found: ${size}`);
    }
    const Rules = checkedRules(input.LifecycleConfiguration?.Rules ?? []);
    writeDocument(bucket.name, "lifecycle", { Rules, TransitionDefaultMinimumObjectSize: size }, ctx);
    buckets.put(ctx.tx, [bucket.name], scheduleLifecycle(bucket, ctx));
    return { TransitionDefaultMinimumObjectSize: size };
  },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLifecycleConfiguration.html */
export const getBucketLifecycle = s3.operation("GetBucketLifecycleConfiguration", {
  access: onBucket("GetLifecycleConfiguration"),
  async handle(input, ctx) {
    const { name } = await findBucket(input, ctx);
    const document = await readDocument<LifecycleDocument>(name, "lifecycle", ctx);
    if (document === undefined) throw fail("NoSuchLifecycleConfiguration", { members: { BucketName: name } });
    return {
      Rules: document.Rules.map(withDates),
      TransitionDefaultMinimumObjectSize:
        document.TransitionDefaultMinimumObjectSize as "varies_by_storage_class",
    };
  },
});

/** Rows hold dates as texts. */
function withDates(rule: LifecycleRule): LifecycleRule {
  const { Expiration, Transitions } = rule;
  return {
    ...rule,
    ...(Expiration?.Date !== undefined && { Expiration: { ...Expiration, Date: new Date(Expiration.Date) } }),
    ...(Transitions !== undefined && {
      Transitions: Transitions.map((one) => ({ ...one, ...(one.Date && { Date: new Date(one.Date) }) })),
    }),
  };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketLifecycle.html */
export const deleteBucketLifecycle = s3.operation("DeleteBucketLifecycle", {
  access: onBucket("PutLifecycleConfiguration"),
  async handle(input, ctx) {
    const { lifecycleDue, ...bucket } = await findBucket(input, ctx);
    deleteDocument(bucket.name, "lifecycle", ctx);
    if (lifecycleDue !== undefined) cancelLifecycle(bucket.name, lifecycleDue, ctx);
    buckets.put(ctx.tx, [bucket.name], bucket);
    return {};
  },
});
