import { createPrivateKey, hash, type KeyObject, sign, webcrypto } from "node:crypto";
import type { Context } from "../../kit/context.ts";
import type { PublicRequest } from "../../kit/pages.ts";
import { type SigningRow, signing } from "./tables.ts";

/** Notifications are signed, so that a receiver can tell SNS's from others'. https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html */

const rowName = "current";

/** The key that signs, made when it is first needed. Its certificate is published under its own hash. */
async function signer(ctx: Context): Promise<SigningRow> {
  const known = await signing.get(ctx.tx, rowName);
  if (known !== undefined) return known;
  const row = await newSigner(ctx.clock.now());
  signing.put(ctx.tx, [rowName], row);
  return row;
}

/** The libraries are loaded for this alone: most starts need none of it. */
async function newSigner(nowMs: number): Promise<SigningRow> {
  await import("reflect-metadata");
  const { X509CertificateGenerator } = await import("@peculiar/x509");
  const algorithm = {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    publicExponent: new Uint8Array([1, 0, 1]),
    modulusLength: 2048,
  };
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, [
    "sign",
    "verify",
  ])) as webcrypto.CryptoKeyPair;
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: "CN=sns.amazonaws.com",
    notBefore: new Date(nowMs - 86_400_000),
    notAfter: new Date(nowMs + 20 * 365 * 86_400_000),
    signingAlgorithm: algorithm,
    keys: keys as never,
  });
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
  const privateKey = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  return {
    privateKey: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
    certificate: certificate.toString("pem"),
  };
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
