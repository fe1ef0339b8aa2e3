import type { AccessControlPolicy, ObjectLockRetention, PutBucketAclCommandInput } from "@aws-sdk/client-s3";
import { noBucket, type Recordings, type Scene, untyped } from "./s3Scene.ts";

/** Answers recorded of locks and access control lists that are refused, asked again here. */

const until = (year: number) => new Date(Date.UTC(year, 0, 1));
const soon = new Date().getUTCFullYear() + 5;
const group = (name: string) => `http://acs.amazonaws.com/groups/s3/${name}`;

type AclInput = Partial<Omit<PutBucketAclCommandInput, "Bucket">>;

/** Access control lists that are wrong, by what was recorded of a bucket's; an object's are called alike. */
async function refusedAcls(t: Scene, noun: string, put: (step: string, input: AclInput) => Promise<unknown>) {
  const { Owner } = await t.s3.listBuckets({});
  const grant = (Grantee: object, Permission: string) => untyped([{ Grantee, Permission }]);
  const logs = { URI: group("LogDelivery"), Type: "Group" };
  const policy = (number: number, AccessControlPolicy: AccessControlPolicy) =>
    put(`put-${noun}-acp-acl-${number}`, { AccessControlPolicy });
  await policy(1, { Grants: grant(logs, "WRITE") });
  // A permission that the model does not know is MalformedXML here, and MalformedACLError on AWS.
  await policy(3, { Owner: { ID: "wrong-id" }, Grants: grant(logs, "FULL_CONTROL") });
  await policy(4, { Owner, Grants: grant({ ...logs, URI: group("FakeGroup") }, "FULL_CONTROL") });
  await policy(5, { Owner, Grants: grant({ Type: "CanonicalUser", ID: "wrong-id" }, "FULL_CONTROL") });
  const uri = `uri="${group("LogDelivery")}"`;
  await put(`put-${noun}-grant-acl-fake-uri`, { GrantWrite: `uri="${group("FakeGroup")}"` });
  await put(`put-${noun}-grant-acl-fake-key`, { GrantWrite: 'fakekey="1234"' });
  await put(`put-${noun}-grant-acl-wrong-id`, { GrantWrite: 'id="wrong-id"' });
  await put(`put-${noun}-two-type-acl`, { ACL: "private", GrantRead: uri });
  const own = grant({ ID: Owner?.ID, Type: "CanonicalUser" }, "FULL_CONTROL");
  const both = { ACL: "private", AccessControlPolicy: { Owner, Grants: own } } as const;
  await put(`put-${noun}-two-type-acl-acp`, both);
}

export const protectionRecordings: Recordings = {
  async test_s3_bucket_acl_exceptions(t) {
    const Bucket = await t.bucket();
    const put = (step: string, input: AclInput) => t.ask(step, t.s3.putBucketAcl({ Bucket, ...input }));
    await put("put-bucket-canned-acl", { ACL: untyped("fake-acl") });
    await refusedAcls(t, "bucket", put);
    await put("put-bucket-empty", {});
  },
  async test_s3_object_acl_exceptions(t) {
    const object = { Bucket: await t.bucket(), Key: "object-key-acl" };
    await t.s3.putObject(object);
    await t.ask("put-object-canned-acl", t.s3.putObject({ ...object, ACL: untyped("fake-acl") }));
    const put = (step: string, input: AclInput) => t.ask(step, t.s3.putObjectAcl({ ...object, ...input }));
    await put("put-object-acl-canned-acl", { ACL: untyped("fake-acl") });
    await refusedAcls(t, "object", put);
    await put("put-object-acl-empty", {});
  },
  async test_s3_object_retention_exc(t) {
    const Bucket = await t.bucket({ ObjectLockEnabledForBucket: true });
    const object = { Bucket, Key: "test-key" };
    const Retention = { Mode: "GOVERNANCE", RetainUntilDate: until(soon) } as const;
    const put = (step: string, target: object, more: ObjectLockRetention = {}) =>
      t.ask(step, t.s3.putObjectRetention({ ...object, ...target, Retention: { ...Retention, ...more } }));
    await put("put-object-retention-no-bucket", { Bucket: noBucket });
    await put("put-object-retention-no-key", { Key: "non-existing-key" });
    const { VersionId } = await t.s3.putObject({ ...object, Body: "test" });
    const version = { ...object, VersionId };
    await t.ask("get-object-retention-never-set", t.s3.getObjectRetention(version));
    const half = { ...object, Retention: { Mode: "GOVERNANCE" as const }, BypassGovernanceRetention: true };
    await t.ask("put-object-missing-retention-fields", t.s3.putObjectRetention(half));
    await t.s3.putObjectRetention({ ...object, Retention });
    await put("update-retention-no-bypass", version, { RetainUntilDate: until(soon - 1) });
    await put("update-retention-bad-value", version, { Mode: untyped("BAD-VALUE") });
    const basic = { Bucket: await t.bucket(), Key: object.Key };
    await t.s3.putObject({ ...basic, Body: "test" });
    await put("put-object-retention-regular-bucket", basic);
    await t.ask("get-object-retention-regular-bucket", t.s3.getObjectRetention(basic));
  },
  async test_put_object_legal_hold_exc(t) {
    const Bucket = await t.bucket({ ObjectLockEnabledForBucket: true });
    const LegalHold = { Status: "ON" } as const;
    const put = (step: string, object: { Bucket: string; Key: string }) =>
      t.ask(step, t.s3.putObjectLegalHold({ ...object, LegalHold }));
    await put("put-object-legal-hold-no-bucket", { Bucket: noBucket, Key: "fake-key" });
    await put("put-object-legal-hold-no-key", { Bucket, Key: "non-existing-key" });
    const basic = { Bucket: await t.bucket(), Key: "test-legal-hold" };
    await t.s3.putObject({ ...basic, Body: "test" });
    await put("put-object-retention-regular-bucket", basic);
    await t.ask("put-object-retention-empty", t.s3.putObjectLegalHold(basic));
    await t.ask("get-object-retention-regular-bucket", t.s3.getObjectLegalHold(basic));
  },
  async test_put_bucket_lifecycle_conf_exc(t) {
    const Bucket = await t.bucket();
    const put = (step: string, rule: object) => {
      const Rules = untyped([{ Status: "Enabled", Expiration: { Days: 7 }, ...rule }]);
      const LifecycleConfiguration = { Rules };
      return t.ask(step, t.s3.putBucketLifecycleConfiguration({ Bucket, LifecycleConfiguration }));
    };
    const ID = "wholebucket";
    await put("missing-id", {});
    await put("missing-filter", { ID });
    const data = { ID, Filter: {}, NoncurrentVersionExpiration: {} };
    await put("missing-noncurrent-version-expiration-data", data);
    const noon = { Date: new Date(Date.UTC(2023, 0, 1, 2, 2)) };
    await put("wrong-data-no-midnight", { ID: "wrong-data", Filter: {}, Expiration: noon });
    const Tags = ["positive", "positive-two"].map((Value) => ({ Key: "testlifecycle", Value }));
    await put("duplicate-tag-keys", { ID: "duplicate-tag-keys", Filter: { And: { Tags } } });
    const marker = { Days: 1, ExpiredObjectDeleteMarker: true };
    await put("expired-delete-marker-and-days", { ID: "marker-and-days", Filter: {}, Expiration: marker });
  },
};
