import { randomBytes } from "node:crypto";
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, errorOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { newBucket, put, read } from "./testing.ts";

let cloudkeep: Cloudkeep;
let s3: ReturnType<typeof clients>["s3"];
beforeAll(async () => {
  cloudkeep = await startForTest();
  s3 = clients(cloudkeep, cloudkeep.credentials).s3;
});
afterAll(() => cloudkeep.stop());

const large = randomBytes(300_000);

describe("buckets", () => {
  it("are made, listed, found and deleted", async () => {
    const Bucket = await newBucket(s3);
    const { Buckets } = await s3.send(new ListBucketsCommand({}));
    expect(Buckets?.map(({ Name }) => Name)).toContain(Bucket);
    expect((await s3.send(new HeadBucketCommand({ Bucket }))).BucketRegion).toBe("us-east-1");
    await put(s3, Bucket, "a");
    expect((await errorOf(s3.send(new DeleteBucketCommand({ Bucket })))).name).toBe("BucketNotEmpty");
    await s3.send(new DeleteObjectCommand({ Bucket, Key: "a" }));
    await s3.send(new DeleteBucketCommand({ Bucket }));
    const gone = await errorOf(s3.send(new ListObjectsV2Command({ Bucket })));
    expect(gone).toMatchObject({
      name: "NoSuchBucket",
      BucketName: Bucket,
      $metadata: { httpStatusCode: 404 },
    });
  });

  it("live in the Region that they are made in, and are found from there only", async () => {
    const frankfurt = clients(cloudkeep, cloudkeep.credentials, "eu-central-1").s3;
    const CreateBucketConfiguration = { LocationConstraint: "eu-central-1" as const };
    const Bucket = await newBucket(frankfurt, { CreateBucketConfiguration });
    const { LocationConstraint } = await frankfurt.send(new GetBucketLocationCommand({ Bucket }));
    expect(LocationConstraint).toBe("eu-central-1");
    const elsewhere = await errorOf(s3.send(new ListObjectsV2Command({ Bucket })));
    expect(elsewhere).toMatchObject({ name: "PermanentRedirect", $metadata: { httpStatusCode: 301 } });
    const other = {
      Bucket: "of-another-region",
      CreateBucketConfiguration: { LocationConstraint: "eu-west-1" as const },
    };
    const refused = await errorOf(frankfurt.send(new CreateBucketCommand(other)));
    expect(refused.name).toBe("IllegalLocationConstraintException");
  });

  it.each(["ab", "UPPER", "a..b", "192.168.1.1", "xn--a", "a-s3alias"])(
    "cannot be called %s",
    async (Bucket) => {
      expect((await errorOf(s3.send(new CreateBucketCommand({ Bucket })))).name).toBe("InvalidBucketName");
    },
  );
});

