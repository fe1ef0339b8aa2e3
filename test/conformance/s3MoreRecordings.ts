import type { AnalyticsConfiguration, ReplicationConfiguration } from "@aws-sdk/client-s3";
import { noBucket, type Recordings, type Scene, tomorrow, untyped, yesterday } from "./s3Scene.ts";

/** Answers recorded of versions, parts and settings, asked again here. */

const enabled = { ChecksumMode: "ENABLED" as const };

const contentMd5 = async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "test-key", Body: "something" };
  const invalid = ["__invalid__", "000", "not base64 encoded checksum", "MTIz", "dGVzdC1zdHJpbmc="];
  for (const [i, ContentMD5] of invalid.entries())
    await t.ask(`md5-error-${i}`, t.s3.putObject({ ...object, ContentMD5 }));
  const ContentMD5 = "Q3uTDbhLgHnC3YBKcZNrXw==";
  await t.ask("success-put-object-md5", t.s3.putObject({ ...object, ContentMD5 }));
  const { UploadId } = await t.s3.createMultipartUpload(object);
  const part = { ...object, UploadId, PartNumber: 1 };
  for (const [i, given] of invalid.entries())
    await t.ask(`upload-part-md5-error-${i}`, t.s3.uploadPart({ ...part, ContentMD5: given }));
  const bad = t.s3.uploadPart({ ...part, ContentMD5: "CYketZBSTjX8czcs3cXVlg==" });
  await t.ask("upload-part-md5-bad-digest", bad);
  const good = { ...part, ContentMD5, ChecksumAlgorithm: "CRC32" as const };
  await t.ask("success-upload-part-md5", t.s3.uploadPart(good));
};

const website = async (t: Scene) => {
  const Bucket = await t.bucket();
  await t.ask("get-no-such-website-config", t.s3.getBucketWebsite({ Bucket }));
  await t.ask("del-no-such-website-config", t.s3.deleteBucketWebsite({ Bucket }));
  const WebsiteConfiguration = { IndexDocument: { Suffix: "index.html" } };
  await t.ask("put-website-config", t.s3.putBucketWebsite({ Bucket, WebsiteConfiguration }));
  await t.ask("get-website-config", t.s3.getBucketWebsite({ Bucket }));
};

const wrongWebsites = async (t: Scene) => {
  const Bucket = await t.bucket();
  const IndexDocument = { Suffix: "index.html" };
  const routed = (rule: object) => ({ IndexDocument, RoutingRules: [rule] });
  const wrong = [
    { IndexDocument: { Suffix: "/index.html" } },
    { IndexDocument: { Suffix: "" } },
    { RedirectAllRequestsTo: { HostName: "test" }, IndexDocument },
    {},
    { RedirectAllRequestsTo: { HostName: "test", Protocol: "protocol" } },
    routed({ Redirect: { ReplaceKeyPrefixWith: "a", ReplaceKeyWith: "b" } }),
    routed({ Condition: {}, Redirect: { ReplaceKeyPrefixWith: "a" } }),
  ];
  for (const [i, WebsiteConfiguration] of wrong.entries()) {
    const put = t.s3.putBucketWebsite({ Bucket, WebsiteConfiguration: untyped(WebsiteConfiguration) });
    await t.ask(`invalid-website-conf-${i}`, put);
  }
};

const listedParts = async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "test-list-parts" };
  const uploads = (step: string) => t.ask(step, t.s3.listMultipartUploads({ Bucket: object.Bucket }));
  const { UploadId } = await t.ask("create-multipart", t.s3.createMultipartUpload(object));
  const upload = { ...object, UploadId };
  await t.ask("list-part-after-created", t.s3.listParts(upload));
  await uploads("list-all-uploads");
  const Body = "upload-part-1".repeat(5);
  const part = { ...upload, PartNumber: 1, Body, ChecksumAlgorithm: "CRC32" as const };
  const { ETag } = await t.ask("upload-part", t.s3.uploadPart(part));
  await t.ask("list-part-after-upload", t.s3.listParts(upload));
  await uploads("list-all-uploads-after");
  const complete = { ...upload, MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] } };
  await t.ask("complete-multipart", t.s3.completeMultipartUpload(complete));
  await t.ask("list-part-after-complete-exc", t.s3.listParts(upload));
  await uploads("list-all-uploads-completed");
  await t.ask("head-multipart-checksum", t.s3.headObject({ ...object, ...enabled }));
  await t.ask("get-multipart-checksum", t.s3.getObject({ ...object, ...enabled }));
};

