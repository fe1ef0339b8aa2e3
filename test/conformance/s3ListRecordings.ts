import type { EncodingType, S3 } from "@aws-sdk/client-s3";
import { type Recordings, type Scene, untyped } from "./s3Scene.ts";

/** Answers recorded of S3's lists, asked again here. */

const tests = (count: number) => Array.from({ length: count }, (_, i) => `test_${i}`);
const nested = ["test/foo/bar/123", "test/foo/bar/456", "test/bar/foo/123"];
const folders = ["folder/aSubfolder/subFile1", "folder/aSubfolder/subFile2", "folder/file1", "folder/file2"];
const inFolder = { Prefix: "folder/", Delimiter: "/" };

const withDelimiter = (Delimiter: string) => async (t: Scene) => {
  const Bucket = await t.bucket();
  await t.putAll(Bucket, ["test/foo/bar/123"]);
  await t.ask(
    "list-objects",
    t.s3.listObjects({ Bucket, Prefix: "test/", Delimiter, MaxKeys: 1, EncodingType: "url" }),
  );
};

type List = (s3: S3, input: { Bucket: string; EncodingType: EncodingType }) => Promise<object>;
const badEncodings = (name: string, ask: List) => async (t: Scene) => {
  const Bucket = await t.bucket();
  const list = (EncodingType: string) => ask(t.s3, { Bucket, EncodingType: untyped(EncodingType) });
  await t.ask(`${name}-error-wrong-value`, list("value"));
  await t.ask(`${name}-error-empty-value`, list(""));
};

