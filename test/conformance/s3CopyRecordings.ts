import type { UploadPartCopyCommandInput } from "@aws-sdk/client-s3";
import { type Recordings, type Scene, tomorrow, yesterday } from "./s3Scene.ts";

/** Answers recorded of S3's copies and of preconditions, asked again here. */

const Key = "dest-object";
const source = "source-object";

export const preconditionRecordings: Recordings = {
  async test_s3_copy_object_preconditions(t) {
    const Bucket = await t.bucket();
    const { ETag = "" } = await t.s3.putObject({ Bucket, Key: source, Body: "data" });
    await t.ask("head-object", t.s3.headObject({ Bucket, Key: source }));
    const copy = (step: string, more: object) =>
      t.ask(step, t.s3.copyObject({ Bucket, Key, CopySource: `${Bucket}/${source}`, ...more }));
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const since = { CopySourceIfModifiedSince: new Date() };
    const none = { CopySourceIfNoneMatch: ETag };
    const unmodified = { CopySourceIfUnmodifiedSince: yesterday() };
    await copy("copy-precondition-if-match", {
      ...since,
      ...none,
      ...unmodified,
      CopySourceIfMatch: "etag123",
    });
    await copy("copy-precondition-if-unmodified-since", { ...since, ...none, ...unmodified });
    await copy("copy-precondition-if-none-match", { ...since, ...none });
    await copy("copy-precondition-if-modified-since", since);
    await copy("copy-ignore-future-modified-since", { CopySourceIfModifiedSince: tomorrow() });
    await copy("copy-etag-missing-quotes", { CopySourceIfNoneMatch: ETag.replaceAll('"', "") });
    await copy("copy-success", {
      CopySourceIfMatch: ETag.replaceAll('"', ""),
      CopySourceIfNoneMatch: "etag123",
      CopySourceIfModifiedSince: yesterday(),
      CopySourceIfUnmodifiedSince: new Date(),
    });
  },
  async test_s3_copy_object_if_source_modified_since_versioned(t) {
    const Bucket = await t.versionedBucket();
    await t.s3.putObject({ Bucket, Key: source, Body: "data" });
    const head = await t.ask("head-object", t.s3.headObject({ Bucket, Key: source }));
    const last = head.LastModified as Date;
    const copy = (CopySourceIfModifiedSince: Date) =>
      t.s3.copyObject({ Bucket, Key, CopySource: `${Bucket}/${source}`, CopySourceIfModifiedSince });
    await t.ask("copy-if-modified-since", copy(new Date(last.getTime() - 60_000)));
    await t.ask("copy-if-modified-since-last-modified", copy(last));
  },
  async test_s3_copy_object_if_source_unmodified_since_versioned(t) {
    const Bucket = await t.versionedBucket();
    await t.s3.putObject({ Bucket, Key: source, Body: "data" });
    const head = await t.ask("head-object", t.s3.headObject({ Bucket, Key: source }));
    const copy = (CopySourceIfUnmodifiedSince: Date) =>
      t.s3.copyObject({ Bucket, Key, CopySource: `${Bucket}/${source}`, CopySourceIfUnmodifiedSince });
    await t.ask("copy-if-unmodified-since", copy(head.LastModified as Date));
    await t.ask("copy-past-if-unmodified-since", copy(yesterday()));
  },
};

/** A part copied under conditions: what was asked under `step`, and the parts then where it went well. */
function partCopied(
  step: string,
  conditions: (etag: string) => Partial<UploadPartCopyCommandInput>,
  succeeds = true,
) {
  return async (t: Scene) => {
    const Bucket = await t.bucket();
    const { ETag = "" } = await t.s3.putObject({ Bucket, Key: source, Body: "0123456789" });
    const upload = { Bucket, Key: "destination_file.txt", UploadId: "" };
    upload.UploadId = (await t.s3.createMultipartUpload(upload)).UploadId ?? "";
    const copied = { ...upload, PartNumber: 1, CopySource: `${Bucket}/${source}` };
    await t.ask(step, t.s3.uploadPartCopy({ ...copied, ...conditions(ETag) }));
    if (succeeds) await t.ask("list-parts", t.s3.listParts(upload));
  };
}

const badRanges = ["1-0", "-1-", "0--1", "0-1,3-4,7-9", "-", "-0", "0-100", "100-200", "1-", "-2", "-15"];