describe("objects", () => {
  it("come back as they went, small and large, with their headers and metadata", async () => {
    const Bucket = await newBucket(s3);
    for (const body of [Buffer.alloc(0), Buffer.from("small"), large]) {
      const { ETag } = await put(s3, Bucket, "k", body, {
        ContentType: "text/plain",
        CacheControl: "no-cache",
        Metadata: { colour: "blue" },
      });
      const answer = await s3.send(new GetObjectCommand({ Bucket, Key: "k" }));
      expect(Buffer.from((await answer.Body?.transformToByteArray()) ?? []).equals(body)).toBe(true);
      expect(answer).toMatchObject({
        ETag,
        ContentType: "text/plain",
        CacheControl: "no-cache",
        ContentLength: body.length,
        Metadata: { colour: "blue" },
        ServerSideEncryption: "AES256",
      });
      expect(await s3.send(new HeadObjectCommand({ Bucket, Key: "k" }))).toMatchObject({ ETag });
    }
  });

  it.each([
    ["bytes=0-0", 0, 1],
    ["bytes=100000-199999", 100_000, 200_000],
    ["bytes=299990-", 299_990, 300_000],
    ["bytes=-5", 299_995, 300_000],
    ["bytes=65535-65537", 65_535, 65_538],
    ["bytes=0-999999", 0, 300_000],
  ])("are read by %s", async (Range, start, end) => {
    const Bucket = await newBucket(s3);
    await put(s3, Bucket, "k", large);
    const answer = await s3.send(new GetObjectCommand({ Bucket, Key: "k", Range }));
    expect(answer.$metadata.httpStatusCode).toBe(206);
    expect(answer.ContentRange).toBe(`bytes ${start}-${end - 1}/300000`);
    const bytes = Buffer.from((await answer.Body?.transformToByteArray()) ?? []);
    expect(bytes.equals(large.subarray(start, end))).toBe(true);
  });

  it("have no bytes behind their end", async () => {
    const Bucket = await newBucket(s3);
    await put(s3, Bucket, "k", "abc");
    const error = await errorOf(s3.send(new GetObjectCommand({ Bucket, Key: "k", Range: "bytes=3-" })));
    expect(error).toMatchObject({
      name: "InvalidRange",
      ActualObjectSize: "3",
      $metadata: { httpStatusCode: 416 },
    });
  });

  it("are read and written under conditions", async () => {
    const Bucket = await newBucket(s3);
    const { ETag } = await put(s3, Bucket, "k", "abc");
    const get = (conditions: object) => s3.send(new GetObjectCommand({ Bucket, Key: "k", ...conditions }));
    expect((await errorOf(get({ IfNoneMatch: ETag }))).$metadata?.httpStatusCode).toBe(304);
    expect((await errorOf(get({ IfMatch: '"other"' }))).name).toBe("PreconditionFailed");
    expect((await get({ IfMatch: ETag, IfUnmodifiedSince: new Date(0) })).ContentLength).toBe(3);
    expect((await errorOf(put(s3, Bucket, "k", "new", { IfNoneMatch: "*" }))).name).toBe(
      "PreconditionFailed",
    );
    expect((await errorOf(put(s3, Bucket, "k", "new", { IfMatch: '"other"' }))).name).toBe(
      "PreconditionFailed",
    );
    expect((await errorOf(put(s3, Bucket, "none", "new", { IfMatch: ETag ?? "" }))).name).toBe("NoSuchKey");
    await put(s3, Bucket, "k", "new", { IfMatch: ETag ?? "" });
    expect(await read(s3, Bucket, "k")).toBe("new");
  });

  it("are copied with what they have, or with something new", async () => {
    const Bucket = await newBucket(s3);
    await put(s3, Bucket, "a/ü b", large, { Metadata: { a: "1" }, Tagging: "t=1", ContentType: "text/x" });
    const CopySource = `${Bucket}/${encodeURIComponent("a/ü b")}`;
    const { CopyObjectResult } = await s3.send(new CopyObjectCommand({ Bucket, Key: "copy", CopySource }));
    const copy = await s3.send(new GetObjectCommand({ Bucket, Key: "copy" }));
    expect(copy).toMatchObject({
      ETag: CopyObjectResult?.ETag,
      Metadata: { a: "1" },
      ContentType: "text/x",
      TagCount: 1,
    });
    await s3.send(new DeleteObjectCommand({ Bucket, Key: "a/ü b" }));
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: "copy" }));
    expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(large)).toBe(true);
    const again = { Bucket, Key: "copy", CopySource: `${Bucket}/copy` };
    expect((await errorOf(s3.send(new CopyObjectCommand(again)))).name).toBe("InvalidRequest");
    await s3.send(new CopyObjectCommand({ ...again, MetadataDirective: "REPLACE", Metadata: { b: "2" } }));
    expect(await s3.send(new HeadObjectCommand({ Bucket, Key: "copy" }))).toMatchObject({
      Metadata: { b: "2" },
    });
    await s3.send(new CopyObjectCommand({ ...again, Key: "other", ChecksumAlgorithm: "SHA256" }));
    const attributes = await s3.send(
      new GetObjectAttributesCommand({ Bucket, Key: "other", ObjectAttributes: ["Checksum", "ObjectSize"] }),
    );
    expect(attributes).toMatchObject({ ObjectSize: 300_000, Checksum: { ChecksumType: "FULL_OBJECT" } });
    expect((await s3.send(new GetObjectTaggingCommand({ Bucket, Key: "other" }))).TagSet).toEqual([
      { Key: "t", Value: "1" },
    ]);
  });

  it("are deleted by the thousand, each by itself", async () => {
    const Bucket = await newBucket(s3);
    for (const key of ["a", "b", "c"]) await put(s3, Bucket, key);
    const Objects = ["a", "b", "never"].map((Key) => ({ Key }));
    const { Deleted, Errors } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    expect([Deleted?.map(({ Key }) => Key), Errors]).toEqual([["a", "b", "never"], undefined]);
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket }));
    expect(Contents?.map(({ Key }) => Key)).toEqual(["c"]);
  });

  it("keep hostile keys apart", async () => {
    const Bucket = await newBucket(s3);
    const keys = [
      "../../etc/passwd",
      "a/../b",
      "a//b",
      "a\\b",
      "//",
      "é".normalize("NFC"),
      "é".normalize("NFD"),
      "a\u0001b",
      "%2e",
      "x".repeat(1_024),
      "\u{1f600}",
      "\uffee",
      "a+b",
      "a b",
      "?q=1",
      "#",
    ];
    for (const key of keys) await put(s3, Bucket, key, key);
    for (const key of keys) expect(await read(s3, Bucket, key)).toBe(key);
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, EncodingType: "url" }));
    const listed = Contents.map(({ Key = "" }) => decodeURIComponent(Key.replaceAll("+", " ")));
    expect(listed).toEqual([...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
    expect((await errorOf(put(s3, Bucket, "x".repeat(1_025)))).name).toBe("KeyTooLongError");
  });
});

