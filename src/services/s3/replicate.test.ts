import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { errorOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { ReplicationScene, roleFor, ruleTo, waitMs } from "./replication.testing.ts";

let cloudkeep: Cloudkeep;
let scene: ReplicationScene;
beforeAll(async () => {
  cloudkeep = await startForTest();
  scene = new ReplicationScene(cloudkeep);
});
afterAll(() => cloudkeep.stop());

describe("replication", () => {
  it("makes a replica in another Region with the version's id, metadata and tags", async () => {
    const { source, target } = await scene.pair({}, await scene.bucketAway());
    const Metadata = { colour: "blue" };
    const { VersionId } = await scene.s3.putObject({
      Bucket: source,
      Key: "k",
      Body: "text",
      Metadata,
      Tagging: "a=1",
    });
    await scene.reached(source, "k", "COMPLETED");
    const replica = await scene.abroad.getObject({ Bucket: target, Key: "k" });
    expect(await replica.Body?.transformToString()).toBe("text");
    expect(replica).toMatchObject({ VersionId, Metadata, TagCount: 1, ReplicationStatus: "REPLICA" });
    const at = await scene.s3.headObject({ Bucket: source, Key: "k" });
    expect([replica.ETag, replica.LastModified]).toEqual([at.ETag, at.LastModified]);
  });

  it("takes copies and objects in parts, large ones too", async () => {
    const { source, target } = await scene.pair({
      Destination: { Bucket: undefined, StorageClass: "STANDARD_IA" },
    });
    const partBytes = 5 * 2 ** 20;
    const upload = { Bucket: source, Key: "parts" };
    const { UploadId } = await scene.s3.createMultipartUpload(upload);
    const Parts = [];
    for (const PartNumber of [1, 2]) {
      const Body = Buffer.alloc(partBytes, PartNumber);
      const { ETag } = await scene.s3.uploadPart({ ...upload, UploadId, PartNumber, Body });
      Parts.push({ ETag, PartNumber });
    }
    await scene.s3.completeMultipartUpload({ ...upload, UploadId, MultipartUpload: { Parts } });
    await scene.s3.copyObject({ Bucket: source, Key: "copy", CopySource: `${source}/parts` });
    for (const Key of ["parts", "copy"]) {
      await scene.reached(source, Key, "COMPLETED");
      const versions = await scene.s3.listObjectVersions({ Bucket: source, Prefix: Key });
      for (const { VersionId } of versions.Versions ?? [])
        await scene.s3.deleteObject({ Bucket: source, Key, VersionId });
      const { Body, StorageClass } = await scene.s3.getObject({ Bucket: target, Key });
      const bytes = Buffer.from((await Body?.transformToByteArray()) ?? []);
      expect([bytes.length, bytes[0], bytes[partBytes]]).toEqual([2 * partBytes, 1, 2]);
      expect(StorageClass).toBe("STANDARD_IA");
    }
    const { PartsCount } = await scene.s3.headObject({ Bucket: target, Key: "parts", PartNumber: 1 });
    expect(PartsCount).toBe(2);
  });

  it("keeps versions in their order, and what is deleted by its version at home only", async () => {
    const { source, target } = await scene.pair({ DeleteMarkerReplication: { Status: "Enabled" } });
    for (const Body of ["1", "2", "3"]) await scene.s3.putObject({ Bucket: source, Key: "k", Body });
    const { VersionId } = await scene.s3.deleteObject({ Bucket: source, Key: "k" });
    const idsOf = async (Bucket: string) => {
      const { Versions = [], DeleteMarkers = [] } = await scene.s3.listObjectVersions({ Bucket });
      return [...DeleteMarkers, ...Versions].map((one) => [one.VersionId, one.IsLatest]);
    };
    const ids = await idsOf(source);
    expect(ids).toHaveLength(4);
    await vi.waitFor(async () => expect(await idsOf(target)).toEqual(ids), { timeout: waitMs });
    await scene.s3.deleteObject({ Bucket: source, Key: "k", VersionId });
    await scene.s3.putObject({ Bucket: source, Key: "after", Body: "text" });
    await scene.reached(source, "after", "COMPLETED");
    expect((await errorOf(scene.s3.getObject({ Bucket: target, Key: "k" }))).name).toBe("NoSuchKey");
    expect(await scene.statusOf(source, "k")).toBe("COMPLETED");
  });

  it("leaves out what no rule covers, delete markers that none wants, and replicas", async () => {
    const { source, target } = await scene.pair({
      Filter: { And: { Prefix: "in/", Tags: [{ Key: "a", Value: "1" }] } },
    });
    const third = await scene.bucket();
    const onward = await roleFor(target, [third], scene.root.iam);
    await scene.follow(target, onward.arn, [ruleTo(third)]);
    await scene.s3.putObject({ Bucket: source, Key: "in/untagged", Body: "text" });
    await scene.s3.putObject({ Bucket: source, Key: "out", Body: "text", Tagging: "a=1" });
    await scene.s3.putObject({ Bucket: source, Key: "in/tagged", Body: "text", Tagging: "a=1" });
    await scene.reached(source, "in/tagged", "COMPLETED");
    expect([await scene.statusOf(source, "in/untagged"), await scene.statusOf(source, "out")]).toEqual([
      undefined,
      undefined,
    ]);
    await scene.s3.deleteObject({ Bucket: source, Key: "in/tagged" });
    await scene.s3.putObject({ Bucket: target, Key: "last", Body: "text" });
    await scene.reached(target, "last", "COMPLETED");
    const keysIn = async (Bucket: string) =>
      ((await scene.s3.listObjectsV2({ Bucket })).Contents ?? []).map(({ Key }) => Key);
    expect([await keysIn(target), await keysIn(third)]).toEqual([["in/tagged", "last"], ["last"]]);
  });

  it("follows changes of tags; of a replica's only where a rule wants them", async () => {
    const { source, target } = await scene.pair();
    const back = await roleFor(target, [source], scene.root.iam);
    const SourceSelectionCriteria = { ReplicaModifications: { Status: "Enabled" as const } };
    await scene.follow(target, back.arn, [ruleTo(source, { SourceSelectionCriteria })]);
    await scene.s3.putObject({ Bucket: source, Key: "k", Body: "text" });
    await scene.reached(source, "k", "COMPLETED");
    const tagsIn = async (Bucket: string) => (await scene.s3.getObjectTagging({ Bucket, Key: "k" })).TagSet;
    for (const [from, to, Value] of [
      [source, target, "there"],
      [target, source, "and back"],
    ] as const) {
      const TagSet = [{ Key: "tag", Value }];
      await scene.s3.putObjectTagging({ Bucket: from, Key: "k", Tagging: { TagSet } });
      await vi.waitFor(async () => expect(await tagsIn(to)).toEqual(TagSet), { timeout: waitMs });
    }
    expect([await scene.statusOf(source, "k"), await scene.statusOf(target, "k")]).toEqual([
      "COMPLETED",
      "REPLICA",
    ]);
  });

  it("takes locks with it, to buckets that have them", async () => {
    const locked = { ObjectLockEnabledForBucket: true };
    const [source, target, plain] = [
      await scene.bucket(locked),
      await scene.bucket(locked),
      await scene.bucket(),
    ];
    const role = await roleFor(source, [target, plain], scene.root.iam);
    await scene.follow(source, role.arn, [ruleTo(target), ruleTo(plain, { Priority: 2 })]);
    const ObjectLockRetainUntilDate = new Date(Date.now() + 3_600_000);
    const lock = { ObjectLockMode: "GOVERNANCE" as const, ObjectLockRetainUntilDate };
    await scene.s3.putObject({ Bucket: source, Key: "k", Body: "text", ...lock });
    await scene.reached(source, "k", "FAILED");
    await vi.waitFor(async () =>
      expect(await scene.s3.headObject({ Bucket: target, Key: "k" })).toMatchObject(lock),
    );
    expect((await errorOf(scene.s3.headObject({ Bucket: plain, Key: "k" }))).name).toBe("NotFound");
  });

  it("keeps versioning on, and ends with its configuration", async () => {
    const { source } = await scene.pair();
    const suspend = { Bucket: source, VersioningConfiguration: { Status: "Suspended" as const } };
    expect((await errorOf(scene.s3.putBucketVersioning(suspend))).name).toBe("InvalidBucketState");
    await scene.s3.deleteBucketReplication({ Bucket: source });
    await scene.s3.putObject({ Bucket: source, Key: "k", Body: "text" });
    expect(await scene.statusOf(source, "k")).toBeUndefined();
    await scene.s3.putBucketVersioning(suspend);
  });
});
