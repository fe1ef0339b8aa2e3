import type { CopyObjectCommandInput, PutObjectCommandInput } from "@aws-sdk/client-s3";
import type { Recordings, Scene } from "./s3Scene.ts";

/** Answers recorded of copied objects: their metadata, tags, storage classes and checksums, asked again here. */

const source = "source-object";
const target = "source-object-copy";
const json = { Body: '{"key": "value"}', ContentType: "application/json", Metadata: { key: "value" } };

/** A bucket with one object, and how to copy it: onto itself where no other key is named. */
async function copying(t: Scene, step: string, put: Partial<PutObjectCommandInput>, versioned = false) {
  const Bucket = versioned ? await t.versionedBucket() : await t.bucket();
  await t.ask(step, t.s3.putObject({ Bucket, Key: source, ...put }));
  return {
    Bucket,
    copy: (name: string, more: Partial<CopyObjectCommandInput> = {}) =>
      t.ask(name, t.s3.copyObject({ Bucket, Key: source, CopySource: `${Bucket}/${source}`, ...more })),
    head: (name: string, more: { Key?: string; VersionId?: string | undefined } = {}) =>
      t.ask(name, t.s3.headObject({ Bucket, Key: source, ...more })),
    attributes: (name: string, attribute: "StorageClass" | "Checksum", Key = source) =>
      t.ask(name, t.s3.getObjectAttributes({ Bucket, Key, ObjectAttributes: [attribute] })),
    tags: (name: string, Key = source, VersionId?: string) =>
      t.ask(name, t.s3.getObjectTagging({ Bucket, Key, VersionId })),
  };
}

const tagged = (TaggingDirective?: "COPY" | "REPLACE") => async (t: Scene) => {
  const { copy, tags } = await copying(t, "put-object", { Body: "test", Tagging: "key1=value1" });
  await tags("get-object-tag");
  await copy("copy-object", { Key: target, Tagging: "key2=value2", TaggingDirective });
  await tags("get-copy-object-tag", target);
  await copy("copy-object-tag-empty", { Key: `${target}-tag-empty`, TaggingDirective });
  await tags("get-copy-object-tag-empty", `${target}-tag-empty`);
};

const taggedVersions = (TaggingDirective?: "COPY" | "REPLACE") => async (t: Scene) => {
  const put = { Body: "test", Tagging: "key1=value1" };
  const { Bucket, copy, tags } = await copying(t, "put-object", put, true);
  const { VersionId } = t.answers["put-object"] as { VersionId?: string };
  const second = { Bucket, Key: source, Body: "test-v2", Tagging: "key1=value1-v2" };
  await t.ask("put-object-v2", t.s3.putObject(second));
  await tags("get-object-tag");
  await tags("get-object-tag-v1", source, VersionId);
  const Tagging = "key2=value2";
  const CopySource = `${Bucket}/${source}?versionId=${VersionId}`;
  for (const [name, more] of [
    ["", { Tagging }],
    ["-tag-empty", {}],
    ["-v1", { Tagging, CopySource }],
    ["-tag-empty-v1", { CopySource }],
  ] as const) {
    const Key = `${target}${name}`;
    await copy(`copy-object${name}`, { Key, TaggingDirective, ...more });
    await tags(`get-copy-object-tag${name.replace("-tag", "")}`, Key);
  }
};

const withChecksum = (ChecksumAlgorithm: "CRC32" | "CRC32C" | "SHA1" | "SHA256") => async (t: Scene) => {
  const { copy, attributes } = await copying(t, "put-object-no-checksum", json);
  await attributes("object-attrs", "Checksum");
  const replaced = { Metadata: { key1: "value1" }, MetadataDirective: "REPLACE" } as const;
  await copy("copy-object-in-place-with-checksum", { ChecksumAlgorithm, ...replaced });
  await attributes("object-attrs-after-copy", "Checksum");
  await copy("copy-object-to-dest-keep-checksum", { Key: "dest-object" });
};

