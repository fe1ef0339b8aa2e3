import { noVersion, type Recordings, type Scene } from "./s3Scene.ts";

/** Answers recorded of versions, and of writes under conditions, asked again here. */

const Key = "test-precondition";

/** An upload of one part, "test", to be completed under a condition. */
async function begun(t: Scene, Bucket: string, step?: string) {
  const asked = t.s3.createMultipartUpload({ Bucket, Key });
  const { UploadId } = step === undefined ? await asked : await t.ask(step, asked);
  const { ETag } = await t.s3.uploadPart({ Bucket, Key, UploadId, Body: "test", PartNumber: 1 });
  const MultipartUpload = { Parts: [{ ETag, PartNumber: 1 }] };
  return (name: string, condition: object) =>
    t.ask(name, t.s3.completeMultipartUpload({ Bucket, Key, UploadId, MultipartUpload, ...condition }));
}

const first = { IfNoneMatch: "*" };

export const versionRecordings: Recordings = {
  async test_delete_versioned_bucket_with_objects(t) {
    const Bucket = await t.versionedBucket();
    const { VersionId } = await t.s3.putObject({ Bucket, Key, Body: "test-delete" });
    const marker = await t.s3.deleteObject({ Bucket, Key });
    await t.ask("delete-with-obj-and-delete-marker", t.s3.deleteBucket({ Bucket }));
    await t.ask("delete-obj-by-version", t.s3.deleteObject({ Bucket, Key, VersionId }));
    await t.ask("delete-with-only-delete-marker", t.s3.deleteBucket({ Bucket }));
    const byVersion = { Bucket, Key, VersionId: marker.VersionId };
    await t.ask("delete-marker-by-version", t.s3.deleteObject(byVersion));
    await t.ask("success-delete-bucket", t.s3.deleteBucket({ Bucket }));
  },
  async test_delete_objects_versioned(t) {
    const Bucket = await t.versionedBucket();
    const key = "test-delete";
    const { VersionId } = await t.ask(
      "put-object",
      t.s3.putObject({ Bucket, Key: key, Body: "test-delete" }),
    );
    const remove = async (step: string, ...Objects: { Key: string; VersionId?: string | undefined }[]) => {
      const answer = await t.ask(step, t.s3.deleteObjects({ Bucket, Delete: { Objects } }));
      return answer.Deleted as { DeleteMarkerVersionId?: string }[] | undefined;
    };
    const keys = [{ Key: key }, { Key: "wrongkey" }, { Key: "wrongkey-x" }];
    const [deleted] = (await remove("delete-objects-no-version-id", ...keys)) ?? [];
    await remove("delete-objects-marker", { Key: key, VersionId: deleted?.DeleteMarkerVersionId });
    const wrong = [key, "wrong-key-2"].map((one) => ({ Key: one, VersionId: noVersion }));
    await remove("delete-objects-wrong-version-id", ...wrong);
    await remove("delete-objects-version-id", { Key: key, VersionId });
  },
  async test_delete_object_on_suspended_bucket(t) {
    const Bucket = await t.versionedBucket();
    const object = { Bucket, Key: "test-delete-suspended" };
    const list = (step: string) => t.ask(step, t.s3.listObjectVersions({ Bucket }));
    for (const i of [0, 1])
      await t.ask(`put-object-${i}`, t.s3.putObject({ ...object, Body: `test-version-${i}` }));
    await t.s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: "Suspended" } });
    await list("list-suspended");
    await t.ask("delete-object-no-version", t.s3.deleteObject(object));
    await list("list-suspended-delete");
    const Body = "test-version-suspended-after-delete";
    await t.ask("put-object-suspended", t.s3.putObject({ ...object, Body }));
    await list("list-suspended-put");
    await t.ask("delete-object-no-version-after-put", t.s3.deleteObject(object));
    await list("list-suspended-after-put");
  },
  async test_list_object_versions_order_unversioned(t) {
    const Bucket = await t.bucket();
    await t.ask("list-empty", t.s3.listObjectVersions({ Bucket }));
    const put = (step: string, name: string, Body: string) =>
      t.ask(step, t.s3.putObject({ Bucket, Key: name, Body }));
    await put("put-object", "a-test-object-1", "test-object-1");
    await put("put-object-3", "c-test-object-3", "test-object-3");
    await put("put-object-2", "b-test-object-2", "test-object-2");
    await t.ask("list-object-versions", t.s3.listObjectVersions({ Bucket }));
  },
  async test_object_version_id_format(t) {
    const Bucket = await t.versionedBucket();
    await t.ask("put-object", t.s3.putObject({ Bucket, Key: "test-version-id" }));
  },
};

