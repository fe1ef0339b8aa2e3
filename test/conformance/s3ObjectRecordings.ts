import { noBucket, type Recordings, type Scene, tomorrow, yesterday } from "./s3Scene.ts";

/** Answers recorded of objects and of the errors of most operations, asked again here. */

const Key = "my-key";
const policyOf = (Bucket: string) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Principal: "*", Action: ["s3:GetObject"], Resource: [`arn:aws:s3:::${Bucket}/*`] },
    ],
  });

const badOwners = ["0000", "0000000000020", "abcd", "aa000000000$"];

/** A policy asked for, or put, with an owner that cannot be one. */
const badOwner = (ExpectedBucketOwner: string, operation: "get" | "put") => async (t: Scene) => {
  const asked = { Bucket: await t.bucket(), ExpectedBucketOwner };
  const call =
    operation === "get"
      ? t.s3.getBucketPolicy(asked)
      : t.s3.putBucketPolicy({ ...asked, Policy: policyOf(asked.Bucket) });
  await t.ask(`${operation}-bucket-policy-invalid-bucket-owner`, call);
};

const conditionalRead = (method: "getObject" | "headObject") => async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "test-object" };
  const { ETag = "" } = await t.s3.putObject({ ...object, Body: "data" });
  const { LastModified } = await t.s3.headObject(object);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const read = (step: string, more: object) => t.ask(step, t.s3[method]({ ...object, ...more }));
  const IfModifiedSince = new Date();
  const unmodified = { IfUnmodifiedSince: yesterday() };
  await read("precondition-if-match", {
    IfModifiedSince,
    ...unmodified,
    IfMatch: "etag123",
    IfNoneMatch: ETag,
  });
  await read("precondition-if-unmodified-since", { IfModifiedSince, ...unmodified, IfNoneMatch: ETag });
  await read("precondition-if-none-match", { IfModifiedSince, IfNoneMatch: ETag });
  await read("copy-precondition-if-modified-since", { IfModifiedSince });
  await read("obj-ignore-future-modified-since", { IfModifiedSince: tomorrow() });
  await read("etag-missing-quotes", { IfModifiedSince, IfNoneMatch: ETag.replaceAll('"', "") });
  await read("precondition-if-unmodified-since-is-object", { IfUnmodifiedSince: LastModified });
  await read("precondition-if-modified-since-is-object", { IfModifiedSince: LastModified });
  await read("obj-success", {
    IfMatch: ETag.replaceAll('"', ""),
    IfNoneMatch: "etag123",
    IfModifiedSince: yesterday(),
    IfUnmodifiedSince: new Date(),
  });
};

const putAndGet = (name: string, Body: string) => async (t: Scene) => {
  const Bucket = await t.bucket();
  await t.ask("put-object", t.s3.putObject({ Bucket, Key: name, Body }));
  await t.ask("get-object", t.s3.getObject({ Bucket, Key: name }));
};

