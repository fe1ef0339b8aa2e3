import { noBucket, type Recordings, type Scene, untyped } from "./s3Scene.ts";

/** Answers recorded of many small things, asked again here. */

const enabled = { ChecksumMode: "ENABLED" as const };
const content = "test content 123";

/** An upload of one part. */
async function oneUpload(t: Scene, object: { Bucket: string; Key: string }, step: string, Body = content) {
  const { UploadId } = await t.s3.createMultipartUpload(object);
  const { ETag } = await t.s3.uploadPart({ ...object, UploadId, PartNumber: 1, Body });
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
  await t.ask(step, t.s3.completeMultipartUpload({ ...object, UploadId, MultipartUpload }));
}

const inPieces = async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "test.file" };
  await oneUpload(t, object, "multipart-upload");
  const CopySource = `${object.Bucket}/${object.Key}`;
  await t.ask("copy-object", t.s3.copyObject({ Bucket: object.Bucket, Key: "copied", CopySource }));
  const replaced = { ...object, CopySource, MetadataDirective: "REPLACE" as const };
  await t.ask("copy-object-in-place", t.s3.copyObject(replaced));
  await t.ask("head-obj", t.s3.headObject({ ...object, ...enabled }));
};

const overwritten = async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "test.file" };
  await t.ask("put-object", t.s3.putObject({ ...object, Body: content }));
  await oneUpload(t, object, "multipart-upload");
};

const untagged = async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "test-key-tagging" };
  await t.s3.putObject({ ...object, Body: "something" });
  await t.ask("get-obj", t.s3.getObject({ ...object, ...enabled }));
  await t.s3.deleteObjectTagging(object);
  await t.ask("get-obj-after-tag-deletion", t.s3.getObject({ ...object, ...enabled }));
};

const payer = async (t: Scene) => {
  const put = (Bucket: string, Payer: string) =>
    t.s3.putBucketRequestPayment({ Bucket, RequestPaymentConfiguration: { Payer: untyped(Payer) } });
  await t.ask("wrong-payer-type", put(await t.bucket(), "Random"));
  await t.ask("wrong-bucket-name", put(noBucket, "BucketOwner"));
};

const exists = async (t: Scene) => {
  const Bucket = await t.bucket();
  const CORSRules = [{ AllowedMethods: ["GET", "POST", "PUT", "DELETE"], AllowedOrigins: ["localhost"] }];
  await t.s3.putBucketCors({ Bucket, CORSConfiguration: { CORSRules } });
  await t.ask("get-bucket-cors", t.s3.getBucketCors({ Bucket }));
  await t.ask("get-bucket-acl", t.s3.getBucketAcl({ Bucket }));
  await t.ask("get-bucket-not-exists", t.s3.getBucketAcl({ Bucket: "bucket-not-exists" }));
};

const precondition = async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "foo" };
  await t.s3.putObject({ ...object, Body: "bar" });
  await t.ask("get-object-if-match", t.s3.getObject({ ...object, IfMatch: '"not good etag"' }));
};

const madeTwice = async (t: Scene) => {
  const Bucket = await t.bucket({ CreateBucketConfiguration: { LocationConstraint: "us-west-1" } });
  for (const region of ["us-west-1", "us-east-2"] as const) {
    const CreateBucketConfiguration = { LocationConstraint: region };
    const again = t.elsewhere(region).s3.createBucket({ Bucket, CreateBucketConfiguration });
    await t.ask(`create-bucket-${region}`, again);
  }
};

const manyDeleted = async (t: Scene) => {
  const Bucket = await t.bucket();
  const keys = Array.from({ length: 5 }, (_, i) => `key-${i}`);
  await t.putAll(Bucket, keys, "something");
  const Delete = { Objects: keys.map((Key) => ({ Key })) };
  await t.ask("batch-delete", t.s3.deleteObjects({ Bucket, Delete }));
  await t.ask("list-remaining-objects", t.s3.listObjects({ Bucket }));
};

const copiedMd5 = async (t: Scene) => {
  const Bucket = await t.bucket();
  await t.s3.putObject({ Bucket, Key: "src", Body: "something" });
  await t.ask("copy-obj", t.s3.copyObject({ Bucket, Key: "dest", CopySource: `${Bucket}/src` }));
};

const logDelivery = "http://acs.amazonaws.com/groups/s3/LogDelivery";

const bucketAcl = async (t: Scene) => {
  const Bucket = await t.openBucket();
  const get = (step: string) => t.ask(step, t.s3.getBucketAcl({ Bucket }));
  await t.s3.putBucketAcl({ Bucket, ACL: "public-read" });
  const { Owner } = await get("get-bucket-acl");
  await t.s3.putBucketAcl({ Bucket, ACL: "private" });
  await get("get-bucket-canned-acl");
  await t.s3.putBucketAcl({ Bucket, GrantRead: `uri="${logDelivery}"` });
  await get("get-bucket-grant-acl");
  await t.s3.putBucketAcl({ Bucket, AccessControlPolicy: policyOf(Owner) });
  await get("get-bucket-acp-acl");
};

