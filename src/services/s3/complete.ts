import { createHash } from "node:crypto";
import type { CompletedPart } from "@aws-sdk/client-s3";
import type { Context } from "../../kit/context.ts";
import { uuid } from "../../kit/ids.ts";
import {
  askedChecksum,
  type ChecksumInput,
  checksumMembers,
  checksumNames,
  combined,
  defaultChecksum,
  shownChecksum,
} from "./checksums.ts";
import { checkWrite } from "./conditions.ts";
import { s3 } from "./contract.ts";
import { shownEncryption } from "./encryption.ts";
import { fail, invalidRequest } from "./errors.ts";
import { findBucket } from "./find.ts";
import { shownExpiration } from "./lifecycleRules.ts";
import { announce } from "./notify.ts";
import { kindOf, uploadKey } from "./parts.ts";
import {
  type BucketRow,
  type Checksum,
  manifests,
  type ObjectRow,
  objects,
  type PartRow,
  parts,
  type UploadRow,
  uploads,
} from "./tables.ts";
import { findUpload, onUpload } from "./uploads.ts";
import { insert, newest } from "./versions.ts";

const minPartBytes = 5 * 2 ** 20;

interface CompleteInput extends ChecksumInput {
  Key: string;
  UploadId: string;
  MultipartUpload?: { Parts?: CompletedPart[] | undefined } | undefined;
  ChecksumType?: string | undefined;
  MpuObjectSize?: number | undefined;
  IfMatch?: string | undefined;
  IfNoneMatch?: string | undefined;
}

/** The parts that the request names, in their order, each as it was uploaded. */
async function chosenParts(input: CompleteInput, bucket: BucketRow, upload: UploadRow, ctx: Context) {
  const { UploadId, MultipartUpload } = input;
  const named = MultipartUpload?.Parts ?? [];
  if (named.length === 0)
    throw MultipartUpload === undefined
      ? invalidRequest("You must specify at least one part")
      : fail("MalformedXML");
  const uploaded = await parts.list(ctx.tx, [bucket.name, UploadId]);
  const byNumber = new Map(uploaded.map(({ row }) => [row.number, row]));
  const chosen: PartRow[] = [];
  for (const one of named) {
    const { PartNumber = 0, ETag } = one;
    if (PartNumber <= (chosen.at(-1)?.number ?? 0)) throw fail("InvalidPartOrder", { members: { UploadId } });
    const part = byNumber.get(PartNumber);
    const wanted = ETag?.replace(/^"(.*)"$/, "$1");
    if (part === undefined || wanted !== part.etag) {
      throw fail("InvalidPart", { members: { UploadId, PartNumber, ETag: wanted } });
    }
    checkPartChecksum(one, part, upload, UploadId);
    chosen.push(part);
  }
  checkSizes(chosen);
  return { chosen, unused: uploaded.map(({ row }) => row).filter((row) => !chosen.includes(row)) };
}

function checkPartChecksum(
  named: CompletedPart,
  part: PartRow,
  { checksum }: UploadRow,
  UploadId: string,
): void {
  const other = checksumNames.find(
    (name) => name !== (checksum?.name ?? defaultChecksum) && named[checksumMembers[name]] !== undefined,
  );
  if (other !== undefined && checksum !== undefined) {
    throw fail("BadDigest", {
      message: `The ${other} you specified for part ${part.number} did not match what we received.`,
    });
  }
  const wrong = { members: { UploadId, PartNumber: part.number, ETag: part.etag } };
  if (other !== undefined) throw fail("InvalidPart", wrong);
  if (checksum === undefined) return;
  const given = named[checksumMembers[checksum.name]];
  if (given === undefined) {
    if (checksum.type !== "COMPOSITE") return;
    throw invalidRequest(
      `The upload was created using a ${checksum.name} checksum. The complete request must include the checksum for each part. It was missing for part ${part.number} in the request.`,
    );
  }
  if (given === part.checksum) return;
  throw fail("InvalidPart", wrong);
}

function checkSizes(chosen: readonly PartRow[]): void {
  const small = chosen.slice(0, -1).find(({ size }) => size < minPartBytes);
  if (small === undefined) return;
  throw fail("EntityTooSmall", {
    members: {
      ETag: small.etag,
      PartNumber: small.number,
      ProposedSize: small.size,
      MinSizeAllowed: minPartBytes,
    },
  });
}

function checksumOf(
  input: CompleteInput,
  upload: UploadRow,
  chosen: readonly PartRow[],
): Checksum | undefined {
  const type = upload.checksum?.type ?? "FULL_OBJECT";
  if (input.ChecksumType !== undefined && input.ChecksumType !== upload.checksum?.type) {
    throw invalidRequest(
      `The upload was created using the ${upload.checksum?.type ?? "null"} checksum mode. The complete request must use the same checksum mode.`,
    );
  }
  // Without the customer's key there is nothing that a checksum could be computed of.
  if (upload.encryption.type === "customer" && upload.checksum === undefined) return undefined;
  const name = kindOf(upload);
  const known = chosen.flatMap(({ checksum, size }) => (checksum === undefined ? [] : [{ checksum, size }]));
  if (known.length < chosen.length) return undefined;
  const value = combined(name, type, known);
  const asked = askedChecksum(input);
  // Where the upload was begun without one, only S3's own is held against what the client says.
  const isAsked = asked !== undefined && (asked.name === name || upload.checksum !== undefined);
  if (isAsked && asked.value.replace(/-\d+$/, "") !== value.replace(/-\d+$/, "")) {
    throw fail("BadDigest", {
      message: `The ${name} you specified did not match the calculated checksum.`,
    });
  }
  return { name, value, type };
}

