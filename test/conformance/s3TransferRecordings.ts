import { gzipSync } from "node:zlib";
import { dateless } from "./s3PlaceRecordings.ts";
import { type Answer, noBucket, type Recordings, type Scene, untyped } from "./s3Scene.ts";

/** Answers recorded of what objects carry, of large ones, and of many, asked again here. */

const enabled = { ChecksumMode: "ENABLED" as const };
const lorem = "Lorem ipsum dolor sit amet, ... ".repeat(30);

/** Puts an empty object with headers as UTF-8, and reads it back. */
const withHeaders = (headers: Record<string, string>) => async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "test-metadata" };
  const checksum = { "x-amz-checksum-crc32": "AAAAAA==" };
  const path = `/${object.Bucket}/${object.Key}`;
  const put = await t.send({ method: "PUT", path, headers: { ...headers, ...checksum } });
  t.answers["put-object"] = {
    ChecksumCRC32: put.headers["x-amz-checksum-crc32"],
    ChecksumType: put.headers["x-amz-checksum-type"],
    ETag: put.headers.etag ?? "",
    ServerSideEncryption: put.headers["x-amz-server-side-encryption"],
    ResponseMetadata: { HTTPStatusCode: put.status },
  };
  await t.ask("get-object", t.s3.getObject({ ...object, ...enabled }));
};

const encoded = (bytes: Buffer) => `=?UTF-8?B?${bytes.toString("base64")}?=`;

const userMetadata = {
  "x-amz-meta-non-ascii": "=?UTF-8?B?dGVzdF/igJRfZmlsZSVFMiU4MCU5NF/DqV8yPy5wZGY=?=",
  "x-amz-meta-non-ascii-2": "=?UTF-8?Q?=C3=84M=C3=84Z=C3=95=C3=91=20S3?=",
  "x-amz-meta-fake-encoded": "=?UTF-8?Q?actually-ascii?=",
  "x-amz-meta-asciib64-encoded": encoded(Buffer.from("abc")),
  "x-amz-meta-non-ascii-binary": encoded(Buffer.from([0, 1, 2, 3])),
  "x-amz-meta-replacement-chars": encoded(Buffer.alloc(7, 0xff)),
  "x-amz-meta-safe-chars": "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
};

const systemMetadata = {
  "cache-control": "ÄMÄZÕÑ S3",
  "content-disposition": 'attachment; filename="test_—_file%E2%80%94_é_2.pdf"',
  "content-language": "de",
};

const namedMetadata = async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "test" };
  const Metadata = { TEST_META_1: "foo", __meta_2: "bar" };
  await t.s3.putObject({ ...object, Body: "foo", Metadata });
  await t.ask("head-object", t.s3.headObject(object));
};

const unicodeLocation = async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "test-unicode_—_file" };
  const { UploadId } = await t.ask("create-multipart", t.s3.createMultipartUpload(object));
  const upload = { ...object, UploadId };
  const { ETag } = await t.s3.uploadPart({ ...upload, PartNumber: 1, Body: "test-body" });
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
  await t.ask("complete-multipart", t.s3.completeMultipartUpload({ ...upload, MultipartUpload }));
};

const fileInParts = async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "my-key" };
  const ChecksumAlgorithm = "CRC32" as const;
  const { UploadId } = await t.s3.createMultipartUpload({ ...object, ChecksumAlgorithm });
  const part = { ...object, UploadId, PartNumber: 1, Body: Buffer.alloc(6144, "a"), ChecksumAlgorithm };
  const { ETag, ChecksumCRC32 } = await t.s3.uploadPart(part);
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag, ChecksumCRC32 }] };
  await t.s3.completeMultipartUpload({ ...object, UploadId, MultipartUpload });
  await t.ask("get_object", t.s3.getObject({ ...object, ...enabled }));
};

const compressed = async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "test.gz" };
  const Body = gzipSync("1234567890 ".repeat(10));
  await t.ask("put-object", t.s3.putObject({ ...object, Body, ContentEncoding: "gzip" }));
  await t.ask("get-object", t.s3.getObject({ ...object, ...enabled }));
};

const big = async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "test_key2" };
  const put = t.s3.putObject({ ...object, Body: Buffer.alloc(10_000_000, "a") });
  await t.ask("put_object_key2", put);
  await t.ask("head_object_key2", t.s3.headObject(object));
};

const etags = async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "my-key" };
  await t.s3.putObject({ ...object, Body: lorem });
  await t.ask("get_object", t.s3.getObject({ ...object, ...enabled }));
  await t.ask("get_object_range", t.s3.getObject({ ...object, ...enabled, Range: "bytes=0-16" }));
};