const orderedParts = async (t: Scene) => {
  const Bucket = await t.bucket();
  const uploaded = async (Key: string, numbers: number[]) => {
    const { UploadId } = await t.s3.createMultipartUpload({ Bucket, Key });
    const upload = { Bucket, Key, UploadId };
    const Parts: { PartNumber: number; ETag: string | undefined }[] = [];
    for (const PartNumber of numbers) {
      const { ETag } = await t.s3.uploadPart({ ...upload, PartNumber, Body: Buffer.alloc(5_242_880, "a") });
      Parts.push({ PartNumber, ETag });
    }
    return { upload, Parts };
  };
  const { upload, Parts } = await uploaded("test-order-parts", [1, 2, 3]);
  const negative = t.s3.uploadPart({ ...upload, PartNumber: -1, Body: "" });
  await t.ask("upload-part-negative-part-number", negative);
  const complete = (parts: typeof Parts, given = upload) =>
    t.s3.completeMultipartUpload({ ...given, MultipartUpload: { Parts: parts } });
  await t.ask("complete-multipart-unordered", complete([...Parts].reverse()));
  await t.ask("complete-multipart-ordered", complete(Parts));
  const stepped = await uploaded("key-sequence-with-step-2", [1, 3, 5]);
  await t.ask("complete-multipart-with-step-2", complete(stepped.Parts, stepped.upload));
};

const replicationRole = (t: Scene) => `arn:aws:iam::${t.account}:role/replication`;

const replication = async (t: Scene) => {
  const [Bucket, destination] = [await t.bucket(), await t.versionedBucket()];
  const put = (Rules: ReplicationConfiguration["Rules"]) =>
    t.s3.putBucketReplication({
      Bucket,
      ReplicationConfiguration: { Role: replicationRole(t), Rules },
    });
  const rule = {
    ID: "rtc",
    Priority: 1,
    Filter: { Prefix: "Tax" },
    Status: "Enabled" as const,
    DeleteMarkerReplication: { Status: "Disabled" as const },
    Destination: { Bucket: `arn:aws:s3:::${destination}` },
  };
  await t.ask("expected_error_no_replication_set", t.s3.getBucketReplication({ Bucket }));
  await t.ask("expected_error_versioning_not_enabled", put([rule]));
  await t.s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: "Enabled" } });
  await t.ask("put-bucket-replication", put([rule]));
  await t.ask("put-empty-bucket-replication-rules", put([]));
  await t.ask("delete-bucket-replication", t.s3.deleteBucketReplication({ Bucket }));
  await t.ask("delete-bucket-replication-idempotent", t.s3.deleteBucketReplication({ Bucket }));
};

const deletedVersions = async (t: Scene) => {
  const Bucket = await t.versionedBucket();
  const Key = "test-key-versioned";
  await t.s3.putObject({ Bucket, Key, Body: "something" });
  await t.s3.putObject({ Bucket, Key, Body: "something-v2" });
  const list = (step: string) => t.ask(step, t.s3.listObjectsV2({ Bucket }));
  const listVersions = (step: string) => t.ask(step, t.s3.listObjectVersions({ Bucket }));
  const remove = (step: string, Objects: { Key: string; VersionId?: string | undefined }[]) =>
    t.ask(step, t.s3.deleteObjects({ Bucket, Delete: { Objects } }));
  await list("list-objects-v2");
  const deleted = await remove("delete-object", [{ Key }]);
  const { Versions } = (await listVersions("list-object-version")) as { Versions?: { VersionId: string }[] };
  const oldestFirst = [...(Versions ?? [])].reverse().map(({ VersionId }) => ({ Key, VersionId }));
  await remove("delete-object-version", oldestFirst);
  await list("list-objects-v2-after-delete");
  await listVersions("list-object-version-after-delete");
  const [marker] = (deleted.Deleted ?? []) as { DeleteMarkerVersionId?: string }[];
  await remove("delete-object-delete-marker", [{ Key, VersionId: marker?.DeleteMarkerVersionId }]);
};

