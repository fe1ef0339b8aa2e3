import type { LifecycleRule } from "@aws-sdk/client-s3";
import { type Recordings, type Scene, untyped } from "./s3Scene.ts";

/** Answers recorded of lifecycle rules and of the expiry that objects announce, asked again here. */

const enabled = { ChecksumMode: "ENABLED" as const };

function configure(t: Scene, Bucket: string, ...rules: object[]) {
  const Rules = rules.map((rule) => ({ Status: "Enabled", ...rule }) as LifecycleRule);
  return t.s3.putBucketLifecycleConfiguration({ Bucket, LifecycleConfiguration: { Rules } });
}

async function askConfiguration(t: Scene, Bucket: string, ...rules: object[]): Promise<void> {
  await configure(t, Bucket, ...rules);
  await t.ask("get-bucket-lifecycle-conf", t.s3.getBucketLifecycleConfiguration({ Bucket }));
}

const wholeBucket = { ID: "wholebucket", Filter: { Prefix: "" }, Expiration: { Days: 7 } };

const deletion = async (t: Scene) => {
  const Bucket = await t.bucket();
  const get = () => t.s3.getBucketLifecycleConfiguration({ Bucket });
  await t.ask("get-bucket-lifecycle-exc-1", get());
  await t.ask("delete-bucket-lifecycle-no-bucket", t.s3.deleteBucketLifecycle({ Bucket }));
  await askConfiguration(t, Bucket, wholeBucket);
  await t.s3.deleteBucketLifecycle({ Bucket });
  await t.ask("get-bucket-lifecycle-exc-2", get());
};

const bucketDeletion = async (t: Scene) => {
  const Bucket = await t.bucket();
  await askConfiguration(t, Bucket, wholeBucket);
  await t.s3.deleteBucket({ Bucket });
  await t.s3.createBucket({ Bucket });
  await t.ask("get-bucket-lifecycle-exc", t.s3.getBucketLifecycleConfiguration({ Bucket }));
};

const expiry = async (t: Scene) => {
  const Bucket = await t.bucket();
  const rule = { ID: "rule_number_one", Filter: { Prefix: "" }, Expiration: { Days: 1 } };
  await askConfiguration(t, Bucket, rule);
  const object = { Bucket, Key: "test-object-expiry" };
  await t.s3.putObject({ ...object, Body: "test" });
  await t.ask("head-object-expiry", t.s3.headObject(object));
  await t.ask("get-object-expiry", t.s3.getObject({ ...object, ...enabled }));
};

const versionedExpiry = async (t: Scene) => {
  const Bucket = await t.versionedBucket();
  await askConfiguration(t, Bucket, {
    ID: "rule2",
    Filter: untyped({}),
    Expiration: { Days: 1 },
    NoncurrentVersionExpiration: { NoncurrentDays: 1 },
  });
  const object = { Bucket, Key: "test-object-expiry" };
  const put = () => t.s3.putObject({ ...object, Body: "test" });
  const head = (step: string, VersionId?: string) =>
    t.ask(step, t.s3.headObject({ ...object, ...(VersionId && { VersionId }) }));
  const first = await put();
  await head("head-object-expiry");
  const second = await put();
  await head("head-object-expiry-noncurrent", first.VersionId);
  await head("head-object-expiry-current-with-version-id", second.VersionId);
  await head("head-object-expiry-current-without-version-id");
};

const afterConfiguration = async (t: Scene) => {
  const Bucket = await t.bucket();
  const before = { Bucket, Key: "test-object-expiry-before" };
  const after = { Bucket, Key: "test-object-expiry-after" };
  await t.ask("put-object-before", t.s3.putObject({ ...before, Body: "test" }));
  await askConfiguration(t, Bucket, { ID: "rule3", Filter: untyped({}), Expiration: { Days: 1 } });
  await t.ask("head-object-expiry-before", t.s3.headObject(before));
  await t.ask("put-object-after", t.s3.putObject({ ...after, Body: "test" }));
  await t.ask("head-object-expiry-after", t.s3.headObject(after));
};

const manyRules = async (t: Scene) => {
  const Bucket = await t.bucket();
  const rules = { rule_one: "testobject", rule_two: "test", rule_three: "t" };
  const given = Object.entries(rules).map(([ID, Prefix], i) => ({
    ID,
    Filter: { Prefix },
    Expiration: { Days: i + 1 },
  }));
  await askConfiguration(t, Bucket, ...given);
  const put = (step: string, Key: string) => t.ask(step, t.s3.putObject({ Bucket, Key, Body: "test" }));
  await put("put-object-match-both-rules", "testobject-expiry");
  await put("put-object-match-rule-2", "test-expiry");
  await put("put-object-no-match", "no-match");
};

