import { createHash } from "node:crypto";
import type { Recordings, Scene } from "./s3Scene.ts";

/** Answers recorded of objects under a customer's own key (SSE-C), asked again here. */

function customerKey(letter: string) {
  const key = Buffer.alloc(32, letter);
  return {
    SSECustomerAlgorithm: "AES256",
    SSECustomerKey: key.toString("base64"),
    SSECustomerKeyMD5: createHash("md5").update(key).digest("base64"),
  };
}

const own = customerKey("k");
const other = customerKey("o");
const wrongAlgorithm = { ...own, SSECustomerAlgorithm: "KMS" };
const shortKey = (() => {
  const key = Buffer.from("too short");
  return {
    SSECustomerAlgorithm: "AES256",
    SSECustomerKey: key.toString("base64"),
    SSECustomerKeyMD5: createHash("md5").update(key).digest("base64"),
  };
})();
const asSource = (key: typeof own) => ({
  CopySourceSSECustomerAlgorithm: key.SSECustomerAlgorithm,
  CopySourceSSECustomerKey: key.SSECustomerKey,
  CopySourceSSECustomerKeyMD5: key.SSECustomerKeyMD5,
});
const enabled = { ChecksumMode: "ENABLED" as const };

const validation = async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "test-sse-c", Body: "test_data" };
  const put = (step: string, key: object) => t.ask(step, t.s3.putObject({ ...object, ...key }));
  await put("put-obj-sse-c-both-encryption", { ...own, ServerSideEncryption: "AES256" });
  await put("put-obj-sse-c-wrong-algo", wrongAlgorithm);
  await put("put-obj-sse-c-no-algo", { ...own, SSECustomerAlgorithm: undefined });
  await put("put-obj-sse-c-no-key", { SSECustomerAlgorithm: "AES256" });
  await put("put-obj-sse-c-wrong-key-size", shortKey);
};

const retrieval = async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "test-sse-c" };
  await t.ask("put-obj-sse-c", t.s3.putObject({ ...object, Body: "test_data", ...own }));
  await t.ask("get-obj-no-sse-c", t.s3.getObject(object));
  await t.ask("get-obj-sse-c-wrong-key", t.s3.getObject({ ...object, ...other }));
  await t.ask("get-obj-sse-c-wrong-algo", t.s3.getObject({ ...object, ...wrongAlgorithm }));
  await t.ask("head-obj-sse-c-wrong-algo", t.s3.headObject({ ...object, ...wrongAlgorithm }));
  const attributes = { ...object, ...wrongAlgorithm, ObjectAttributes: ["ETag" as const] };
  await t.ask("get-obj-attrs-sse-c-wrong-algo", t.s3.getObjectAttributes(attributes));
  await t.ask("get-obj-sse-c-wrong-key-size", t.s3.getObject({ ...object, ...shortKey }));
};

const copies = async (t: Scene) => {
  const Bucket = await t.bucket();
  const source = { Bucket, Key: "test-sse-c" };
  const copy = (step: string, Key: string, input: object) => {
    const asked = { Bucket, Key, CopySource: `${Bucket}/${source.Key}`, ...input };
    return t.ask(step, t.s3.copyObject(asked));
  };
  await t.ask("put-obj-sse-c", t.s3.putObject({ ...source, Body: "test_data", ...own }));
  await copy("copy-obj-sse-c-target-no-sse-c", "plain", asSource(own));
  await copy("copy-obj-sse-c", "sealed", { ...asSource(own), ...own });
  await t.ask("get-obj-no-sse-c-param", t.s3.getObject({ Bucket, Key: "sealed" }));
  await copy("copy-obj-no-src-sse-c", "none", own);
  await copy("copy-obj-wrong-src-sse-c-algo", "none", { ...asSource(wrongAlgorithm), ...own });
  await copy("copy-obj-wrong-target-sse-c-algo", "none", { ...asSource(own), ...wrongAlgorithm });
  const double = { ...asSource(own), ...own, ServerSideEncryption: "AES256" };
  await copy("copy-obj-target-double-encryption", "none", double);
};

