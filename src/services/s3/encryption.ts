import { createHash, createHmac } from "node:crypto";
import type { Caller } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import { AwsError, WrongKey } from "../../kit/errors.ts";
import { draw } from "../../kit/ids.ts";
import { fail, invalidArgument, invalidRequest } from "./errors.ts";
import { bucketArn, objectArn } from "./names.ts";
import type { BucketRow, EncryptionRow } from "./tables.ts";

/**
 * Server-side encryption. Everything is sealed at rest by the store; a key of KMS (SSE-KMS), or of the customer
 * (SSE-C), wraps an object's own key besides, so that it does not open without. The customer's key is not kept.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/serv-side-encryption.html
 */

export interface EncryptionInput {
  ServerSideEncryption?: string | undefined;
  SSEKMSKeyId?: string | undefined;
  SSEKMSEncryptionContext?: string | undefined;
  BucketKeyEnabled?: boolean | undefined;
}

export interface CustomerKeyInput {
  SSECustomerAlgorithm?: string | undefined;
  SSECustomerKey?: string | undefined;
  SSECustomerKeyMD5?: string | undefined;
}

/** How a new object is encrypted, and the key that opens it. */
export interface Sealing {
  row: EncryptionRow;
  under?: Buffer;
}

const customerWords = "Requests specifying Server Side Encryption with Customer provided keys must provide";

/** Every refusal of a customer's key names this header, whichever of them it is about. */
const named = "x-amz-server-side-encryption";

/** The customer's key, checked; undefined if the request brings none. */
export function customerKey(input: CustomerKeyInput): Buffer | undefined {
  const { SSECustomerAlgorithm: algorithm, SSECustomerKey: encoded, SSECustomerKeyMD5: md5 } = input;
  if (algorithm === undefined && encoded === undefined && md5 === undefined) return undefined;
  if (algorithm === undefined) throw invalidArgument(`${customerWords} a valid encryption algorithm.`, named);
  if (algorithm !== "AES256") {
    throw fail("InvalidEncryptionAlgorithmError", {
      members: { ArgumentName: named, ArgumentValue: algorithm },
    });
  }
  if (encoded === undefined) throw invalidArgument(`${customerWords} an appropriate secret key.`, named);
  const key = Buffer.from(encoded, "base64");
  if (key.length !== 32)
    throw invalidArgument("The secret key was invalid for the specified algorithm.", named);
  if (md5 === undefined)
    throw invalidArgument(`${customerWords} the client calculated MD5 of the secret key.`, named);
  if (createHash("md5").update(key).digest("base64") !== md5) {
    const message = "The calculated MD5 hash of the key did not match the hash that was provided.";
    throw invalidArgument(message, named);
  }
  return key;
}

/** Chooses how a new object is encrypted, and gets the key for it. */
export async function sealingFor(
  input: EncryptionInput & CustomerKeyInput,
  bucket: BucketRow,
  key: string,
  ctx: Context,
): Promise<Sealing> {
  const customer = customerKey(input);
  if (customer !== undefined) {
    if (input.ServerSideEncryption !== undefined) {
      throw invalidArgument(
        "Server Side Encryption with Customer provided key is incompatible with the encryption method specified",
        "x-amz-server-side-encryption",
        input.ServerSideEncryption,
      );
    }
    const salt = draw(16);
    const known = { salt: salt.toString("base64"), mac: macOf(customer, salt) };
    return { row: { type: "customer", known }, under: customer };
  }
  const { algorithm, keyId, bucketKey } = chosen(input, bucket);
  if (algorithm === "AES256") return { row: { type: "AES256" } };
  const arn = bucketKey ? bucketArn(bucket.name) : objectArn(bucket.name, key);
  const context = { ...givenContext(input.SSEKMSEncryptionContext), "aws:s3:arn": arn };
  const { plaintext, ciphertext, kmsKeyArn } = await newDataKey(keyId, context, ctx);
  const row: EncryptionRow = { type: algorithm, kmsKeyArn, dataKey: ciphertext, context };
  return { row: bucketKey ? { ...row, bucketKey } : row, under: plaintext };
}

function macOf(key: Buffer, salt: Buffer): string {
  return createHmac("sha256", key).update(salt).digest("base64");
}

function chosen(input: EncryptionInput, bucket: BucketRow) {
  const { ServerSideEncryption: asked, SSEKMSKeyId, BucketKeyEnabled } = input;
  const usual = bucket.encryption;
  if (asked !== undefined && asked !== "AES256" && asked !== "aws:kms" && asked !== "aws:kms:dsse") {
    throw invalidArgument(
      "The encryption method specified is not supported",
      "x-amz-server-side-encryption",
      asked,
    );
  }
  if (SSEKMSKeyId !== undefined && (asked === undefined || asked === "AES256")) {
    throw invalidArgument(
      "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms",
      "x-amz-server-side-encryption",
      asked,
    );
  }
  const algorithm = asked ?? usual.algorithm;
  const keyId = SSEKMSKeyId ?? (usual.algorithm === "AES256" ? undefined : usual.kmsKeyId);
  const bucketKey =
    algorithm === "aws:kms" && (BucketKeyEnabled ?? (usual.algorithm === "aws:kms" && usual.bucketKey));
  return { algorithm, keyId: keyId ?? "alias/aws/s3", bucketKey: bucketKey ? (true as const) : undefined };
}