const date = async (t: Scene) => {
  const Bucket = await t.bucket();
  const midnight = new Date(Math.ceil(Date.now() / 86_400_000) * 86_400_000);
  await askConfiguration(t, Bucket, {
    ID: "rule_number_one",
    Filter: untyped({}),
    Expiration: { Date: midnight },
  });
};

const sizes = async (t: Scene) => {
  const Bucket = await t.bucket();
  await askConfiguration(
    t,
    Bucket,
    { ID: "rule_one", Filter: { ObjectSizeGreaterThan: 20 }, Expiration: { Days: 1 } },
    { ID: "rule_two", Filter: { ObjectSizeLessThan: 10 }, Expiration: { Days: 1 } },
  );
  const put = (step: string, length: number) =>
    t.ask(step, t.s3.putObject({ Bucket, Key: `of-${length}`, Body: "a".repeat(length) }));
  await put("put-object-match-rule-1", 22);
  await put("put-object-match-rule-2", 5);
  await put("put-object-no-match", 15);
};

const tags = async (t: Scene) => {
  const Bucket = await t.bucket();
  const first = { Key: "testlifecycle", Value: "positive" };
  const second = { Key: "testlifecycletwo", Value: "positive-two" };
  await askConfiguration(
    t,
    Bucket,
    { ID: "rule_one", Filter: { Tag: first }, Expiration: { Days: 1 } },
    { ID: "rule_two", Filter: { And: { Tags: [first, second] } }, Expiration: { Days: 2 } },
  );
  const ask = async (name: string, Tagging?: string) => {
    const object = { Bucket, Key: name };
    const put = { ...object, Body: "test", ...(Tagging && { Tagging }) };
    await t.ask(`put-object-${name}`, t.s3.putObject(put));
    await t.ask(`get-object-${name}`, t.s3.getObject({ ...object, ...enabled }));
  };
  await ask("match-both-rules", "testlifecycle=positive&testlifecycletwo=positive-two");
  await ask("match-rule-1", "testlifecycle=positive");
  await ask("no-match", "testlifecycle=negative");
  await ask("no-tags");
};

const deleteMarkers = async (t: Scene) => {
  const Bucket = await t.bucket();
  const Expiration = { ExpiredObjectDeleteMarker: true };
  await askConfiguration(t, Bucket, { ID: "rule-marker", Filter: untyped({}), Expiration });
  const object = { Bucket, Key: "test-object-expiry" };
  await t.ask("put-object", t.s3.putObject({ ...object, Body: "test" }));
  await t.ask("head-object", t.s3.headObject(object));
};

const minimumSizes = async (t: Scene) => {
  const Bucket = await t.bucket();
  const Rules: LifecycleRule[] = [
    {
      ID: "transition",
      Status: "Enabled",
      Filter: { Prefix: "" },
      Transitions: [{ Days: 1, StorageClass: "GLACIER_IR" }],
    },
  ];
  const put = (step: string, size?: string) => {
    const asked = { Bucket, LifecycleConfiguration: { Rules } };
    const TransitionDefaultMinimumObjectSize = untyped(size);
    return t.ask(
      step,
      t.s3.putBucketLifecycleConfiguration({ ...asked, ...(size && { TransitionDefaultMinimumObjectSize }) }),
    );
  };
  await put("varies-by-storage", "varies_by_storage_class");
  await put("default");
  await put("all-storage", "all_storage_classes_128K");
  await put("bad-value", "value");
};

export const lifecycleRecordings: Recordings = {
  test_delete_bucket_lifecycle_configuration: deletion,
  test_delete_lifecycle_configuration_on_bucket_deletion: bucketDeletion,
  test_bucket_lifecycle_configuration_object_expiry: expiry,
  test_bucket_lifecycle_configuration_object_expiry_versioned: versionedExpiry,
  test_object_expiry_after_bucket_lifecycle_configuration: afterConfiguration,
  test_bucket_lifecycle_multiple_rules: manyRules,
  test_bucket_lifecycle_configuration_date: date,
  test_bucket_lifecycle_object_size_rules: sizes,
  test_bucket_lifecycle_tag_rules: tags,
  test_lifecycle_expired_object_delete_marker: deleteMarkers,
  test_s3_transition_default_minimum_object_size: minimumSizes,
};
