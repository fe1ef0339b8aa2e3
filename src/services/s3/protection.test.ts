import { createHash, randomBytes } from "node:crypto";
import { CreateKeyCommand, DisableKeyCommand } from "@aws-sdk/client-kms";
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutObjectLegalHoldCommand,
  PutObjectLockConfigurationCommand,
  PutObjectRetentionCommand,
  UpdateObjectEncryptionCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, errorOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { newBucket, newUser, put, read } from "./testing.ts";

const dayMs = 86_400_000;

let cloudkeep: Cloudkeep;
let root: ReturnType<typeof clients>;
beforeAll(async () => {
  cloudkeep = await startForTest();
  root = clients(cloudkeep, cloudkeep.credentials);
});
afterAll(() => cloudkeep.stop());

const large = randomBytes(200_000).toString("base64");

function customerKey(key: Buffer) {
  return {
    SSECustomerAlgorithm: "AES256",
    SSECustomerKey: key.toString("base64"),
    SSECustomerKeyMD5: createHash("md5").update(key).digest("base64"),
  };
}

describe("encryption with a customer's key", () => {
  it.each(["small", large])("opens an object with that key only", async (text) => {
    const Bucket = await newBucket(root.s3);
    const key = customerKey(randomBytes(32));
    await put(root.s3, Bucket, "k", text, key);
    expect(await read(root.s3, Bucket, "k", key)).toBe(text);
    expect((await errorOf(read(root.s3, Bucket, "k"))).name).toBe("InvalidRequest");
    const other = customerKey(randomBytes(32));
    expect((await errorOf(read(root.s3, Bucket, "k", other))).name).toBe("AccessDenied");
    expect(
      (await errorOf(root.s3.send(new HeadObjectCommand({ Bucket, Key: "k", ...other })))).$metadata
        ?.httpStatusCode,
    ).toBe(403);
    const CopySource = `${Bucket}/k`;
    const { SSECustomerAlgorithm, SSECustomerKey, SSECustomerKeyMD5 } = key;
    const copy = {
      CopySourceSSECustomerAlgorithm: SSECustomerAlgorithm,
      CopySourceSSECustomerKey: SSECustomerKey,
      CopySourceSSECustomerKeyMD5: SSECustomerKeyMD5,
    };
    await root.s3.send(new CopyObjectCommand({ Bucket, Key: "plain", CopySource, ...copy }));
    expect(await read(root.s3, Bucket, "plain")).toBe(text);
  });
});

describe("encryption with a key of KMS", () => {
  it("asks KMS in the caller's name, at each write and read", async () => {
    const { KeyMetadata } = await root.kms.send(new CreateKeyCommand({}));
    const Bucket = await newBucket(root.s3);
    const everything = { Effect: "Allow", Action: "s3:*", Resource: "*" };
    const writer = await newUser(cloudkeep, root.iam, [everything]);
    const kms = { ServerSideEncryption: "aws:kms" as const, SSEKMSKeyId: KeyMetadata?.Arn ?? "" };
    const refused = await errorOf(put(writer.s3, Bucket, "k", "secret", kms));
    expect([refused.name, refused.message]).toEqual([
      "AccessDenied",
      expect.stringContaining("kms:GenerateDataKey"),
    ]);
    const viaS3 = { StringEquals: { "kms:ViaService": "s3.us-east-1.amazonaws.com" } };
    const through = {
      Effect: "Allow",
      Action: ["kms:GenerateDataKey", "kms:Decrypt"],
      Resource: "*",
      Condition: viaS3,
    };
    const user = await newUser(cloudkeep, root.iam, [everything, through]);
    for (const text of ["secret", large]) {
      const answer = await put(user.s3, Bucket, "k", text, kms);
      expect(answer).toMatchObject({ ServerSideEncryption: "aws:kms", SSEKMSKeyId: KeyMetadata?.Arn });
      expect(await read(user.s3, Bucket, "k")).toBe(text);
    }
    expect((await errorOf(read(writer.s3, Bucket, "k"))).name).toBe("AccessDenied");
    await root.kms.send(new DisableKeyCommand({ KeyId: KeyMetadata?.KeyId }));
    expect((await errorOf(read(user.s3, Bucket, "k"))).name).toBe("KMS.DisabledException");
  });

  it("is a bucket's default, under AWS's own key", async () => {
    const Bucket = await newBucket(root.s3);
    const rule = {
      ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms" as const },
      BucketKeyEnabled: true,
    };
    const ServerSideEncryptionConfiguration = { Rules: [rule] };
    await root.s3.send(new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration }));
    const { ETag } = await put(root.s3, Bucket, "k", "secret");
    const head = await root.s3.send(new HeadObjectCommand({ Bucket, Key: "k" }));
    expect(head).toMatchObject({ ETag, ServerSideEncryption: "aws:kms", BucketKeyEnabled: true });
    expect(ETag).not.toContain(createHash("md5").update("secret").digest("hex"));
  });
});

