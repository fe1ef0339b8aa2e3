import type { FilterRule, ObjectLockRule, ServerSideEncryptionRule } from "@aws-sdk/client-s3";
import { type Recordings, type Scene, untyped } from "./s3Scene.ts";

/** Answers recorded of the settings of buckets, asked again here. */

const rule = (algorithm: "AES256" | "aws:kms", BucketKeyEnabled: boolean, key?: string) => ({
  ApplyServerSideEncryptionByDefault: {
    SSEAlgorithm: algorithm,
    ...(key !== undefined && { KMSMasterKeyID: key }),
  },
  BucketKeyEnabled,
});

async function encryption(t: Scene, Bucket: string, step: string, ...Rules: ServerSideEncryptionRule[]) {
  const ServerSideEncryptionConfiguration = { Rules };
  await t.ask(step, t.s3.putBucketEncryption({ Bucket, ServerSideEncryptionConfiguration }));
}

async function encryptedObject(t: Scene, Bucket: string) {
  const object = { Bucket, Key: "key-encrypted" };
  await t.ask("put-object-encrypted", t.s3.putObject({ ...object, Body: "test-encrypted" }));
  await t.ask("head-object-encrypted", t.s3.headObject(object));
  await t.ask("get-object-encrypted", t.s3.getObject(object));
}

const governance = (more: object) => ({ DefaultRetention: { Mode: "GOVERNANCE" as const, ...more } });
const metrics = (Id: string, Prefix = "logs/") => ({ Id, MetricsConfiguration: { Id, Filter: { Prefix } } });

const lock = (Bucket: string, t: Scene) => (step: string, more: { Rule?: ObjectLockRule }) => {
  const ObjectLockConfiguration = { ObjectLockEnabled: "Enabled" as const, ...more };
  return t.ask(step, t.s3.putObjectLockConfiguration({ Bucket, ObjectLockConfiguration }));
};

