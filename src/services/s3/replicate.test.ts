import {
  CreateRoleCommand,
  DeleteRolePolicyCommand,
  type IAMClient,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { CreateKeyCommand } from "@aws-sdk/client-kms";
import { CreateOrganizationCommand } from "@aws-sdk/client-organizations";
import { type ReplicationRule, S3 } from "@aws-sdk/client-s3";
import { CreateQueueCommand, ReceiveMessageCommand, SetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import { AssumeRoleCommand } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import {
  clients,
  credentialsOf,
  errorOf,
  newMember,
  optionsOf,
  startForTest,
} from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { newBucket, newUser } from "./testing.ts";

const away = "eu-west-1";
const waitMs = 10_000;

let cloudkeep: Cloudkeep;
let root: ReturnType<typeof clients>;
let there: ReturnType<typeof clients>;
let s3: S3;
let abroad: S3;
beforeAll(async () => {
  cloudkeep = await startForTest();
  root = clients(cloudkeep, cloudkeep.credentials);
  there = clients(cloudkeep, cloudkeep.credentials, away);
  s3 = new S3({ ...optionsOf(cloudkeep, cloudkeep.credentials), forcePathStyle: true });
  abroad = new S3({ ...optionsOf(cloudkeep, cloudkeep.credentials, away), forcePathStyle: true });
});
afterAll(() => cloudkeep.stop());

type Options = NonNullable<Parameters<typeof newBucket>[1]>;
const bucket = (more: Options = {}) => newBucket(root.s3, { versioned: true, ...more });
const bucketAway = () =>
  newBucket(there.s3, { versioned: true, CreateBucketConfiguration: { LocationConstraint: away } });

let made = 0;

/** A role that S3 may take for one bucket, and what AWS's documentation has it be allowed. */
async function roleFor(source: string, targets: string[], iam: IAMClient, more: object[] = []) {
  made += 1;
  const RoleName = `replication-${made}`;
  const AssumeRolePolicyDocument = JSON.stringify({
    Version: "2012-10-17",
    Statement: {
      Effect: "Allow",
      Principal: { Service: "s3.amazonaws.com" },
      Action: "sts:AssumeRole",
      Condition: { ArnLike: { "aws:SourceArn": `arn:aws:s3:::${source}` } },
    },
  });
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
  const Statement = [
    {
      Effect: "Allow",
      Action: ["s3:GetReplicationConfiguration", "s3:ListBucket"],
      Resource: `arn:aws:s3:::${source}`,
    },
    {
      Effect: "Allow",
      Action: [
        "s3:GetObjectVersionForReplication",
        "s3:GetObjectVersionAcl",
        "s3:GetObjectVersionTagging",
        "s3:GetObjectRetention",
        "s3:GetObjectLegalHold",
      ],
      Resource: `arn:aws:s3:::${source}/*`,
    },
    {
      Effect: "Allow",
      Action: ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"],
      Resource: targets.map((target) => `arn:aws:s3:::${target}/*`),
    },
    ...more,
  ];
  const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "replicate", PolicyDocument }));
  return { arn: Role?.Arn ?? "", name: RoleName };
}

function ruleTo(target: string, more: Partial<ReplicationRule> = {}): ReplicationRule {
  return {
    ID: `to-${target}`,
    Status: "Enabled",
    Priority: 1,
    Filter: { Prefix: "" },
    DeleteMarkerReplication: { Status: "Disabled" },
    ...more,
    Destination: { ...more.Destination, Bucket: `arn:aws:s3:::${target}` },
  };
}

async function follow(source: string, Role: string, Rules: ReplicationRule[], by = s3) {
  await by.putBucketReplication({ Bucket: source, ReplicationConfiguration: { Role, Rules } });
}

/** A bucket that is replicated to another. */
async function pair(more: Partial<ReplicationRule> = {}, target?: string, statements: object[] = []) {
  const source = await bucket();
  const to = target ?? (await bucket());
  const role = await roleFor(source, [to], root.iam, statements);
  await follow(source, role.arn, [ruleTo(to, more)]);
  return { source, target: to, role };
}

const statusOf = async (Bucket: string, Key: string, by = s3) =>
  (await by.headObject({ Bucket, Key })).ReplicationStatus;

async function reached(Bucket: string, Key: string, status: string, by = s3) {
  await vi.waitFor(async () => expect(await statusOf(Bucket, Key, by)).toBe(status), { timeout: waitMs });
}