const markersHaveNoAcl = async (t: Scene) => {
  const Bucket = await t.openBucket();
  await t.s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: "Enabled" } });
  const object = { Bucket, Key: "test-key-versioned" };
  await t.ask("put-obj-1", t.s3.putObject({ ...object, Body: "something" }));
  await t.ask("put-obj-2", t.s3.putObject({ ...object, Body: "something-v2" }));
  const { VersionId } = await t.ask("delete-object", t.s3.deleteObject(object));
  const put = (more: object = {}) => t.s3.putObjectAcl({ ...object, ACL: "public-read", ...more });
  await t.ask("put-acl-delete-marker", put());
  await t.ask("get-acl-delete-marker", t.s3.getObjectAcl(object));
  await t.ask("put-acl-delete-marker-version-id", put({ VersionId }));
  await t.ask("get-acl-delete-marker-version-id", t.s3.getObjectAcl({ ...object, VersionId }));
};

const analytics = async (t: Scene) => {
  const Bucket = await t.bucket();
  const S3BucketDestination = { Format: "CSV" as const, Bucket: `arn:aws:s3:::${Bucket}`, Prefix: "test" };
  const DataExport = { OutputSchemaVersion: "V_1" as const, Destination: { S3BucketDestination } };
  const [first, second] = ["config_with_storage_analysis_1", "config_with_storage_analysis_2"];
  const put = (Id: string, Prefix: string) => {
    const AnalyticsConfiguration: AnalyticsConfiguration = {
      Id,
      Filter: { Prefix },
      StorageClassAnalysis: { DataExport },
    };
    return t.s3.putBucketAnalyticsConfiguration({ Bucket, Id, AnalyticsConfiguration });
  };
  const get = (step: string, Id: string) => t.ask(step, t.s3.getBucketAnalyticsConfiguration({ Bucket, Id }));
  const list = (step: string) => t.ask(step, t.s3.listBucketAnalyticsConfigurations({ Bucket }));
  await get("get_config_with_storage_analysis_err", "none");
  const absent = t.s3.deleteBucketAnalyticsConfiguration({ Bucket, Id: "none" });
  await t.ask("delete_config_with_storage_analysis_err", absent);
  await t.ask("put_config_with_storage_analysis_1", put(first as string, "test_ls"));
  await get("get_config_with_storage_analysis_1", first as string);
  await put(first as string, "test_ls_2");
  await get("get_config_with_storage_analysis_2", first as string);
  await put(second as string, "test_ls_3");
  await get("get_config_with_storage_analysis_3", second as string);
  await list("list_config_with_storage_analysis_1");
  await t.s3.deleteBucketAnalyticsConfiguration({ Bucket, Id: second });
  await list("list_config_with_storage_analysis_2");
};

const encodedDeletion = async (t: Scene) => {
  const Bucket = await t.bucket();
  const bodies = { "a%2Fb": "a".repeat(16), "a/%F0%9F%98%80": "a".repeat(21) };
  for (const [Key, Body] of Object.entries(bodies)) await t.s3.putObject({ Bucket, Key, Body });
  await t.ask("list-objects-before-delete", t.s3.listObjectsV2({ Bucket }));
  const Objects = Object.keys(bodies).map((Key) => ({ Key }));
  await t.ask("deleted-resp", t.s3.deleteObjects({ Bucket, Delete: { Objects } }));
  await t.ask("list-objects", t.s3.listObjectsV2({ Bucket }));
};

