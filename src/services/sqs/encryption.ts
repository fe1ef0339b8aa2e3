import { createCipheriv, createDecipheriv } from "node:crypto";
import type { Caller } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { draw } from "../../kit/ids.ts";
import type { Message } from "./engine.ts";
import type { QueueRow } from "./tables.ts";

/**
 * Bodies under the queue's KMS key. Who sends needs kms:GenerateDataKey, who receives needs kms:Decrypt; a data key
 * serves the same principal for the queue's reuse period.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-server-side-encryption.html
 */

interface DataKey {
  key: Buffer;
  /** The key under the KMS key, in base64. */
  blob: string;
  untilMs: number;
}

/** Data keys that are remembered at once. */
const maxDataKeys = 10_000;
const ivBytes = 12;

const dataKeys = new Map<string, DataKey>();

function remembered(name: string, nowMs: number): DataKey | undefined {
  const known = dataKeys.get(name);
  if (known !== undefined && known.untilMs > nowMs) return known;
  dataKeys.delete(name);
  return undefined;
}

/** Only once the call, and with it the record of the use of the KMS key, is on disk. */
function remember(name: string, dataKey: DataKey, ctx: Context): void {
  ctx.afterCommit(() => {
    if (dataKeys.size >= maxDataKeys) dataKeys.delete(dataKeys.keys().next().value as string);
    dataKeys.set(name, dataKey);
  });
}

/** The caller, as he is passed on to KMS. */
function throughSqs({ caller }: Context): Caller {
  return { ...caller, calledVia: [...(caller.calledVia ?? []), "sqs.amazonaws.com"] };
}

function principalName({ principal }: Caller): string {
  return principal.arn || principal.service || principal.kind;
}

const kmsErrors: Record<string, string> = {
  AccessDeniedException: "KmsAccessDenied",
  AccessDenied: "KmsAccessDenied",
  DisabledException: "KmsDisabled",
  KMSInvalidStateException: "KmsInvalidState",
  NotFoundException: "KmsNotFound",
  InvalidKeyUsageException: "KmsInvalidKeyUsage",
  ThrottlingException: "KmsThrottled",
};

async function callKms(operation: string, input: Record<string, unknown>, ctx: Context) {
  try {
    return await ctx.call("kms", operation, input, { as: throughSqs(ctx), account: ctx.account });
  } catch (error) {
    const code = error instanceof AwsError ? kmsErrors[error.code] : undefined;
    if (!(error instanceof AwsError) || code === undefined) throw error;
    const details = `Service: AWSKMS; Status Code: 400; Error Code: ${error.code}; Request ID: ${ctx.requestId}; Proxy: null`;
    throw new AwsError(code, `${error.message} (${details})`);
  }
}

function reuseMs({ settings }: QueueRow): number {
  return (settings.kmsReuseSeconds ?? 0) * 1000;
}

async function newDataKey(queue: QueueRow, keyId: string, ctx: Context): Promise<DataKey> {
  const name = `${queue.arn} ${queue.created} ${keyId} ${principalName(ctx.caller)}`;
  const nowMs = ctx.clock.now();
  const known = remembered(name, nowMs);
  if (known !== undefined) return known;
  const EncryptionContext = { "aws:sqs:arn": queue.arn };
  const KeyId = keyNameFor(queue, keyId);
  const answer = await callKms("GenerateDataKey", { KeyId, KeySpec: "AES_256", EncryptionContext }, ctx);
  const dataKey = {
    key: Buffer.from(answer.Plaintext as Uint8Array),
    blob: Buffer.from(answer.CiphertextBlob as Uint8Array).toString("base64"),
    untilMs: nowMs + reuseMs(queue),
  };
  remember(name, dataKey, ctx);
  return dataKey;
}

/** Ids and aliases mean keys of the queue's own account, whoever calls. */
function keyNameFor({ account, region }: QueueRow, keyId: string): string {
  if (keyId.startsWith("arn:")) return keyId;
  const resource = keyId.startsWith("alias/") ? keyId : `key/${keyId}`;
  return `arn:aws:kms:${region}:${account}:${resource}`;
}

/** The message with its body encrypted, if the queue has a KMS key. */
export async function sealed(queue: QueueRow, message: Message, ctx: Context): Promise<Message> {
  const { kmsKeyId } = queue.settings;
  if (kmsKeyId === undefined) return message;
  const { key, blob } = await newDataKey(queue, kmsKeyId, ctx);
  const iv = draw(ivBytes);
  const cipher = createCipheriv("aes-256-gcm", key, iv);
  cipher.setAAD(Buffer.from(message.md5));
  const body = Buffer.concat([cipher.update(message.body, "utf8"), cipher.final()]).toString("base64");
  const tag = cipher.getAuthTag().toString("base64");
  return {
    ...message,
    body,
    sealed: { dataKey: blob, iv: iv.toString("base64"), tag, queueArn: queue.arn },
  };
}

/** The body in the clear, if the caller may decrypt it. */
export async function openedBody(queue: QueueRow, message: Message, ctx: Context): Promise<string> {
  if (message.sealed === undefined) return message.body;
  const { dataKey, iv, tag, queueArn } = message.sealed;
  const name = `${dataKey} ${principalName(ctx.caller)}`;
  const nowMs = ctx.clock.now();
  let known = remembered(name, nowMs);
  if (known === undefined) {
    const answer = await callKms(
      "Decrypt",
      { CiphertextBlob: Buffer.from(dataKey, "base64"), EncryptionContext: { "aws:sqs:arn": queueArn } },
      ctx,
    );
    const key = Buffer.from(answer.Plaintext as Uint8Array);
    known = { key, blob: dataKey, untilMs: nowMs + reuseMs(queue) };
    remember(name, known, ctx);
  }
  const decipher = createDecipheriv("aes-256-gcm", known.key, Buffer.from(iv, "base64"));
  decipher.setAAD(Buffer.from(message.md5));
  decipher.setAuthTag(Buffer.from(tag, "base64"));
  return Buffer.concat([decipher.update(Buffer.from(message.body, "base64")), decipher.final()]).toString();
}