describe("replication", () => {
  it("makes a replica in another Region with the version's id, metadata and tags", async () => {
    const { source, target } = await pair({}, await bucketAway());
    const Metadata = { colour: "blue" };
    const { VersionId } = await s3.putObject({
      Bucket: source,
      Key: "k",
      Body: "text",
      Metadata,
      Tagging: "a=1",
    });
    await reached(source, "k", "COMPLETED");
    const replica = await abroad.getObject({ Bucket: target, Key: "k" });
    expect(await replica.Body?.transformToString()).toBe("text");
    expect(replica).toMatchObject({ VersionId, Metadata, TagCount: 1, ReplicationStatus: "REPLICA" });
    const at = await s3.headObject({ Bucket: source, Key: "k" });
    expect([replica.ETag, replica.LastModified]).toEqual([at.ETag, at.LastModified]);
  });

  it("takes copies and objects in parts, large ones too", async () => {
    const { source, target } = await pair({
      Destination: { Bucket: undefined, StorageClass: "STANDARD_IA" },
    });
    const partBytes = 5 * 2 ** 20;
    const upload = { Bucket: source, Key: "parts" };
    const { UploadId } = await s3.createMultipartUpload(upload);
    const Parts = [];
    for (const PartNumber of [1, 2]) {
      const Body = Buffer.alloc(partBytes, PartNumber);
      const { ETag } = await s3.uploadPart({ ...upload, UploadId, PartNumber, Body });
      Parts.push({ ETag, PartNumber });
    }
    await s3.completeMultipartUpload({ ...upload, UploadId, MultipartUpload: { Parts } });
    await s3.copyObject({ Bucket: source, Key: "copy", CopySource: `${source}/parts` });
    for (const Key of ["parts", "copy"]) {
      await reached(source, Key, "COMPLETED");
      const versions = await s3.listObjectVersions({ Bucket: source, Prefix: Key });
      for (const { VersionId } of versions.Versions ?? [])
        await s3.deleteObject({ Bucket: source, Key, VersionId });
      const { Body, StorageClass } = await s3.getObject({ Bucket: target, Key });
      const bytes = Buffer.from((await Body?.transformToByteArray()) ?? []);
      expect([bytes.length, bytes[0], bytes[partBytes]]).toEqual([2 * partBytes, 1, 2]);
      expect(StorageClass).toBe("STANDARD_IA");
    }
    const { PartsCount } = await s3.headObject({ Bucket: target, Key: "parts", PartNumber: 1 });
    expect(PartsCount).toBe(2);
  });

  it("keeps versions in their order, and what is deleted by its version at home only", async () => {
    const { source, target } = await pair({ DeleteMarkerReplication: { Status: "Enabled" } });
    for (const Body of ["1", "2", "3"]) await s3.putObject({ Bucket: source, Key: "k", Body });
    const { VersionId } = await s3.deleteObject({ Bucket: source, Key: "k" });
    const idsOf = async (Bucket: string) => {
      const { Versions = [], DeleteMarkers = [] } = await s3.listObjectVersions({ Bucket });
      return [...DeleteMarkers, ...Versions].map((one) => [one.VersionId, one.IsLatest]);
    };
    const ids = await idsOf(source);
    expect(ids).toHaveLength(4);
    await vi.waitFor(async () => expect(await idsOf(target)).toEqual(ids), { timeout: waitMs });
    await s3.deleteObject({ Bucket: source, Key: "k", VersionId });
    await s3.putObject({ Bucket: source, Key: "after", Body: "text" });
    await reached(source, "after", "COMPLETED");
    expect((await errorOf(s3.getObject({ Bucket: target, Key: "k" }))).name).toBe("NoSuchKey");
    expect(await statusOf(source, "k")).toBe("COMPLETED");
  });

  it("leaves out what no rule covers, delete markers that none wants, and replicas", async () => {
    const { source, target } = await pair({
      Filter: { And: { Prefix: "in/", Tags: [{ Key: "a", Value: "1" }] } },
    });
    const third = await bucket();
    const onward = await roleFor(target, [third], root.iam);
    await follow(target, onward.arn, [ruleTo(third)]);
    await s3.putObject({ Bucket: source, Key: "in/untagged", Body: "text" });
    await s3.putObject({ Bucket: source, Key: "out", Body: "text", Tagging: "a=1" });
    await s3.putObject({ Bucket: source, Key: "in/tagged", Body: "text", Tagging: "a=1" });
    await reached(source, "in/tagged", "COMPLETED");
    expect([await statusOf(source, "in/untagged"), await statusOf(source, "out")]).toEqual([
      undefined,
      undefined,
    ]);
    await s3.deleteObject({ Bucket: source, Key: "in/tagged" });
    await s3.putObject({ Bucket: target, Key: "last", Body: "text" });
    await reached(target, "last", "COMPLETED");
    const keysIn = async (Bucket: string) =>
      ((await s3.listObjectsV2({ Bucket })).Contents ?? []).map(({ Key }) => Key);
    expect([await keysIn(target), await keysIn(third)]).toEqual([["in/tagged", "last"], ["last"]]);
  });

  it("follows changes of tags; of a replica's only where a rule wants them", async () => {
    const { source, target } = await pair();
    const back = await roleFor(target, [source], root.iam);
    const SourceSelectionCriteria = { ReplicaModifications: { Status: "Enabled" as const } };
    await follow(target, back.arn, [ruleTo(source, { SourceSelectionCriteria })]);
    await s3.putObject({ Bucket: source, Key: "k", Body: "text" });
    await reached(source, "k", "COMPLETED");
    const tagsIn = async (Bucket: string) => (await s3.getObjectTagging({ Bucket, Key: "k" })).TagSet;
    for (const [from, to, Value] of [
      [source, target, "there"],
      [target, source, "and back"],
    ] as const) {
      const TagSet = [{ Key: "tag", Value }];
      await s3.putObjectTagging({ Bucket: from, Key: "k", Tagging: { TagSet } });
      await vi.waitFor(async () => expect(await tagsIn(to)).toEqual(TagSet), { timeout: waitMs });
    }
    expect([await statusOf(source, "k"), await statusOf(target, "k")]).toEqual(["COMPLETED", "REPLICA"]);
  });

  it("takes locks with it, to buckets that have them", async () => {
    const locked = { ObjectLockEnabledForBucket: true };
    const [source, target, plain] = [await bucket(locked), await bucket(locked), await bucket()];
    const role = await roleFor(source, [target, plain], root.iam);
    await follow(source, role.arn, [ruleTo(target), ruleTo(plain, { Priority: 2 })]);
    const ObjectLockRetainUntilDate = new Date(Date.now() + 3_600_000);
    const lock = { ObjectLockMode: "GOVERNANCE" as const, ObjectLockRetainUntilDate };
    await s3.putObject({ Bucket: source, Key: "k", Body: "text", ...lock });
    await reached(source, "k", "FAILED");
    await vi.waitFor(async () =>
      expect(await s3.headObject({ Bucket: target, Key: "k" })).toMatchObject(lock),
    );
    expect((await errorOf(s3.headObject({ Bucket: plain, Key: "k" }))).name).toBe("NotFound");
  });

  it("fails where the role is not let in, and says why", async () => {
    const { source, target, role } = await pair({
      Destination: { Bucket: undefined, Metrics: { Status: "Enabled" } },
    });
    const { QueueUrl = "" } = await root.sqs.send(new CreateQueueCommand({ QueueName: "failed" }));
    const QueueArn = `arn:aws:sqs:us-east-1:${cloudkeep.accountId}:failed`;
    const Policy = JSON.stringify({
      Version: "2012-10-17",
      Statement: {
        Effect: "Allow",
        Principal: { Service: "s3.amazonaws.com" },
        Action: "sqs:SendMessage",
        Resource: QueueArn,
      },
    });
    await root.sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
    const NotificationConfiguration = {
      QueueConfigurations: [{ QueueArn, Events: ["s3:Replication:OperationFailedReplication" as const] }],
    };
    await s3.putBucketNotificationConfiguration({ Bucket: source, NotificationConfiguration });
    const denied = {
      Effect: "Deny",
      Principal: "*",
      Action: "s3:ReplicateObject",
      Resource: `arn:aws:s3:::${target}/kept-out`,
    };
    await s3.putBucketPolicy({
      Bucket: target,
      Policy: JSON.stringify({ Version: "2012-10-17", Statement: denied }),
    });
    await s3.putObject({ Bucket: source, Key: "kept-out", Body: "text" });
    await reached(source, "kept-out", "FAILED");
    await s3.putObject({ Bucket: source, Key: "let-in", Body: "text" });
    await reached(source, "let-in", "COMPLETED");
    await root.iam.send(new DeleteRolePolicyCommand({ RoleName: role.name, PolicyName: "replicate" }));
    await s3.putObject({ Bucket: source, Key: "unseen", Body: "text" });
    await reached(source, "unseen", "FAILED");
    const told: unknown[] = [];
    while (told.length < 2) {
      const { Messages = [] } = await root.sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 5 }),
      );
      for (const { Body = "" } of Messages) told.push(...(JSON.parse(Body).Records ?? []));
    }
    const facts = { replicationRuleId: `to-${target}`, destinationBucket: `arn:aws:s3:::${target}` };
    expect(told).toMatchObject([
      {
        eventVersion: "2.2",
        eventName: "Replication:OperationFailedReplication",
        replicationEventData: {
          ...facts,
          s3Operation: "OBJECT_PUT",
          failureReason: "DstPutObjectNotPermitted",
        },
      },
      { replicationEventData: { failureReason: "SrcGetObjectNotPermitted" } },
    ]);
  });

  it("has the role decrypt and encrypt what KMS keys wrap", async () => {
    const [from, to] = await Promise.all(
      [root.kms, there.kms].map(async (kms) => (await kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn),
    );
    const target = await bucketAway();
    const rule = {
      SourceSelectionCriteria: { SseKmsEncryptedObjects: { Status: "Enabled" as const } },
      Destination: { Bucket: undefined, EncryptionConfiguration: { ReplicaKmsKeyID: to } },
    };
    const allow = (Action: string, Resource: string | undefined, region: string) => ({
      Effect: "Allow",
      Action,
      Resource,
      Condition: { StringLike: { "kms:ViaService": `s3.${region}.amazonaws.com` } },
    });
    const statements = [allow("kms:Decrypt", from, "us-east-1"), allow("kms:Encrypt", to, away)];
    const { source } = await pair(rule, target, statements);
    const object = { Bucket: source, Key: "k", ServerSideEncryption: "aws:kms" as const, SSEKMSKeyId: from };
    await s3.putObject({ ...object, Body: "text" });
    await reached(source, "k", "COMPLETED");
    const replica = await abroad.getObject({ Bucket: target, Key: "k" });
    expect(replica.SSEKMSKeyId).toBe(to);
    expect(await replica.Body?.transformToString()).toBe("text");
    const other = await pair(rule, target, statements.slice(0, 1));
    await s3.putObject({ ...object, Bucket: other.source, Key: "unsealed", Body: "text" });
    await reached(other.source, "unsealed", "FAILED");
    const { source: plain } = await pair();
    await s3.putObject({ ...object, Bucket: plain, Body: "text" });
    expect(await statusOf(plain, "k")).toBeUndefined();
  });

  it("needs the leave of another account's bucket, which may come to own the replica", async () => {
    await root.organizations.send(new CreateOrganizationCommand({ FeatureSet: "ALL" }));
    const account = await newMember(root.organizations);
    const RoleArn = `arn:aws:iam::${account}:role/OrganizationAccountAccessRole`;
    const user = await newUser(cloudkeep, root.iam, [{ Effect: "Allow", Action: "*", Resource: "*" }]);
    const { Credentials } = await user.sts.send(
      new AssumeRoleCommand({ RoleArn, RoleSessionName: "member" }),
    );
    const member = clients(cloudkeep, credentialsOf(Credentials));
    const target = await newBucket(member.s3, { versioned: true, ObjectOwnership: "ObjectWriter" });
    const theirs = new S3({ ...optionsOf(cloudkeep, credentialsOf(Credentials)), forcePathStyle: true });
    const override = {
      Effect: "Allow",
      Action: "s3:ObjectOwnerOverrideToBucketOwner",
      Resource: `arn:aws:s3:::${target}/*`,
    };
    const Destination = {
      Bucket: undefined,
      Account: account,
      AccessControlTranslation: { Owner: "Destination" as const },
    };
    const { source, role } = await pair({ Destination }, target, [override]);
    await s3.putObject({ Bucket: source, Key: "k", Body: "text" });
    await reached(source, "k", "FAILED");
    const Statement = {
      Effect: "Allow",
      Principal: { AWS: role.arn },
      Action: ["s3:ReplicateObject", "s3:ObjectOwnerOverrideToBucketOwner"],
      Resource: `arn:aws:s3:::${target}/*`,
    };
    await theirs.putBucketPolicy({
      Bucket: target,
      Policy: JSON.stringify({ Version: "2012-10-17", Statement }),
    });
    await s3.putObject({ Bucket: source, Key: "k", Body: "text" });
    await reached(source, "k", "COMPLETED");
    await follow(source, role.arn, [
      ruleTo(target, { Destination: { Bucket: undefined, Account: "111122223333" } }),
    ]);
    await s3.putObject({ Bucket: source, Key: "another's", Body: "text" });
    await reached(source, "another's", "FAILED");
    const { Owner } = await theirs.getObjectAcl({ Bucket: target, Key: "k" });
    expect(Owner).toEqual((await theirs.getBucketAcl({ Bucket: target })).Owner);
  });

  it("keeps versioning on, and ends with its configuration", async () => {
    const { source } = await pair();
    const suspend = { Bucket: source, VersioningConfiguration: { Status: "Suspended" as const } };
    expect((await errorOf(s3.putBucketVersioning(suspend))).name).toBe("InvalidBucketState");
    await s3.deleteBucketReplication({ Bucket: source });
    await s3.putObject({ Bucket: source, Key: "k", Body: "text" });
    expect(await statusOf(source, "k")).toBeUndefined();
    await s3.putBucketVersioning(suspend);
  });
});