export const objectRecordings: Recordings = {
  test_put_and_get_object_with_utf8_key: putAndGet("Ā0Ä", "abc123"),
  test_put_and_get_object_with_hash_prefix: putAndGet("#key-with-hash-prefix", "test 123"),
  async test_put_and_get_object_with_content_language_disposition(t) {
    const object = { Bucket: await t.bucket(), Key: "test" };
    const headers = {
      ContentLanguage: "de",
      ContentDisposition: 'attachment; filename="foo.jpg"',
      CacheControl: "no-cache",
    };
    await t.ask("put-object", t.s3.putObject({ ...object, Body: "abc123", ...headers }));
    await t.ask("get-object", t.s3.getObject(object));
  },
  async test_upload_file_with_xml_preamble(t) {
    const object = { Bucket: await t.bucket(), Key };
    const Body = '<?xml version="1.0" encoding="UTF-8"?><test/>';
    await t.s3.putObject({ ...object, Body });
    await t.ask("get_object", t.s3.getObject(object));
  },
  async test_putobject_with_multiple_keys(t) {
    const object = { Bucket: await t.bucket(), Key: "aws/key1/key2/key3" };
    await t.s3.putObject({ ...object, Body: "test" });
    await t.ask("get_object", t.s3.getObject(object));
  },
  async test_get_object_no_such_bucket(t) {
    await t.ask("expected_error", t.s3.getObject({ Bucket: noBucket, Key: "foobar" }));
  },
  async test_delete_bucket_no_such_bucket(t) {
    await t.ask("expected_error", t.s3.deleteBucket({ Bucket: noBucket }));
  },
  async test_get_bucket_notification_configuration_no_such_bucket(t) {
    await t.ask("expected_error", t.s3.getBucketNotificationConfiguration({ Bucket: noBucket }));
  },
  async test_bucket_availability(t) {
    const lifecycle = t.s3.getBucketLifecycleConfiguration({ Bucket: noBucket });
    await t.ask("bucket-lifecycle", lifecycle);
    await t.ask("bucket-replication", t.s3.getBucketReplication({ Bucket: noBucket }));
  },
  async test_invalid_range_error(t) {
    const Bucket = await t.bucket();
    await t.s3.putObject({ Bucket, Key, Body: "abcdefgh" });
    await t.ask("exc", t.s3.getObject({ Bucket, Key, Range: "bytes=1024-4096" }));
  },
  async test_range_key_not_exists(t) {
    const Bucket = await t.bucket();
    await t.ask("exc", t.s3.getObject({ Bucket, Key, Range: "bytes=1024-4096" }));
  },
  async test_put_object_tagging_empty_list(t) {
    const object = { Bucket: await t.bucket(), Key };
    const tags = (step: string) => t.ask(step, t.s3.getObjectTagging(object));
    await t.s3.putObject({ ...object, Body: "abcdefgh" });
    await tags("created-object-tags");
    const TagSet = [
      { Key: "tag1", Value: "tag1" },
      { Key: "tag2", Value: "" },
    ];
    await t.s3.putObjectTagging({ ...object, Tagging: { TagSet } });
    await tags("updated-object-tags");
    await t.s3.putObjectTagging({ ...object, Tagging: { TagSet: [] } });
    await tags("deleted-object-tags");
  },
  async test_head_object_fields(t) {
    const Bucket = await t.bucket();
    await t.s3.putObject({ Bucket, Key, Body: "abcdefgh" });
    await t.ask("head-object", t.s3.headObject({ Bucket, Key }));
    await t.ask("head-object-404", t.s3.headObject({ Bucket, Key: "doesnotexist" }));
  },
  async test_get_object_after_deleted_in_versioned_bucket(t) {
    const object = { Bucket: await t.versionedBucket(), Key };
    await t.s3.putObject({ ...object, Body: "abcdefgh" });
    await t.ask("get-object", t.s3.getObject(object));
    await t.s3.deleteObject(object);
    await t.ask("get-object-after-delete", t.s3.getObject(object));
  },
  async test_get_object_attributes_versioned(t) {
    const object = { Bucket: await t.versionedBucket(), Key: "key-attrs-versioned" };
    const first = await t.ask("put-obj-v1", t.s3.putObject({ ...object, Body: "69\n420\n" }));
    await t.ask("put-obj-v2", t.s3.putObject({ ...object, Body: "version 2" }));
    const few = {
      ...object,
      ObjectAttributes: ["StorageClass" as const, "ETag" as const, "ObjectSize" as const],
    };
    const all = [...few.ObjectAttributes, "ObjectParts" as const, "Checksum" as const];
    await t.ask("object-attrs", t.s3.getObjectAttributes({ ...object, ObjectAttributes: all }));
    await t.ask("delete-key", t.s3.deleteObject(object));
    await t.ask("deleted-object-attrs", t.s3.getObjectAttributes(few));
    const one = t.s3.getObjectAttributes({ ...few, VersionId: first.VersionId });
    await t.ask("get-object-attrs-v1", one);
  },
  "test_s3_get_object_preconditions[get_object]": conditionalRead("getObject"),
  "test_s3_get_object_preconditions[head_object]": conditionalRead("headObject"),
};

