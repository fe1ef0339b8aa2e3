import type { Context } from "../../kit/context.ts";
import { parseArn } from "../../kit/targets.ts";
import { s3 } from "./contract.ts";
import { keyTo, opening, sealingFor } from "./encryption.ts";
import { fail, invalidKeyArn, invalidRequest } from "./errors.ts";
import { findBucket } from "./find.ts";
import { readableVersion, versionAccess } from "./get.ts";
import { type BucketRow, manifests, type ObjectRow } from "./tables.ts";
import { partsOf, replace } from "./versions.ts";

/** Objects under another KMS key, without their bytes being moved: only what wraps their own keys is changed. */

interface Keys {
  under: Buffer | undefined;
  newUnder: Buffer | undefined;
}

async function rewrapped(body: string, { under, newUnder }: Keys, ctx: Context): Promise<string> {
  const again = await opening(ctx.bytes.share(body, under, newUnder));
  await ctx.bytes.remove(body);
  return again;
}

async function rewrap(bucket: BucketRow, row: ObjectRow, keys: Keys, ctx: Context): Promise<ObjectRow> {
  if (row.body !== undefined) return { ...row, body: await rewrapped(row.body, keys, ctx) };
  const parts = [];
  for (const part of await partsOf(bucket.name, row, ctx))
    parts.push({ ...part, body: await rewrapped(part.body, keys, ctx) });
  if (row.manifest !== undefined) manifests.put(ctx.tx, [bucket.name, row.manifest], { parts });
  return row;
}

/** The KMS key asked for: by its ARN, and of the bucket owner's account. */
function checkKeyArn(arn: string | undefined, { account }: BucketRow): void {
  const parsed = arn === undefined ? undefined : parseArn(arn);
  if (parsed?.service !== "kms" || !parsed.resource.startsWith("key/")) {
    throw invalidRequest(invalidKeyArn);
  }
  if (parsed.account !== account) throw fail("AccessDenied");
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_UpdateObjectEncryption.html */
export const updateObjectEncryption = s3.operation("UpdateObjectEncryption", {
  access: (input, ctx) =>
    versionAccess("UpdateObjectEncryption", input, ctx, {
      "s3:x-amz-server-side-encryption": input.ObjectEncryption?.SSEKMS && "aws:kms",
      "s3:x-amz-server-side-encryption-aws-kms-key-id": input.ObjectEncryption?.SSEKMS?.KMSKeyArn,
    }),
  async handle(input, ctx) {
    const bucket = await findBucket(input, ctx);
    const row = await readableVersion(bucket, input, ctx, "PUT");
    const wanted = input.ObjectEncryption.SSEKMS;
    if (wanted === undefined) {
      throw invalidRequest(
        "Requests that modify an object encryption configuration require a valid new encryption type. Valid values are SSEKMS. Modify the request to specify SSE-KMS for the updated encryption type, and then try again.",
      );
    }
    checkKeyArn(wanted.KMSKeyArn, bucket);
    const { type } = row.encryption;
    if (type !== "AES256" && type !== "aws:kms") {
      throw invalidRequest(
        "The UpdateObjectEncryption operation doesn't support source objects with the encryption type DSSE-KMS or SSE-C. Only source objects encrypted with SSE-S3 or SSE-KMS are supported.",
      );
    }
    const under = await keyTo(row.encryption, undefined, ctx);
    const asked = {
      ServerSideEncryption: "aws:kms",
      SSEKMSKeyId: wanted.KMSKeyArn,
      BucketKeyEnabled: wanted.BucketKeyEnabled ?? false,
    };
    const sealing = await sealingFor(asked, bucket, input.Key, ctx);
    const sealed = await rewrap(bucket, row, { under, newUnder: sealing.under }, ctx);
    await replace(bucket, input.Key, { ...sealed, encryption: sealing.row }, ctx);
    return {};
  },
  record: { data: true },
});