describe("listings", () => {
  it("roll up what lies below a delimiter, a page at a time", async () => {
    const Bucket = await newBucket(s3);
    for (const key of ["a", "b/1", "b/2", "b/3", "c", "d/1/x", "d/2", "e"]) await put(s3, Bucket, key);
    const seen: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await s3.send(
        new ListObjectsV2Command({ Bucket, Delimiter: "/", MaxKeys: 2, ContinuationToken }),
      );
      expect(page.KeyCount).toBeLessThanOrEqual(2);
      seen.push(
        ...[
          ...(page.Contents ?? []).map(({ Key = "" }) => Key),
          ...(page.CommonPrefixes ?? []).map(({ Prefix = "" }) => Prefix),
        ].sort(),
      );
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    expect(seen).toEqual(["a", "b/", "c", "d/", "e"]);
    const below = await s3.send(new ListObjectsCommand({ Bucket, Prefix: "d/", Delimiter: "/" }));
    expect([below.Contents?.map(({ Key }) => Key), below.CommonPrefixes]).toEqual([
      ["d/2"],
      [{ Prefix: "d/1/" }],
    ]);
    const later = await s3.send(new ListObjectsV2Command({ Bucket, StartAfter: "b/2" }));
    expect(later.Contents?.map(({ Key }) => Key)).toEqual(["b/3", "c", "d/1/x", "d/2", "e"]);
  });
});

describe("a listing", () => {
  it("ends while others write", async () => {
    const Bucket = await newBucket(s3);
    let writing = true;
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let i = 0; writing; i += 1) await put(s3, Bucket, `${writer}/${i}`, "x");
    });
    for (let i = 0; i < 20; i += 1) await s3.send(new ListObjectsV2Command({ Bucket }));
    writing = false;
    await Promise.all(writers);
    expect((await s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBeGreaterThan(0);
  });
});

describe("versions", () => {
  it("pile up, are marked deleted, and come back", async () => {
    const Bucket = await newBucket(s3);
    await put(s3, Bucket, "k", "null");
    const versioning = (Status: "Enabled" | "Suspended") =>
      s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));
    await versioning("Enabled");
    const one = (await put(s3, Bucket, "k", "one")).VersionId ?? "";
    const two = (await put(s3, Bucket, "k", "two")).VersionId ?? "";
    expect(await read(s3, Bucket, "k", { VersionId: one })).toBe("one");
    expect(await read(s3, Bucket, "k", { VersionId: "null" })).toBe("null");
    const { VersionId: marker } = await s3.send(new DeleteObjectCommand({ Bucket, Key: "k" }));
    expect((await errorOf(read(s3, Bucket, "k"))).name).toBe("NoSuchKey");
    const listed = await s3.send(new ListObjectVersionsCommand({ Bucket }));
    expect(listed.Versions?.map(({ VersionId, IsLatest }) => [VersionId, IsLatest])).toEqual([
      [two, false],
      [one, false],
      ["null", false],
    ]);
    expect(listed.DeleteMarkers).toMatchObject([{ VersionId: marker, IsLatest: true }]);
    expect((await s3.send(new ListObjectsV2Command({ Bucket }))).KeyCount).toBe(0);
    await s3.send(new DeleteObjectCommand({ Bucket, Key: "k", VersionId: marker }));
    expect(await read(s3, Bucket, "k")).toBe("two");
    await s3.send(new DeleteObjectCommand({ Bucket, Key: "k", VersionId: two }));
    expect(await read(s3, Bucket, "k")).toBe("one");
    await versioning("Suspended");
    await put(s3, Bucket, "k", "null again");
    expect(await read(s3, Bucket, "k", { VersionId: "null" })).toBe("null again");
    const after = await s3.send(new ListObjectVersionsCommand({ Bucket }));
    expect(after.Versions?.map(({ VersionId }) => VersionId)).toEqual(["null", one]);
  });

  it("are listed a page at a time", async () => {
    const Bucket = await newBucket(s3, { versioned: true });
    for (let i = 0; i < 3; i += 1) for (const key of ["a", "b"]) await put(s3, Bucket, key, `${key}${i}`);
    await s3.send(new DeleteObjectCommand({ Bucket, Key: "a" }));
    const seen: string[] = [];
    let at: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } = {};
    for (;;) {
      const page = await s3.send(new ListObjectVersionsCommand({ Bucket, MaxKeys: 2, ...at }));
      for (const one of [...(page.DeleteMarkers ?? []), ...(page.Versions ?? [])])
        seen.push(`${one.Key} ${one.VersionId} ${one.IsLatest}`);
      if (!page.IsTruncated) break;
      at = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
    }
    const whole = await s3.send(new ListObjectVersionsCommand({ Bucket }));
    const all = [...(whole.DeleteMarkers ?? []), ...(whole.Versions ?? [])].map(
      (one) => `${one.Key} ${one.VersionId} ${one.IsLatest}`,
    );
    expect([...seen].sort()).toEqual([...all].sort());
    expect(all.filter((one) => one.endsWith("true"))).toHaveLength(2);
  });
});