function policyOf(Owner: unknown) {
  const owner = Owner as { ID: string };
  const Grants = [
    { Grantee: { ID: owner.ID, Type: "CanonicalUser" as const }, Permission: "FULL_CONTROL" as const },
    { Grantee: { URI: logDelivery, Type: "Group" as const }, Permission: "WRITE" as const },
  ];
  return { Owner: owner, Grants };
}

const objectAcl = async (t: Scene) => {
  const object = { Bucket: await t.openBucket(), Key: "object-key" };
  const get = (step: string) => t.ask(step, t.s3.getObjectAcl(object));
  await t.ask("put-object-default-acl", t.s3.putObject(object));
  const { Owner } = await get("get-object-acl-default");
  await t.ask("put-object-acl", t.s3.putObjectAcl({ ...object, ACL: "public-read" }));
  await get("get-object-acl");
  await t.s3.putObjectAcl({ ...object, GrantRead: `uri="${logDelivery}"` });
  await get("get-object-grant-acl");
  await t.s3.putObjectAcl({ ...object, AccessControlPolicy: policyOf(Owner) });
  await get("get-object-acp-acl");
};

const logging = async (t: Scene) => {
  const [Bucket, TargetBucket] = [await t.bucket(), await t.openBucket()];
  await t.ask("get-bucket-logging-default", t.s3.getBucketLogging({ Bucket }));
  await t.ask("get-bucket-default-acl", t.s3.getBucketAcl({ Bucket }));
  const LoggingEnabled = { TargetBucket, TargetPrefix: "log" };
  const put = (BucketLoggingStatus: object) => t.s3.putBucketLogging({ Bucket, BucketLoggingStatus });
  await t.ask("put-bucket-logging", put({ LoggingEnabled }));
  await t.ask("get-bucket-logging", t.s3.getBucketLogging({ Bucket }));
  await t.ask("put-bucket-logging-delete", put({}));
};

const loggingWithGrants = async (t: Scene) => {
  const [Bucket, TargetBucket] = [await t.bucket(), await t.openBucket()];
  const Grantee = { Type: "Group" as const, URI: logDelivery };
  const TargetGrants = (["WRITE", "READ_ACP"] as const).map((one) => ({
    Grantee,
    Permission: untyped(one),
  }));
  const BucketLoggingStatus = { LoggingEnabled: { TargetBucket, TargetPrefix: "log", TargetGrants } };
  await t.ask("put-bucket-logging", t.s3.putBucketLogging({ Bucket, BucketLoggingStatus }));
  await t.ask("get-bucket-logging", t.s3.getBucketLogging({ Bucket }));
};

const loggingElsewhere = async (t: Scene) => {
  const Bucket = await t.bucket();
  const elsewhere = await t.bucket({ CreateBucketConfiguration: { LocationConstraint: "us-west-2" } });
  const put = (TargetBucket: string) => {
    const BucketLoggingStatus = { LoggingEnabled: { TargetBucket, TargetPrefix: "log" } };
    return t.s3.putBucketLogging({ Bucket, BucketLoggingStatus });
  };
  await t.ask("put-bucket-logging-different-regions", put(elsewhere));
  await t.ask("put-bucket-logging-non-existent-bucket", put(noBucket));
};

const loggingAcross = async (t: Scene) => {
  const located = (LocationConstraint: "us-west-2" | "eu-central-1") =>
    t.bucket({ CreateBucketConfiguration: { LocationConstraint } });
  const TargetBucket = await located("eu-central-1");
  const put = async (step: string, region: string, Bucket: string) => {
    const BucketLoggingStatus = { LoggingEnabled: { TargetBucket, TargetPrefix: "log" } };
    await t.ask(step, t.elsewhere(region).s3.putBucketLogging({ Bucket, BucketLoggingStatus }));
  };
  await put("put-bucket-logging-cross-us-east-1", "us-east-1", await t.bucket());
  await put("put-bucket-logging-different-regions", "us-west-2", await located("us-west-2"));
};

