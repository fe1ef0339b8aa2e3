import { type Recordings, type Scene, untyped } from "./s3Scene.ts";

/** Answers recorded of unusual keys, storage classes, places of buckets, and locks, asked again here. */

const enabled = { ChecksumMode: "ENABLED" as const };

const specialCharacter = (Key: string) => async (t: Scene) => {
  const Bucket = await t.bucket();
  const object = { Bucket, Key };
  await t.ask("put-object-special-char", t.s3.putObject({ ...object, Body: "test" }));
  await t.ask("list-object-special-char", t.s3.listObjectsV2({ Bucket }));
  await t.ask("get-object-special-char", t.s3.getObject({ ...object, ...enabled }));
  await t.ask("del-object-special-char", t.s3.deleteObject(object));
};

const singleCharacter = async (t: Scene) => {
  const Bucket = await t.bucket();
  for (const Key of ["a/", "t/", "u/"]) {
    await t.ask(`put-object-single-char-${Key}`, t.s3.putObject({ Bucket, Key, Body: "test" }));
    await t.ask(`get-object-single-char-${Key}`, t.s3.getObject({ Bucket, Key, ...enabled }));
  }
};

const slashes = async (t: Scene) => {
  const Bucket = await t.bucket();
  const bodies = { "/foo": "foobar", bar: "barfoo", "/bar/foo/": "test" };
  for (const [Key, Body] of Object.entries(bodies)) await t.s3.putObject({ Bucket, Key, Body });
  await t.ask("list-objects-slashes", t.s3.listObjectsV2({ Bucket }));
};

const encodedKeys = async (t: Scene) => {
  const Bucket = await t.bucket();
  const bodies = {
    "test%40key/": "test-encoded",
    "test@key/": "test-non-encoded",
    "test%40key": "test-encoded-no-trailing",
  };
  for (const [Key, Body] of Object.entries(bodies)) await t.s3.putObject({ Bucket, Key, Body });
  await t.ask("list-object-encoded-char", t.s3.listObjectsV2({ Bucket }));
};

const copiedCharacters = async (t: Scene) => {
  const Bucket = await t.bucket();
  for (const Key of ["file%2Fname", "test@key/", "test key/", "test key//", "a/%F0%9F%98%80/"]) {
    const put = t.s3.putObject({ Bucket, Key, Body: "test" });
    await t.ask(`put-object-src-special-char-${Key}`, put);
    const CopySource = `${Bucket}/${encodeURIComponent(Key)}`;
    await t.ask(
      `copy-object-special-char-${Key}`,
      t.s3.copyObject({ Bucket, Key: `${Key}copy`, CopySource }),
    );
  }
};

const storageClass = (StorageClass: string) => async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "test-storage-class" };
  await t.s3.putObject({ ...object, Body: "body-test", StorageClass: untyped(StorageClass) });
  const attributes = t.s3.getObjectAttributes({ ...object, ObjectAttributes: ["StorageClass"] });
  await t.ask("get-object-storage-class", attributes);
  await t.ask("get-object", t.s3.getObject({ ...object, ...enabled }));
};

const outposts = async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "test-storage-class", StorageClass: "OUTPOSTS" as const };
  await t.ask("put-object-outposts", t.s3.putObject({ ...object, Body: "x" }));
  await t.ask("create-multipart-outposts-exc", t.s3.createMultipartUpload(object));
};

let made = 0;
const located = (step: string, LocationConstraint: string, region = "us-east-1") => {
  return async (t: Scene) => {
    made += 1;
    const asked = {
      Bucket: `located-${made}`,
      CreateBucketConfiguration: untyped({ LocationConstraint }),
    };
    await t.ask(step, t.elsewhere(region).s3.createBucket(asked));
  };
};

const inEurope = async (t: Scene) => {
  made += 1;
  const Bucket = `located-${made}`;
  await t.s3.createBucket({ Bucket, CreateBucketConfiguration: { LocationConstraint: "EU" } });
  await t.ask("get-bucket-location", t.elsewhere("eu-west-1").s3.getBucketLocation({ Bucket }));
};

const upperCaseKey = async (t: Scene) => {
  const Bucket = await t.bucket();
  await t.s3.putObject({ Bucket, Key: "CamelCaseKey", Body: "something" });
  await t.ask("response", t.s3.getObject({ Bucket, Key: "CamelCaseKey", ...enabled }));
  await t.ask("wrong-case-key", t.s3.getObject({ Bucket, Key: "camelcasekey" }));
};

const absentKeys = (Quiet: boolean) => async (t: Scene) => {
  const Bucket = await t.bucket();
  const Key = "test-key-nonexistent";
  await t.s3.putObject({ Bucket, Key, Body: "something" });
  // The recorder put them in order.
  const Objects = [{ Key: "dummy1" }, { Key: "dummy2" }, { Key }];
  await t.ask("deleted-resp", t.s3.deleteObjects({ Bucket, Delete: { Objects, Quiet } }));
};