export const listRecordings: Recordings = {
  "test_list_objects_with_prefix[]": withDelimiter(""),
  "test_list_objects_with_prefix[/]": withDelimiter("/"),
  "test_list_objects_with_prefix[%2F]": withDelimiter("%2F"),
  async test_list_objects_next_marker(t) {
    const Bucket = await t.bucket();
    await t.putAll(Bucket, tests(3));
    await t.ask("list-objects-all", t.s3.listObjects({ Bucket }));
    const first = await t.ask("list-objects-max-1", t.s3.listObjects({ Bucket, MaxKeys: 1, Delimiter: "/" }));
    await t.ask("list-objects-rest", t.s3.listObjects({ Bucket, Marker: first.NextMarker, MaxKeys: 1 }));
    await t.ask("list-objects-marker-empty", t.s3.listObjects({ Bucket, Marker: "", MaxKeys: 1 }));
  },
  async test_s3_list_objects_empty_marker(t) {
    await t.ask("list-objects", t.s3.listObjects({ Bucket: await t.bucket(), Marker: "" }));
  },
  async test_list_objects_marker_common_prefixes(t) {
    const Bucket = await t.bucket();
    await t.putAll(Bucket, folders);
    await t.ask("list-objects-all-keys", t.s3.listObjects({ Bucket }));
    const list = (step: string, Marker?: string) =>
      t.ask(step, t.s3.listObjects({ Bucket, ...inFolder, MaxKeys: 1, Marker }));
    const first = await list("list-objects-start");
    const second = await list("list-objects-next-1", first.NextMarker);
    await list("list-objects-end", second.NextMarker);
    await list("list-objects-manual-first-file", folders[0]);
  },
  async test_list_objects_v2_with_prefix(t) {
    const Bucket = await t.bucket();
    await t.putAll(Bucket, nested);
    for (const [i, Prefix] of ["test/", "test/foo", "test/foo/bar"].entries())
      await t.ask(`list-objects-v2-${i + 1}`, t.s3.listObjectsV2({ Bucket, Prefix }));
  },
  async test_list_objects_v2_with_prefix_and_delimiter(t) {
    const Bucket = await t.bucket();
    await t.putAll(Bucket, nested);
    const list = (Prefix: string, more: object = {}) =>
      t.s3.listObjectsV2({ Bucket, Prefix, Delimiter: "/", ...more });
    await t.ask("list-objects-v2-1", list("test/"));
    await t.ask("list-objects-v2-1-with-max-keys", list("test/", { MaxKeys: 1 }));
    await t.ask("list-objects-v2-2", list("test/foo"));
    await t.ask("list-objects-v2-3", list("test/foo/bar"));
  },
  async test_list_objects_v2_continuation_start_after(t) {
    const Bucket = await t.bucket();
    await t.putAll(Bucket, tests(12));
    const first = await t.ask("list-objects-v2-max-5", t.s3.listObjectsV2({ Bucket, MaxKeys: 5 }));
    const ContinuationToken = first.NextContinuationToken;
    const StartAfter = "test_7";
    await t.ask("list-objects-v2-rest", t.s3.listObjectsV2({ Bucket, ContinuationToken }));
    await t.ask("list-objects-start-after", t.s3.listObjectsV2({ Bucket, StartAfter, MaxKeys: 2 }));
    const both = t.s3.listObjectsV2({ Bucket, StartAfter, ContinuationToken });
    await t.ask("list-objects-start-after-token", both);
    await t.ask("exc-continuation-token", t.s3.listObjectsV2({ Bucket, ContinuationToken: "" }));
  },
  async test_list_objects_v2_continuation_common_prefixes(t) {
    const Bucket = await t.bucket();
    await t.putAll(Bucket, folders);
    await t.ask("list-objects-v2-all-keys", t.s3.listObjectsV2({ Bucket }));
    const list = (step: string, more: object) =>
      t.ask(step, t.s3.listObjectsV2({ Bucket, ...inFolder, MaxKeys: 1, ...more }));
    const first = await list("list-objects-v2-start", {});
    const second = await list("list-objects-v2-next-1", { ContinuationToken: first.NextContinuationToken });
    await list("list-objects-v2-end", { ContinuationToken: second.NextContinuationToken });
  },
  "test_list_ops_encoding_type_validation[list_objects]": badEncodings("list_objects", (s3, input) =>
    s3.listObjects(input),
  ),
  "test_list_ops_encoding_type_validation[list_objects_v2]": badEncodings("list_objects_v2", (s3, input) =>
    s3.listObjectsV2(input),
  ),
  "test_list_ops_encoding_type_validation[list_object_versions]": badEncodings(
    "list_object_versions",
    (s3, input) => s3.listObjectVersions(input),
  ),
  "test_list_ops_encoding_type_validation[list_multipart_uploads]": badEncodings(
    "list_multipart_uploads",
    (s3, input) => s3.listMultipartUploads(input),
  ),
  async test_list_buckets_by_prefix_with_case_sensitivity(t) {
    const Prefix = await t.bucket();
    await t.ask("list-objects-by-prefix-empty", t.s3.listBuckets({ Prefix: Prefix.toUpperCase() }));
    await t.ask("list-objects-by-prefix-not-empty", t.s3.listBuckets({ Prefix: `${Prefix}` }));
  },
  async test_list_buckets_with_max_buckets(t) {
    for (const _ of [1, 2]) await t.bucket();
    await t.ask("list-objects-with-max-buckets", t.s3.listBuckets({ MaxBuckets: 1 }));
  },
  async test_list_buckets_when_continuation_token_is_empty(t) {
    for (const _ of [1, 2]) await t.bucket();
    const list = t.s3.listBuckets({ ContinuationToken: "", MaxBuckets: 1 });
    await t.ask("list-objects-with-empty-continuation-token", list);
  },
  async test_list_buckets_with_continuation_token(t) {
    for (const _ of [1, 2, 3]) await t.bucket();
    const { ContinuationToken } = await t.s3.listBuckets({ MaxBuckets: 1 });
    const list = t.s3.listBuckets({ ContinuationToken, MaxBuckets: 1 });
    await t.ask("list-objects-with-continuation", list);
  },
  async test_list_buckets_by_bucket_region(t) {
    const west = t.elsewhere("us-west-2").s3;
    const Bucket = "recorded-in-the-west";
    const CreateBucketConfiguration = { LocationConstraint: "us-west-2" as const };
    await west.createBucket({ Bucket, CreateBucketConfiguration });
    const central = t.elsewhere("eu-central-1").s3;
    const elsewhere = central.listBuckets({ BucketRegion: "eu-central-1", Prefix: Bucket });
    await t.ask("list-objects-by-bucket-region-empty", elsewhere);
    const there = west.listBuckets({ BucketRegion: "us-west-2", Prefix: Bucket });
    await t.ask("list-objects-by-bucket-region-not-empty", there);
  },
  async test_list_buckets_region_validation(t) {
    await t.ask("bad-region", t.s3.listBuckets({ BucketRegion: "eu-east-1" }));
  },
};