describe("an object's KMS key", () => {
  it("can be changed where the object lies, whole or in parts", async () => {
    const Bucket = await newBucket(root.s3);
    const newKey = async () => (await root.kms.send(new CreateKeyCommand({}))).KeyMetadata?.Arn ?? "";
    const [first, second] = [await newKey(), await newKey()];
    await put(root.s3, Bucket, "small", "secret");
    await put(root.s3, Bucket, "large", large, { ServerSideEncryption: "aws:kms", SSEKMSKeyId: first });
    const parted = { Bucket, Key: "parted" };
    const { UploadId } = await root.s3.send(new CreateMultipartUploadCommand(parted));
    const part = { ...parted, UploadId, PartNumber: 1 };
    const { ETag } = await root.s3.send(new UploadPartCommand({ ...part, Body: large }));
    const MultipartUpload = { Parts: [{ ETag, PartNumber: 1 }] };
    await root.s3.send(new CompleteMultipartUploadCommand({ ...parted, UploadId, MultipartUpload }));
    const change = (Key: string, KMSKeyArn: string, BucketKeyEnabled?: boolean) => {
      const ObjectEncryption = { SSEKMS: { KMSKeyArn, ...(BucketKeyEnabled && { BucketKeyEnabled }) } };
      return root.s3.send(new UpdateObjectEncryptionCommand({ Bucket, Key, ObjectEncryption }));
    };
    const keys = ["small", "large", "parted"];
    const before = await Promise.all(keys.map((Key) => root.s3.send(new HeadObjectCommand({ Bucket, Key }))));
    for (const key of keys) {
      await change(key, first);
      await change(key, second, true);
    }
    await root.kms.send(new DisableKeyCommand({ KeyId: first }));
    for (const [i, Key] of keys.entries()) {
      expect(await read(root.s3, Bucket, Key)).toBe(Key === "small" ? "secret" : large);
      const head = await root.s3.send(new HeadObjectCommand({ Bucket, Key }));
      expect(head).toMatchObject({ SSEKMSKeyId: second, BucketKeyEnabled: true });
      expect([head.ETag, head.LastModified]).toEqual([before[i]?.ETag, before[i]?.LastModified]);
    }
    await root.kms.send(new DisableKeyCommand({ KeyId: second }));
    expect((await errorOf(read(root.s3, Bucket, "small"))).name).toBe("KMS.DisabledException");
  });

  it("must be one of the bucket's account, by its ARN, and the object no customer's", async () => {
    const Bucket = await newBucket(root.s3);
    await put(root.s3, Bucket, "k");
    const refused = async (Key: string, ObjectEncryption: object) => {
      const asked = new UpdateObjectEncryptionCommand({
        Bucket,
        Key,
        ObjectEncryption: ObjectEncryption as never,
      });
      return (await errorOf(root.s3.send(asked))).name;
    };
    const { KeyMetadata } = await root.kms.send(new CreateKeyCommand({}));
    expect(await refused("absent", { SSEKMS: { KMSKeyArn: KeyMetadata?.Arn } })).toBe("NoSuchKey");
    expect(await refused("k", { SSEKMS: { KMSKeyArn: "alias/not-an-arn-but-long" } })).toBe("InvalidRequest");
    const foreign = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    expect(await refused("k", { SSEKMS: { KMSKeyArn: foreign } })).toBe("AccessDenied");
    await put(root.s3, Bucket, "own", "secret", customerKey(randomBytes(32)));
    expect(await refused("own", { SSEKMS: { KMSKeyArn: KeyMetadata?.Arn } })).toBe("InvalidRequest");
  });
});