const overrides = async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "key-header-overrides" };
  await t.s3.putObject({ ...object, Body: "something" });
  await t.ask(
    "get-object",
    t.s3.getObject({
      ...object,
      ...enabled,
      ResponseCacheControl: "max-age=74",
      ResponseContentDisposition: 'attachment; filename="foo.jpg"',
      ResponseContentEncoding: "identity",
      ResponseContentLanguage: "de-DE",
      ResponseContentType: "image/jpeg",
      ResponseExpires: new Date("2015-10-21T07:28:00Z"),
    }),
  );
};

const requestPayer = async (t: Scene) => {
  const Bucket = await t.bucket();
  const RequestPaymentConfiguration = { Payer: "Requester" as const };
  const put = t.s3.putBucketRequestPayment({ Bucket, RequestPaymentConfiguration });
  await t.ask("put-bucket-request-payment", put);
  await t.ask("get-bucket-request-payment", t.s3.getBucketRequestPayment({ Bucket }));
};

const otherKey = async (t: Scene) => {
  const Bucket = await t.bucket();
  const { UploadId } = await t.s3.createMultipartUpload({ Bucket, Key: "right" });
  const wrong = { Bucket, Key: "wrong", UploadId };
  await t.ask("upload-part-wrong-key-name", t.s3.uploadPart({ ...wrong, PartNumber: 1, Body: "x" }));
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag: "d41d8cd98f00b204e9800998ecf8427e" }] };
  await t.ask(
    "complete-multipart-wrong-key-name",
    t.s3.completeMultipartUpload({ ...wrong, MultipartUpload }),
  );
  await t.ask("list-parts-wrong-key-name", t.s3.listParts(wrong));
  await t.ask("abort-multipart-wrong-key-name", t.s3.abortMultipartUpload(wrong));
};

const lockedBucket = (t: Scene) => t.bucket({ ObjectLockEnabledForBucket: true });
const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000);
const held = { LegalHold: { Status: "ON" as const } };
const released = { LegalHold: { Status: "OFF" as const } };

const putWithHold = async (t: Scene) => {
  const object = { Bucket: await lockedBucket(t), Key: "test-delete-locked" };
  await t.ask("put-obj", t.s3.putObject({ ...object, Body: "test", ObjectLockLegalHoldStatus: "ON" }));
  await t.ask("head-object-with-legal-hold", t.s3.headObject(object));
  await t.ask("put-object-legal-hold-off", t.s3.putObjectLegalHold({ ...object, ...released }));
};

const lockedDeletion = async (t: Scene) => {
  const object = { Bucket: await lockedBucket(t), Key: "test-delete-locked" };
  const { VersionId } = await t.ask("put-obj", t.s3.putObject({ ...object, Body: "test" }));
  await t.ask("put-object-legal-hold", t.s3.putObjectLegalHold({ ...object, ...held }));
  await t.ask("delete-object-locked", t.s3.deleteObject({ ...object, VersionId }));
  const Delete = { Objects: [{ Key: object.Key, VersionId }] };
  await t.ask("delete-objects-locked", t.s3.deleteObjects({ Bucket: object.Bucket, Delete }));
  await t.ask("put-object-legal-hold-off", t.s3.putObjectLegalHold({ ...object, ...released }));
};

const governed = (seconds: number) => ({
  ObjectLockMode: "GOVERNANCE" as const,
  ObjectLockRetainUntilDate: inSeconds(seconds),
});

const longerRetention = async (t: Scene) => {
  const object = { Bucket: await lockedBucket(t), Key: "test-delete-locked" };
  await t.s3.putObject({ ...object, Body: "test", ...governed(600) });
  await t.ask(
    "put-object-retention-extend",
    t.s3.putObjectRetention({
      ...object,
      Retention: { Mode: "GOVERNANCE", RetainUntilDate: inSeconds(900) },
    }),
  );
  await t.ask(
    "put-object-retention-reduce",
    t.s3.putObjectRetention({
      ...object,
      Retention: { Mode: "GOVERNANCE", RetainUntilDate: inSeconds(300) },
    }),
  );
};

const markersAreNotLocked = async (t: Scene) => {
  const object = { Bucket: await lockedBucket(t), Key: "test-delete-locked" };
  await t.s3.putObject({ ...object, Body: "test", ...governed(600) });
  const { VersionId } = await t.ask("put-delete-marker", t.s3.deleteObject(object));
  const marker = { ...object, VersionId };
  const Retention = { Mode: "GOVERNANCE" as const, RetainUntilDate: inSeconds(900) };
  const put = t.s3.putObjectRetention({ ...marker, Retention });
  await t.ask("put-object-retention-delete-marker", put);
  await t.ask("get-object-retention-delete-marker", t.s3.getObjectRetention(marker));
  await t.ask("head-object-locked-delete-marker", t.s3.headObject(marker));
};

