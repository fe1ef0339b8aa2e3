import type { Tag } from "@aws-sdk/client-s3";
import { noBucket, type Recordings, type Scene, untyped } from "./s3Scene.ts";

/** Answers recorded of the tags of buckets and objects, asked again here. */

const tag = (Key: string, Value: string): Tag => ({ Key, Value });
const two = { TagSet: [tag("tag1", "tag1"), tag("tag2", "")] };
const third = { TagSet: [tag("tag3", "tag3")] };
const none = { TagSet: [] };

let made = 0;
/** Asks for a bucket with tags; its name. */
async function tagged(t: Scene, step: string, Tags?: Tag[], again?: string): Promise<string> {
  made += 1;
  const Bucket = again ?? `recorded-tags-${made}`;
  const CreateBucketConfiguration = Tags && { Tags };
  await t.ask(step, t.s3.createBucket({ Bucket, CreateBucketConfiguration }));
  return Bucket;
}

export const bucketTagRecordings: Recordings = {
  async test_bucket_tagging_crud(t) {
    const Bucket = await t.bucket();
    const get = (step: string) => t.ask(step, t.s3.getBucketTagging({ Bucket }));
    const put = (step: string, Tagging: { TagSet: Tag[] }) =>
      t.ask(step, t.s3.putBucketTagging({ Bucket, Tagging }));
    await get("get-bucket-tags-empty");
    await put("put-bucket-tags", two);
    await get("get-bucket-tags");
    await put("put-bucket-tags-overwrite", third);
    await get("get-bucket-tags-overwritten");
    await t.ask("delete-bucket-tags", t.s3.deleteBucketTagging({ Bucket }));
    await put("put-bucket-tags-empty", none);
  },
  async test_bucket_tagging_exc(t) {
    const Bucket = noBucket;
    await t.ask("get-no-bucket-tags", t.s3.getBucketTagging({ Bucket }));
    await t.ask("delete-no-bucket-tags", t.s3.deleteBucketTagging({ Bucket }));
    await t.ask("put-no-bucket-tags", t.s3.putBucketTagging({ Bucket, Tagging: none }));
  },
  async test_create_bucket_with_tags(t) {
    const Bucket = await tagged(t, "create-bucket-with-tags", [tag("tag1", "value1")]);
    await t.ask("get-bucket-tags", t.s3.getBucketTagging({ Bucket }));
  },
  async test_create_bucket_with_empty_tags(t) {
    const Bucket = await tagged(t, "create-bucket-with-empty-tags", []);
    await t.ask("get-bucket-tags", t.s3.getBucketTagging({ Bucket }));
  },
  async test_create_bucket_with_tags_us_east_1_idempotency(t) {
    const Bucket = await tagged(t, "create-bucket-with-tags", [tag("tag1", "value1")]);
    const get = (step: string) => t.ask(step, t.s3.getBucketTagging({ Bucket }));
    await get("get-bucket-tags");
    await tagged(t, "create-bucket-different-tags", [tag("tag2", "value2")], Bucket);
    await tagged(t, "create-bucket-with-no-tags", undefined, Bucket);
    await get("get-bucket-tags-after-re-create");
    await tagged(t, "create-bucket-with-same-tags", [tag("tag1", "value1")], Bucket);
    await tagged(t, "create-bucket-with-empty-tags", [], Bucket);
    await get("get-bucket-tags-after-create-empty");
  },
  async test_create_bucket_with_tags_exc(t) {
    await tagged(t, "tags-key-none", [untyped({ Value: "value1" })]);
    await tagged(t, "tags-value-none", [untyped({ Key: "key1" })]);
    await tagged(t, "tags-key-aws-prefix", [tag("aws:test", "value1")]);
    // Of the same key twice, AWS's own code fails with a 500.
    await tagged(t, "tags-key-aws-bad-value", [tag("test", "value1,value2")]);
    await tagged(t, "tags-key-aws-bad-key", [tag("test,test2", "value1")]);
  },
  async test_put_bucket_tagging_none_value(t) {
    const Bucket = await t.bucket();
    await t.ask("put-bucket-tags-origin", t.s3.putBucketTagging({ Bucket, Tagging: third }));
    await t.ask("put-none-tag-set", t.s3.putBucketTagging({ Bucket, Tagging: none }));
    await t.ask("no-such-tag-set", t.s3.getBucketTagging({ Bucket }));
  },
  async test_tagging_validation(t) {
    const Bucket = await t.bucket();
    const Key = "tagging-validation";
    await t.s3.putObject({ Bucket, Key, Body: "" });
    const bucket = (step: string, ...TagSet: Tag[]) =>
      t.ask(`put-bucket-tags-${step}`, t.s3.putBucketTagging({ Bucket, Tagging: { TagSet } }));
    await bucket("duplicate-keys", tag("Key1", "Val1"), tag("Key1", "Val1"));
    await bucket("invalid-key", tag("Key1,Key2", "Val1"));
    await bucket("none-key", untyped({ Value: "Val1" }));
    await bucket("invalid-value", tag("Key1", "Val1,Val2"));
    await bucket("none-value", untyped({ Key: "key1" }));
    await bucket("aws-prefixed", tag("aws:prefixed", "Val1"));
    const object = (step: string, ...TagSet: Tag[]) =>
      t.ask(`put-object-tags-${step}`, t.s3.putObjectTagging({ Bucket, Key, Tagging: { TagSet } }));
    await object("duplicate-keys", tag("Key1", "Val1"), tag("Key1", "Val1"));
    await object("invalid-field", tag("Key1,Key2", "Val1"));
    await object("aws-prefixed", tag("aws:prefixed", "Val1"));
    await object("none-key", untyped({ Value: "Val1" }));
    await object("none-value", untyped({ Key: "key1" }));
  },
};