const multipart = async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "test-sse-c-multipart" };
  const { UploadId = "" } = await t.ask(
    "create-mpu-sse-c",
    t.s3.createMultipartUpload({ ...object, ...own }),
  );
  const Body = Buffer.alloc(5_242_881, "a");
  const Parts: { PartNumber: number; ETag: string | undefined }[] = [];
  for (const PartNumber of [1, 2, 3]) {
    const part = { ...object, ...own, UploadId, PartNumber, Body, ChecksumAlgorithm: "CRC32" as const };
    const { ETag } = await t.ask(`upload-part-${PartNumber - 1}`, t.s3.uploadPart(part));
    Parts.push({ PartNumber, ETag });
  }
  await t.ask("list-parts", t.s3.listParts({ ...object, UploadId }));
  const complete = { ...object, ...own, UploadId, MultipartUpload: { Parts } };
  await t.ask("complete-multipart-checksum", t.s3.completeMultipartUpload(complete));
  await t.ask("get-obj-no-sse-c-param", t.s3.getObject(object));
  await t.ask("get-obj-sse-c", t.s3.getObject({ ...object, ...own }));
};

const multipartValidation = async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "test-sse-c-multipart" };
  const plain = await t.ask("create-mpu-no-sse-c", t.s3.createMultipartUpload(object));
  const part = (step: string, { UploadId = "" }: { UploadId?: string }, key: object) =>
    t.ask(step, t.s3.uploadPart({ ...object, UploadId, PartNumber: 1, Body: "data", ...key }));
  await part("mpu-no-sse-c-upload-part-with-sse-c", plain, own);
  const sealed = await t.ask("create-mpu-sse-c", t.s3.createMultipartUpload({ ...object, ...own }));
  await part("mpu-sse-c-upload-part-no-sse-c", sealed, {});
  await part("mpu-sse-c-upload-part-wrong-sse-c", sealed, other);
};

const lifecycle = async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "test-sse-c" };
  await t.ask("put-obj-sse-c", t.s3.putObject({ ...object, Body: "test_data", ...own }));
  await t.ask("head-obj-sse-c", t.s3.headObject({ ...object, ...own }));
  await t.ask("get-obj-sse-c", t.s3.getObject({ ...object, ...own, ...enabled }));
  const attributes = { ...object, ...own, ObjectAttributes: ["ETag" as const, "ObjectSize" as const] };
  await t.ask("get-obj-attrs-sse-c", t.s3.getObjectAttributes(attributes));
  await t.ask("del-obj-sse-c", t.s3.deleteObject(object));
};

const versions = async (t: Scene) => {
  const object = { Bucket: await t.versionedBucket(), Key: "test-sse-c" };
  const put = (step: string, Body: string, key: object) =>
    t.ask(step, t.s3.putObject({ ...object, Body, ...key }));
  const get = (step: string, key: object, VersionId?: string) =>
    t.ask(step, t.s3.getObject({ ...object, ...enabled, ...key, ...(VersionId && { VersionId }) }));
  const first = await put("put-obj-sse-c-version-1", "version1", own);
  const second = await put("put-obj-sse-c-version-2", "version2", other);
  await get("get-obj-sse-c-last-version", other);
  await get("get-obj-sse-c-version-2", other, second.VersionId);
  await get("get-obj-sse-c-last-version-wrong-key", own);
  await get("get-obj-sse-c-version-1", own, first.VersionId);
};

export const customerKeyRecordings: Recordings = {
  test_put_object_validation_sse_c: validation,
  test_object_retrieval_sse_c: retrieval,
  test_copy_object_with_sse_c: copies,
  test_multipart_upload_sse_c: multipart,
  test_multipart_upload_sse_c_validation: multipartValidation,
  test_put_object_lifecycle_with_sse_c: lifecycle,
  test_sse_c_with_versioning: versions,
};
