import { createHash } from "node:crypto";
import { type Recordings, type Scene, untyped } from "./s3Scene.ts";
import { xmlShown } from "./s3Wire.ts";

/** Answers recorded of checksums that are wrong, of another kind, or S3's own, asked again here. */

const enabled = { ChecksumMode: "ENABLED" as const };
const sha256 = (text: string) => createHash("sha256").update(text).digest("base64");

/** What both kinds of upload are asked first. */
async function wrongUploads(t: Scene, how: object, created: string) {
  const object = { Bucket: await t.bucket(), Key: "test-multipart-checksum-exc" };
  const create = (input: object) => t.plain.createMultipartUpload({ ...object, ...input });
  const typed = create({ ChecksumType: "COMPOSITE" });
  await t.ask("create-mpu-no-checksum-algo-with-type", typed);
  const { UploadId } = await t.ask(created, create(how));
  await t.ask("list-multiparts", t.s3.listMultipartUploads({ Bucket: object.Bucket }));
  const upload = { ...object, UploadId };
  const part = t.plain.uploadPart({ ...upload, PartNumber: 1, Body: "abc" });
  const { ETag } = await t.ask("upload-part-no-checksum-ok", part);
  const complete = (step: string, ofPart: object, more: object = {}) =>
    t.ask(
      step,
      t.plain.completeMultipartUpload({
        ...upload,
        ...more,
        MultipartUpload: { Parts: [{ PartNumber: 1, ETag, ...ofPart }] },
      }),
    );
  return { object, create, complete };
}

async function otherPart(t: Scene, object: { Bucket: string; Key: string }, create: Promise<object>) {
  const { UploadId } = await t.ask("create-mpu-with-checksum", create);
  const part = { ...object, UploadId, PartNumber: 1, Body: "abc", ChecksumAlgorithm: "CRC32" as const };
  await t.ask("upload-part-different-checksum-exc", t.s3.uploadPart(part));
}

const composite = async (t: Scene) => {
  const how = { ChecksumAlgorithm: "CRC32", ChecksumType: "COMPOSITE" };
  const { object, create, complete } = await wrongUploads(t, how, "create-mpu-composite-checksum");
  const unknown = create({ ChecksumAlgorithm: untyped("TEST") });
  await t.ask("create-mpu-wrong-checksum-algo", unknown);
  await complete("complete-part-with-checksum", { ChecksumSHA256: sha256("abc") });
  await complete("complete-part-with-bad-checksum-type", { ChecksumCRC32: "NSRBwg==" }, fullObject);
  await otherPart(t, object, create({ ChecksumAlgorithm: "SHA256" }));
};

const fullObject = { ChecksumType: "FULL_OBJECT" as const };

const whole = async (t: Scene) => {
  const how = { ChecksumAlgorithm: "CRC32C", ChecksumType: "FULL_OBJECT" };
  const { object, create, complete } = await wrongUploads(t, how, "create-mpu-checksum-crc32c");
  const wrongCrc = { ChecksumCRC32C: "45fn2Q==" };
  await complete("complete-part-bad-checksum-type", {}, { ChecksumType: "COMPOSITE" });
  await complete("complete-part-good-checksum-no-type", {}, wrongCrc);
  await complete("complete-part-bad-checksum", {}, { ...fullObject, ...wrongCrc });
  await complete("complete-success", {}, { ...fullObject, ChecksumCRC32C: "Nks/tw==" });
  await otherPart(t, object, create(how));
};

const withoutOwn = async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "test-multipart-checksum" };
  const { Bucket } = object;
  const { UploadId } = await t.ask("create-mpu-no-checksum", t.s3.createMultipartUpload(object));
  await t.ask("list-multiparts", t.s3.listMultipartUploads({ Bucket }));
  const upload = { ...object, UploadId };
  const part = { ...upload, PartNumber: 1, Body: "aaa", ChecksumAlgorithm: "CRC32C" as const };
  const { ETag } = await t.ask("upload-part-different-checksum-than-default", t.s3.uploadPart(part));
  await t.ask("list-parts", t.s3.listParts(upload));
  const complete = (step: string, ofPart: object, more: object = {}) => {
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag, ...ofPart }] };
    return t.ask(step, t.s3.completeMultipartUpload({ ...upload, ...more, MultipartUpload }));
  };
  await complete("complete-multipart-parts-checksum", { ChecksumCRC32C: "45fn2Q==" });
  await complete("complete-multipart-wrong-parts-checksum", { ChecksumCRC32C: "Nks/tw==" });
  await complete("complete-multipart-full-object-type", {}, fullObject);
  await complete("complete-multipart-composite-type", {}, { ChecksumType: "COMPOSITE" });
  await complete("complete-multipart-checksum", {});
  await readBack(t, object);
  const copy = { Bucket, Key: "copy", CopySource: `${Bucket}/${object.Key}` };
  await t.ask("copy-obj-checksum", t.s3.copyObject(copy));
  const { CopySource: _, ...copied } = copy;
  const attributes = { ...copied, ObjectAttributes: ["Checksum", "ETag"] as never };
  await t.ask("get-copy-object-attrs", t.s3.getObjectAttributes(attributes));
};

