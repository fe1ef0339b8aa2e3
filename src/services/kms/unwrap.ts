import { constants, createDecipheriv, createPrivateKey, privateDecrypt } from "node:crypto";
import type { ImportRow } from "./tables.ts";

/**
 * Unwrapping of imported key material. AWS no longer takes RSAES_PKCS1_V1_5.
 * https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys-get-public-key-and-token.html
 */
export const wrappingAlgorithms: ReadonlySet<string> = new Set([
  "RSAES_OAEP_SHA_1",
  "RSAES_OAEP_SHA_256",
  "RSA_AES_KEY_WRAP_SHA_1",
  "RSA_AES_KEY_WRAP_SHA_256",
]);

/** Alternative initial value of AES key wrap with padding. https://www.rfc-editor.org/rfc/rfc5649#section-3 */
const paddedWrapValue = Buffer.from("a65959a6", "hex");

/** The key material; undefined if it was not wrapped as agreed. */
export function unwrap({ algorithm, privateKey }: ImportRow, wrapped: Buffer): Buffer | undefined {
  const key = createPrivateKey({ key: Buffer.from(privateKey, "base64"), format: "der", type: "pkcs8" });
  const oaepHash = algorithm.endsWith("SHA_1") ? "sha1" : "sha256";
  const openRsa = (bytes: Buffer) =>
    privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, bytes);
  try {
    if (!algorithm.startsWith("RSA_AES")) return openRsa(wrapped);
    const modulusBytes = (key.asymmetricKeyDetails?.modulusLength ?? 0) / 8;
    return unwrapAes(openRsa(wrapped.subarray(0, modulusBytes)), wrapped.subarray(modulusBytes));
  } catch {
    // What cannot be opened was not wrapped under this key.
    return undefined;
  }
}

/** AES key wrap with padding (RFC 5649) under a 256-bit key; throws if it does not open. */
export function unwrapAes(wrappingKey: Buffer, wrapped: Buffer): Buffer {
  const decipher = createDecipheriv("id-aes256-wrap-pad", wrappingKey, paddedWrapValue);
  return Buffer.concat([decipher.update(wrapped), decipher.final()]);
}