export const copyRecordings: Recordings = {
  async test_upload_part_copy_range(t) {
    const Bucket = await t.bucket();
    const Key = "test-upload-part-copy";
    await t.ask("put-src-object", t.s3.putObject({ Bucket, Key: source, Body: "0123456789" }));
    const { UploadId } = await t.ask("create-multipart", t.s3.createMultipartUpload({ Bucket, Key }));
    const copy = (step: string, PartNumber: number, CopySourceRange: string) => {
      const upload = { Bucket, Key, UploadId, PartNumber, CopySource: `${Bucket}/${source}` };
      return t.ask(step, t.s3.uploadPartCopy({ ...upload, CopySourceRange }));
    };
    await copy("upload-part-copy-1", 1, "bytes=0-8");
    await copy("upload-part-copy-2", 2, "bytes=1-1");
    await copy("upload-part-copy-3", 3, "bytes=0-0");
    await t.ask("list-parts", t.s3.listParts({ Bucket, Key, UploadId }));
    await copy("upload-part-copy-wrong-format", 1, "0-8");
    for (const range of badRanges) await copy(`upload-part-copy-range-exc-${range}`, 1, `bytes=${range}`);
  },
  test_upload_part_copy_no_copy_source_range: async (t) => {
    const Bucket = await t.bucket();
    const Key = "test-upload-part-copy";
    await t.ask("put-src-object", t.s3.putObject({ Bucket, Key: source, Body: "0123456789" }));
    const { UploadId } = await t.ask("create-multipart", t.s3.createMultipartUpload({ Bucket, Key }));
    const upload = { Bucket, Key, UploadId, PartNumber: 1, CopySource: `${Bucket}/${source}` };
    await t.ask("upload-part-copy", t.s3.uploadPartCopy(upload));
    await t.ask("list-parts", t.s3.listParts({ Bucket, Key, UploadId }));
  },
  test_upload_part_copy_with_copy_source_if_match_success: partCopied(
    "upload-part-copy-if-match",
    (etag) => ({ CopySourceIfMatch: etag }),
  ),
  test_upload_part_copy_with_copy_source_if_match_none_success: partCopied(
    "upload-part-copy-if-none-match",
    () => ({ CopySourceIfNoneMatch: "none-match" }),
  ),
  test_upload_part_copy_with_copy_source_if_unmodified_since_success: partCopied(
    "upload-part-copy-if-unmodified-since",
    () => ({ CopySourceIfUnmodifiedSince: tomorrow() }),
  ),
  test_upload_part_copy_with_copy_source_if_modified_since_success: partCopied(
    "upload-part-copy-if-modified-since",
    () => ({ CopySourceIfModifiedSince: yesterday() }),
  ),
  test_upload_part_copy_with_copy_source_if_modified_since_in_future_success: partCopied(
    "upload-part-copy-if-modified-since-in-future",
    () => ({ CopySourceIfModifiedSince: tomorrow() }),
  ),
  test_upload_part_copy_with_copy_source_if_match_and_if_unmodified_since_match: partCopied(
    "upload-part-copy",
    (etag) => ({ CopySourceIfMatch: etag, CopySourceIfUnmodifiedSince: yesterday() }),
  ),
  test_upload_part_copy_with_copy_source_if_match_failed: partCopied(
    "upload-part-copy-source-if-match",
    () => ({ CopySourceIfMatch: "not-matching" }),
    false,
  ),
  test_upload_part_copy_with_copy_source_if_none_match_failed: partCopied(
    "upload-part-copy-source-if-none-match",
    (etag) => ({ CopySourceIfNoneMatch: etag }),
    false,
  ),
  test_upload_part_copy_with_copy_source_if_unmodified_since_match_failed: partCopied(
    "upload-part-copy-source-unmodified-since-match",
    () => ({ CopySourceIfUnmodifiedSince: yesterday() }),
    false,
  ),
  test_upload_part_copy_with_copy_source_if_none_match_and_if_unmodified_since_match_failed: partCopied(
    "upload-part-copy-source-unmodified-since-and-if-none-match",
    () => ({ CopySourceIfNoneMatch: "not-matching", CopySourceIfUnmodifiedSince: yesterday() }),
    false,
  ),
  async test_copy_object_if_none_match(t) {
    const Bucket = await t.bucket();
    await t.s3.putObject({ Bucket, Key: source, Body: "source content" });
    const copy = { Bucket, Key, CopySource: `${Bucket}/${source}`, IfNoneMatch: "*" };
    await t.ask("copy-obj", t.s3.copyObject(copy));
    await t.ask("copy-obj-if-none-match-fail", t.s3.copyObject(copy));
  },
  async test_copy_object_if_match(t) {
    const Bucket = await t.bucket();
    await t.s3.putObject({ Bucket, Key: source, Body: "source content" });
    const { ETag } = await t.s3.putObject({ Bucket, Key, Body: "initial content" });
    const copy = { Bucket, Key, CopySource: `${Bucket}/${source}` };
    await t.ask("copy-obj-if-match", t.s3.copyObject({ ...copy, IfMatch: ETag }));
    await t.ask("copy-obj-if-match-fail-wrong-etag", t.s3.copyObject({ ...copy, IfMatch: '"wrong-etag"' }));
    const absent = { ...copy, Key: "non-existent-key", IfMatch: ETag };
    await t.ask("copy-obj-if-match-fail-no-object", t.s3.copyObject(absent));
  },
  async test_copy_object_if_none_match_versioned_bucket(t) {
    const Bucket = await t.versionedBucket();
    await t.s3.putObject({ Bucket, Key: source, Body: "source content" });
    const copy = { Bucket, Key, CopySource: `${Bucket}/${source}`, IfNoneMatch: "*" };
    await t.ask("copy-obj", t.s3.copyObject(copy));
    await t.ask("copy-obj-if-none-match-fail", t.s3.copyObject(copy));
    await t.ask("del-obj", t.s3.deleteObject({ Bucket, Key }));
    await t.ask("copy-obj-after-del", t.s3.copyObject(copy));
    await t.ask("list-object-versions", t.s3.listObjectVersions({ Bucket }));
  },
  async test_copy_object_if_match_versioned_bucket(t) {
    const Bucket = await t.versionedBucket();
    await t.s3.putObject({ Bucket, Key: source, Body: "source content" });
    const copy = (IfMatch = "") =>
      t.s3.copyObject({ Bucket, Key, CopySource: `${Bucket}/${source}`, IfMatch });
    const first = await t.ask("put-obj", t.s3.putObject({ Bucket, Key, Body: "initial content" }));
    await t.ask("copy-obj-if-match-wrong-etag", copy('"wrong-etag"'));
    await t.ask("del-obj", t.s3.deleteObject({ Bucket, Key }));
    await t.ask("copy-obj-after-del-exc", copy(first.ETag));
    const Body = "new content after delete";
    const second = await t.ask("put-obj-after-del", t.s3.putObject({ Bucket, Key, Body }));
    await t.ask("copy-obj-if-match", copy(second.ETag));
    await t.ask("list-object-versions", t.s3.listObjectVersions({ Bucket }));
  },
  async test_copy_object_precondition_write_validation(t) {
    const Bucket = await t.bucket();
    const { ETag } = await t.s3.putObject({ Bucket, Key: source, Body: "source content" });
    const copy = { Bucket, Key, CopySource: `${Bucket}/${source}` };
    await t.ask("copy-obj-none-match-etag", t.s3.copyObject({ ...copy, IfNoneMatch: ETag }));
    await t.ask("copy-obj-if-match-star", t.s3.copyObject({ ...copy, IfMatch: "*" }));
    await t.ask("copy-obj-both", t.s3.copyObject({ ...copy, IfMatch: "*", IfNoneMatch: ETag }));
  },
  async test_copy_object_if_none_match_in_place(t) {
    const Bucket = await t.bucket();
    await t.s3.putObject({ Bucket, Key: source, Body: "source content" });
    const copy = { Bucket, Key: source, CopySource: `${Bucket}/${source}`, IfNoneMatch: "*" };
    await t.ask("copy-obj-if-none-match-fail", t.s3.copyObject({ ...copy, StorageClass: "STANDARD" }));
  },
  async test_copy_object_if_match_in_place(t) {
    const Bucket = await t.bucket();
    const { ETag } = await t.s3.putObject({ Bucket, Key: source, Body: "source content" });
    const copy = { Bucket, Key: source, CopySource: `${Bucket}/${source}`, IfMatch: ETag };
    await t.ask("copy-obj-if-match-in-place", t.s3.copyObject({ ...copy, StorageClass: "STANDARD" }));
  },
};