describe("object lock", () => {
  it("keeps versions until their time is over", async () => {
    const Bucket = await newBucket(root.s3, { ObjectLockEnabledForBucket: true });
    const ObjectLockConfiguration = {
      ObjectLockEnabled: "Enabled" as const,
      Rule: { DefaultRetention: { Mode: "GOVERNANCE" as const, Days: 10 } },
    };
    await root.s3.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration }));
    const { VersionId } = await put(root.s3, Bucket, "k", "kept");
    const version = { Bucket, Key: "k", VersionId };
    const remove = (client = root, more: object = {}) =>
      client.s3.send(new DeleteObjectCommand({ ...version, ...more }));
    expect((await errorOf(remove())).message).toBe("Access Denied because object protected by object lock.");
    const user = await newUser(cloudkeep, root.iam, [
      { Effect: "Allow", Action: ["s3:DeleteObjectVersion", "s3:PutObjectRetention"], Resource: "*" },
    ]);
    const bypass = { BypassGovernanceRetention: true };
    expect((await errorOf(user.s3.send(new DeleteObjectCommand({ ...version, ...bypass })))).name).toBe(
      "AccessDenied",
    );
    const { Retention } = await root.s3.send(new GetObjectRetentionCommand(version));
    expect(Retention?.Mode).toBe("GOVERNANCE");
    const sooner = { Mode: "GOVERNANCE" as const, RetainUntilDate: new Date(cloudkeep.clock.now() + dayMs) };
    const shorten = new PutObjectRetentionCommand({ ...version, Retention: sooner });
    expect((await errorOf(user.s3.send(shorten))).name).toBe("AccessDenied");
    await root.s3.send(new PutObjectLegalHoldCommand({ ...version, LegalHold: { Status: "ON" } }));
    expect((await errorOf(remove(root, bypass))).name).toBe("AccessDenied");
    await root.s3.send(new PutObjectLegalHoldCommand({ ...version, LegalHold: { Status: "OFF" } }));
    await remove(root, bypass);
    const until = {
      ObjectLockMode: "COMPLIANCE" as const,
      ObjectLockRetainUntilDate: new Date(cloudkeep.clock.now() + 5 * dayMs),
    };
    const second = await put(root.s3, Bucket, "c", "kept", until);
    const locked = new DeleteObjectCommand({ Bucket, Key: "c", VersionId: second.VersionId, ...bypass });
    expect((await errorOf(root.s3.send(locked))).name).toBe("AccessDenied");
    await cloudkeep.clock.advance(6 * dayMs);
    await root.s3.send(locked);
    expect((await errorOf(root.s3.send(new GetObjectCommand({ Bucket, Key: "c" })))).name).toBe("NoSuchKey");
  });
});

describe("lifecycle rules", () => {
  it("make an end of objects and older versions, by the clock", async () => {
    const Bucket = await newBucket(root.s3);
    const versioned = await newBucket(root.s3, { versioned: true });
    await put(root.s3, Bucket, "logs/a");
    await put(root.s3, Bucket, "kept/a");
    for (const text of ["one", "two", "three"]) await put(root.s3, versioned, "k", text);
    const rule = (more: object) => ({ ID: "r", Status: "Enabled" as const, Filter: { Prefix: "" }, ...more });
    const lifecycle = (bucket: string, one: object) =>
      root.s3.send(
        new PutBucketLifecycleConfigurationCommand({
          Bucket: bucket,
          LifecycleConfiguration: { Rules: [rule(one)] },
        }),
      );
    await lifecycle(Bucket, { Filter: { Prefix: "logs/" }, Expiration: { Days: 3 } });
    await lifecycle(versioned, { NoncurrentVersionExpiration: { NoncurrentDays: 5 } });
    const head = await root.s3.send(new HeadObjectCommand({ Bucket, Key: "logs/a" }));
    expect(head.Expiration).toContain('rule-id="r"');
    const keys = async () =>
      (await root.s3.send(new ListObjectsV2Command({ Bucket }))).Contents?.map(({ Key }) => Key);
    const versions = async () =>
      (await root.s3.send(new ListObjectVersionsCommand({ Bucket: versioned }))).Versions?.length;
    await cloudkeep.clock.advance(2 * dayMs);
    expect(await keys()).toEqual(["kept/a", "logs/a"]);
    await cloudkeep.clock.advance(2 * dayMs);
    expect(await keys()).toEqual(["kept/a"]);
    expect(await versions()).toBe(3);
    await cloudkeep.clock.advance(3 * dayMs);
    expect(await versions()).toBe(1);
    expect(await read(root.s3, versioned, "k")).toBe("three");
  });
});

it("is not asked to encrypt what is read", async () => {
  const Bucket = await newBucket(root.s3);
  await put(root.s3, Bucket, "k");
  const asking = clients(cloudkeep, cloudkeep.credentials).s3;
  asking.middlewareStack.add(
    (next) => (args) => {
      (args.request as { headers: Record<string, string> }).headers["x-amz-server-side-encryption"] =
        "AES256";
      return next(args);
    },
    { step: "build" },
  );
  const refused = await errorOf(asking.send(new GetObjectCommand({ Bucket, Key: "k" })));
  expect([refused.name, refused.$metadata?.httpStatusCode]).toEqual(["InvalidArgument", 400]);
});
