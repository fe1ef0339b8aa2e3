import type { Caller } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { blobOf, type DataKey } from "./frames.ts";
import type { StreamRow } from "./tables.ts";

/**
 * Records under the stream's KMS key. Who puts needs kms:GenerateDataKey, who gets needs kms:Decrypt; a data key
 * serves the same principal for five minutes.
 * https://docs.aws.amazon.com/streams/latest/dev/permissions-user-key-KMS.html
 */

const reuseMs = 5 * 60_000;
/** Data keys that are remembered at once. */
const maxDataKeys = 10_000;

interface Remembered extends DataKey {
  untilMs: number;
}

const dataKeys = new Map<string, Remembered>();

function remembered(name: string, nowMs: number): Remembered | undefined {
  const known = dataKeys.get(name);
  if (known !== undefined && known.untilMs > nowMs) return known;
  dataKeys.delete(name);
  return undefined;
}

/** Only once the call, and with it the record of the use of the KMS key, is on disk. */
function remember(name: string, dataKey: Remembered, ctx: Context): void {
  ctx.afterCommit(() => {
    if (dataKeys.size >= maxDataKeys) dataKeys.delete(dataKeys.keys().next().value as string);
    dataKeys.set(name, dataKey);
  });
}

/** The caller, as he is passed on to KMS. */
function throughKinesis({ caller }: Context): Caller {
  return { ...caller, calledVia: [...(caller.calledVia ?? []), "kinesis.amazonaws.com"] };
}

function principalName({ principal }: Caller): string {
  return principal.arn || principal.service || principal.kind;
}

const kmsErrors: Record<string, string> = {
  AccessDeniedException: "KMSAccessDeniedException",
  AccessDenied: "KMSAccessDeniedException",
  DisabledException: "KMSDisabledException",
  KMSInvalidStateException: "KMSInvalidStateException",
  NotFoundException: "KMSNotFoundException",
  InvalidKeyUsageException: "KMSInvalidStateException",
  ThrottlingException: "KMSThrottlingException",
};

async function callKms(
  operation: string,
  input: Record<string, unknown>,
  { arn, account, region }: StreamRow,
  ctx: Context,
) {
  const asked = { ...input, EncryptionContext: { "aws:kinesis:arn": arn } };
  try {
    return await ctx.call("kms", operation, asked, { as: throughKinesis(ctx), account, region });
  } catch (error) {
    const code = error instanceof AwsError ? kmsErrors[error.code] : undefined;
    if (!(error instanceof AwsError) || code === undefined) throw error;
    const details = `Service: AWSKMS; Status Code: 400; Error Code: ${error.code}; Request ID: ${ctx.requestId}; Proxy: null`;
    throw new AwsError(code, `${error.message} (${details})`);
  }
}

/** Ids and aliases mean keys of the stream's own account, whoever calls. */
export function keyNameFor(
  { account, region }: Pick<StreamRow, "account" | "region">,
  keyId: string,
): string {
  if (keyId.startsWith("arn:")) return keyId;
  const resource = keyId.startsWith("alias/") ? keyId : `key/${keyId}`;
  return `arn:aws:kms:${region}:${account}:${resource}`;
}

/** The data key for new records; undefined if the stream has no KMS key. */
export async function dataKeyFor(stream: StreamRow, ctx: Context): Promise<DataKey | undefined> {
  const { kmsKeyId, streamId } = stream;
  if (kmsKeyId === undefined) return undefined;
  const name = `${streamId} ${kmsKeyId} ${principalName(ctx.caller)}`;
  const nowMs = ctx.clock.now();
  const known = remembered(name, nowMs);
  if (known !== undefined) return known;
  const input = { KeyId: keyNameFor(stream, kmsKeyId), KeySpec: "AES_256" };
  const answer = await callKms("GenerateDataKey", input, stream, ctx);
  const dataKey = {
    key: Buffer.from(answer.Plaintext as Uint8Array),
    blob: Buffer.from(answer.CiphertextBlob as Uint8Array),
    untilMs: nowMs + reuseMs,
  };
  remember(name, dataKey, ctx);
  return dataKey;
}

/** What opens a frame, if the caller may; undefined for a frame that is not sealed. */
export async function keyOfFrame(
  stream: StreamRow,
  frame: Buffer,
  ctx: Context,
): Promise<Uint8Array | undefined> {
  const blob = blobOf(frame);
  if (blob === undefined) return undefined;
  const name = `${blob.toString("base64")} ${principalName(ctx.caller)}`;
  const nowMs = ctx.clock.now();
  const known = remembered(name, nowMs);
  if (known !== undefined) return known.key;
  const { Plaintext } = await callKms("Decrypt", { CiphertextBlob: blob }, stream, ctx);
  const key = Buffer.from(Plaintext as Uint8Array);
  remember(name, { key, blob, untilMs: nowMs + reuseMs }, ctx);
  return key;
}
