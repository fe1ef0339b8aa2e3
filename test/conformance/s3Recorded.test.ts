import { readFileSync } from "node:fs";
import { EventBridge } from "@aws-sdk/client-eventbridge";
import { KMS } from "@aws-sdk/client-kms";
import { S3 } from "@aws-sdk/client-s3";
import { SNS } from "@aws-sdk/client-sns";
import { SQS } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Cloudkeep } from "../../src/start.ts";
import { optionsOf, startForTest } from "../harness.ts";
import { expectRecorded, recordedAnswers } from "./recorded.ts";
import { archiveRecordings, bridgeArchiveRecordings, queueArchiveRecordings } from "./s3ArchiveRecordings.ts";
import { checksumRecordings } from "./s3ChecksumRecordings.ts";
import { copyObjectRecordings, keyRecordings } from "./s3CopyObjectRecordings.ts";
import { copyRecordings, preconditionRecordings } from "./s3CopyRecordings.ts";
import { browserRecordings, corsRecordings } from "./s3CorsRecordings.ts";
import { customerKeyRecordings } from "./s3CustomerKeyRecordings.ts";
import { defaultChecksumRecordings, partListRecordings } from "./s3DefaultChecksumRecordings.ts";
import { encryptionRecordings } from "./s3EncryptionRecordings.ts";
import { keyAndLockRecordings } from "./s3KeyAndLockRecordings.ts";
import { leftOut } from "./s3LeftOut.ts";
import { lifecycleRecordings } from "./s3LifecycleRecordings.ts";
import { listRecordings, versionListRecordings } from "./s3ListRecordings.ts";
import { lockRecordings } from "./s3LockRecordings.ts";
import { moreRecordings } from "./s3MoreRecordings.ts";
import {
  bridgeNotificationRecordings,
  queueNotificationRecordings,
  topicNotificationRecordings,
} from "./s3NotificationRecordings.ts";
import { bucketPolicyRecordings, multipartRecordings, objectRecordings } from "./s3ObjectRecordings.ts";
import { partChecksumRecordings } from "./s3PartChecksumRecordings.ts";
import { bridgePlaceRecordings, placeRecordings } from "./s3PlaceRecordings.ts";
import { protectionRecordings } from "./s3ProtectionRecordings.ts";
import { type Asker, asRecorder, type Recordings, Scene } from "./s3Scene.ts";
import { settingRecordings } from "./s3SettingRecordings.ts";
import { smallRecordings } from "./s3SmallRecordings.ts";
import { bucketTagRecordings, objectTagRecordings } from "./s3TagRecordings.ts";
import { transferRecordings } from "./s3TransferRecordings.ts";
import { versionRecordings, writeConditionRecordings } from "./s3VersionRecordings.ts";
import { websiteRecordings } from "./s3WebsiteRecordings.ts";

/** S3's answers, held against those recorded from AWS, file by file. */

const files: Record<string, Recordings> = {
  test_s3_preconditions: preconditionRecordings,
  test_s3_list_operations: { ...listRecordings, ...versionListRecordings, ...partListRecordings },
  test_s3_cors: { ...corsRecordings, ...browserRecordings },
  test_s3_api: {
    ...copyRecordings,
    ...versionRecordings,
    ...writeConditionRecordings,
    ...bucketTagRecordings,
    ...objectTagRecordings,
    ...settingRecordings,
  },
  test_s3_notifications_sns: topicNotificationRecordings,
  test_s3: {
    ...copyObjectRecordings,
    ...keyRecordings,
    ...objectRecordings,
    ...multipartRecordings,
    ...bucketPolicyRecordings,
    ...protectionRecordings,
    ...checksumRecordings,
    ...keyAndLockRecordings,
    ...customerKeyRecordings,
    ...lifecycleRecordings,
    ...lockRecordings,
    ...encryptionRecordings,
    ...partChecksumRecordings,
    ...smallRecordings,
    ...moreRecordings,
    ...defaultChecksumRecordings,
    ...placeRecordings,
    ...transferRecordings,
    ...websiteRecordings,
    ...archiveRecordings,
  },
  // These move the clock, at their end: other recordings are of short times.
  test_s3_notifications_sqs: { ...queueNotificationRecordings, ...queueArchiveRecordings },
  test_s3_notifications_eventbridge: {
    ...bridgeNotificationRecordings,
    ...bridgePlaceRecordings,
    ...bridgeArchiveRecordings,
  },
};