const lockModes = async (t: Scene) => {
  const object = { Bucket: await lockedBucket(t), Key: "test-key" };
  const put = (step: string, more: object) =>
    t.ask(step, t.s3.putObject({ ...object, Body: "test", ...more }));
  await put("put-obj-locked-error-no-retain-date", { ObjectLockMode: "GOVERNANCE" });
  await put("put-obj-locked-error-no-mode", { ObjectLockRetainUntilDate: inSeconds(60) });
  const bad = { ObjectLockMode: untyped("BAD-VALUE"), ObjectLockRetainUntilDate: inSeconds(60) };
  await put("put-obj-locked-bad-value", bad);
  await t.ask("create-mpu-locked-bad-value", t.s3.createMultipartUpload({ ...object, ...bad }));
};

const compliance = async (t: Scene) => {
  const object = { Bucket: await lockedBucket(t), Key: "test-retention" };
  const { VersionId } = await t.ask("put-obj-locked-1", t.s3.putObject({ ...object, Body: "test" }));
  const retain = (Mode: "COMPLIANCE" | "GOVERNANCE", seconds: number) =>
    t.s3.putObjectRetention({
      ...object,
      VersionId,
      Retention: { Mode, RetainUntilDate: inSeconds(seconds) },
      BypassGovernanceRetention: true,
    });
  await t.ask("add-compliance-retention", retain("COMPLIANCE", 600));
  const remove = (step: string) =>
    t.ask(step, t.s3.deleteObject({ ...object, VersionId, BypassGovernanceRetention: true }));
  await remove("delete-locked-1");
  await t.ask("put-delete-marker", t.s3.deleteObject(object));
  await remove("delete-locked-2");
  await t.ask("update-retention-shortened", retain("COMPLIANCE", 60));
  await t.ask("update-retention-less-restrictive", retain("GOVERNANCE", 600));
};

const each = (name: string, values: readonly string[], recording: (value: string) => Recordings[string]) =>
  Object.fromEntries(values.map((value) => [`${name}[${value}]`, recording(value)]));

const characters = [
  "file%2Fname",
  "test@key/",
  "test%123",
  "test%percent",
  "test key/",
  "test key//",
  "test%123/",
  "a/%F0%9F%98%80/",
];
const readable = [
  "STANDARD",
  "STANDARD_IA",
  "GLACIER_IR",
  "ONEZONE_IA",
  "INTELLIGENT_TIERING",
  "REDUCED_REDUNDANCY",
];

export const keyAndLockRecordings: Recordings = {
  ...each("test_put_get_object_special_character", characters, specialCharacter),
  test_put_get_object_single_character_trailing_slash: singleCharacter,
  "test_object_with_slashes_in_key[True]": slashes,
  "test_object_with_slashes_in_key[False]": slashes,
  "test_url_encoded_key[True]": encodedKeys,
  "test_url_encoded_key[False]": encodedKeys,
  test_copy_object_special_character: copiedCharacters,
  ...each(
    "test_put_object_storage_class",
    readable.map((one) => `${one}-True`),
    (one) => storageClass(one.replace("-True", "")),
  ),
  "test_put_object_storage_class[GLACIER-False]": storageClass("GLACIER"),
  "test_put_object_storage_class[DEEP_ARCHIVE-False]": storageClass("DEEP_ARCHIVE"),
  test_put_object_storage_class_outposts: outposts,
  "test_bucket_constraint_aws_global[us-east-1]": located("aws-global-constraint", "aws-global"),
  "test_bucket_constraint_aws_global[us-west-1]": located("aws-global-constraint", "aws-global", "us-west-1"),
  test_create_bucket_with_eu_location_constraint: inEurope,
  test_create_bucket_with_eu_location_constraint_raises: located(
    "eu-location-constraint-error",
    "EU",
    "us-west-1",
  ),
  "test_create_bucket_with_invalid_location_constraint[us-east-1-us-east-1]": located(
    "us-east-1-location-constraint-us-east-1-error",
    "us-east-1",
  ),
  "test_create_bucket_with_invalid_location_constraint[us-east-1-foo]": located(
    "us-east-1-location-constraint-foo-error",
    "foo",
  ),
  test_s3_uppercase_key_names: upperCaseKey,
  test_delete_non_existing_keys: absentKeys(false),
  test_delete_non_existing_keys_quiet: absentKeys(true),
  test_s3_get_object_header_overrides: overrides,
  test_s3_request_payer: requestPayer,
  test_multipart_key_validation: otherKey,
  test_put_object_with_legal_hold: putWithHold,
  test_delete_locked_object: lockedDeletion,
  test_object_lock_extend_duration: longerRetention,
  test_object_lock_delete_markers: markersAreNotLocked,
  test_s3_object_lock_mode_validation: lockModes,
  test_s3_object_retention_compliance_mode: compliance,
};
