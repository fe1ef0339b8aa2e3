import { createPrivateKey, hash, type KeyObject, sign } from "node:crypto";
import type { Context } from "../../kit/context.ts";
import type { PublicRequest } from "../../kit/pages.ts";
import { selfSigned } from "../../kit/selfSigned.ts";
import { type SigningRow, signing } from "./tables.ts";

/** Notifications are signed, so that a receiver can tell SNS's from others'. https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html */

const rowName = "current";

/** The key that signs, made when it is first needed. Its certificate is published under its own hash. */
async function signer(ctx: Context): Promise<SigningRow> {
  const known = await signing.get(ctx.tx, rowName);
  if (known !== undefined) return known;
  const row = await selfSigned("sns.amazonaws.com", ctx.clock.now());
  signing.put(ctx.tx, [rowName], row);
  return row;
}

function certificatePath({ certificate }: SigningRow): string {
  return `/SimpleNotificationService-${hash("md5", certificate)}.pem`;
}

/** The certificate, for everybody. */
export async function publishes({ path }: PublicRequest, { tx }: Context) {
  const row = await signing.get(tx, rowName);
  if (row === undefined || certificatePath(row) !== path) return undefined;
  return { contentType: "application/x-pem-file", body: row.certificate };
}

const keyObjects = new WeakMap<SigningRow, KeyObject>();

export type Notification = Record<string, unknown> & { Type: string };

const signedMembers: Record<string, readonly string[]> = {
  Notification: ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
  SubscriptionConfirmation: [
    "Message",
    "MessageId",
    "SubscribeURL",
    "Timestamp",
    "Token",
    "TopicArn",
    "Type",
  ],
};

/** Adds signature, its version, and where the certificate is. */
export async function signed<T extends Notification>(
  message: T,
  version: string,
  ctx: Context,
): Promise<{ SignatureVersion: string; Signature: string; SigningCertURL: string }> {
  const row = await signer(ctx);
  let key = keyObjects.get(row);
  if (key === undefined) {
    key = createPrivateKey(row.privateKey);
    keyObjects.set(row, key);
  }
  const text = (signedMembers[message.Type] ?? [])
    .filter((name) => message[name] !== undefined)
    .map((name) => `${name}\n${String(message[name])}\n`)
    .join("");
  const Signature = sign(version === "2" ? "sha256" : "sha1", Buffer.from(text), key).toString("base64");
  return {
    SignatureVersion: version,
    Signature,
    SigningCertURL: `${ctx.host.endpoint()}${certificatePath(row)}`,
  };
}
