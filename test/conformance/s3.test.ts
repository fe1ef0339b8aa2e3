import { S3 } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Cloudkeep } from "../../src/start.ts";
import { optionsOf, startForTest } from "../harness.ts";
import { expectRecorded, recordedAnswers } from "./recorded.ts";
import { answerOf } from "./s3Scene.ts";

/** S3's answers, held against those recorded from AWS. */

const recorded = recordedAnswers("s3/test_s3_api.snapshot.json");

let cloudkeep: Cloudkeep;
let s3: S3;
let europe: S3;
beforeAll(async () => {
  cloudkeep = await startForTest();
  const options = { ...optionsOf(cloudkeep, cloudkeep.credentials), forcePathStyle: true };
  s3 = new S3(options);
  europe = new S3({ ...options, region: "eu-west-1" });
});
afterAll(() => cloudkeep.stop());

let made = 0;
async function newBucket(input: object = {}): Promise<string> {
  made += 1;
  const Bucket = `conformance-${made}`;
  await s3.createBucket({ Bucket, ...input });
  return Bucket;
}
async function versionedBucket(Status: "Enabled" | "Suspended" = "Enabled"): Promise<string> {
  const Bucket = await newBucket();
  await s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status } });
  return Bucket;
}
const version = (Bucket: string, Status: string) =>
  s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: Status as "Enabled" } });
const get = (Bucket: string, Key: string, more: object = {}) =>
  s3.getObject({ Bucket, Key, ChecksumMode: "ENABLED", ...more });
/** The recordings' client names no type of its own. */
const put = (Bucket: string, Key: string, Body: string, more: object = {}) =>
  s3.putObject({ Bucket, Key, Body, ContentType: "binary/octet-stream", ...more });
const noBucket = "no-such-bucket-anywhere";
const badVersion = "HPniJFCxqTsMuIH9KX8K8wEjNUgmABCD";

type Answers = Record<string, unknown>;
interface Recording {
  name: string;
  run: () => Promise<Answers>;
}