/** Under a condition, nobody may have written to the key since the upload began: it must be begun anew. */
function checkUnchanged(
  { IfMatch, IfNoneMatch, Key }: CompleteInput,
  { over }: UploadRow,
  before: ObjectRow | undefined,
): void {
  if (IfMatch === undefined && IfNoneMatch === undefined) return;
  const there = before?.deleteMarker ? undefined : before;
  if (there?.order === over) return;
  const Condition = IfMatch === undefined ? "If-None-Match" : "If-Match";
  throw fail("ConditionalRequestConflict", { members: { Condition, Key } });
}

/** The ETag of an object in parts: MD5 of their MD5s, and how many they are. */
function etagOfParts(chosen: readonly PartRow[]): string {
  const whole = createHash("md5");
  for (const { etag } of chosen) whole.update(Buffer.from(etag, "hex"));
  return `${whole.digest("hex")}-${chosen.length}`;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html */
export const completeMultipartUpload = s3.operation("CompleteMultipartUpload", {
  access: onUpload("PutObject"),
  async handle(input, ctx) {
    const { Bucket, Key, UploadId } = input;
    const bucket = await findBucket(input, ctx);
    const upload = await uploads.get(ctx.tx, Bucket, Key, UploadId);
    if (upload === undefined) {
      const again = await completedBefore(input, bucket, ctx);
      if (again !== undefined) return again;
    }
    const found = upload ?? (await findUpload(input, bucket, ctx));
    // Where checksums were asked for, the customer's key must come once more.
    if (found.encryption.type === "customer" && found.checksum) await uploadKey(found, input, ctx);
    const { chosen, unused } = await chosenParts(input, bucket, found, ctx);
    const size = chosen.reduce((sum, part) => sum + part.size, 0);
    if (input.MpuObjectSize !== undefined && Number(input.MpuObjectSize) !== size) {
      throw invalidRequest(
        `The provided 'x-amz-mp-object-size' header value ${input.MpuObjectSize} does not match what was computed: ${size}`,
      );
    }
    const checksum = checksumOf(input, found, chosen);
    const before = await newest(bucket, Key, ctx);
    checkWrite(input, Key, before);
    checkUnchanged(input, found, before);
    for (const { body } of unused) await ctx.bytes.remove(body);
    for (const { number } of [...chosen, ...unused])
      parts.delete(ctx.tx, Bucket, UploadId, String(number).padStart(5, "0"));
    uploads.delete(ctx.tx, Bucket, Key, UploadId);
    const manifest = uuid();
    manifests.put(ctx.tx, [Bucket, manifest], { parts: chosen });
    const { uploadId: _, initiated: __, initiator: ___, checksum: ____, over: _____, ...described } = found;
    const row = await insert(
      bucket,
      Key,
      {
        ...described,
        size,
        etag: etagOfParts(chosen),
        manifest,
        partCount: chosen.length,
        uploadId: UploadId,
        ...(checksum && { checksum }),
      },
      before,
      ctx,
    );
    announce(bucket, "ObjectCreated:CompleteMultipartUpload", Key, row, ctx);
    return { ...answerOf(bucket, Key, row, ctx), ...(await shownExpiration(bucket, Key, row, ctx)) };
  },
  record: { data: true },
});

/** Clients repeat the request when its answer was lost: the same answer again, while the object is there. */
async function completedBefore({ Key, UploadId }: CompleteInput, bucket: BucketRow, ctx: Context) {
  const row = await objects.get(ctx.tx, bucket.name, Key);
  return row?.uploadId === UploadId ? answerOf(bucket, Key, row, ctx) : undefined;
}

type Completed = Awaited<ReturnType<typeof insert>>;

function answerOf(bucket: BucketRow, key: string, row: Completed, ctx: Context) {
  const path = key.split("/").map(encodeURIComponent).join("%2F");
  return {
    Location: `https://${bucket.name}.s3.${ctx.region}.amazonaws.com/${path}`,
    Bucket: bucket.name,
    Key: key,
    ETag: `"${row.etag}"`,
    // As recorded: of what KMS encrypts, the checksum that nobody asked for is shown by reads only.
    ...((row.encryption.type === "AES256" || row.checksum?.name !== "crc64nvme") &&
      shownChecksum(row.checksum)),
    ...(row.encryption.type !== "customer" && shownEncryption(row.encryption)),
    ...(bucket.versioning === "Enabled" && { VersionId: row.versionId }),
  };
}
