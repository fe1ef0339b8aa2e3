import { createHash, randomBytes } from "node:crypto";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, errorOf, startForTest } from "../../../test/harness.ts";
import { newDigest } from "../../kit/digests.ts";
import type { Cloudkeep } from "../../start.ts";
import { newBucket, put } from "./testing.ts";

let cloudkeep: Cloudkeep;
let s3: ReturnType<typeof clients>["s3"];
beforeAll(async () => {
  cloudkeep = await startForTest();
  s3 = clients(cloudkeep, cloudkeep.credentials).s3;
});
afterAll(() => cloudkeep.stop());

const pieces = [randomBytes(5 * 2 ** 20), randomBytes(5 * 2 ** 20), Buffer.from("the end")];
const whole = Buffer.concat(pieces);

async function begun(Bucket: string, more: object = {}) {
  const { UploadId = "" } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: "k", ...more }));
  return { Bucket, Key: "k", UploadId };
}

describe("an upload in parts", () => {
  it("becomes one object, with a checksum of checksums", async () => {
    const Bucket = await newBucket(s3);
    const upload = await begun(Bucket, { ChecksumAlgorithm: "SHA256", Metadata: { a: "b" } });
    const Parts: { PartNumber: number; ETag: string | undefined; ChecksumSHA256: string | undefined }[] = [];
    for (const [i, Body] of pieces.entries()) {
      const PartNumber = i + 1;
      const { ETag, ChecksumSHA256 } = await s3.send(
        new UploadPartCommand({ ...upload, PartNumber, Body, ChecksumAlgorithm: "SHA256" }),
      );
      Parts.push({ PartNumber, ETag, ChecksumSHA256 });
    }
    expect((await s3.send(new ListPartsCommand(upload))).Parts?.map(({ Size }) => Size)).toEqual(
      pieces.map(({ length }) => length),
    );
    const complete = new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } });
    const done = await s3.send(complete);
    const md5s = pieces.map((piece) => createHash("md5").update(piece).digest());
    expect(done.ETag).toBe(`"${createHash("md5").update(Buffer.concat(md5s)).digest("hex")}-3"`);
    const sums = pieces.map((piece) => createHash("sha256").update(piece).digest());
    expect(done.ChecksumSHA256).toBe(
      `${createHash("sha256").update(Buffer.concat(sums)).digest("base64")}-3`,
    );
    // A client that has lost the answer asks again.
    expect((await s3.send(complete)).ETag).toBe(done.ETag);
    const { Body, Metadata } = await s3.send(new GetObjectCommand({ Bucket, Key: "k" }));
    expect(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(whole)).toBe(true);
    expect(Metadata).toEqual({ a: "b" });
    const Range = `bytes=${5 * 2 ** 20 - 10}-${5 * 2 ** 20 + 9}`;
    const across = await s3.send(new GetObjectCommand({ Bucket, Key: "k", Range }));
    const bytes = Buffer.from((await across.Body?.transformToByteArray()) ?? []);
    expect(bytes.equals(whole.subarray(5 * 2 ** 20 - 10, 5 * 2 ** 20 + 10))).toBe(true);
    const part = await s3.send(new HeadObjectCommand({ Bucket, Key: "k", PartNumber: 3 }));
    expect(part).toMatchObject({ ContentLength: 7, PartsCount: 3 });
    const { ObjectParts } = await s3.send(
      new GetObjectAttributesCommand({ Bucket, Key: "k", ObjectAttributes: ["ObjectParts"], MaxParts: 2 }),
    );
    expect(ObjectParts).toMatchObject({
      TotalPartsCount: 3,
      IsTruncated: true,
      Parts: [{ PartNumber: 1 }, { PartNumber: 2 }],
    });
  });

  it("has a checksum of the whole, without reading it again", async () => {
    const Bucket = await newBucket(s3);
    const upload = await begun(Bucket, { ChecksumAlgorithm: "CRC64NVME" });
    const Parts: object[] = [];
    for (const [i, Body] of pieces.entries()) {
      const PartNumber = i + 1;
      const { ETag } = await s3.send(
        new UploadPartCommand({ ...upload, PartNumber, Body, ChecksumAlgorithm: "CRC64NVME" }),
      );
      Parts.push({ PartNumber, ETag });
    }
    const done = await s3.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }));
    const digest = newDigest("crc64nvme");
    digest.update(whole);
    expect(done).toMatchObject({
      ChecksumCRC64NVME: digest.digest().toString("base64"),
      ChecksumType: "FULL_OBJECT",
    });
  });

  it("takes parts of other objects", async () => {
    const Bucket = await newBucket(s3);
    await put(s3, Bucket, "source", whole);
    const upload = await begun(Bucket);
    const CopySource = `${Bucket}/source`;
    const ranges = ["bytes=0-5242879", "bytes=10485760-10485766"];
    const Parts: object[] = [];
    for (const [i, CopySourceRange] of ranges.entries()) {
      const PartNumber = i + 1;
      const { CopyPartResult } = await s3.send(
        new UploadPartCopyCommand({ ...upload, PartNumber, CopySource, CopySourceRange }),
      );
      Parts.push({ PartNumber, ETag: CopyPartResult?.ETag });
    }
    await s3.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }));
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: "k" }));
    const copied = Buffer.from((await Body?.transformToByteArray()) ?? []);
    expect(copied.equals(Buffer.concat([pieces[0] as Buffer, pieces[2] as Buffer]))).toBe(true);
  });

  it("refuses small, missing and unordered parts, and is given up", async () => {
    const Bucket = await newBucket(s3);
    const upload = await begun(Bucket);
    const etags: (string | undefined)[] = [];
    for (const PartNumber of [1, 2]) {
      const { ETag } = await s3.send(new UploadPartCommand({ ...upload, PartNumber, Body: "small" }));
      etags.push(ETag);
    }
    const complete = (Parts: object[]) =>
      errorOf(s3.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } })));
    const [one, two] = [
      { PartNumber: 1, ETag: etags[0] },
      { PartNumber: 2, ETag: etags[1] },
    ];
    expect((await complete([one, two])).name).toBe("EntityTooSmall");
    expect((await complete([two, one])).name).toBe("InvalidPartOrder");
    expect((await complete([one, { PartNumber: 3, ETag: etags[1] }])).name).toBe("InvalidPart");
    const { Uploads } = await s3.send(new ListMultipartUploadsCommand({ Bucket }));
    expect(Uploads).toMatchObject([{ Key: "k", UploadId: upload.UploadId }]);
    await s3.send(new AbortMultipartUploadCommand(upload));
    expect((await errorOf(s3.send(new ListPartsCommand(upload)))).name).toBe("NoSuchUpload");
  });
});