const recordings: Recording[] = [
  {
    name: "test_delete_object_versioned",
    async run() {
      const Bucket = await versionedBucket();
      const Key = "test-delete";
      const first = await answerOf(put(Bucket, Key, "test-delete"));
      const VersionId = first.VersionId as string;
      const deleted = await answerOf(s3.deleteObject({ Bucket, Key }));
      const marker = deleted.VersionId as string;
      return {
        "put-object": first,
        "delete-object": deleted,
        "get-deleted-object": await answerOf(get(Bucket, Key)),
        "get-object-with-version": await answerOf(get(Bucket, Key, { VersionId })),
        "get-delete-marker": await answerOf(get(Bucket, Key, { VersionId: marker })),
        "delete-object-2": await answerOf(s3.deleteObject({ Bucket, Key })),
        "list-object-versions": await answerOf(
          s3.listObjectVersions({ Bucket, EncodingType: "url", Prefix: Key }),
        ),
        "delete-delete-marker": await answerOf(s3.deleteObject({ Bucket, Key, VersionId: marker })),
        "delete-object-version": await answerOf(s3.deleteObject({ Bucket, Key, VersionId })),
        "get-deleted-object-with-version": await answerOf(get(Bucket, Key, { VersionId })),
        "delete-wrong-key": await answerOf(s3.deleteObject({ Bucket, Key: "wrong-key" })),
      };
    },
  },
  {
    name: "test_delete_object",
    async run() {
      const Bucket = await newBucket();
      return {
        "put-object": await answerOf(put(Bucket, "k", "test-delete")),
        "delete-object": await answerOf(s3.deleteObject({ Bucket, Key: "k" })),
        "delete-nonexistent-object": await answerOf(s3.deleteObject({ Bucket, Key: "k" })),
        "delete-nonexistent-object-versionid": await answerOf(
          s3.deleteObject({ Bucket, Key: "k", VersionId: badVersion }),
        ),
      };
    },
  },
  {
    name: "test_get_object_with_version_unversioned_bucket",
    async run() {
      const Bucket = await newBucket();
      return {
        "put-object": await answerOf(put(Bucket, "k", "test-version")),
        "get-obj-with-version": await answerOf(get(Bucket, "k", { VersionId: badVersion })),
        "get-obj-with-null-version": await answerOf(get(Bucket, "k", { VersionId: "null" })),
      };
    },
  },
  {
    name: "test_delete_bucket_with_objects",
    async run() {
      const Bucket = await newBucket();
      await put(Bucket, "k", "x");
      return {
        "delete-with-obj": await answerOf(s3.deleteBucket({ Bucket })),
        "delete-obj": await answerOf(s3.deleteObject({ Bucket, Key: "k" })),
        "delete-bucket": await answerOf(s3.deleteBucket({ Bucket })),
      };
    },
  },
  {
    name: "test_delete_objects",
    async run() {
      const Bucket = await newBucket();
      const remove = (Objects: { Key: string; VersionId?: string }[]) =>
        answerOf(s3.deleteObjects({ Bucket, Delete: { Objects } }));
      return {
        "put-object": await answerOf(put(Bucket, "test-delete", "test-delete")),
        "delete-object-wrong-version-id": await remove([{ Key: "test-delete", VersionId: badVersion }]),
        "delete-objects": await remove(["a-wrong-key", "c-wrong-key", "test-delete"].map((Key) => ({ Key }))),
      };
    },
  },
  {
    name: "test_bucket_versioning_crud",
    async run() {
      const Bucket = await newBucket();
      const state = () => answerOf(s3.getBucketVersioning({ Bucket }));
      const change = (Status: string) => answerOf(version(Bucket, Status));
      return {
        "get-versioning-before": await state(),
        "put-versioning-suspended-before": await change("Suspended"),
        "get-versioning-after-suspended": await state(),
        "put-versioning-enabled-lowercase": await change("enabled"),
        "put-versioning-enabled-capitalized": await change("Enabled"),
        "get-versioning-after-enabled": await state(),
        "put-versioning-suspended-after": await change("Suspended"),
        "put-versioning-disabled": await change("Disabled"),
        "put-versioning-empty": await answerOf(
          s3.putBucketVersioning({ Bucket, VersioningConfiguration: {} }),
        ),
        "put-versioning-no-bucket": await answerOf(version(noBucket, "Suspended")),
        "get-versioning-no-bucket": await answerOf(s3.getBucketVersioning({ Bucket: noBucket })),
      };
    },
  },
  {
    name: "test_put_object_on_suspended_bucket",
    async run() {
      const Bucket = await versionedBucket();
      const Key = "test-version";
      const list = () => answerOf(s3.listObjectVersions({ Bucket, EncodingType: "url" }));
      const answers: Answers = {};
      for (let i = 0; i < 3; i += 1)
        answers[`put-object-${i}`] = await answerOf(put(Bucket, Key, `test-version-${i}`));
      answers["list-enabled"] = await list();
      await version(Bucket, "Suspended");
      answers["list-suspended"] = await list();
      answers["put-object-suspended"] = await answerOf(put(Bucket, Key, "test-version-suspended"));
      answers["list-suspended-after-put"] = await list();
      answers["put-object-suspended-overwrite"] = await answerOf(put(Bucket, Key, "test-version-suspended"));
      answers["list-suspended-after-overwrite"] = await list();
      answers["get-object-current"] = await answerOf(get(Bucket, Key));
      return answers;
    },
  },
  {
    name: "test_s3_default_bucket_encryption",
    async run() {
      const Bucket = await newBucket();
      return {
        "default-bucket-encryption": await answerOf(s3.getBucketEncryption({ Bucket })),
        "delete-bucket-encryption": await answerOf(s3.deleteBucketEncryption({ Bucket })),
        "delete-bucket-encryption-idempotent": await answerOf(s3.deleteBucketEncryption({ Bucket })),
      };
    },
  },
  {
    name: "test_s3_default_bucket_encryption_exc",
    async run() {
      const Bucket = await newBucket();
      const rule = (SSEAlgorithm: "AES256", KMSMasterKeyID?: string) => ({
        ApplyServerSideEncryptionByDefault: { SSEAlgorithm, KMSMasterKeyID },
      });
      const change = (Rules: object[], bucket = Bucket) =>
        answerOf(s3.putBucketEncryption({ Bucket: bucket, ServerSideEncryptionConfiguration: { Rules } }));
      return {
        "get-bucket-enc-no-bucket": await answerOf(s3.getBucketEncryption({ Bucket: noBucket })),
        "delete-bucket-enc-no-bucket": await answerOf(s3.deleteBucketEncryption({ Bucket: noBucket })),
        "put-bucket-enc-no-bucket": await change([rule("AES256")], noBucket),
        "put-bucket-encryption-no-rules": await change([]),
        "put-bucket-encryption-two-rules": await change([rule("AES256"), rule("AES256")]),
        "put-bucket-encryption-kms-with-aes": await change([rule("AES256", "some-key")]),
      };
    },
  },
  {
    name: "test_crud_bucket_ownership_controls",
    async run() {
      const Bucket = await newBucket();
      const state = (bucket = Bucket) => answerOf(s3.getBucketOwnershipControls({ Bucket: bucket }));
      const OwnershipControls = { Rules: [{ ObjectOwnership: "ObjectWriter" as const }] };
      return {
        "default-ownership": await state(),
        "put-ownership": await answerOf(s3.putBucketOwnershipControls({ Bucket, OwnershipControls })),
        "get-ownership": await state(),
        "delete-ownership": await answerOf(s3.deleteBucketOwnershipControls({ Bucket })),
        "get-ownership-after-delete": await state(),
        "delete-ownership-after-delete": await answerOf(s3.deleteBucketOwnershipControls({ Bucket })),
        "get-ownership-at-creation": await state(
          await newBucket({ ObjectOwnership: "BucketOwnerPreferred" }),
        ),
      };
    },
  },
  {
    name: "test_bucket_ownership_controls_exc",
    async run() {
      const Bucket = await newBucket();
      const change = (...owners: (string | undefined)[]) => {
        const Rules = owners.map((ObjectOwnership) => ({
          ObjectOwnership: ObjectOwnership as "ObjectWriter",
        }));
        return answerOf(s3.putBucketOwnershipControls({ Bucket, OwnershipControls: { Rules } }));
      };
      const odd = { Bucket: "ownership-odd", ObjectOwnership: "RandomValue" as "ObjectWriter" };
      return {
        "default-ownership": await answerOf(s3.getBucketOwnershipControls({ Bucket })),
        "put-ownership-multiple-rules": await change("BucketOwnerPreferred", "ObjectWriter"),
        "put-ownership-wrong-value": await change("RandomValue"),
        "put-ownership-empty-rule": await change(),
        "ownership-wrong-value-at-creation": await answerOf(s3.createBucket(odd)),
      };
    },
  },
  {
    name: "test_crud_public_access_block",
    async run() {
      const Bucket = await newBucket();
      const state = () => answerOf(s3.getPublicAccessBlock({ Bucket }));
      const remove = () => answerOf(s3.deletePublicAccessBlock({ Bucket }));
      const PublicAccessBlockConfiguration = { BlockPublicAcls: false };
      return {
        "get-default-public-access-block": await state(),
        "put-public-access-block": await answerOf(
          s3.putPublicAccessBlock({ Bucket, PublicAccessBlockConfiguration }),
        ),
        "get-public-access-block": await state(),
        "delete-public-access-block": await remove(),
        "get-public-access-block-after-delete": await state(),
        "idempotent-delete-public-access-block": await remove(),
      };
    },
  },
  {
    name: "test_bucket_policy_crud",
    async run() {
      const Bucket = await newBucket();
      await s3.deletePublicAccessBlock({ Bucket });
      const state = () => answerOf(s3.getBucketPolicy({ Bucket }));
      const Statement = [
        {
          Effect: "Allow",
          Principal: { AWS: "*" },
          Action: "s3:GetObject",
          Resource: `arn:aws:s3:::${Bucket}/*`,
        },
      ];
      const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
      const before = await state();
      const changed = await answerOf(s3.putBucketPolicy({ Bucket, Policy }));
      const { Policy: text, ...shown } = await state();
      return {
        "get-bucket-default-policy": before,
        "put-bucket-policy": changed,
        "get-bucket-policy": { Policy: JSON.parse(text as string), ...shown },
        "delete-bucket-policy": await answerOf(s3.deleteBucketPolicy({ Bucket })),
        "get-bucket-policy-after-delete": await state(),
        "delete-bucket-policy-after-delete": await answerOf(s3.deleteBucketPolicy({ Bucket })),
      };
    },
  },
  {
    name: "test_bucket_policy_exc",
    async run() {
      const Bucket = await newBucket();
      const change = (Policy: string) => answerOf(s3.putBucketPolicy({ Bucket, Policy }));
      return {
        "put-bucket-policy-randomstring": await change("random text"),
        "put-bucket-policy-empty-json": await change("{}"),
      };
    },
  },
  {
    name: "test_bucket_acceleration_configuration_crud",
    async run() {
      const Bucket = await newBucket();
      const state = () => answerOf(s3.getBucketAccelerateConfiguration({ Bucket }));
      const change = (Status: "Enabled" | "Suspended") =>
        answerOf(s3.putBucketAccelerateConfiguration({ Bucket, AccelerateConfiguration: { Status } }));
      return {
        "get-bucket-default-accelerate-config": await state(),
        "put-bucket-accelerate-config-enabled": await change("Enabled"),
        "get-bucket-accelerate-config-enabled": await state(),
        "put-bucket-accelerate-config-disabled": await change("Suspended"),
        "get-bucket-accelerate-config-disabled": await state(),
      };
    },
  },
  {
    name: "test_bucket_acceleration_configuration_exc",
    async run() {
      const Bucket = await newBucket();
      const Dotted = "conformance.with.dots";
      await s3.createBucket({ Bucket: Dotted });
      const change = (Status: string, bucket = Bucket) =>
        answerOf(
          s3.putBucketAccelerateConfiguration({
            Bucket: bucket,
            AccelerateConfiguration: { Status: Status as "Enabled" },
          }),
        );
      return {
        "put-bucket-accelerate-config-lowercase": await change("enabled"),
        "put-bucket-accelerate-config-random": await change("random"),
        "put-bucket-accelerate-config-dot-bucket": await change("Enabled", Dotted),
      };
    },
  },
  {
    name: "test_get_object_range",
    async run() {
      const Bucket = await newBucket();
      await put(Bucket, "k", "0123456789");
      const range = (Range: string) => answerOf(get(Bucket, "k", { Range }));
      return {
        "get-0-8": await range("bytes=0-8"),
        "get-1-1": await range("bytes=1-1"),
        "get-1-0": await range("bytes=1-0"),
        "get-1-": await range("bytes=1-"),
        "get--1-": await range("bytes=-1-"),
        "get--2": await range("bytes=-2"),
        "get--9": await range("bytes=-9"),
        "get--15": await range("bytes=-15"),
        "get-0-100": await range("bytes=0-100"),
        "get-0-0": await range("bytes=0-0"),
        "get-0--1": await range("bytes=0--1"),
        "get-multiple-ranges": await range("bytes=0-1,3-4,7-9"),
        "get-wrong-format": await range("0-1"),
        "get--": await range("bytes=-"),
        "get--0": await range("bytes=-0"),
        "get-100-200": await range("bytes=100-200"),
      };
    },
  },
  {
    name: "test_delete_object_with_no_locking",
    async run() {
      const Bucket = await newBucket();
      await put(Bucket, "k", "x");
      const remove = (BypassGovernanceRetention: boolean) =>
        answerOf(s3.deleteObject({ Bucket, Key: "k", BypassGovernanceRetention }));
      const all = { Bucket, Delete: { Objects: [{ Key: "k" }] }, BypassGovernanceRetention: true };
      return {
        "delete-object-bypass-no-lock": await remove(true),
        "delete-object-bypass-no-lock-false": await remove(false),
        "delete-objects-bypass-no-lock": await answerOf(s3.deleteObjects(all)),
      };
    },
  },
  {
    name: "test_put_object_if_none_match_validation",
    async run() {
      const Bucket = await newBucket();
      return {
        "put-obj": await answerOf(put(Bucket, "k", "")),
        "put-obj-if-none-match-bad-value": await answerOf(put(Bucket, "k", "", { IfNoneMatch: "bad" })),
      };
    },
  },
  {
    name: "test_put_object_if_match_validation",
    async run() {
      const Bucket = await newBucket();
      const Key = "test-precondition-validation";
      return {
        "put-obj-if-match-star-value": await answerOf(put(Bucket, Key, "", { IfMatch: "*" })),
        "put-obj-if-match-bad-value": await answerOf(put(Bucket, Key, "", { IfMatch: "test" })),
        "put-obj-if-match-bad-value-2": await answerOf(put(Bucket, Key, "", { IfMatch: "bad-char_/" })),
      };
    },
  },
  {
    name: "test_put_object_if_match_and_if_none_match_validation",
    async run() {
      const Bucket = await newBucket();
      const both = { IfMatch: "bad", IfNoneMatch: "*" };
      return { "put-obj-both-precondition": await answerOf(put(Bucket, "k", "", both)) };
    },
  },
  {
    name: "test_delete_object_if_match_non_express",
    async run() {
      const Bucket = await newBucket();
      await put(Bucket, "k", "x");
      return { "delete-obj-if-match": await answerOf(s3.deleteObject({ Bucket, Key: "k", IfMatch: "bad" })) };
    },
  },
  {
    name: "test_delete_object_if_match_size_non_express",
    async run() {
      const Bucket = await newBucket();
      return {
        "delete-obj-if-match-size": await answerOf(s3.deleteObject({ Bucket, Key: "k", IfMatchSize: 10 })),
      };
    },
  },
  {
    name: "test_get_bucket_metrics_configuration_not_exist",
    async run() {
      const Bucket = await newBucket();
      return {
        get_bucket_metrics_configuration: await answerOf(
          s3.getBucketMetricsConfiguration({ Bucket, Id: "none" }),
        ),
      };
    },
  },
  {
    name: "test_get_object_lock_configuration_exc",
    async run() {
      const Bucket = await newBucket();
      return {
        "get-lock-config-no-enabled": await answerOf(s3.getObjectLockConfiguration({ Bucket })),
        "get-lock-config-bucket-not-exists": await answerOf(
          s3.getObjectLockConfiguration({ Bucket: noBucket }),
        ),
      };
    },
  },
];

describe.skipIf(recorded === undefined)("S3 answers as AWS did", () => {
  it.each(recordings)("$name", async ({ name, run }) => {
    const known = new Map<string, string>();
    const answers = recorded?.[name] ?? {};
    for (const [step, ours] of Object.entries(await run())) {
      expect(Object.keys(answers)).toContain(step);
      expectRecorded({ step, ...(ours as object) }, { step, ...(answers[step] as object) }, known);
    }
  });

  it("in Europe, too, where a bucket must be told its Region", async () => {
    const Bucket = "conformance-in-europe";
    const made = await answerOf(europe.createBucket({ Bucket }));
    expect(made.Location).toBe(`http://${Bucket}.s3.amazonaws.com/`);
  });
});
