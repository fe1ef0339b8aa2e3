import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type KeyObject,
  randomBytes,
  randomFillSync,
} from "node:crypto";
import type { Reads, Transaction } from "../../storage/store.ts";
import { tokenKeys } from "./tables.ts";

/**
 * What STS hands out and later takes back unchanged: session tokens and encoded messages. Each is sealed under
 * a key of STS's own, so that reading one is a decryption, however many there are.
 */

/** First byte of a sealed text, and bound to it: a message cannot stand in for a token. */
export type Kind = 1 | 2;
export const sessionToken: Kind = 1;
export const authorizationMessage: Kind = 2;

const nonceBytes = 12;
const tagBytes = 16;
/** Longest text that is looked at. */
const maxChars = 16_384;

const keysByRow = new WeakMap<object, KeyObject>();

async function sealingKey(tx: Reads): Promise<KeyObject> {
  const row = await tokenKeys.get(tx, "current");
  if (row === undefined) throw new Error("STS has no token key: its bootstrap did not run.");
  let key = keysByRow.get(row);
  if (key === undefined) {
    key = createSecretKey(Buffer.from(row.key, "base64"));
    keysByRow.set(row, key);
  }
  return key;
}

export async function makeTokenKey(tx: Transaction): Promise<void> {
  if ((await tokenKeys.get(tx, "current")) === undefined) {
    tokenKeys.put(tx, ["current"], { key: randomBytes(32).toString("base64") });
  }
}

/** `text` sealed, in base64. */
export async function seal(kind: Kind, text: string, tx: Transaction): Promise<string> {
  const nonce = randomFillSync(Buffer.alloc(nonceBytes));
  const cipher = createCipheriv("aes-256-gcm", await sealingKey(tx), nonce).setAAD(Buffer.from([kind]));
  const body = Buffer.concat([cipher.update(text), cipher.final()]);
  return Buffer.concat([Buffer.from([kind]), nonce, body, cipher.getAuthTag()]).toString("base64");
}

/** The text that was sealed; undefined unless it is of that kind, and ours. */
export async function open(kind: Kind, sealed: string, tx: Reads): Promise<string | undefined> {
  if (sealed.length > maxChars) return undefined;
  const bytes = Buffer.from(sealed, "base64");
  // Base64 has several spellings of the same bytes; only the one that was issued counts.
  if (bytes[0] !== kind || bytes.length < 1 + nonceBytes + tagBytes || bytes.toString("base64") !== sealed)
    return undefined;
  const nonce = bytes.subarray(1, 1 + nonceBytes);
  const decipher = createDecipheriv("aes-256-gcm", await sealingKey(tx), nonce)
    .setAAD(Buffer.from([kind]))
    .setAuthTag(bytes.subarray(-tagBytes));
  try {
    const body = bytes.subarray(1 + nonceBytes, -tagBytes);
    return Buffer.concat([decipher.update(body), decipher.final()]).toString();
  } catch {
    return undefined;
  }
}