export const versionListRecordings: Recordings = {
  async test_list_objects_versions_markers(t) {
    const Bucket = await t.versionedBucket();
    const keys = tests(3);
    const ids: (string | undefined)[] = [];
    const put = async (Key: string, Body: string) =>
      ids.push((await t.s3.putObject({ Bucket, Key, Body })).VersionId);
    for (const key of keys) await put(key, "version 1");
    await put("test_2", "version 2");
    for (const Key of keys) ids.push((await t.s3.deleteObject({ Bucket, Key })).VersionId);
    for (const key of keys.slice(0, 2)) await put(key, "version 2");
    t.answers["version-order"] = { Versions: ids.map((VersionId) => ({ VersionId })) };
    await t.ask("list-objects-versions-all", t.s3.listObjectVersions({ Bucket }));
    const list = (step: string, more: object) =>
      t.ask(step, t.s3.listObjectVersions({ Bucket, MaxKeys: 1, ...more }));
    const first = await list("list-objects-versions-5", { MaxKeys: 5 });
    const KeyMarker = first.NextKeyMarker;
    const VersionIdMarker = first.NextVersionIdMarker;
    await list("list-objects-next-key-only", { KeyMarker });
    await list("list-objects-next-key-last", { KeyMarker: "test_2" });
    await list("list-objects-next-version-only", { VersionIdMarker });
    await list("list-objects-both-markers", { KeyMarker, VersionIdMarker });
    await list("list-objects-last-key-last-version", { KeyMarker: "test_2", VersionIdMarker: ids[3] });
    await list("list-objects-next-key-empty", { KeyMarker: "" });
  },
  async test_list_object_versions_pagination_common_prefixes(t) {
    const Bucket = await t.versionedBucket();
    await t.putAll(Bucket, folders);
    await t.ask("list-object-versions-all-keys", t.s3.listObjectVersions({ Bucket }));
    const list = (step: string, KeyMarker?: string) =>
      t.ask(step, t.s3.listObjectVersions({ Bucket, ...inFolder, MaxKeys: 1, KeyMarker }));
    const first = await list("list-object-versions-start");
    const second = await list("list-object-versions-next-1", first.NextKeyMarker);
    await list("list-object-versions-end", second.NextKeyMarker);
    await list("list-object-versions-manual-first-file", folders[0]);
  },
  async test_list_objects_versions_with_prefix(t) {
    const Bucket = await t.versionedBucket();
    const put = (Key: string, Body: string) => t.s3.putObject({ Bucket, Key, Body });
    await put("dir/test", "content key1-v1");
    await put("dir/test", "content key-1v2");
    await put("dir/subdir/test2", "content key2-v1");
    await put("dir/subdir/test2", "content key2-v2");
    const prefixes = ["dir/", "dir/s", "dir/test", "dir/subdir", "dir/subdir/", "dir/subdir/test2"];
    for (const [i, Prefix] of prefixes.entries()) {
      const list = t.s3.listObjectVersions({ Bucket, Delimiter: "/", Prefix });
      await t.ask(`list-object-version-${i + 1}`, list);
    }
  },
  async test_list_objects_versions_with_prefix_only_and_pagination(t) {
    const Bucket = await t.versionedBucket();
    for (let i = 0; i < 5; i += 1) await t.s3.putObject({ Bucket, Key: "prefixed_key" });
    await t.s3.putObject({ Bucket, Key: "non_prefixed_key" });
    const list = (step: string, more: object) =>
      t.ask(
        `list-object-version-prefix-${step}`,
        t.s3.listObjectVersions({ Bucket, Prefix: "prefix", ...more }),
      );
    await list("full", {});
    const page = await list("page-1", { MaxKeys: 3 });
    const KeyMarker = page.NextKeyMarker;
    const next = { KeyMarker, VersionIdMarker: page.NextVersionIdMarker, MaxKeys: 5 };
    await list("key-marker-only", { MaxKeys: 4, KeyMarker });
    await list("page-2", next);
    const Objects = (page.Versions as { Key: string; VersionId: string }[]).map(({ Key, VersionId }) => ({
      Key,
      VersionId,
    }));
    await t.s3.deleteObjects({ Bucket, Delete: { Objects } });
    await list("page-2-after-delete", next);
  },
  async test_list_multiparts_next_marker(t) {
    const Bucket = await t.bucket();
    await t.ask("list-multiparts-empty", t.s3.listMultipartUploads({ Bucket }));
    const ids: (string | undefined)[] = [];
    for (const Key of ["test_c", "test_b", "test_a", "test_a", "test_a"])
      ids.push((await t.s3.createMultipartUpload({ Bucket, Key })).UploadId);
    t.answers["upload-ids-order"] = { UploadIds: ids.map((UploadId) => ({ UploadId })) };
    await t.ask("list-multiparts-all", t.s3.listMultipartUploads({ Bucket }));
    const list = (step: string, more: object) =>
      t.ask(`list-multiparts-${step}`, t.s3.listMultipartUploads({ Bucket, MaxUploads: 1, ...more }));
    const first = await list("max-1", {});
    const KeyMarker = first.NextKeyMarker;
    const UploadIdMarker = first.NextUploadIdMarker;
    await list("next-key-only", { KeyMarker });
    await list("next-key-last", { KeyMarker: "test_c" });
    await list("next-upload-only", { UploadIdMarker });
    await list("both-markers", { KeyMarker, UploadIdMarker });
    await list("both-markers-2", { KeyMarker, UploadIdMarker: ids[4] });
    await list("get-last-upload-no-truncate", { KeyMarker: "test_b", UploadIdMarker: ids[1] });
    // The marker of an upload of another key, which AWS refuses, passes: ids do not tell the key.
    await list("next-key-empty", { KeyMarker: "" });
  },
  async test_list_multiparts_with_prefix_and_delimiter(t) {
    const Bucket = await t.bucket();
    for (const Key of nested) await t.s3.createMultipartUpload({ Bucket, Key });
    for (const [i, Prefix] of ["test/", "test/foo/", "test/foo/bar"].entries()) {
      const list = t.s3.listMultipartUploads({ Bucket, Prefix, Delimiter: "/", EncodingType: "url" });
      await t.ask(`list-multiparts-${i + 1}`, list);
    }
  },
  async test_list_multipart_uploads_marker_common_prefixes(t) {
    const Bucket = await t.bucket();
    for (const Key of folders) await t.s3.createMultipartUpload({ Bucket, Key });
    const list = (step: string, KeyMarker?: string) =>
      t.ask(step, t.s3.listMultipartUploads({ Bucket, ...inFolder, MaxUploads: 1, KeyMarker }));
    // AWS answers no NextKeyMarker behind a common prefix, so that nobody can go on; here there is one.
    await list("list-multiparts-manual-prefix", "folder/aSubfolder/");
    await list("list-multiparts-manual-first-file", folders[0]);
  },
  async test_list_parts_pagination(t) {
    const upload = { Bucket: await t.bucket(), Key: "test-list-part-pagination" };
    const { UploadId } = await t.s3.createMultipartUpload(upload);
    const list = (step: string, more: object = {}) =>
      t.ask(step, t.s3.listParts({ ...upload, UploadId, ...more }));
    await list("list-parts-empty");
    for (const PartNumber of [1, 2]) await t.s3.uploadPart({ ...upload, UploadId, PartNumber, Body: "data" });
    await list("list-parts-all");
    const first = await list("list-parts-1", { MaxParts: 1 });
    await list("list-parts-next", { MaxParts: 1, PartNumberMarker: first.NextPartNumberMarker });
    await list("list-parts-wrong-part", { MaxParts: 1, PartNumberMarker: "10" });
  },
};