const conditions = async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "en-gb.wav" };
  const { ETag = "" } = await t.s3.putObject({ ...object, Body: "something" });
  const bare = ETag.replaceAll('"', "");
  const ask = async (step: string, condition: object) => {
    const { Error: refused, ResponseMetadata } = await t.ask(
      step,
      t.s3.getObject({ ...object, ...condition }),
    );
    const status = (ResponseMetadata as { HTTPStatusCode: number }).HTTPStatusCode;
    t.answers[step] = (refused ?? status) as Answer;
  };
  await ask("if_none_match_err_1", { IfNoneMatch: ETag });
  await ask("if_none_match_err_2", { IfNoneMatch: bare });
  await ask("if_none_match_1", { IfNoneMatch: "etag" });
  await ask("if_match_1", { IfMatch: ETag });
  await ask("if_match_2", { IfMatch: bare });
  await ask("if_match_err_1", { IfMatch: "etag" });
};

const many = async (t: Scene) => {
  const Bucket = await t.bucket();
  const numbers = Array.from({ length: 1010 }, (_, i) => i);
  for (let at = 0; at < numbers.length; at += 101) {
    const some = numbers.slice(at, at + 101);
    await Promise.all(some.map((i) => t.s3.putObject({ Bucket, Key: `test-key-${i}`, Body: `test-${i}` })));
  }
  const get = (i: number) =>
    t.ask(`get_object-${i}`, t.s3.getObject({ Bucket, Key: `test-key-${i}`, ...enabled }));
  await get(1009);
  await get(0);
  const first = await t.ask("list-objects", t.s3.listObjects({ Bucket, Delimiter: "/" }));
  t.answers["list-objects"] = { ...first, Contents: `${(first.Contents as unknown[]).length} objects` };
  const rest = t.s3.listObjects({ Bucket, Marker: first.NextMarker });
  await t.ask("list-objects-next_marker", rest);
};

const full = async (t: Scene) => {
  const Bucket = await t.bucket();
  for (let i = 0; i < 10; i++) await t.s3.putObject({ Bucket, Key: `test-key-${i}`, Body: `test-${i}` });
  const { Contents } = await t.ask("list-objects", t.s3.listObjects({ Bucket, MaxKeys: 100 }));
  const Objects = (Contents as { Key: string }[]).map(({ Key }) => ({ Key }));
  await t.s3.deleteObjects({ Bucket, Delete: { Objects } });
  await t.s3.deleteBucket({ Bucket });
};

const anonymousRead = async (t: Scene) => {
  const object = { Bucket: await t.openBucket(), Key: "test" };
  await t.s3.putObject({ ...object, Body: "body data", ACL: "public-read" });
  await t.ask("get_object", t.anonymous.getObject({ ...object, ...enabled }));
};

const anonymousDeletion = async (t: Scene) => {
  const Bucket = await t.openBucket();
  await t.s3.putBucketAcl({ Bucket, ACL: "public-read-write" });
  const keys = ["key-created-by-anonymous-1", "key-created-by-anonymous-2"];
  for (const Key of keys)
    await t.anonymous.putObject({ Bucket, Key, Body: "body", ACL: "public-read-write" });
  const { Deleted } = await t.anonymous.deleteObjects({
    Bucket,
    Delete: { Objects: keys.map((Key) => ({ Key })) },
  });
  t.answers["multi-delete-with-requests"] = {
    DeleteResult: { "@xmlns": "http://s3.amazonaws.com/doc/2006-03-01/", Deleted },
  };
  await t.ask("list-remaining-objects", t.s3.listObjects({ Bucket }));
};

const oneVersion = async (t: Scene) => {
  const Bucket = await t.versionedBucket();
  await t.ask("get_bucket_versioning", t.s3.getBucketVersioning({ Bucket }));
  const [Key, kept] = ["aws/s3/testkey1.txt", "aws/s3/testkey2.txt"];
  const { VersionId } = await t.s3.putObject({ Bucket, Key, Body: lorem });
  await t.s3.putObject({ Bucket, Key: kept, Body: lorem });
  const Delete = { Objects: [{ Key, VersionId }] };
  await t.ask("delete_objects", t.s3.deleteObjects({ Bucket, Delete }));
  await t.ask("list_object_versions_after_delete", t.s3.listObjectVersions({ Bucket }));
  const VersioningConfiguration = { Status: "Suspended" as const };
  await t.s3.putBucketVersioning({ Bucket, VersioningConfiguration });
  await t.ask("get_bucket_versioning_suspended", t.s3.getBucketVersioning({ Bucket }));
};

const uploadAcls = async (t: Scene) => {
  const Bucket = await t.openBucket();
  await t.s3.putBucketAcl({ Bucket, ACL: "public-read" });
  await t.ask("bucket-acl", t.s3.getBucketAcl({ Bucket }));
  for (const [i, ACL] of ([undefined, "private", "public-read-write"] as const).entries()) {
    const object = { Bucket, Key: `key${i}` };
    const { UploadId } = await t.s3.createMultipartUpload({ ...object, ACL });
    const { ETag } = await t.s3.uploadPart({ ...object, UploadId, PartNumber: 1, Body: "data" });
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    await t.s3.completeMultipartUpload({ ...object, UploadId, MultipartUpload });
    await t.ask(`permission-acl-key${i}`, t.s3.getObjectAcl(object));
  }
};