const absentSources = async (t: Scene) => {
  const Bucket = await t.bucket();
  const copy = (step: string, CopySource: string) =>
    t.ask(step, t.s3.copyObject({ Bucket, Key: "dest", CopySource }));
  await copy("copy-object-src-bucket-not-exists", `${noBucket}/random-src-key`);
  await copy("copy-object-src-object-not-exists", `${Bucket}/random-src-key`);
  await t.s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: "Enabled" } });
  const object = { Bucket, Key: "random-src-key" };
  const version = (await t.s3.putObject(object)).VersionId;
  const marker = (await t.ask("del-obj-versioned", t.s3.deleteObject(object))).VersionId;
  await copy("copy-object-src-delete-marker-current-version", `${Bucket}/random-src-key`);
  await copy("copy-object-src-target-delete-marker", `${Bucket}/random-src-key?versionId=${marker}`);
  await copy("copy-object-src-target-object-version", `${Bucket}/random-src-key?versionId=${version}`);
};

const expires = async (t: Scene) => {
  const Bucket = await t.bucket();
  for (const [name, Expires] of [
    ["future", tomorrow()],
    ["past", yesterday()],
  ] as const) {
    const object = { Bucket, Key: `test-${name}` };
    await t.ask(`put-object-expires-${name}`, t.s3.putObject({ ...object, Body: "foo", Expires }));
    await t.ask(`head-object-expires-${name}`, t.s3.headObject(object));
    await t.ask(`get-object-expires-${name}`, t.s3.getObject({ ...object, ...enabled }));
  }
};

const beforeAndAfter = async (t: Scene) => {
  const Bucket = await t.bucket();
  const plain = { Bucket, Key: "non-version-bucket-key" };
  const object = { Bucket, Key: "versioned-bucket-key" };
  const put = (step: string, one: typeof plain, Body: string) =>
    t.ask(step, t.s3.putObject({ ...one, Body }));
  const get = (step: string, one: typeof plain) => t.ask(step, t.s3.getObject({ ...one, ...enabled }));
  const list = (step: string) => t.ask(step, t.s3.listObjectVersions({ Bucket }));
  const version = (Status: "Enabled" | "Suspended") =>
    t.s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status } });
  await put("put-pre-versioned", plain, "non-versioned-key");
  await get("get-pre-versioned", plain);
  await list("list-object-pre-versioned");
  await version("Enabled");
  await get("get-post-versioned", plain);
  await put("put-obj-versioned-1", object, "versioned-key");
  await put("put-obj-versioned-2", object, "versioned-key-updated");
  await get("get-obj-versioned", object);
  await list("list-object-versioned");
  await version("Suspended");
  await list("list-bucket-suspended");
  await get("get-obj-versioned-disabled", object);
  await get("get-obj-non-versioned-disabled", plain);
  await put("put-non-versioned-post-disable", plain, "non-versioned-key-post");
  await get("get-non-versioned-post-disable", plain);
};

const attributes = async (t: Scene) => {
  const Bucket = await t.bucket();
  const ask = (step: string, Key: string, ...names: string[]) =>
    t.ask(step, t.s3.getObjectAttributes({ Bucket, Key, ObjectAttributes: untyped(names) }));
  await t.s3.putObject({ Bucket, Key: "data-attrs", Body: "a".repeat(7) });
  await ask("object-attrs", "data-attrs", "StorageClass", "ETag", "ObjectSize", "ObjectParts", "Checksum");
};

export const moreRecordings: Recordings = {
  test_s3_invalid_content_md5: contentMd5,
  test_crud_website_configuration: website,
  test_validate_website_configuration: wrongWebsites,
  test_multipart_and_list_parts: listedParts,
  test_complete_multipart_parts_order: orderedParts,
  test_replication_config: replication,
  test_delete_keys_in_versioned_bucket: deletedVersions,
  test_put_object_acl_on_delete_marker: markersHaveNoAcl,
  test_s3_analytics_configurations: analytics,
  test_delete_objects_encoding: encodedDeletion,
  test_s3_copy_object_src_not_exists: absentSources,
  test_s3_object_expires: expires,
  test_s3_put_object_versioned: beforeAndAfter,
  test_get_object_attributes: attributes,
  async test_delete_non_existing_keys_in_non_existing_bucket(t) {
    const Delete = { Objects: [{ Key: "dummy1" }, { Key: "dummy2" }] };
    await t.ask("error-non-existent-bucket", t.s3.deleteObjects({ Bucket: noBucket, Delete }));
  },
};