async function readBack(t: Scene, object: { Bucket: string; Key: string }): Promise<void> {
  await t.ask("get-object-with-checksum", t.s3.getObject({ ...object, ...enabled }));
  await t.ask("head-object-with-checksum", t.s3.headObject({ ...object, ...enabled }));
  const attributes = { ...object, ObjectAttributes: ["Checksum", "ETag", "ObjectParts"] as never };
  await t.ask("get-object-attrs", t.s3.getObjectAttributes(attributes));
}

const ownDefault = async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "test-multipart-checksum" };
  const created = t.s3.createMultipartUpload({ ...object, ChecksumAlgorithm: "CRC64NVME" });
  const { UploadId } = await t.ask("create-mpu-checksum-crc64", created);
  const upload = { ...object, UploadId };
  const part = t.plain.uploadPart({ ...upload, PartNumber: 1, Body: "aaa" });
  const { ETag } = await t.ask("upload-part", part);
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
  const complete = t.s3.completeMultipartUpload({ ...upload, MultipartUpload });
  await t.ask("complete-multipart-checksum", complete);
  await readBack(t, object);
};

const size = async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "test-multipart-size" };
  const { UploadId } = await t.ask("create-mpu", t.s3.createMultipartUpload(object));
  const upload = { ...object, UploadId };
  const { ETag } = await t.ask("upload-part", t.s3.uploadPart({ ...upload, PartNumber: 1, Body: "aaaa" }));
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
  for (const [step, MpuObjectSize] of [
    ["complete-multipart-wrong-size", 5],
    ["complete-multipart-good-size", 4],
  ] as const)
    await t.ask(step, t.s3.completeMultipartUpload({ ...upload, MultipartUpload, MpuObjectSize }));
  const attributes = { ...object, ObjectAttributes: ["Checksum", "ETag"] as never };
  await t.ask("get-object-attrs", t.s3.getObjectAttributes(attributes));
};

const underCustomerKey = async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "test-sse-c" };
  const key = Buffer.alloc(32, "k");
  const own = {
    SSECustomerAlgorithm: "AES256",
    SSECustomerKey: key.toString("base64"),
    SSECustomerKeyMD5: createHash("md5").update(key).digest("base64"),
  };
  await t.plain.putObject({ ...object, ...own, Body: "test data.." });
  await t.ask("head-obj-sse-c", t.s3.headObject({ ...object, ...own, ...enabled }));
  await t.ask("get-obj-sse-c", t.s3.getObject({ ...object, ...own, ...enabled }));
  const attributes = { ...object, ...own, ObjectAttributes: ["Checksum", "ETag"] as never };
  await t.ask("get-obj-attrs-sse-c", t.s3.getObjectAttributes(attributes));
};

const bySeveralHeaders = async (t: Scene) => {
  const Bucket = await t.bucket();
  const body = "test data..";
  const put = (Key: string, headers: Record<string, string>) =>
    t.send({ method: "PUT", path: `/${Bucket}/${Key}`, headers, body });
  const wrong = await put("wrong", { "x-amz-checksum-sha256": "TEST" });
  t.answers["wrong-checksum"] = xmlShown(wrong.body);
  const right = { "x-amz-checksum-sha256": sha256(body) };
  const algorithm = (name: string) => ({ "x-amz-sdk-checksum-algorithm": name });
  for (const [step, headers] of [
    ["head-obj-right-checksum", right],
    ["head-obj-only-checksum-algo", algorithm("SHA256")],
    ["head-obj-diff-checksum-algo", { ...right, ...algorithm("CRC32") }],
    ["head-obj-no-checksum", {}],
  ] as const) {
    await put(step, headers);
    await t.ask(step, t.s3.headObject({ Bucket, Key: step, ...enabled }));
  }
  const attributes = (step: string, Key: string) =>
    t.ask(step, t.s3.getObjectAttributes({ Bucket, Key, ObjectAttributes: ["Checksum"] }));
  await attributes("get-obj-attrs-no-checksum", "head-obj-no-checksum");
  const copy = { Bucket, Key: "copy", CopySource: `${Bucket}/head-obj-no-checksum` };
  await t.ask("copy-obj-default-checksum", t.s3.copyObject(copy));
  await attributes("get-copy-obj-attrs-no-checksum", "copy");
};