function givenContext(encoded: string | undefined): Record<string, string> {
  if (encoded === undefined) return {};
  try {
    const context: unknown = JSON.parse(
      encoded.startsWith("{") ? encoded : Buffer.from(encoded, "base64").toString(),
    );
    if (typeof context === "object" && context !== null && !Array.isArray(context)) {
      const entries = Object.entries(context);
      if (entries.every(([, value]) => typeof value === "string")) return Object.fromEntries(entries);
    }
  } catch {
    // Falls through: what cannot be parsed is no context.
  }
  throw invalidArgument(
    "The header 'x-amz-server-side-encryption-context' shall be Base64-encoded UTF-8 string holding JSON which represents a string-string map",
    "x-amz-server-side-encryption-context",
  );
}

/** S3 calls KMS as the caller: `kms:ViaService` tells that it was S3. */
async function callKms(
  operation: string,
  input: Record<string, unknown>,
  ctx: Context,
  { caller = ctx.caller, region = ctx.region }: { caller?: Caller; region?: string } = {},
): Promise<Record<string, unknown>> {
  const as = { ...caller, calledVia: [...(caller.calledVia ?? []), "s3.amazonaws.com"] };
  try {
    return await ctx.call("kms", operation, input, { as, region });
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    if (error.code.startsWith("AccessDenied")) throw fail("AccessDenied", { message: error.message });
    throw new AwsError(`KMS.${error.code}`, error.message, { status: 400 });
  }
}

async function newDataKey(keyId: string, context: Record<string, string>, ctx: Context) {
  const answer = await callKms(
    "GenerateDataKey",
    { KeyId: keyId, KeySpec: "AES_256", EncryptionContext: context },
    ctx,
  );
  return {
    plaintext: answer.Plaintext as Buffer,
    ciphertext: (answer.CiphertextBlob as Buffer).toString("base64"),
    kmsKeyArn: answer.KeyId as string,
  };
}

/**
 * How a replica is encrypted, under a key in its own Region: AWS has the role encrypt with it.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html
 */
export async function sealingUnder(
  {
    type,
    keyId,
    bucketKey,
  }: { type: "aws:kms" | "aws:kms:dsse"; keyId: string; bucketKey?: true | undefined },
  { name, region }: BucketRow,
  key: string,
  caller: Caller,
  ctx: Context,
): Promise<Sealing> {
  const context = { "aws:s3:arn": bucketKey ? bucketArn(name) : objectArn(name, key) };
  const under = draw(32);
  const input = { KeyId: keyId, Plaintext: under, EncryptionContext: context };
  const answer = await callKms("Encrypt", input, ctx, { caller, region });
  const dataKey = (answer.CiphertextBlob as Buffer).toString("base64");
  const row: EncryptionRow = { type, kmsKeyArn: answer.KeyId as string, dataKey, context };
  return { row: bucketKey ? { ...row, bucketKey } : row, under };
}

const parametersNeeded =
  "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.";

/** The key under which an object opens; undefined where the store's own sealing is all there is. */
export async function keyTo(
  row: EncryptionRow,
  customer: Buffer | undefined,
  ctx: Context,
  caller = ctx.caller,
): Promise<Buffer | undefined> {
  if (row.type === "customer") {
    if (customer === undefined) throw invalidRequest(parametersNeeded);
    const { salt = "", mac } = row.known ?? {};
    if (macOf(customer, Buffer.from(salt, "base64")) !== mac) throw wrongKey();
    return customer;
  }
  if (customer !== undefined) {
    throw invalidRequest("The encryption parameters are not applicable to this object.");
  }
  if (row.dataKey === undefined) return undefined;
  const answer = await callKms(
    "Decrypt",
    {
      CiphertextBlob: Buffer.from(row.dataKey, "base64"),
      EncryptionContext: row.context,
      KeyId: row.kmsKeyArn,
    },
    ctx,
    { caller },
  );
  return answer.Plaintext as Buffer;
}

/** Runs what opens a body; a customer's wrong key is AccessDenied. */
export async function opening<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof WrongKey)) throw error;
    throw wrongKey();
  }
}

function wrongKey() {
  return fail("AccessDenied", { message: `${customerWords} the correct secret key.` });
}

/** How an answer shows an object's encryption. */
export function shownEncryption(row: EncryptionRow, input: CustomerKeyInput = {}): Record<string, unknown> {
  if (row.type === "customer") {
    return { SSECustomerAlgorithm: "AES256", SSECustomerKeyMD5: input.SSECustomerKeyMD5 };
  }
  return {
    ServerSideEncryption: row.type,
    ...(row.kmsKeyArn !== undefined && { SSEKMSKeyId: row.kmsKeyArn }),
    ...(row.bucketKey && { BucketKeyEnabled: true }),
  };
}

/** Condition keys about encryption in a request. */
export function encryptionKeys(input: EncryptionInput & CustomerKeyInput) {
  return {
    "s3:x-amz-server-side-encryption": input.ServerSideEncryption,
    "s3:x-amz-server-side-encryption-aws-kms-key-id": input.SSEKMSKeyId,
    "s3:x-amz-server-side-encryption-customer-algorithm": input.SSECustomerAlgorithm,
  };
}
