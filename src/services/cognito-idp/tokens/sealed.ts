import { createCipheriv, createDecipheriv } from "node:crypto";
import { draw } from "../../../kit/ids.ts";
import type { PoolKeys } from "../pools/poolKeys.ts";

/**
 * What Cognito hands out and takes back unread: refresh tokens, sessions of challenges, secret blocks. Each is sealed
 * under the pool's own key, in the form of a JWE with that key; `kid` tells the pool. A nonce may repeat under one key
 * only after some 2^48 of them. https://www.rfc-editor.org/rfc/rfc7516
 */

export type SealedKind = "refresh" | "session" | "srp" | "import" | "federation" | "feedback";

const nonceBytes = 12;
const tagBytes = 16;
/** Longest text that is looked at. */
const maxChars = 8_192;

function headerOf(kind: SealedKind, poolId: string): string {
  return Buffer.from(JSON.stringify({ cty: kind, enc: "A256GCM", alg: "dir", kid: poolId })).toString(
    "base64url",
  );
}

export function seal(kind: SealedKind, poolId: string, keys: PoolKeys, content: Buffer): string {
  const header = headerOf(kind, poolId);
  const nonce = draw(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", keys.seal, nonce).setAAD(Buffer.from(header));
  const body = Buffer.concat([cipher.update(content), cipher.final()]);
  const parts = [nonce, body, cipher.getAuthTag()].map((bytes) => bytes.toString("base64url"));
  return [header, "", ...parts].join(".");
}

/** What was sealed; undefined unless it is of that kind, of that pool, and exactly as it was handed out. */
export function open(kind: SealedKind, poolId: string, keys: PoolKeys, sealed: string): Buffer | undefined {
  if (sealed.length > maxChars) return undefined;
  const [header, key, ...parts] = sealed.split(".");
  if (header !== headerOf(kind, poolId) || key !== "" || parts.length !== 3) return undefined;
  const [nonce, body, tag] = parts.map((part) => Buffer.from(part, "base64url")) as [Buffer, Buffer, Buffer];
  const isAsMade = [nonce, body, tag].every((bytes, i) => bytes.toString("base64url") === parts[i]);
  if (!isAsMade || nonce.length !== nonceBytes || tag.length !== tagBytes) return undefined;
  const decipher = createDecipheriv("aes-256-gcm", keys.seal, nonce)
    .setAAD(Buffer.from(header))
    .setAuthTag(tag);
  try {
    return Buffer.concat([decipher.update(body), decipher.final()]);
  } catch {
    return undefined;
  }
}

/** The pool that a sealed text says it is of; nothing is proven by it. */
export function poolOfSealed(sealed: string): string | undefined {
  const [header = ""] = sealed.split(".", 1);
  if (sealed.length > maxChars || header.length > 256) return undefined;
  try {
    const { kid } = JSON.parse(Buffer.from(header, "base64url").toString()) as { kid?: unknown };
    return typeof kid === "string" ? kid : undefined;
  } catch {
    return undefined;
  }
}