const plainPut = async (t: Scene) => {
  const object = { Bucket: await t.bucket(), Key: "test" };
  await t.plain.putObject({ ...object, Body: "something" });
  await t.ask("get_object", t.s3.getObject({ ...object, ...enabled }));
};

const wrongInventories = async (t: Scene) => {
  const Bucket = await t.bucket();
  const Id = "test-inventory";
  const S3BucketDestination = { Bucket: `arn:aws:s3:::${Bucket}`, Format: "CSV" };
  const right = {
    Id,
    Destination: { S3BucketDestination },
    IsEnabled: true,
    IncludedObjectVersions: "All",
    Schedule: { Frequency: "Daily" },
  };
  const to = (more: object) => ({
    Destination: { S3BucketDestination: { ...S3BucketDestination, ...more } },
  });
  const wrong = {
    "wrong-id": { Id: "other-id" },
    "wrong-destination-arn": to({ Bucket }),
    "wrong-destination-format": to({ Format: "WRONG" }),
    "wrong-schedule-frequency": { Schedule: { Frequency: "Hourly" } },
    "wrong-object-versions": { IncludedObjectVersions: "Wrong" },
    "wrong-optional-field": { OptionalFields: ["TestField"] },
  };
  for (const [step, more] of Object.entries(wrong)) {
    const InventoryConfiguration = untyped({ ...right, ...more });
    await t.ask(step, t.s3.putBucketInventoryConfiguration({ Bucket, Id, InventoryConfiguration }));
  }
};

const replicated = async (t: Scene) => {
  const [Bucket, destination] = [await t.versionedBucket(), await t.bucket()];
  const put = (step: string, to: string) => {
    const rule = {
      ID: "rtc",
      Priority: 0,
      Filter: {},
      Status: "Disabled" as const,
      DeleteMarkerReplication: { Status: "Disabled" as const },
      Destination: {
        Bucket: `arn:aws:s3:::${to}`,
        StorageClass: "STANDARD" as const,
        ReplicationTime: { Status: "Enabled" as const, Time: { Minutes: 15 } },
        Metrics: { Status: "Enabled" as const, EventThreshold: { Minutes: 15 } },
      },
    };
    const ReplicationConfiguration = { Role: `arn:aws:iam::${t.account}:role/replication`, Rules: [rule] };
    return t.ask(step, t.s3.putBucketReplication({ Bucket, ReplicationConfiguration }));
  };
  await put("expected_error_dest_does_not_exist", noBucket);
  await put("expected_error_dest_versioning_disabled", destination);
  const VersioningConfiguration = { Status: "Enabled" as const };
  await t.s3.putBucketVersioning({ Bucket: destination, VersioningConfiguration });
  await put("put-bucket-replication", destination);
  await t.ask("get-bucket-replication", t.s3.getBucketReplication({ Bucket }));
};

const listedPlainly = async (t: Scene) => {
  const Bucket = await t.bucket();
  for (const Key of ["test/foo/bar/123", "test/foo/bar/456", "test/bar/foo/123"])
    await t.s3.putObject({ Bucket, Key, Body: "content 123" });
  for (const [i, Prefix] of ["test/", "test/foo", "test/foo/bar"].entries())
    await t.ask(`list-objects-v2-${i + 1}`, t.s3.listObjectsV2({ Bucket, Prefix }));
  const query = { "list-type": "2", prefix: "test/foo" };
  const { body } = await t.send({ path: `/${Bucket}`, query });
  t.answers["list-objects-v2-no-encoding"] = dateless(body);
};

export const transferRecordings: Recordings = {
  test_metadata_header_character_decoding: namedMetadata,
  test_system_metadata_with_unicode: withHeaders(systemMetadata),
  test_user_metadata_rfc2047_encoded: withHeaders(userMetadata),
  test_user_metadata_rfc2047_bad_b64_encoded: withHeaders({
    "x-amz-meta-bad-b64-encoded": encoded(Buffer.from([0x92, 0x61, 0xbf])),
  }),
  test_multipart_with_unicode_character_location: unicodeLocation,
  test_upload_file_multipart: fileInParts,
  test_s3_upload_download_gzip: compressed,
  test_upload_big_file: big,
  test_etag_on_get_object_call: etags,
  test_s3_get_object_headers: conditions,
  test_s3_put_more_than_1000_items: many,
  test_delete_bucket_with_content: full,
  test_get_object_with_anon_credentials: anonymousRead,
  test_s3_batch_delete_public_objects_using_requests: anonymousDeletion,
  test_s3_delete_object_with_version_id: oneVersion,
  test_s3_multipart_upload_acls: uploadAcls,
  test_put_object: plainPut,
  test_s3_put_inventory_report_exceptions: wrongInventories,
  test_replication_config_without_filter: replicated,
  test_list_objects_v2_with_prefix: listedPlainly,
};
