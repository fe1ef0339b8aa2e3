import { createCipheriv, createDecipheriv } from "node:crypto";
import { draw } from "../../kit/ids.ts";
import { secretKeyOf } from "./material.ts";
import type { KeyRow, MaterialRow } from "./tables.ts";

/**
 * Ciphertext of symmetric keys: it names its key and material, so that Decrypt needs neither, and holds after
 * rotation. Everything in it, and the encryption context, is authenticated.
 *
 *   version 1 · form of key id 1 · account 6 · key id 16 · material id 32 · nonce 12 · ciphertext · tag 16
 */

const version = 1;
const headerBytes = 1 + 1 + 6 + 16 + 32;
const nonceBytes = 12;
const tagBytes = 16;

export interface Header {
  account: string;
  keyId: string;
  materialId: string;
}

function idBytes(keyId: string): Buffer {
  return Buffer.from(keyId.replace("mrk-", "").replaceAll("-", ""), "hex");
}

function idOf(bytes: Buffer, multiRegion: boolean): string {
  const hex = bytes.toString("hex");
  if (multiRegion) return `mrk-${hex}`;
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function writeHeader(key: KeyRow, materialId: string, into: Buffer): void {
  into[0] = version;
  into[1] = key.keyId.startsWith("mrk-") ? 1 : 0;
  into.writeUIntBE(Number(key.account), 2, 6);
  idBytes(key.keyId).copy(into, 8);
  into.write(materialId, 24, "hex");
}

/** What a ciphertext says of itself; undefined if it is none of ours. */
export function readHeader(blob: Buffer): Header | undefined {
  if (blob.length < headerBytes + nonceBytes + tagBytes || blob[0] !== version || (blob[1] ?? 2) > 1)
    return undefined;
  return {
    account: String(blob.readUIntBE(2, 6)).padStart(12, "0"),
    keyId: idOf(blob.subarray(8, 24), blob[1] === 1),
    materialId: blob.toString("hex", 24, 56),
  };
}

/** The encryption context in one unambiguous form: names in order, each part behind its length. */
function canonicalContext(context: Record<string, string> | undefined): Buffer {
  if (context === undefined) return Buffer.alloc(0);
  const parts: string[] = [];
  for (const name of Object.keys(context).sort()) {
    const value = context[name] as string;
    parts.push(`${Buffer.byteLength(name)}:${name}${Buffer.byteLength(value)}:${value}`);
  }
  return Buffer.from(parts.join(""));
}

export function seal(
  key: KeyRow,
  material: MaterialRow,
  plaintext: Buffer,
  context: Record<string, string> | undefined,
): Buffer {
  const blob = Buffer.alloc(headerBytes + nonceBytes + plaintext.length + tagBytes);
  writeHeader(key, material.materialId, blob);
  const nonce = draw(nonceBytes);
  nonce.copy(blob, headerBytes);
  const cipher = createCipheriv("aes-256-gcm", secretKeyOf(material), nonce);
  cipher.setAAD(Buffer.concat([blob.subarray(0, headerBytes), canonicalContext(context)]));
  cipher.update(plaintext).copy(blob, headerBytes + nonceBytes);
  cipher.final();
  cipher.getAuthTag().copy(blob, blob.length - tagBytes);
  return blob;
}

/** The plaintext; undefined for a ciphertext or context that was changed. */
export function open(
  material: MaterialRow,
  blob: Buffer,
  context: Record<string, string> | undefined,
): Buffer | undefined {
  const nonce = blob.subarray(headerBytes, headerBytes + nonceBytes);
  const decipher = createDecipheriv("aes-256-gcm", secretKeyOf(material), nonce);
  decipher.setAAD(Buffer.concat([blob.subarray(0, headerBytes), canonicalContext(context)]));
  decipher.setAuthTag(blob.subarray(blob.length - tagBytes));
  try {
    return Buffer.concat([
      decipher.update(blob.subarray(headerBytes + nonceBytes, -tagBytes)),
      decipher.final(),
    ]);
  } catch {
    return undefined;
  }
}
