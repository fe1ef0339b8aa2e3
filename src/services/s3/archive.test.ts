import { S3 } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, errorOf, optionsOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { newBucket } from "./testing.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

let cloudkeep: Cloudkeep;
let s3: S3;
let bucket: (options?: { versioned: boolean }) => Promise<string>;
beforeAll(async () => {
  cloudkeep = await startForTest();
  s3 = new S3({ ...optionsOf(cloudkeep, cloudkeep.credentials), forcePathStyle: true });
  bucket = (options) => newBucket(clients(cloudkeep, cloudkeep.credentials).s3, options);
});
afterAll(() => cloudkeep.stop());

const request = (Days: number, Tier: "Standard" | "Bulk" | "Expedited" = "Standard") => ({
  RestoreRequest: { Days, GlacierJobParameters: { Tier } },
});

describe("an archived object", () => {
  it("is read while a copy of it is there, which takes its time and stays for the days asked for", async () => {
    const object = { Bucket: await bucket(), Key: "k" };
    await s3.putObject({ ...object, Body: "text", StorageClass: "GLACIER" });
    const begun = await s3.restoreObject({ ...object, ...request(2) });
    expect(begun.$metadata.httpStatusCode).toBe(202);
    expect((await s3.headObject(object)).Restore).toBe('ongoing-request="true"');
    expect((await errorOf(s3.getObject(object))).name).toBe("InvalidObjectState");
    expect((await errorOf(s3.restoreObject({ ...object, ...request(2) }))).name).toBe(
      "RestoreAlreadyInProgress",
    );
    const OptionalObjectAttributes = ["RestoreStatus" as const];
    const listed = async () => {
      const asked = { Bucket: object.Bucket, OptionalObjectAttributes };
      const { Versions } = await s3.listObjectVersions(asked);
      const { Contents } = await s3.listObjectsV2(asked);
      expect(Versions?.[0]?.RestoreStatus).toEqual(Contents?.[0]?.RestoreStatus);
      return Contents?.[0]?.RestoreStatus;
    };
    expect(await listed()).toEqual({ IsRestoreInProgress: true });

    await cloudkeep.clock.advance(5 * hourMs);
    const { Body, Restore, StorageClass } = await s3.getObject(object);
    expect([await Body?.transformToString(), StorageClass]).toEqual(["text", "GLACIER"]);
    const until = new Date(/expiry-date="(.*)"/.exec(Restore ?? "")?.[1] ?? 0);
    expect(until.getTime() % dayMs).toBe(0);
    expect(until.getTime() - cloudkeep.clock.now()).toBeGreaterThan(2 * dayMs);
    expect(await listed()).toEqual({ IsRestoreInProgress: false, RestoreExpiryDate: until });
    await s3.copyObject({ ...object, Key: "copy", CopySource: `${object.Bucket}/k` });

    // Asked for again, it stays longer.
    expect((await s3.restoreObject({ ...object, ...request(9) })).$metadata.httpStatusCode).toBe(200);
    await cloudkeep.clock.advance(4 * dayMs);
    await s3.getObject(object);
    await cloudkeep.clock.advance(6 * dayMs);
    expect((await s3.headObject(object)).Restore).toBeUndefined();
    expect((await errorOf(s3.getObject(object))).name).toBe("InvalidObjectState");
    await s3.restoreObject({ ...object, ...request(1) });
  });

  it("must be one, and the request must say how long", async () => {
    const object = { Bucket: await bucket(), Key: "k" };
    await s3.putObject({ ...object, Body: "text" });
    const standard = await errorOf(s3.restoreObject({ ...object, ...request(1) }));
    expect([standard.name, standard.message]).toEqual([
      "InvalidObjectState",
      "Restore is not allowed for the object's current storage class",
    ]);
    await s3.putObject({ ...object, Body: "text", StorageClass: "DEEP_ARCHIVE" });
    const refused = async (asked: object) => (await errorOf(s3.restoreObject({ ...object, ...asked }))).name;
    expect(await refused({})).toBe("MalformedXML");
    expect(await refused({ RestoreRequest: {} })).toBe("MalformedXML");
    expect(await refused(request(0))).toBe("InvalidArgument");
    expect(await refused(request(1, "Expedited"))).toBe("InvalidArgument");
    expect(await refused({ RestoreRequest: { Type: "SELECT" } })).toBe("MethodNotAllowed");
  });
});

describe("a lifecycle rule", () => {
  it("moves objects and older versions down the storage classes, by the clock", async () => {
    const Bucket = await bucket({ versioned: true });
    const large = Buffer.alloc(128 * 1024);
    await s3.putObject({ Bucket, Key: "logs/large", Body: "older" });
    await s3.putObject({ Bucket, Key: "logs/large", Body: large });
    await s3.putObject({ Bucket, Key: "logs/small", Body: "small" });
    await s3.putObject({ Bucket, Key: "kept/large", Body: large });
    const put = (rule: object, more: object = {}) =>
      s3.putBucketLifecycleConfiguration({
        Bucket,
        LifecycleConfiguration: {
          Rules: [{ ID: "r", Status: "Enabled", Filter: { Prefix: "logs/" }, ...rule }],
        },
        ...more,
      });
    const tooSoon = await errorOf(put({ Transitions: [{ Days: 7, StorageClass: "STANDARD_IA" }] }));
    expect(tooSoon.message).toBe(
      "'Days' in Transition action must be greater than or equal to 30 for storageClass 'STANDARD_IA'",
    );
    await put({
      Transitions: [
        { Days: 30, StorageClass: "STANDARD_IA" },
        { Days: 60, StorageClass: "GLACIER" },
      ],
      NoncurrentVersionTransitions: [{ NoncurrentDays: 10, StorageClass: "DEEP_ARCHIVE" }],
    });
    const classes = async () => {
      const { Versions = [] } = await s3.listObjectVersions({ Bucket });
      return Object.fromEntries(
        Versions.map(({ Key, IsLatest, StorageClass }) => [
          `${Key}${IsLatest ? "" : " before"}`,
          StorageClass,
        ]),
      );
    };
    const begin = {
      "kept/large": "STANDARD",
      "logs/large": "STANDARD",
      "logs/large before": "STANDARD",
      "logs/small": "STANDARD",
    };
    await cloudkeep.clock.advance(11 * dayMs);
    // Small objects stay, unless a rule speaks of sizes.
    expect(await classes()).toEqual(begin);
    await cloudkeep.clock.advance(20 * dayMs);
    expect(await classes()).toEqual({ ...begin, "logs/large": "STANDARD_IA" });
    await put(
      {
        Transitions: [{ Days: 60, StorageClass: "GLACIER" }],
        NoncurrentVersionTransitions: [{ NoncurrentDays: 10, StorageClass: "DEEP_ARCHIVE" }],
      },
      { TransitionDefaultMinimumObjectSize: "varies_by_storage_class" },
    );
    await cloudkeep.clock.advance(30 * dayMs);
    expect(await classes()).toEqual({
      "kept/large": "STANDARD",
      "logs/large": "GLACIER",
      "logs/large before": "DEEP_ARCHIVE",
      "logs/small": "GLACIER",
    });
    expect((await errorOf(s3.getObject({ Bucket, Key: "logs/large" }))).name).toBe("InvalidObjectState");
  });
});