const tiering = async (t: Scene) => {
  const Bucket = await t.bucket();
  const Tierings = [{ Days: 90, AccessTier: "ARCHIVE_ACCESS" as const }];
  const put = (Id: string, Prefix: string) => {
    const IntelligentTieringConfiguration = { Id, Filter: { Prefix }, Status: "Enabled" as const, Tierings };
    return t.s3.putBucketIntelligentTieringConfiguration({ Bucket, Id, IntelligentTieringConfiguration });
  };
  const list = (number: number) =>
    t.ask(
      `list_bucket_intelligent_tiering_configurations_${number}`,
      t.s3.listBucketIntelligentTieringConfigurations({ Bucket }),
    );
  await t.ask("put_bucket_intelligent_tiering_configuration_1", put("test1", "test1"));
  const get = t.s3.getBucketIntelligentTieringConfiguration({ Bucket, Id: "test1" });
  await t.ask("get_bucket_intelligent_tiering_configuration_1", get);
  await put("test2", "test2");
  await list(1);
  await put("test1", "testupdate");
  await list(2);
  const remove = (bucket: string, Id: string) =>
    t.s3.deleteBucketIntelligentTieringConfiguration({ Bucket: bucket, Id });
  await t.ask("delete_bucket_intelligent_tiering_configuration_err_1", remove(noBucket, "test1"));
  await t.ask("delete_bucket_intelligent_tiering_configuration_err_2", remove(Bucket, "absent"));
  await remove(Bucket, "test1");
  await list(3);
};

function inventoryOf(Bucket: string, Id: string, more: object = {}) {
  return {
    Bucket,
    Id,
    InventoryConfiguration: {
      Id,
      Destination: { S3BucketDestination: { Bucket: `arn:aws:s3:::${Bucket}`, Format: "CSV" as const } },
      IsEnabled: true,
      IncludedObjectVersions: "All" as const,
      Schedule: { Frequency: "Daily" as const },
      ...more,
    },
  };
}

const inventory = async (t: Scene) => {
  const Bucket = await t.bucket();
  const one = { Bucket, Id: "test-inventory" };
  const asked = inventoryOf(Bucket, one.Id, { OptionalFields: ["Size", "ETag"] });
  await t.ask("put-inventory-config", t.s3.putBucketInventoryConfiguration(asked));
  const list = () => t.s3.listBucketInventoryConfigurations({ Bucket });
  await t.ask("list-inventory-config", list());
  await t.ask("get-inventory-config", t.s3.getBucketInventoryConfiguration(one));
  await t.ask("del-inventory-config", t.s3.deleteBucketInventoryConfiguration(one));
  await t.ask("list-inventory-config-after-del", list());
  await t.ask("get-nonexistent-inv-config", t.s3.getBucketInventoryConfiguration(one));
};

const inventoryOrder = async (t: Scene) => {
  const Bucket = await t.bucket();
  for (const Id of ["z-test", "a-test", "test-1"])
    await t.s3.putBucketInventoryConfiguration(inventoryOf(Bucket, Id));
  const list = () => t.s3.listBucketInventoryConfigurations({ Bucket });
  await t.ask("list-inventory-config", list());
  await t.ask("del-inventory-config", t.s3.deleteBucketInventoryConfiguration({ Bucket, Id: "z-test" }));
  await t.ask("list-inventory-config-after-del", list());
};

const ranges = async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "test-range" };
  await t.s3.putObject({ ...object, Body: "a".repeat(2048) });
  await t.ask("get-object", t.s3.getObject({ ...object, Range: "bytes=0-1023" }));
  await t.ask("get-object-2", t.s3.getObject({ ...object, Range: "bytes=1024-2047" }));
};

const versions = async (t: Scene) => {
  const Bucket = await t.bucket();
  const list = (step: string) => t.ask(step, t.s3.listObjectVersions({ Bucket }));
  await list("list_object_versions_before");
  const VersioningConfiguration = { Status: "Enabled" as const };
  await t.ask("put_bucket_versioning", t.s3.putBucketVersioning({ Bucket, VersioningConfiguration }));
  await t.ask("get_bucket_versioning", t.s3.getBucketVersioning({ Bucket }));
  for (const Key of ["test", "test", "test2"]) await t.s3.putObject({ Bucket, Key, Body: "body" });
  await list("list_object_versions");
};

export const smallRecordings: Recordings = {
  test_multipart_copy_object_etag: inPieces,
  test_multipart_overwrite_key: overwritten,
  test_delete_object_tagging: untagged,
  test_s3_request_payer_exceptions: payer,
  test_bucket_exists: exists,
  test_precondition_failed_error: precondition,
  async test_s3_uppercase_bucket_name(t) {
    await t.ask("uppercase-bucket", t.s3.createBucket({ Bucket: "Bucket-Upper" }));
  },
  test_create_bucket_with_existing_name: madeTwice,
  test_s3_batch_delete_objects: manyDeleted,
  test_s3_copy_md5: copiedMd5,
  test_s3_bucket_acl: bucketAcl,
  test_s3_object_acl: objectAcl,
  test_put_bucket_logging: logging,
  test_put_bucket_logging_accept_wrong_grants: loggingWithGrants,
  test_put_bucket_logging_wrong_target: loggingElsewhere,
  test_put_bucket_logging_cross_locations: loggingAcross,
  test_s3_intelligent_tier_config: tiering,
  test_s3_inventory_report_crud: inventory,
  test_put_bucket_inventory_config_order: inventoryOrder,
  test_range_header_body_length: ranges,
  test_get_bucket_versioning_order: versions,
};
