import { gzipSync } from "node:zlib";
import type { ChecksumAlgorithm, ChecksumType } from "@aws-sdk/client-s3";
import type { Recordings, Scene } from "./s3Scene.ts";

/** Answers recorded of checksums of copies and of parts, asked again here. */

const enabled = { ChecksumMode: "ENABLED" as const };
const attributes = (...names: string[]) => ({ ObjectAttributes: names as never });

const copiedWithDefault = (ChecksumAlgorithm: ChecksumAlgorithm) => async (t: Scene) => {
  const Bucket = await t.bucket();
  const object = { Bucket, Key: "source-key" };
  const copy = (step: string, Key: string, more: object = {}) =>
    t.ask(step, t.s3.copyObject({ Bucket, Key, CopySource: `${Bucket}/source-key`, ...more }));
  const ask = (step: string, Key: string) =>
    t.ask(step, t.s3.getObjectAttributes({ Bucket, Key, ...attributes("Checksum") }));
  const put = { ...object, Body: "content-123-test", ChecksumAlgorithm };
  await t.ask("put-object-no-checksum", t.s3.putObject(put));
  await ask("object-attrs", "source-key");
  const replaced = { MetadataDirective: "REPLACE", Metadata: { key1: "value1" } };
  await copy("copy-object-in-place-with-no-checksum", "source-key", replaced);
  await ask("object-attrs-after-copy", "source-key");
  await copy("copy-object-to-dest-keep-checksum", "dest-key");
  await ask("dest-object-attrs-after-copy", "dest-key");
};

const copiedPart = (type: ChecksumType) => async (t: Scene) => {
  const Bucket = await t.bucket();
  const object = { Bucket, Key: "test-multipart-checksum" };
  const source = { Bucket, Key: "source", Body: "this is a part" };
  await t.ask("put-object", t.s3.putObject(source));
  const how = { ChecksumAlgorithm: "CRC32C" as const, ChecksumType: type };
  const created = t.s3.createMultipartUpload({ ...object, ...how });
  const { UploadId } = await t.ask("create-mpu-checksum-sha256", created);
  const upload = { ...object, UploadId };
  const copy = t.s3.uploadPartCopy({ ...upload, PartNumber: 1, CopySource: `${Bucket}/source` });
  const { ETag, ChecksumCRC32C } = (await t.ask("upload-part-copy", copy)).CopyPartResult as {
    ETag: string;
    ChecksumCRC32C: string;
  };
  await t.ask("list-parts", t.s3.listParts(upload));
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag, ChecksumCRC32C }] };
  const complete = t.s3.completeMultipartUpload({ ...upload, MultipartUpload, ChecksumType: type });
  await t.ask("complete-multipart-checksum", complete);
  await t.ask("get-object-with-checksum", t.s3.getObject({ ...object, ...enabled }));
  await t.ask("head-object-with-checksum", t.s3.headObject({ ...object, ...enabled }));
  const asked = { ...object, ...attributes("Checksum", "ETag", "ObjectParts") };
  await t.ask("get-object-attrs", t.s3.getObjectAttributes(asked));
};

const partOfUpload = (type: ChecksumType) => async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "test-multipart-checksum" };
  const how = { ChecksumAlgorithm: "CRC32C" as const, ChecksumType: type };
  const created = t.s3.createMultipartUpload({ ...object, ...how });
  const { UploadId } = await t.ask("create-mpu-checksum", created);
  const upload = { ...object, UploadId };
  const Body = "test content 123";
  const part = { ...upload, PartNumber: 1, Body, ChecksumAlgorithm: "CRC32C" as const };
  const { ETag, ChecksumCRC32C } = await t.ask("upload-part", t.s3.uploadPart(part));
  const Parts = [{ PartNumber: 1, ETag, ChecksumCRC32C: ChecksumCRC32C as string }];
  const complete = { ...upload, MultipartUpload: { Parts }, ChecksumType: type };
  await t.ask("complete-multipart-checksum", t.s3.completeMultipartUpload(complete));
  const first = { ...object, ...enabled, PartNumber: 1 };
  await t.ask("head-object-part", t.s3.headObject(first));
  await t.ask("get-object-part", t.s3.getObject(first));
};

const aPart = async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "test.file" };
  const { UploadId } = await t.s3.createMultipartUpload(object);
  const bodies = [Buffer.alloc(5_242_896, "a"), Buffer.from("test content 123")];
  const Parts: { PartNumber: number; ETag: string | undefined }[] = [];
  for (const [i, Body] of bodies.entries()) {
    const part = { ...object, UploadId, PartNumber: i + 1, Body };
    const { ETag } = await t.s3.uploadPart(part);
    Parts.push({ PartNumber: i + 1, ETag });
  }
  await t.s3.completeMultipartUpload({ ...object, UploadId, MultipartUpload: { Parts } });
  await t.ask("head-object-part", t.s3.headObject({ ...object, PartNumber: 2 }));
  await t.ask("get-object-part", t.s3.getObject({ ...object, PartNumber: 2 }));
  const withChecksum = { ...object, ...enabled, PartNumber: 2 };
  await t.ask("get-object-part-with-checksum", t.s3.getObject(withChecksum));
  await t.ask("part-doesnt-exist", t.s3.getObject({ ...object, PartNumber: 10 }));
  await t.ask("part-with-range", t.s3.getObject({ ...object, PartNumber: 2, Range: "bytes=0-8" }));
  const single = { Bucket: object.Bucket, Key: "single" };
  await t.s3.putObject({ ...single, Body: "test-123" });
  await t.ask("part-no-multipart", t.s3.getObject({ ...single, PartNumber: 2 }));
  await t.ask("get-obj-no-multipart", t.s3.getObject({ ...single, ...enabled, PartNumber: 1 }));
};

const compressed = async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "test.gz" };
  const Body = gzipSync("some text to be compressed");
  const put = { ...object, Body, ContentEncoding: "gzip", ChecksumAlgorithm: "SHA256" as const };
  await t.ask("put-object", t.s3.putObject(put));
  await t.ask("get-object", t.s3.getObject({ ...object, ...enabled }));
  const asked = { ...object, ...attributes("Checksum") };
  await t.ask("get-object-attrs", t.s3.getObjectAttributes(asked));
};

const each = <T extends string>(
  name: string,
  values: readonly T[],
  recording: (value: T) => Recordings[string],
) => Object.fromEntries(values.map((value) => [`${name}[${value}]`, recording(value)]));

const types = ["COMPOSITE", "FULL_OBJECT"] as const;
const algorithms = ["CRC32", "CRC32C", "SHA1", "SHA256", "CRC64NVME"] as const;

export const partChecksumRecordings: Recordings = {
  ...each("test_s3_copy_object_with_default_checksum", algorithms, copiedWithDefault),
  ...each("test_multipart_upload_part_copy_checksum", types, copiedPart),
  ...each("test_get_object_part_checksum", types, partOfUpload),
  test_get_object_part: aPart,
  test_s3_checksum_with_content_encoding: compressed,
};
