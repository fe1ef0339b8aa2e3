import { createCipheriv, createDecipheriv } from "node:crypto";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { draw } from "../../kit/ids.ts";
import { firehoseFor } from "./names.ts";
import type { DeliveryStreamRow } from "./tables.ts";

/**
 * Buffered records under a customer's KMS key. Firehose itself asks for data keys, by the grant that whoever turned
 * encryption on gave it; a data key serves for five minutes.
 * https://docs.aws.amazon.com/firehose/latest/dev/encryption.html
 */

const reuseMs = 5 * 60_000;
const maxDataKeys = 10_000;
const lengthBytes = 2;
const nonceBytes = 12;
const tagBytes = 16;

interface DataKey {
  key: Buffer;
  blob: Buffer;
  untilMs: number;
}

const dataKeys = new Map<string, DataKey>();

function remembered(name: string, nowMs: number): DataKey | undefined {
  const known = dataKeys.get(name);
  if (known !== undefined && known.untilMs > nowMs) return known;
  dataKeys.delete(name);
  return undefined;
}

function remember(name: string, dataKey: DataKey, ctx: Context): void {
  ctx.afterCommit(() => {
    if (dataKeys.size >= maxDataKeys) dataKeys.delete(dataKeys.keys().next().value as string);
    dataKeys.set(name, dataKey);
  });
}

async function callKms(
  operation: string,
  input: Record<string, unknown>,
  stream: DeliveryStreamRow,
  ctx: Context,
) {
  const { account, region, arn } = stream;
  const asked = { ...input, EncryptionContext: { "aws:firehose:arn": arn } };
  try {
    return await ctx.call("kms", operation, asked, { as: firehoseFor(stream), account, region });
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw new AwsError("InvalidKMSResourceException", error.message, { members: { code: error.code } });
  }
}

/** The frame as it is kept: behind its data key, if the stream has a customer's key, else behind none. */
export async function sealFrame(stream: DeliveryStreamRow, body: Buffer, ctx: Context): Promise<Buffer> {
  const KeyId = stream.encryption?.keyArn;
  if (KeyId === undefined) return Buffer.concat([Buffer.alloc(lengthBytes), body]);
  const name = `${stream.streamId} ${KeyId}`;
  const nowMs = ctx.clock.now();
  let known = remembered(name, nowMs);
  if (known === undefined) {
    const answer = await callKms("GenerateDataKey", { KeyId, KeySpec: "AES_256" }, stream, ctx);
    known = {
      key: Buffer.from(answer.Plaintext as Uint8Array),
      blob: Buffer.from(answer.CiphertextBlob as Uint8Array),
      untilMs: nowMs + reuseMs,
    };
    remember(name, known, ctx);
  }
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt16LE(known.blob.length);
  const nonce = draw(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", known.key, nonce);
  const sealed = cipher.update(body);
  cipher.final();
  return Buffer.concat([length, known.blob, nonce, cipher.getAuthTag(), sealed]);
}

/** What opens a frame of a stream. */
export async function openFrame(stream: DeliveryStreamRow, frame: Buffer, ctx: Context): Promise<Buffer> {
  const nonceAt = lengthBytes + frame.readUInt16LE();
  if (nonceAt === lengthBytes) return frame.subarray(lengthBytes);
  const blob = frame.subarray(lengthBytes, nonceAt);
  const name = blob.toString("base64");
  const nowMs = ctx.clock.now();
  let known = remembered(name, nowMs);
  if (known === undefined) {
    const { Plaintext } = await callKms("Decrypt", { CiphertextBlob: blob }, stream, ctx);
    known = { key: Buffer.from(Plaintext as Uint8Array), blob, untilMs: nowMs + reuseMs };
    remember(name, known, ctx);
  }
  const tagAt = nonceAt + nonceBytes;
  const decipher = createDecipheriv("aes-256-gcm", known.key, frame.subarray(nonceAt, tagAt));
  decipher.setAuthTag(frame.subarray(tagAt, tagAt + tagBytes));
  const body = decipher.update(frame.subarray(tagAt + tagBytes));
  decipher.final();
  return body;
}
