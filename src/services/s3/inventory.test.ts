import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { CreateKeyCommand } from "@aws-sdk/client-kms";
import { type InventoryConfiguration, S3 } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, optionsOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { newBucket, read } from "./testing.ts";

const dayMs = 86_400_000;

let cloudkeep: Cloudkeep;
let root: ReturnType<typeof clients>;
let s3: S3;
beforeAll(async () => {
  cloudkeep = await startForTest();
  root = clients(cloudkeep, cloudkeep.credentials);
  s3 = new S3({ ...optionsOf(cloudkeep, cloudkeep.credentials), forcePathStyle: true });
});
afterAll(() => cloudkeep.stop());

/** The policy that AWS's documentation gives for destinations. */
async function letIn(target: string, source: string) {
  const Statement = {
    Effect: "Allow",
    Principal: { Service: "s3.amazonaws.com" },
    Action: "s3:PutObject",
    Resource: `arn:aws:s3:::${target}/*`,
    Condition: {
      ArnLike: { "aws:SourceArn": `arn:aws:s3:::${source}` },
      StringEquals: {
        "aws:SourceAccount": cloudkeep.accountId,
        "s3:x-amz-acl": "bucket-owner-full-control",
      },
    },
  };
  await s3.putBucketPolicy({ Bucket: target, Policy: JSON.stringify({ Version: "2012-10-17", Statement }) });
}

async function listed(source: string, target: string, more: Partial<InventoryConfiguration> = {}) {
  const InventoryConfiguration: InventoryConfiguration = {
    Id: "all",
    IsEnabled: true,
    IncludedObjectVersions: "Current",
    Schedule: { Frequency: "Daily" },
    ...more,
    Destination: {
      S3BucketDestination: {
        Format: "CSV",
        Prefix: "lists",
        ...more.Destination?.S3BucketDestination,
        Bucket: `arn:aws:s3:::${target}`,
      },
    },
  };
  await s3.putBucketInventoryConfiguration({ Bucket: source, Id: "all", InventoryConfiguration });
}

const keysIn = async (Bucket: string) =>
  ((await s3.listObjectsV2({ Bucket })).Contents ?? []).map(({ Key = "" }) => Key);

interface Manifest {
  fileSchema: string;
  files: { key: string; size: number; MD5checksum: string }[];
}

/** The one list in a bucket: its manifest, and its lines, each as its fields. */
async function listIn(target: string): Promise<{ manifest: Manifest; lines: string[][]; keys: string[] }> {
  const keys = await keysIn(target);
  const text = await read(root.s3, target, keys.find((key) => key.endsWith("manifest.json")) ?? "");
  const manifest = JSON.parse(text) as Manifest;
  const sum = await read(root.s3, target, keys.find((key) => key.endsWith("manifest.checksum")) ?? "");
  expect(sum).toBe(createHash("md5").update(text).digest("hex"));
  const lines: string[][] = [];
  for (const { key, size, MD5checksum } of manifest.files) {
    const { Body } = await s3.getObject({ Bucket: target, Key: key });
    const bytes = Buffer.from((await Body?.transformToByteArray()) ?? []);
    expect([bytes.length, createHash("md5").update(bytes).digest("hex")]).toEqual([size, MD5checksum]);
    const rows = gunzipSync(bytes).toString().trimEnd().split("\n");
    lines.push(...rows.map((row) => row.slice(1, -1).split('","')));
  }
  return { manifest, lines, keys };
}

