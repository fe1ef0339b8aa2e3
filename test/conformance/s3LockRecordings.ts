import { type Recordings, type Scene, tomorrow, untyped } from "./s3Scene.ts";

/** Answers recorded of retention and legal holds, asked again here. */

const lockedBucket = (t: Scene) => t.bucket({ ObjectLockEnabledForBucket: true });
const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000);
const hold = (Status: "ON" | "OFF") => ({ LegalHold: { Status } });
const governed = (seconds: number) => ({
  ObjectLockMode: "GOVERNANCE" as const,
  ObjectLockRetainUntilDate: inSeconds(seconds),
});

const copiedRetention = async (t: Scene) => {
  const Bucket = await lockedBucket(t);
  const source = { Bucket, Key: "source-key" };
  const body = "content-123-test";
  const put = await t.ask("put-source-object", t.s3.putObject({ ...source, Body: body, ...governed(60) }));
  await t.ask("head-source-object", t.s3.headObject(source));
  const copy = { Bucket, Key: "dest-key", CopySource: `${Bucket}/${source.Key}?versionId=${put.VersionId}` };
  await t.ask("copy-lock", t.s3.copyObject(copy));
  await t.ask("head-dest-key", t.s3.headObject({ Bucket, Key: "dest-key" }));
};

const retention = async (t: Scene) => {
  const object = { Bucket: await lockedBucket(t), Key: "test-retention-locked" };
  const put = (step: string, more: object = {}) =>
    t.ask(step, t.s3.putObject({ ...object, Body: "test", ...more }));
  const retain = (step: string, Retention: object, more: object = {}) =>
    t.ask(step, t.s3.putObjectRetention({ ...object, Retention, ...more }));
  const first = await put("put-obj-locked-1");
  const until = { Mode: "GOVERNANCE", RetainUntilDate: tomorrow() };
  await retain("put-object-retention-on-key-1", until);
  await t.ask("get-object-retention-on-key-1", t.s3.getObjectRetention(object));
  await t.ask("head-object-locked", t.s3.headObject(object));
  const version = { ...object, VersionId: first.VersionId };
  await t.ask("delete-obj-locked", t.s3.deleteObject(version));
  const bypass = { BypassGovernanceRetention: true };
  await t.ask("delete-obj-locked-bypass", t.s3.deleteObject({ ...version, ...bypass }));
  await put("put-obj-locked-2", governed(60));
  await retain("update-retention-locked-object", { Mode: "GOVERNANCE", RetainUntilDate: inSeconds(30) });
  await retain("put-object-empty-retention", untyped({}), bypass);
  await retain("update-retention-object", until);
};

const defaultRetention = async (t: Scene) => {
  const Bucket = await lockedBucket(t);
  const ObjectLockConfiguration = {
    ObjectLockEnabled: "Enabled" as const,
    Rule: { DefaultRetention: { Mode: "GOVERNANCE" as const, Days: 1 } },
  };
  await t.ask("put-lock-config", t.s3.putObjectLockConfiguration({ Bucket, ObjectLockConfiguration }));
  const object = { Bucket, Key: "test-default-lock" };
  await t.ask("put-object-default", t.s3.putObject({ ...object, Body: "test-default-lock" }));
  await t.ask("head-object-default", t.s3.headObject(object));
  const lock = { ...object, Body: "test-with-lock-given", ...governed(60) };
  await t.ask("put-object-with-lock", t.s3.putObject(lock));
  await t.ask("head-object-with-lock", t.s3.headObject(object));
  const noDate = t.s3.putObject({ ...object, Body: "x", ObjectLockMode: "GOVERNANCE" });
  await t.ask("put-object-with-lock-no-date", noDate);
};

const legalHold = async (t: Scene) => {
  const object = { Bucket: await lockedBucket(t), Key: "test-hold" };
  await t.ask("put-obj", t.s3.putObject({ ...object, Body: "test" }));
  await t.ask("get-legal-hold-unset", t.s3.getObjectLegalHold(object));
  await t.ask("put-object-legal-hold", t.s3.putObjectLegalHold({ ...object, ...hold("ON") }));
  await t.ask("head-object-with-legal-hold", t.s3.headObject(object));
  await t.ask("get-legal-hold-set", t.s3.getObjectLegalHold(object));
  await t.ask("put-object-legal-hold-off", t.s3.putObjectLegalHold({ ...object, ...hold("OFF") }));
};

const heldVersions = async (t: Scene) => {
  const object = { Bucket: await lockedBucket(t), Key: "test-hold" };
  const put = (step: string) => t.ask(step, t.s3.putObject({ ...object, Body: "test" }));
  const set = (step: string, VersionId: string | undefined, Status: "ON" | "OFF") =>
    t.ask(step, t.s3.putObjectLegalHold({ ...object, VersionId, ...hold(Status) }));
  const head = (step: string, VersionId: string | undefined) =>
    t.ask(step, t.s3.headObject({ ...object, VersionId }));
  const first = (await put("put-object")).VersionId;
  await set("put-object-legal-hold-ver1", first, "ON");
  await head("head-object-ver1", first);
  const second = (await put("put-object-2")).VersionId;
  await set("put-object-legal-hold-ver2", second, "ON");
  await head("head-object-ver2", second);
  await set("remove-object-legal-hold-ver1", first, "OFF");
  await head("head-object-ver1-no-lock", first);
  await t.ask("delete-object-ver1", t.s3.deleteObject({ ...object, VersionId: first }));
};

const copiedHold = async (t: Scene) => {
  const Bucket = await lockedBucket(t);
  const source = { Bucket, Key: "source-key" };
  const put = { ...source, Body: "content-123-test", ObjectLockLegalHoldStatus: "ON" as const };
  const { VersionId } = await t.ask("put-object", t.s3.putObject(put));
  await t.ask("head-object", t.s3.headObject(source));
  const CopySource = `${Bucket}/${source.Key}?versionId=${VersionId}`;
  await t.ask("copy-legal-hold", t.s3.copyObject({ Bucket, Key: "dest-key", CopySource }));
  await t.ask("head-dest-key", t.s3.headObject({ Bucket, Key: "dest-key" }));
};

export const lockRecordings: Recordings = {
  test_s3_copy_object_retention_lock: copiedRetention,
  test_s3_object_retention: retention,
  test_bucket_config_default_retention: defaultRetention,
  test_put_get_object_legal_hold: legalHold,
  test_s3_legal_hold_lock_versioned: heldVersions,
  test_s3_copy_object_legal_hold: copiedHold,
};