export const settingRecordings: Recordings = {
  async test_s3_bucket_encryption_sse_s3(t) {
    const Bucket = await t.bucket();
    await encryption(t, Bucket, "put-bucket-enc", rule("AES256", true));
    await encryptedObject(t, Bucket);
  },
  async test_s3_bucket_encryption_sse_kms(t) {
    const Bucket = await t.bucket();
    const { KeyMetadata } = await t.kms.createKey({});
    const id = KeyMetadata?.KeyId;
    await encryption(t, Bucket, "put-bucket-enc", rule("aws:kms", true, id));
    await t.ask("get-bucket-enc", t.s3.getBucketEncryption({ Bucket }));
    await encryptedObject(t, Bucket);
    await encryption(t, Bucket, "put-bucket-enc-bucket-key-disabled", rule("aws:kms", false, id));
    const object = { Bucket, Key: "key-encrypted-bucket-key-disabled", Body: "test-encrypted" };
    await t.ask("put-object-encrypted-bucket-key-disabled", t.s3.putObject(object));
  },
  async test_s3_bucket_encryption_sse_kms_aws_managed_key(t) {
    const Bucket = await t.bucket();
    await encryption(t, Bucket, "put-bucket-enc", rule("aws:kms", true));
    await t.ask("get-bucket-enc", t.s3.getBucketEncryption({ Bucket }));
    await encryptedObject(t, Bucket);
    const { SSEKMSKeyId } = t.answers["put-object-encrypted"] as { SSEKMSKeyId?: string };
    await t.ask("managed-kms-key", t.kms.describeKey({ KeyId: SSEKMSKeyId }));
  },
  async test_put_object_lock_configuration_on_existing_bucket(t) {
    const Bucket = await t.bucket();
    const get = (step: string) => t.ask(step, t.s3.getObjectLockConfiguration({ Bucket }));
    const put = lock(Bucket, t);
    const version = (step: string, Status: "Enabled" | "Suspended") =>
      t.ask(step, t.s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status } }));
    await get("get-object-lock-existing-bucket-no-config");
    await put("put-object-lock-existing-bucket-no-versioning", {});
    await version("suspended-versioning", "Suspended");
    await put("put-object-lock-existing-bucket-versioning-disabled", {});
    await version("enabled-versioning", "Enabled");
    await put("put-object-lock-existing-bucket-enabled", {});
    await get("get-object-lock-existing-bucket-enabled");
  },
  async test_get_put_object_lock_configuration(t) {
    const Bucket = await t.bucket({ ObjectLockEnabledForBucket: true });
    const get = (step: string) => t.ask(step, t.s3.getObjectLockConfiguration({ Bucket }));
    await get("get-lock-config-start");
    await lock(Bucket, t)("put-lock-config", { Rule: governance({ Days: 1 }) });
    await get("get-lock-config");
    await lock(Bucket, t)("put-lock-config-enabled", {});
    await get("get-lock-config-only-enabled");
  },
  async test_put_object_lock_configuration_exc(t) {
    const Bucket = await t.bucket({ ObjectLockEnabledForBucket: true });
    const put = (step: string, ObjectLockConfiguration: object) =>
      t.ask(`put-lock-config-${step}`, t.s3.putObjectLockConfiguration({ Bucket, ObjectLockConfiguration }));
    const ObjectLockEnabled = "Enabled";
    await put("no-enabled", { Rule: governance({ Days: 1 }) });
    await put("empty", {});
    await put("empty-rule", { ObjectLockEnabled, Rule: {} });
    await put("empty-retention", { ObjectLockEnabled, Rule: { DefaultRetention: {} } });
    await put("no-days", { ObjectLockEnabled, Rule: governance({}) });
    await put("bad-mode", { ObjectLockEnabled, Rule: governance({ Mode: "BAD-VALUE", Days: 1 }) });
    await put("both-days-years", { ObjectLockEnabled, Rule: governance({ Days: 1, Years: 1 }) });
  },
  async test_disable_versioning_on_locked_bucket(t) {
    const Bucket = await t.bucket({ ObjectLockEnabledForBucket: true });
    const version = (step: string, Status: "Enabled" | "Suspended") =>
      t.ask(step, t.s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status } }));
    await version("disable-versioning-on-locked-bucket", "Suspended");
    await version("enable-versioning-again-on-locked-bucket", "Enabled");
  },
  async test_put_bucket_metrics_configuration(t) {
    const Bucket = await t.bucket();
    const one = { Bucket, ...metrics("metrics") };
    await t.ask("put_bucket_metrics_configuration", t.s3.putBucketMetricsConfiguration(one));
    await t.ask("get_bucket_metrics_configuration", t.s3.getBucketMetricsConfiguration(one));
  },
  async test_overwrite_bucket_metrics_configuration(t) {
    const Bucket = await t.bucket();
    await t.s3.putBucketMetricsConfiguration({ Bucket, ...metrics("metrics") });
    const other = { Bucket, ...metrics("metrics", "logs/new-prefix") };
    await t.ask("overwrite_bucket_metrics_configuration", t.s3.putBucketMetricsConfiguration(other));
    await t.ask("get_bucket_metrics_configuration", t.s3.getBucketMetricsConfiguration(other));
  },
  async test_list_bucket_metrics_configurations(t) {
    const Bucket = await t.bucket();
    for (const id of ["1-metrics", "2-metrics"])
      await t.s3.putBucketMetricsConfiguration({ Bucket, ...metrics(id, "logs/prefix") });
    const list = t.s3.listBucketMetricsConfigurations({ Bucket });
    await t.ask("list_bucket_metrics_configurations", list);
  },
  async test_list_bucket_metrics_configurations_paginated(t) {
    const Bucket = await t.bucket();
    for (let i = 100; i < 202; i += 1)
      await t.s3.putBucketMetricsConfiguration({ Bucket, ...metrics(`${i}-metrics`, "logs/prefix") });
    const first = await t.s3.listBucketMetricsConfigurations({ Bucket });
    const ContinuationToken = first.NextContinuationToken;
    const second = t.s3.listBucketMetricsConfigurations({ Bucket, ContinuationToken });
    await t.ask("list_bucket_metrics_configurations_page_2", second);
  },
  async test_get_bucket_metrics_configuration(t) {
    const one = { Bucket: await t.bucket(), ...metrics("metrics") };
    await t.s3.putBucketMetricsConfiguration(one);
    await t.ask("get_bucket_metrics_configuration", t.s3.getBucketMetricsConfiguration(one));
  },
  async test_delete_metrics_configuration(t) {
    const one = { Bucket: await t.bucket(), ...metrics("metrics") };
    await t.s3.putBucketMetricsConfiguration(one);
    await t.ask("delete_bucket_metrics_configuration", t.s3.deleteBucketMetricsConfiguration(one));
    await t.ask("get_bucket_metrics_configuration", t.s3.getBucketMetricsConfiguration(one));
  },
  async test_delete_metrics_configuration_twice(t) {
    const one = { Bucket: await t.bucket(), ...metrics("metrics") };
    await t.s3.putBucketMetricsConfiguration(one);
    await t.ask("delete_bucket_metrics_configuration_1", t.s3.deleteBucketMetricsConfiguration(one));
    await t.ask("delete_bucket_metrics_configuration_2", t.s3.deleteBucketMetricsConfiguration(one));
  },
  async test_bucket_notification_with_invalid_filter_rules(t) {
    const put = await filtered(t);
    await put("invalid_filter_name", { Name: untyped("INVALID"), Value: "does not matter" });
  },
  async test_bucket_notification_with_missing_values_in_rule(t) {
    const put = await filtered(t);
    await put("invalid-rule-no-values", untyped({}));
    await put("invalid-rule-no-value", { Name: "prefix" });
    await put("invalid-rule-no-name", { Value: "test" });
  },
};

/** Asks for notifications of what passes one rule. */
async function filtered(t: Scene) {
  const Bucket = await t.bucket();
  const QueueArn = `arn:aws:sqs:us-east-1:${t.account}:recorded`;
  return (step: string, rule: FilterRule) => {
    const Filter = { Key: { FilterRules: [rule] } };
    const queue = { QueueArn, Events: ["s3:ObjectCreated:*" as const], Filter };
    const NotificationConfiguration = { QueueConfigurations: [queue] };
    return t.ask(step, t.s3.putBucketNotificationConfiguration({ Bucket, NotificationConfiguration }));
  };
}