export const objectTagRecordings: Recordings = {
  async test_object_tagging_crud(t) {
    const object = { Bucket: await t.bucket(), Key: "test-object-tagging" };
    const tags = (step: string) => t.ask(step, t.s3.getObjectTagging(object));
    await t.ask("put-object", t.s3.putObject({ ...object, Body: "test-tagging" }));
    await tags("get-object-tags-empty");
    await t.ask("put-object-tags", t.s3.putObjectTagging({ ...object, Tagging: two }));
    await tags("get-object-tags");
    await t.ask("put-object-tags-overwrite", t.s3.putObjectTagging({ ...object, Tagging: third }));
    await tags("get-object-tags-overwritten");
    await t.ask("get-obj-after-tags", t.s3.getObject(object));
    await t.ask("delete-object-tags", t.s3.deleteObjectTagging(object));
    await tags("get-object-tags-deleted");
    await t.ask("get-obj-after-tags-deleted", t.s3.getObject(object));
  },
  async test_object_tagging_exc(t) {
    const Bucket = await t.bucket();
    const Key = "fake-key";
    for (const [name, object] of [
      ["bucket", { Bucket: noBucket, Key }],
      ["key", { Bucket, Key }],
    ] as const) {
      // Here and nowhere else, AWS writes the bucket before the key.
      if (name === "bucket") await t.ask("get-no-bucket-tags", t.s3.getObjectTagging(object));
      await t.ask(`delete-no-${name}-tags`, t.s3.deleteObjectTagging(object));
      await t.ask(`put-no-${name}-tags`, t.s3.putObjectTagging({ ...object, Tagging: none }));
    }
    const put = (Tagging: string) => t.s3.putObject({ Bucket, Key, Body: "", Tagging });
    await t.ask("put-obj-duplicate-tagging", put("key1=val1&key1=val2"));
    await t.ask("put-obj-wrong-format", put("key1=val1,key2=val2"));
  },
  async test_put_object_tagging_none_value(t) {
    const object = { Bucket: await t.bucket(), Key: "test-empty-tag-set" };
    await t.s3.putObject({ ...object, Body: "test-tagging" });
    await t.ask("put-none-tag-set", t.s3.putObjectTagging({ ...object, Tagging: none }));
    await t.ask("get-object-tags-none", t.s3.getObjectTagging(object));
  },
  async test_object_tagging_versioned(t) {
    const object = { Bucket: await t.versionedBucket(), Key: "test-version-tagging" };
    const tags = (step: string, VersionId?: string) =>
      t.ask(step, t.s3.getObjectTagging({ ...object, VersionId }));
    const change = (step: string, Tagging: { TagSet: Tag[] }, VersionId?: string) =>
      t.ask(step, t.s3.putObjectTagging({ ...object, Tagging, VersionId }));
    const first = await t.ask(
      "put-obj-0",
      t.s3.putObject({ ...object, Body: "test-0", Tagging: "test_tag=tagv1" }),
    );
    await t.ask("put-obj-1", t.s3.putObject({ ...object, Body: "test-1" }));
    await change("put-object-tags-current-version", third);
    await tags("get-object-tags-current-version");
    await tags("get-object-tags-previous-version", first.VersionId);
    const one = { TagSet: [tag("tag1", "tag1")] };
    await change("put-object-tags-previous-version", one, first.VersionId);
    await tags("get-object-tags-previous-version-again", first.VersionId);
    await t.s3.deleteObjectTagging(object);
    await tags("get-object-tags-deleted-current");
    await t.s3.deleteObjectTagging({ ...object, VersionId: first.VersionId });
    await tags("get-object-tags-previous-version-deleted");
    const { VersionId } = await t.ask("put-delete-marker", t.s3.deleteObject(object));
    for (const [name, version] of [
      ["id", VersionId],
      ["latest", undefined],
    ] as const) {
      const marker = { ...object, VersionId: version };
      await change(`put-object-tags-delete-marker-${name}`, one, version);
      await tags(`get-object-tags-delete-marker-${name}`, version);
      await t.ask(`delete-object-tags-delete-marker-${name}`, t.s3.deleteObjectTagging(marker));
    }
  },
  async test_put_object_with_tags(t) {
    const object = { Bucket: await t.bucket(), Key: "test-put-object-tagging" };
    const tags = (step: string) => t.ask(step, t.s3.getObjectTagging(object));
    const put = (Tagging: string) => t.s3.putObject({ ...object, Body: "", Tagging });
    const Tagging = "tag1=tag1&tag2=tag2&tag=";
    await t.ask("put-object", t.s3.putObject({ ...object, Body: "test-tagging", Tagging }));
    await tags("get-object-tags");
    await t.ask("put-object-tags", t.s3.putObjectTagging({ ...object, Tagging: third }));
    await tags("get-object-tags-override");
    await t.ask("head-obj", t.s3.headObject(object));
    await t.ask("get-obj", t.s3.getObject(object));
    await put("wrongquery&wrongagain");
    await tags("get-object-tags-wrong-format-qs");
    await put("key1&&&key2");
    await tags("get-object-tags-wrong-format-qs-2");
  },
  async test_head_object_with_tags(t) {
    const object = { Bucket: await t.bucket(), Key: "test-put-object-tagging" };
    const head = (step: string) => t.ask(step, t.s3.headObject(object));
    const Tagging = "tag1=tag1&tag2=tag2&tag=";
    await t.ask("put-object", t.s3.putObject({ ...object, Body: "test-tagging", Tagging }));
    await head("head-obj-after-create");
    await t.ask("put-object-tags", t.s3.putObjectTagging({ ...object, Tagging: third }));
    await head("head-obj-after-tagging");
    const TagSet = ["tag3", "tag4", "tag5"].map((name) => tag(name, name));
    await t.s3.putObjectTagging({ ...object, Tagging: { TagSet } });
    await head("head-obj-after-overwrite");
    await t.s3.putObjectTagging({ ...object, Tagging: none });
    await head("head-obj-after-removal");
  },
  async test_object_tags_delete_or_overwrite_object(t) {
    const object = { Bucket: await t.bucket(), Key: "test-put-object-tagging-kept" };
    const tags = (step: string) => t.ask(step, t.s3.getObjectTagging(object));
    await t.s3.putObject({ ...object, Body: "create", Tagging: "tag1=val1" });
    await tags("get-object-after-creation");
    await t.s3.putObject({ ...object, Body: "overwrite" });
    await tags("get-object-after-overwrite");
    await t.s3.putObjectTagging({ ...object, Tagging: third });
    await t.s3.deleteObject(object);
    await t.s3.putObject({ ...object, Body: "recreate" });
    await tags("get-object-after-recreation");
  },
};