export const copyObjectRecordings: Recordings = {
  async test_s3_copy_metadata_replace(t) {
    const put = { ...json, ContentLanguage: "en-US" };
    const { copy, head } = await copying(t, "put_object", put);
    await head("head_object");
    await copy("copy_object", {
      Key: target,
      Metadata: { "another-key": "value" },
      ContentType: "image/jpg",
      MetadataDirective: "REPLACE",
    });
    await head("head_object_copy", { Key: target });
  },
  async test_s3_copy_metadata_directive_copy(t) {
    const put = { Body: "test", Metadata: { key: "value" }, ContentLanguage: "en-US" };
    const { copy, head } = await copying(t, "put-object", put);
    await head("head-object");
    await copy("copy-object", {
      Key: target,
      Metadata: { "another-key": "value" },
      ContentLanguage: "en-GB",
      ContentType: "image/jpg",
      MetadataDirective: "COPY",
    });
    await head("head-object-copy", { Key: target });
  },
  async test_s3_copy_content_type_and_metadata(t) {
    const { copy, head } = await copying(t, "put_object", json);
    await head("head_object");
    await copy("copy_object", { Key: target });
    await head("head_object_copy", { Key: target });
    const Key = "source-object-second-copy";
    const Metadata = { "another-key": "value" };
    await copy("copy_object_second", { Key, Metadata, ContentType: "application/javascript" });
    await head("head_object_second_copy", { Key });
  },
  "test_s3_copy_tagging_directive[COPY]": tagged("COPY"),
  "test_s3_copy_tagging_directive[REPLACE]": tagged("REPLACE"),
  "test_s3_copy_tagging_directive[None]": tagged(),
  "test_s3_copy_tagging_directive_versioned[COPY]": taggedVersions("COPY"),
  "test_s3_copy_tagging_directive_versioned[REPLACE]": taggedVersions("REPLACE"),
  "test_s3_copy_tagging_directive_versioned[None]": taggedVersions(),
  "test_s3_copy_object_with_checksum[CRC32]": withChecksum("CRC32"),
  "test_s3_copy_object_with_checksum[CRC32C]": withChecksum("CRC32C"),
  "test_s3_copy_object_with_checksum[SHA1]": withChecksum("SHA1"),
  "test_s3_copy_object_with_checksum[SHA256]": withChecksum("SHA256"),
  async test_s3_copy_object_in_place(t) {
    const { Bucket, copy, head, attributes } = await copying(t, "put_object", json);
    await head("head_object");
    await attributes("object-attrs", "StorageClass");
    await copy("copy-object-in-place-no-change");
    const more = { ChecksumAlgorithm: "SHA256", StorageClass: "STANDARD" } as const;
    await copy("copy-object-in-place-with-storage-class", more);
    await attributes("object-attrs-after-copy", "StorageClass");
    await t.s3.deleteBucketOwnershipControls({ Bucket });
    await t.s3.deletePublicAccessBlock({ Bucket });
    await copy("copy-object-in-place-with-acl", { ACL: "public-read" });
  },
  async test_s3_copy_object_in_place_versioned(t) {
    const { Bucket, copy, head, attributes } = await copying(t, "put_object", json, true);
    const get = (step: string) => t.ask(step, t.s3.getObject({ Bucket, Key: source }));
    const version = (Status: "Enabled" | "Suspended") =>
      t.s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status } });
    const MetadataDirective = "REPLACE";
    await head("head_object");
    await attributes("object-attrs", "StorageClass");
    await copy("copy-object-in-place-no-change");
    const { VersionId } = await copy("copy-in-place-versioned", { MetadataDirective });
    await head("head-object-copied");
    await get("get-object-copied");
    await version("Suspended");
    await copy("copy-in-place-versioned-suspended", { MetadataDirective });
    await head("head-object-copied-suspended");
    await get("get-object-copied-suspended");
    await head("head-object-previous-version-suspended", { VersionId });
    await version("Enabled");
    await copy("copy-in-place-versioned-re-enabled", { MetadataDirective });
  },
  async test_s3_copy_object_in_place_suspended_only(t) {
    const { Bucket, copy, head } = await copying(t, "put_object", json);
    const get = (step: string) => t.ask(step, t.s3.getObject({ Bucket, Key: source }));
    const MetadataDirective = "REPLACE";
    await head("head_object");
    await copy("copy-in-place-non-versioned", { MetadataDirective });
    await head("head-object-copied");
    await get("get-object-copied");
    await t.s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: "Suspended" } });
    await copy("copy-in-place-versioned-suspended", { MetadataDirective });
    await head("head-object-copied-suspended");
    await get("get-object-copied-suspended");
    await copy("copy-in-place-versioned-suspended-twice", { MetadataDirective });
  },
  async test_s3_copy_object_in_place_storage_class(t) {
    const put = { Body: "test", StorageClass: "STANDARD" } as const;
    const { copy, head, attributes } = await copying(t, "put-object", put);
    await head("head-object");
    await attributes("object-attrs", "StorageClass");
    await copy("copy-object-in-place-with-storage-class", { StorageClass: "STANDARD" });
    await attributes("object-attrs-after-copy", "StorageClass");
  },
  async test_s3_copy_object_in_place_metadata_directive(t) {
    const { copy, head } = await copying(t, "put_object", json);
    const StorageClass = "STANDARD";
    await head("head_object");
    await copy("no-metadata-directive-fail", { Metadata: { key: "value" } });
    await copy("copy-replace-directive", { Metadata: { key2: "value2" }, MetadataDirective: "REPLACE" });
    await head("head-replace-directive");
    await copy("copy-copy-directive", { MetadataDirective: "COPY", StorageClass });
    await head("head-copy-directive");
    const ignored = { MetadataDirective: "COPY", Metadata: { key3: "value3" }, StorageClass } as const;
    await copy("copy-copy-directive-ignore", ignored);
    await head("head-copy-directive-ignore");
    await copy("copy-replace-directive-empty", { MetadataDirective: "REPLACE" });
    await head("head-replace-directive-empty");
  },
  async test_s3_copy_object_in_place_website_redirect_location(t) {
    const redirect = { WebsiteRedirectLocation: "/test/direct" };
    const { copy, head } = await copying(t, "put-object", { Body: "test", ...redirect });
    await head("head-object");
    await copy("copy-object-in-place-with-website-redirection", redirect);
    await head("head-object-after-copy");
  },
  async test_s3_copy_object_storage_class(t) {
    const put = { Body: "test", StorageClass: "STANDARD_IA" } as const;
    const { copy, head, attributes } = await copying(t, "put-object", put);
    await head("head-object");
    await attributes("object-attrs", "StorageClass");
    await copy("copy-object-in-place-with-storage-class", { Key: "dest-object" });
    await attributes("object-attrs-after-copy", "StorageClass", "dest-object");
    await copy("exc-invalid-request-storage-class");
  },
  async test_s3_copy_object_wrong_format(t) {
    const copy = { Bucket: await t.bucket(), CopySource: "wrongformat", Key: "destination-key" };
    await t.ask("copy-object-wrong-copy-source", t.s3.copyObject(copy));
  },
  async test_copy_in_place_with_bucket_encryption(t) {
    const Bucket = await t.bucket();
    const Rules = [
      { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" as const }, BucketKeyEnabled: false },
    ];
    const encryption = { Bucket, ServerSideEncryptionConfiguration: { Rules } };
    await t.ask("put-bucket-encryption", t.s3.putBucketEncryption(encryption));
    const object = { Bucket, Key: "test-enc" };
    await t.ask("put-obj", t.s3.putObject({ ...object, Body: "" }));
    await t.ask("copy-obj", t.s3.copyObject({ ...object, CopySource: `${Bucket}/test-enc` }));
  },
};

/** Keys as the URL says them, and as they are. */
const special = [
  "file%2Fname",
  "test@key/",
  "test%123",
  "test%percent",
  "test key/",
  "test key//",
  "test%123/",
  "a/%F0%9F%98%80/",
];

export const keyRecordings: Recordings = Object.fromEntries(
  special.map((Key) => [
    `test_put_get_object_special_character[${Key}]`,
    async (t: Scene) => {
      const Bucket = await t.bucket();
      await t.ask("put-object-special-char", t.s3.putObject({ Bucket, Key, Body: "test" }));
      await t.ask("list-object-special-char", t.s3.listObjectsV2({ Bucket }));
      await t.ask("get-object-special-char", t.s3.getObject({ Bucket, Key }));
      await t.ask("del-object-special-char", t.s3.deleteObject({ Bucket, Key }));
    },
  ]),
);