function askerIn({ accountId, endpoint, credentials, clock }: Cloudkeep, region: string): Asker {
  const options = optionsOf({ endpoint }, credentials, region);
  const pathStyle = { ...options, forcePathStyle: true, followRegionRedirects: true };
  const signer = { sign: async <T>(request: T) => request };
  return {
    s3: asRecorder(new S3(pathStyle)),
    plain: asRecorder(new S3({ ...pathStyle, requestChecksumCalculation: "WHEN_REQUIRED" })),
    anonymous: asRecorder(new S3({ ...pathStyle, signer })),
    kms: new KMS(options),
    sqs: new SQS(options),
    sns: new SNS(options),
    events: new EventBridge(options),
    account: accountId,
    advance: clock.advance,
    ...{ endpoint, credentials, region },
  };
}

let cloudkeep: Cloudkeep;
let scene: () => Scene;
beforeAll(async () => {
  cloudkeep = await startForTest();
  scene = () => new Scene((region) => askerIn(cloudkeep, region));
});
afterAll(() => cloudkeep.stop());

/** Texts that the recorder put in place of others. */
const replaced = /^(?:owner-id|i-d|bucket|amz-id|key)$/;

const unread = ["Body"];
const sealed = ["ETag"];
/** The recorder's text is not known. */
const ownText = [
  "ETag",
  "ChecksumCRC32",
  "ChecksumCRC32C",
  "ChecksumSHA1",
  "ChecksumSHA256",
  "ChecksumCRC64NVME",
];
/** The recorder's own key is not known, and ETags of what it seals say nothing. */
const ownKey = ["ETag", "SSECustomerKeyMD5"];
/**
 * Members that differ: bodies that the recorder did not read; ETags of what KMS encrypts say nothing.
 */
const unlike: Readonly<Record<string, readonly string[]>> = {
  test_s3_bucket_encryption_sse_kms: sealed,
  test_s3_bucket_encryption_sse_kms_aws_managed_key: sealed,
  test_put_and_get_object_with_utf8_key: unread,
  test_put_and_get_object_with_hash_prefix: unread,
  test_put_and_get_object_with_content_language_disposition: unread,
  // The SDK shows no headers of an error.
  "test_put_object_storage_class[GLACIER-False]": ["StorageClass"],
  "test_put_object_storage_class[DEEP_ARCHIVE-False]": ["StorageClass"],
  test_s3_get_deep_archive_object_restore: ["StorageClass"],
  test_delete_bucket_no_such_bucket: ["BucketName"],
  test_complete_multipart_parts_checksum_composite: unread,
  test_complete_multipart_parts_checksum_full_object: unread,
  test_object_created_complete_multipart_upload: ["eTag"],
  // Whoever is not let in does not learn that there is no queue.
  test_invalid_sqs_arn: ["ArgumentValue1"],
  test_multiple_invalid_sqs_arns: ["ArgumentValue1", "ArgumentValue2"],
  test_s3_copy_object_retention_lock: ownText,
  test_bucket_config_default_retention: ownText,
  test_s3_copy_object_legal_hold: ownText,
  test_s3_copy_object_with_default_checksum: ownText,
  test_range_header_body_length: unread,
  test_get_object_attributes: ownText,
  test_complete_multipart_parts_order: ownText,
  test_s3_copy_object_src_not_exists: [...ownText, "ChecksumType"],
  test_delete_objects_encoding: ownText,
  test_copy_object_kms: sealed,
  test_s3_sse_validate_kms_key_state: sealed,
  test_s3_multipart_upload_sse: sealed,
  test_s3_sse_bucket_key_default: sealed,
  test_s3_sse_default_kms_key: sealed,
  test_s3_copy_object_in_place_with_encryption: sealed,
  test_s3_checksum_with_content_encoding: [...unread, "ETag", "ChecksumSHA256", "ContentLength"],
  test_get_object_part: sealed,
  test_object_retrieval_sse_c: ownKey,
  test_copy_object_with_sse_c: ownKey,
  test_multipart_upload_sse_c: [...ownKey, ...unread],
  test_multipart_upload_sse_c_validation: ownKey,
  test_put_object_lifecycle_with_sse_c: ownKey,
  test_sse_c_with_versioning: ownKey,
  test_put_object_default_checksum_with_sse_c: ownKey,
  test_complete_multipart_parts_checksum_default: unread,
  test_complete_multipart_parts_checksum_full_object_default: unread,
  test_upload_file_multipart: [...unread, ...ownText],
  test_s3_upload_download_gzip: [...unread, ...ownText, "ContentLength"],
  test_put_object: unread,
  test_multipart_with_unicode_character_location: ownText,
  test_s3_copy_object_with_checksum: ownText,
  test_get_object_attributes_with_space: ownText,
  test_replication_config_without_filter: ["Role", "Bucket"],
  // What has no body has no type here.
  test_create_bucket_head_bucket: ["content-type"],
  test_get_object_content_length_with_virtual_host: ["server"],
  // Recorded before every object had a checksum.
  "test_s3 test_list_objects_v2_with_prefix": ["ChecksumAlgorithm", "ChecksumType", "@xmlns"],
};