export const writeConditionRecordings: Recordings = {
  async test_put_object_if_none_match(t) {
    const Bucket = await t.bucket();
    const put = (step: string) => t.ask(step, t.s3.putObject({ Bucket, Key, ...first }));
    await put("put-obj");
    await put("put-obj-if-none-match");
    await t.ask("del-obj", t.s3.deleteObject({ Bucket, Key }));
    await put("put-obj-after-del");
  },
  async test_put_object_if_none_match_versioned_bucket(t) {
    const Bucket = await t.versionedBucket();
    const put = (step: string) => t.ask(step, t.s3.putObject({ Bucket, Key, ...first }));
    await put("put-obj");
    await put("put-obj-if-none-match");
    await t.ask("del-obj", t.s3.deleteObject({ Bucket, Key }));
    await put("put-obj-after-del");
    await t.ask("list-object-versions", t.s3.listObjectVersions({ Bucket }));
  },
  async test_put_object_if_match(t) {
    const Bucket = await t.bucket();
    const { ETag } = await t.ask("put-obj", t.s3.putObject({ Bucket, Key, Body: "test" }));
    const put = (step: string, IfMatch?: string) => t.ask(step, t.s3.putObject({ Bucket, Key, IfMatch }));
    await put("put-obj-if-match-wrong-etag", "d41d8cd98f00b204e9800998ecf8427e");
    await put("put-obj-overwrite", ETag);
    await t.ask("del-obj", t.s3.deleteObject({ Bucket, Key }));
    await put("put-obj-if-match-key-not-exists", ETag);
    await put("put-obj-after-del");
  },
  async test_put_object_if_match_versioned_bucket(t) {
    const Bucket = await t.versionedBucket();
    const put = (step: string, more: object) => t.ask(step, t.s3.putObject({ Bucket, Key, ...more }));
    const { ETag } = await put("put-obj", { Body: "test" });
    await put("put-obj-if-none-match-bad-value", { IfMatch: "abcdef" });
    await t.ask("del-obj", t.s3.deleteObject({ Bucket, Key }));
    await put("put-obj-after-del-exc", { IfMatch: ETag });
    const second = await put("put-obj-after-del", { Body: "test-after-del" });
    await put("put-obj-if-match", { Body: "test-if-match", IfMatch: second.ETag });
    await t.ask("list-object-versions", t.s3.listObjectVersions({ Bucket }));
  },
  async test_multipart_if_none_match_with_delete(t) {
    const Bucket = await t.bucket();
    await t.ask("put-obj", t.s3.putObject({ Bucket, Key, ...first }));
    const complete = await begun(t, Bucket, "create-multipart");
    await complete("complete-multipart-if-none-match", first);
    await t.ask("del-obj", t.s3.deleteObject({ Bucket, Key }));
    await complete("complete-multipart-after-del", first);
    await (await begun(t, Bucket))("complete-multipart-after-del-restart", first);
  },
  async test_multipart_if_none_match_with_put(t) {
    const Bucket = await t.bucket();
    const complete = await begun(t, Bucket, "create-multipart");
    await t.ask("put-obj", t.s3.putObject({ Bucket, Key, ...first }));
    await complete("complete-multipart-if-none-match-put-during", first);
  },
  async test_multipart_if_match_with_put(t) {
    const Bucket = await t.bucket();
    const before = await t.ask("put-obj", t.s3.putObject({ Bucket, Key, Body: "test" }));
    const complete = await begun(t, Bucket, "create-multipart");
    const during = await t.ask("put-obj-during", t.s3.putObject({ Bucket, Key, Body: "test2" }));
    await complete("complete-multipart-if-match-put-before", { IfMatch: before.ETag });
    await complete("complete-multipart-if-match-put-during", { IfMatch: during.ETag });
    const again = await begun(t, Bucket, "create-multipart-again");
    await again("complete-multipart-if-match-put-before-restart", { IfMatch: during.ETag });
  },
  async test_multipart_if_match_with_put_identical(t) {
    const Bucket = await t.bucket();
    await t.ask("put-obj", t.s3.putObject({ Bucket, Key, Body: "test" }));
    const complete = await begun(t, Bucket, "create-multipart");
    const during = await t.ask("put-obj-during", t.s3.putObject({ Bucket, Key, Body: "test" }));
    await complete("complete-multipart-if-match-put-during", { IfMatch: during.ETag });
    const again = await begun(t, Bucket, "create-multipart-again");
    await again("complete-multipart-if-match-put-before-restart", { IfMatch: during.ETag });
  },
  async test_multipart_if_match_with_delete(t) {
    const Bucket = await t.bucket();
    const before = await t.ask("put-obj", t.s3.putObject({ Bucket, Key, Body: "test" }));
    const complete = await begun(t, Bucket, "create-multipart");
    await t.ask("del-obj", t.s3.deleteObject({ Bucket, Key }));
    await complete("complete-multipart-after-del", { IfMatch: before.ETag });
    const second = await t.ask("put-obj-2", t.s3.putObject({ Bucket, Key, Body: "test" }));
    await complete("complete-multipart-if-match-after-put", { IfMatch: second.ETag });
  },
  async test_multipart_if_match_etag(t) {
    const Bucket = await t.bucket();
    const before = await t.ask("put-obj", t.s3.putObject({ Bucket, Key, Body: "test" }));
    const complete = await begun(t, Bucket, "create-multipart");
    const made = await complete("complete-multipart-if-match", { IfMatch: before.ETag });
    const over = await begun(t, Bucket, "create-multipart-overwrite");
    await over("complete-multipart-if-match-true-etag", { IfMatch: before.ETag });
    await over("complete-multipart-if-match-overwrite-multipart", { IfMatch: made.ETag });
  },
  async test_delete_object_if_match_modified_non_express(t) {
    const Bucket = await t.bucket();
    await t.s3.putObject({ Bucket, Key });
    const asked = t.s3.deleteObject({ Bucket, Key, IfMatchLastModifiedTime: new Date() });
    await t.ask("delete-obj-if-match-last-modified", asked);
  },
  async test_delete_object_if_match_all_non_express(t) {
    const Bucket = await t.bucket();
    await t.s3.putObject({ Bucket, Key });
    const conditions = { IfMatchSize: 10, IfMatch: "badvalue", IfMatchLastModifiedTime: new Date() };
    await t.ask("delete-obj-if-match-all", t.s3.deleteObject({ Bucket, Key, ...conditions }));
  },
};
