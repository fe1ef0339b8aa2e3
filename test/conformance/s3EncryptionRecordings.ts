import type { Recordings, Scene } from "./s3Scene.ts";

/** Answers recorded of objects under keys of KMS, asked again here. */

const enabled = { ChecksumMode: "ENABLED" as const };
const underKms = { ServerSideEncryption: "aws:kms" as const };
const missing = "134f2428-cec1-4b25-a1ae-9048164dba47";

async function newKey(t: Scene): Promise<string> {
  const { KeyMetadata } = await t.kms.createKey({});
  return KeyMetadata?.Arn ?? "";
}

const copied = async (t: Scene) => {
  const Bucket = await t.bucket();
  const SSEKMSKeyId = await newKey(t);
  await t.s3.putObject({ Bucket, Key: "source", Body: "hello world" });
  await t.ask("get-object", t.s3.getObject({ Bucket, Key: "source", ...enabled }));
  const how = { ...underKms, SSEKMSKeyId, BucketKeyEnabled: true };
  const copy = { Bucket, Key: "copied", CopySource: `${Bucket}/source`, ...how };
  await t.ask("copy-object", t.s3.copyObject(copy));
  await t.ask("get-copied-object", t.s3.getObject({ Bucket, Key: "copied", ...enabled }));
};

const wrongKeys = async (t: Scene) => {
  const Bucket = await t.bucket();
  const put = (step: string, SSEKMSKeyId: string) =>
    t.ask(step, t.s3.putObject({ Bucket, Key: "test", Body: "test", ...underKms, SSEKMSKeyId }));
  await put("put-obj-wrong-kms-key", "fake-key-id");
  await put("put-obj-wrong-kms-key-real-uuid", missing);
  await put("put-obj-wrong-kms-key-real-uuid-arn", `arn:aws:kms:us-east-1:${t.account}:key/${missing}`);
  const how = { ...underKms, SSEKMSKeyId: "fake-key-id" };
  await t.ask("create-multipart-wrong-kms-key", t.s3.createMultipartUpload({ Bucket, Key: "multi", ...how }));
  await t.s3.putObject({ Bucket, Key: "source", Body: "test" });
  const copy = { Bucket, Key: "copied", CopySource: `${Bucket}/source`, ...how };
  await t.ask("copy-obj-wrong-kms-key", t.s3.copyObject(copy));
};

const keyStates = async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "test-sse-field" };
  const SSEKMSKeyId = await newKey(t);
  const put = () => t.s3.putObject({ ...object, Body: "test-sse", ...underKms, SSEKMSKeyId });
  await t.ask("success-put-object-sse", put());
  await t.ask("success-get-object-sse", t.s3.getObject({ ...object, ...enabled }));
  await t.kms.disableKey({ KeyId: SSEKMSKeyId });
  await t.ask("get-obj-disabled-key", t.s3.getObject(object));
  await t.ask("put-obj-disabled-key", put());
  await t.kms.scheduleKeyDeletion({ KeyId: SSEKMSKeyId, PendingWindowInDays: 7 });
  await t.ask("get-obj-pending-deletion-key", t.s3.getObject(object));
};

const multipart = async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "test-sse-field-multipart" };
  const how = { ...underKms, SSEKMSKeyId: await newKey(t), BucketKeyEnabled: true };
  const created = t.s3.createMultipartUpload({ ...object, ...how });
  const { UploadId } = await t.ask("multi-sse-create-multipart", created);
  const part = { ...object, UploadId, PartNumber: 1, Body: "test-sse", ChecksumAlgorithm: "CRC32" as const };
  const { ETag } = await t.ask("multi-sse-upload-part", t.s3.uploadPart(part));
  const complete = { ...object, UploadId, MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] } };
  await t.ask("multi-sse-compete-multipart", t.s3.completeMultipartUpload(complete));
  await t.ask("get-obj", t.s3.getObject({ ...object, ...enabled }));
};

function encryptByDefault(t: Scene, Bucket: string, KMSMasterKeyID?: string) {
  const ApplyServerSideEncryptionByDefault = {
    SSEAlgorithm: "aws:kms" as const,
    ...(KMSMasterKeyID && { KMSMasterKeyID }),
  };
  const Rules = [{ ApplyServerSideEncryptionByDefault, BucketKeyEnabled: true }];
  return t.s3.putBucketEncryption({ Bucket, ServerSideEncryptionConfiguration: { Rules } });
}

const bucketKey = async (t: Scene) => {
  const Bucket = await t.bucket();
  const put = (step: string, Key: string) => t.ask(step, t.s3.putObject({ Bucket, Key, Body: "test-sse" }));
  const get = (step: string, Key: string) => t.ask(step, t.s3.getObject({ Bucket, Key, ...enabled }));
  await put("put-obj-default-before-setting", "before");
  await get("get-obj-default-before-setting", "before");
  const keyId = (await newKey(t)).replace(/.*\//, "");
  await t.ask("put-bucket-encryption", encryptByDefault(t, Bucket, keyId));
  await t.ask("get-bucket-encryption", t.s3.getBucketEncryption({ Bucket }));
  await get("get-obj-default-after-setting", "before");
  await put("put-obj-after-setting", "after");
  await get("get-obj-after-setting", "after");
};

const defaultKey = async (t: Scene) => {
  const ask = async (step: string, Bucket: string, how: object = {}) => {
    const object = { Bucket, Key: "test-default-key" };
    await t.ask(`put-${step}`, t.s3.putObject({ ...object, Body: "test-sse", ...how }));
    await t.ask(`get-${step}`, t.s3.getObject({ ...object, ...enabled }));
  };
  const [first, second] = [await t.bucket(), await t.bucket()];
  await ask("obj-default-kms-s3-key", first, underKms);
  await ask("obj-default-kms-s3-key-bucket-2", second, underKms);
  await t.ask("put-bucket-encryption-default-kms-s3-key", encryptByDefault(t, first));
  await t.ask("get-bucket-encryption-default-kms-s3-key", t.s3.getBucketEncryption({ Bucket: first }));
  await ask("obj-default-kms-s3-key-from-bucket", first);
};

const inPlace = async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "test-sse-field" };
  const how = { ...underKms, SSEKMSKeyId: await newKey(t), BucketKeyEnabled: true };
  await t.ask("put-object-with-kms-encryption", t.s3.putObject({ ...object, Body: "test", ...how }));
  await t.ask("head-object", t.s3.headObject(object));
  const copy = async (step: string, head: string, more: object) => {
    const CopySource = `${object.Bucket}/${object.Key}`;
    await t.ask(step, t.s3.copyObject({ ...object, CopySource, ...more }));
    await t.ask(head, t.s3.headObject(object));
  };
  await copy("copy-object-in-place-with-sse", "head-copy-with-sse", { ...underKms, BucketKeyEnabled: false });
  await copy("copy-object-in-place-without-kms-sse", "head-copy-without-kms-sse", {});
  await copy("copy-object-in-place-with-aes", "head-copy-with-aes", { ServerSideEncryption: "AES256" });
};

export const encryptionRecordings: Recordings = {
  test_copy_object_kms: copied,
  test_s3_sse_validate_kms_key: wrongKeys,
  test_s3_sse_validate_kms_key_state: keyStates,
  test_s3_multipart_upload_sse: multipart,
  test_s3_sse_bucket_key_default: bucketKey,
  test_s3_sse_default_kms_key: defaultKey,
  test_s3_copy_object_in_place_with_encryption: inPlace,
};