export const multipartRecordings: Recordings = {
  async test_multipart_no_such_upload(t) {
    const upload = { Bucket: await t.bucket(), Key: "fake-key", UploadId: "fakeid" };
    await t.ask("upload-exc", t.s3.uploadPart({ ...upload, Body: "data", PartNumber: 1 }));
    await t.ask("complete-exc", t.s3.completeMultipartUpload(upload));
    await t.ask("abort-exc", t.s3.abortMultipartUpload(upload));
  },
  async test_multipart_complete_multipart_too_small(t) {
    const object = { Bucket: await t.bucket(), Key: "test-upload-part-exc" };
    const { UploadId } = await t.s3.createMultipartUpload(object);
    const Parts: { ETag?: string | undefined; PartNumber: number }[] = [];
    for (const PartNumber of [1, 2]) {
      const part = t.s3.uploadPart({ ...object, UploadId, Body: "data", PartNumber });
      const { ETag } = await t.ask(`upload-part${PartNumber}`, part);
      Parts.push({ ETag, PartNumber });
    }
    await t.ask("complete-exc-no-parts", t.s3.completeMultipartUpload({ ...object, UploadId }));
    const complete = { ...object, UploadId, MultipartUpload: { Parts } };
    await t.ask("complete-exc-too-small", t.s3.completeMultipartUpload(complete));
  },
  async test_multipart_complete_multipart_wrong_part(t) {
    const object = { Bucket: await t.bucket(), Key: "test-upload-part-exc" };
    const { UploadId } = await t.s3.createMultipartUpload(object);
    const { ETag } = await t.s3.uploadPart({ ...object, UploadId, Body: "data", PartNumber: 1 });
    const complete = (step: string, part: object) =>
      t.ask(step, t.s3.completeMultipartUpload({ ...object, UploadId, MultipartUpload: { Parts: [part] } }));
    await complete("complete-exc-wrong-part-number", { ETag, PartNumber: 2 });
    const wrong = { ETag: "d41d8cd98f00b204e9800998ecf8427e", PartNumber: 1 };
    await complete("complete-exc-wrong-etag", wrong);
  },
};

export const bucketPolicyRecordings: Recordings = {
  ...Object.fromEntries(
    badOwners.flatMap((owner) => [
      [`test_get_bucket_policy_invalid_account_id[${owner}]`, badOwner(owner, "get")],
      [`test_put_bucket_policy_invalid_account_id[${owner}]`, badOwner(owner, "put")],
    ]),
  ),
  async test_get_bucket_policy(t) {
    const Bucket = await t.openBucket();
    const get = (step: string, ExpectedBucketOwner?: string) =>
      t.ask(`get-bucket-policy${step}`, t.s3.getBucketPolicy({ Bucket, ExpectedBucketOwner }));
    await get("-no-such-bucket-policy");
    await t.s3.putBucketPolicy({ Bucket, Policy: policyOf(Bucket) });
    await get("-with-expected-bucket-owner-error", "000000000002");
  },
  async test_put_bucket_policy(t) {
    const Bucket = await t.openBucket();
    await t.ask("put-bucket-policy", t.s3.putBucketPolicy({ Bucket, Policy: policyOf(Bucket) }));
  },
  async test_put_bucket_policy_expected_bucket_owner(t) {
    const Bucket = await t.openBucket();
    const put = (step: string, ExpectedBucketOwner: string) =>
      t.ask(step, t.s3.putBucketPolicy({ Bucket, Policy: policyOf(Bucket), ExpectedBucketOwner }));
    await put("put-bucket-policy-with-expected-bucket-owner-error", "000000000002");
    await put("put-bucket-policy-with-expected-bucket-owner", t.account);
  },
  async test_delete_bucket_policy(t) {
    const Bucket = await t.openBucket();
    await t.s3.putBucketPolicy({ Bucket, Policy: policyOf(Bucket) });
    await t.ask("delete-bucket-policy", t.s3.deleteBucketPolicy({ Bucket }));
    await t.ask("get-bucket-policy-no-such-bucket-policy", t.s3.getBucketPolicy({ Bucket }));
  },
  async test_delete_bucket_policy_expected_bucket_owner(t) {
    const Bucket = await t.openBucket();
    await t.s3.putBucketPolicy({ Bucket, Policy: policyOf(Bucket) });
    const remove = (step: string, ExpectedBucketOwner: string) =>
      t.ask(`delete-bucket-policy-${step}`, t.s3.deleteBucketPolicy({ Bucket, ExpectedBucketOwner }));
    await remove("with-expected-bucket-owner-error", "000000000002");
    await remove("invalid-bucket-owner", "invalid");
    await remove("with-expected-bucket-owner", t.account);
  },
};