const copied = async (t: Scene) => {
  const Bucket = await t.bucket();
  const CopySource = `${Bucket}/source-key`;
  const attributes = (step: string) =>
    t.ask(step, t.s3.getObjectAttributes({ Bucket, Key: "source-key", ObjectAttributes: ["Checksum"] }));
  const put = t.s3.putObject({ Bucket, Key: "source-key", Body: "test-checksum" });
  await t.ask("put-object-no-checksum", put);
  await attributes("object-attrs");
  const replaced = { ChecksumAlgorithm: "CRC64NVME" as const, MetadataDirective: "REPLACE" as const };
  const inPlace = t.s3.copyObject({ Bucket, Key: "source-key", CopySource, ...replaced });
  await t.ask("copy-object-in-place-with-checksum", inPlace);
  await attributes("object-attrs-after-copy");
  const elsewhere = t.s3.copyObject({ Bucket, Key: "dest-key", CopySource });
  await t.ask("copy-object-to-dest-keep-checksum", elsewhere);
};

const spaced = async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "test-attributes" };
  await t.s3.putObject({ ...object, Body: "something", ChecksumAlgorithm: "SHA256" });
  for (const [step, between] of [
    ["get-attrs-with-whitespace", ", "],
    ["get-attrs-without-whitespace", ","],
  ] as const) {
    const names = ["StorageClass", "ETag", "ObjectSize", "Checksum"].join(between);
    const headers = { "x-amz-object-attributes": names };
    const path = `/${object.Bucket}/${object.Key}`;
    t.answers[step] = xmlShown((await t.send({ path, query: { attributes: "" }, headers })).body);
  }
};

const emptyMarkers = async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "test-list-part-empty-marker" };
  const { UploadId } = await t.s3.createMultipartUpload(object);
  const upload = { ...object, UploadId };
  await t.s3.uploadPart({ ...upload, PartNumber: 1, Body: "data" });
  const PartNumberMarker = "";
  await t.ask("list-parts-empty-marker", t.s3.listParts({ ...upload, PartNumberMarker }));
  await t.ask("list-parts-empty-max-parts", t.s3.listParts({ ...upload, MaxParts: untyped("") }));
};

const pagedAttributes = async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "test-object-attrs-pagination" };
  const ChecksumAlgorithm = "SHA256" as const;
  const { UploadId } = await t.s3.createMultipartUpload({ ...object, ChecksumAlgorithm });
  const upload = { ...object, UploadId };
  const Body = Buffer.alloc(5_242_881, "a");
  const Parts: object[] = [];
  for (const PartNumber of [1, 2]) {
    const { ETag, ChecksumSHA256 } = await t.s3.uploadPart({
      ...upload,
      PartNumber,
      Body,
      ChecksumAlgorithm,
    });
    Parts.push({ ETag, ChecksumSHA256, PartNumber });
  }
  await t.ask("list-parts", t.s3.listParts(upload));
  await t.ask("complete-mpu", t.s3.completeMultipartUpload({ ...upload, MultipartUpload: { Parts } }));
  const ask = (step: string, more: object = {}) =>
    t.ask(step, t.s3.getObjectAttributes({ ...object, ObjectAttributes: ["ObjectParts"], ...more }));
  await ask("get-object-attrs-all");
  await ask("get-object-attrs-next", { MaxParts: 1, PartNumberMarker: "1" });
  await ask("get-object-attrs-wrong-part", { MaxParts: 1, PartNumberMarker: "10" });
};

export const defaultChecksumRecordings: Recordings = {
  test_multipart_parts_checksum_exceptions_composite: composite,
  test_multipart_parts_checksum_exceptions_full_object: whole,
  test_complete_multipart_parts_checksum_default: withoutOwn,
  test_complete_multipart_parts_checksum_full_object_default: ownDefault,
  test_multipart_size_validation: size,
  test_put_object_default_checksum_with_sse_c: underCustomerKey,
  test_s3_checksum_no_automatic_sdk_calculation: bySeveralHeaders,
  "test_s3_copy_object_with_checksum[CRC64NVME]": copied,
  test_get_object_attributes_with_space: spaced,
  test_list_parts_empty_part_number_marker: emptyMarkers,
};

export const partListRecordings: Recordings = {
  test_list_parts_empty_part_number_marker: emptyMarkers,
  test_list_parts_via_object_attrs_pagination: pagedAttributes,
};