/** One form for both: markers as texts, nothing for an empty element, and no names of owners (none since 2025). */
function inOneForm(value: unknown, without: readonly string[], name = ""): unknown {
  if (Array.isArray(value)) return value.map((item) => inOneForm(item, without));
  if (/PartNumberMarker$/.test(name)) return String(value);
  if (typeof value === "string" && replaced.test(value)) return `<${value}>`;
  if (name === "Body" && typeof value === "string" && value.startsWith("{"))
    return inOneForm(JSON.parse(value), without);
  if (value === null) return "";
  if (name === "Message" && typeof value === "string") return value.trim();
  // An expiry is recorded as "<expiration>", whatever it is.
  if (name === "Expiration" && typeof value === "object" && !("Date" in value)) return JSON.stringify(value);
  if (typeof value !== "object" || value instanceof Date || value instanceof Uint8Array) return value;
  // Of what browsers saw, the headers that say what is allowed.
  if ("StatusCode" in value && "Headers" in value) {
    const { StatusCode, Headers } = value as { StatusCode: number; Headers: Record<string, string> };
    const allows = Object.entries(Headers).filter(([header]) => header.startsWith("Access-Control-"));
    return { StatusCode, Headers: Object.fromEntries(allows) };
  }
  const entries = Object.entries(value).filter(([key]) => key !== "DisplayName" && !without.includes(key));
  return Object.fromEntries(entries.map(([key, item]) => [key, inOneForm(item, without, key)]));
}

describe.each(Object.entries(files))("%s", (file, recordings) => {
  const recorded = recordedAnswers(`s3/${file}.snapshot.json`);
  it.skipIf(recorded === undefined).each(Object.keys(recordings))("%s", async (name) => {
    const recordedSteps = recorded?.[name] ?? {};
    const asked = scene();
    await recordings[name]?.(asked);
    const steps = Object.keys(asked.answers);
    expect(Object.keys(recordedSteps)).toEqual(expect.arrayContaining(steps));
    const wanted = Object.fromEntries(steps.map((step) => [step, recordedSteps[step]]));
    const without = unlike[`${file} ${name}`] ?? unlike[name] ?? unlike[name.replace(/\[.*$/, "")] ?? [];
    expectRecorded(inOneForm(asked.answers, without), inOneForm(wanted, without));
  });
});

/** Recordings that s3.test.ts asks. */
const askedApart = readFileSync("test/conformance/s3.test.ts", "utf8");
const allFiles = [...Object.keys(files), "test_s3_notifications_lambda"];

it.skipIf(recordedAnswers("s3/test_s3.snapshot.json") === undefined)(
  "what is not asked of the recordings is left out for a reason",
  () => {
    const notAsked = allFiles.flatMap((file) =>
      Object.keys(recordedAnswers(`s3/${file}.snapshot.json`) ?? {}).filter(
        (name) => !(name in (files[file] ?? {})) && !askedApart.includes(`"${name}"`),
      ),
    );
    const unexplained = notAsked.filter((name) => !leftOut.some(([names]) => names.test(name)));
    expect(unexplained).toEqual([]);
  },
);