describe("inventory", () => {
  it("lists the newest versions each day, where AWS puts them", async () => {
    const [source, target] = [await newBucket(root.s3), await newBucket(root.s3)];
    await letIn(target, source);
    await s3.putObject({ Bucket: source, Key: "in/a b", Body: "text" });
    await s3.putObject({ Bucket: source, Key: "out", Body: "text" });
    await listed(source, target, {
      Filter: { Prefix: "in/" },
      OptionalFields: ["ETag", "Size", "StorageClass", "EncryptionStatus", "ReplicationStatus"],
    });
    await cloudkeep.clock.advance(dayMs);
    const { manifest, lines, keys } = await listIn(target);
    const folder = `lists/${source}/all`;
    expect(keys.map((key) => key.replace(/\d{4}-\d\d-\d\d/, "DAY").replace(/[0-9a-f-]{36}/, "ID"))).toEqual([
      `${folder}/DAYT00-00Z/manifest.checksum`,
      `${folder}/DAYT00-00Z/manifest.json`,
      `${folder}/data/ID.csv.gz`,
      `${folder}/hive/dt=DAY-00-00/symlink.txt`,
    ]);
    expect(manifest).toMatchObject({
      sourceBucket: source,
      destinationBucket: `arn:aws:s3:::${target}`,
      version: "2016-11-30",
      fileFormat: "CSV",
      fileSchema: "Bucket, Key, Size, ETag, StorageClass, ReplicationStatus, EncryptionStatus",
    });
    const etag = createHash("md5").update("text").digest("hex");
    expect(lines).toEqual([[source, "in/a+b", "4", etag, "STANDARD", "", "SSE-S3"]]);
    expect(await read(root.s3, target, keys[3] ?? "")).toBe(`s3://${target}/${manifest.files[0]?.key}`);
    await cloudkeep.clock.advance(dayMs);
    expect(await keysIn(target)).toHaveLength(2 * keys.length);
    await s3.deleteBucketInventoryConfiguration({ Bucket: source, Id: "all" });
    await cloudkeep.clock.advance(dayMs);
    expect(await keysIn(target)).toHaveLength(2 * keys.length);
  });

  it("lists all versions on Sundays", async () => {
    const [source, target] = [await newBucket(root.s3, { versioned: true }), await newBucket(root.s3)];
    await letIn(target, source);
    const first = await s3.putObject({ Bucket: source, Key: "k", Body: "1" });
    const second = await s3.putObject({ Bucket: source, Key: "k", Body: "22" });
    const marker = await s3.deleteObject({ Bucket: source, Key: "k" });
    const Schedule = { Frequency: "Weekly" as const };
    await listed(source, target, { IncludedObjectVersions: "All", Schedule, OptionalFields: ["Size"] });
    await cloudkeep.clock.advance(7 * dayMs);
    const { manifest, lines, keys } = await listIn(target);
    expect(manifest.fileSchema).toBe("Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size");
    expect(lines).toEqual([
      [source, "k", marker.VersionId, "true", "true", ""],
      [source, "k", second.VersionId, "false", "false", "2"],
      [source, "k", first.VersionId, "false", "false", "1"],
    ]);
    const [day = ""] = /\d{4}-\d\d-\d\d/.exec(keys[0] ?? "") ?? [];
    expect(new Date(day).getUTCDay()).toBe(0);
  });

  it("is encrypted with a key that lets S3 use it, and written only where S3 is let in", async () => {
    const [source, target] = [await newBucket(root.s3), await newBucket(root.s3)];
    const Statement = [
      { Effect: "Allow", Principal: { AWS: cloudkeep.accountId }, Action: "kms:*", Resource: "*" },
      {
        Effect: "Allow",
        Principal: { Service: "s3.amazonaws.com" },
        Action: "kms:GenerateDataKey",
        Resource: "*",
        Condition: { ArnLike: { "aws:SourceArn": `arn:aws:s3:::${source}` } },
      },
    ];
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
    const { KeyMetadata } = await root.kms.send(new CreateKeyCommand({ Policy }));
    const KeyId = KeyMetadata?.Arn;
    await s3.putObject({ Bucket: source, Key: "k", Body: "text" });
    const destination = { Bucket: undefined, Format: "CSV" as const, Encryption: { SSEKMS: { KeyId } } };
    await listed(source, target, { Destination: { S3BucketDestination: destination } });
    await cloudkeep.clock.advance(dayMs);
    expect(await keysIn(target)).toEqual([]);
    await letIn(target, source);
    await cloudkeep.clock.advance(dayMs);
    const { lines, keys } = await listIn(target);
    expect(lines).toEqual([[source, "k"]]);
    for (const Key of keys) expect((await s3.headObject({ Bucket: target, Key })).SSEKMSKeyId).toBe(KeyId);
  });

  it("goes on in further files where a bucket holds much", async () => {
    const [source, target] = [await newBucket(root.s3), await newBucket(root.s3)];
    await letIn(target, source);
    const names = Array.from({ length: 2_001 }, (_, n) => String(n).padStart(5, "0"));
    for (let n = 0; n < names.length; n += 100)
      await Promise.all(
        names.slice(n, n + 100).map((Key) => s3.putObject({ Bucket: source, Key, Body: "x" })),
      );
    await listed(source, target);
    await cloudkeep.clock.advance(dayMs);
    const { manifest, lines } = await listIn(target);
    expect(manifest.files).toHaveLength(2);
    expect(lines.map(([, key]) => key)).toEqual(names);
  }, 60_000);
});
