import {
  constants,
  createHash,
  type KeyObject,
  privateEncrypt,
  publicDecrypt,
  randomBytes,
  timingSafeEqual,
} from "node:crypto";
import { eddsa } from "@noble/curves/abstract/edwards.js";
import { ed25519 } from "@noble/curves/ed25519.js";
import { p256, p384, p521 } from "@noble/curves/nist.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { privateKeyOf, publicKeyOf } from "./material.ts";
import { type KeySpec, specs } from "./specs.ts";
import type { KeyRow, MaterialRow } from "./tables.ts";

/**
 * Signatures over a digest that the caller made. Node signs messages only, so RSA's encodings are done here
 * (RFC 8017) over its raw operation, and ECDSA and Ed25519ph come from noble-curves.
 */

/** DigestInfo of PKCS #1 v1.5, up to the digest. https://www.rfc-editor.org/rfc/rfc8017#section-9.2 */
const digestInfo: Record<number, string> = {
  32: "3031300d060960864801650304020105000420",
  48: "3041300d060960864801650304020205000430",
  64: "3051300d060960864801650304020305000440",
};

const curves: Partial<Record<KeySpec, typeof p256>> = {
  ECC_NIST_P256: p256,
  ECC_NIST_P384: p384,
  ECC_NIST_P521: p521,
  ECC_SECG_P256K1: secp256k1,
};

export function signDigest(key: KeyRow, material: MaterialRow, algorithm: string, digest: Buffer): Buffer {
  const privateKey = privateKeyOf(material);
  const curve = curves[key.spec];
  if (curve !== undefined) {
    const scalar = Buffer.from(privateKey.export({ format: "jwk" }).d ?? "", "base64url");
    // ECDSA_SHA_256 with secp256k1: OpenSSL, as AWS, does not force the smaller of the two values of s.
    return Buffer.from(curve.sign(digest, scalar, { prehash: false, lowS: false, format: "der" }));
  }
  if (algorithm.startsWith("RSASSA_PKCS1")) {
    const encoded = Buffer.concat([Buffer.from(digestInfo[digest.length] ?? "", "hex"), digest]);
    return privateEncrypt({ key: privateKey, padding: constants.RSA_PKCS1_PADDING }, encoded);
  }
  return rawSign(privateKey, encodePss(digest, modulusBits(key) - 1));
}

export function verifyDigest(
  key: KeyRow,
  material: MaterialRow,
  algorithm: string,
  digest: Buffer,
  signature: Buffer,
): boolean {
  const publicKey = publicKeyOf(material);
  const curve = curves[key.spec];
  try {
    if (curve !== undefined)
      return curve.verify(signature, digest, uncompressedPoint(publicKey), {
        prehash: false,
        lowS: false,
        format: "der",
      });
    if (signature.length !== modulusBits(key) / 8) return false;
    if (algorithm.startsWith("RSASSA_PKCS1")) {
      const encoded = Buffer.concat([Buffer.from(digestInfo[digest.length] ?? "", "hex"), digest]);
      const opened = publicDecrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, signature);
      return opened.length === encoded.length && timingSafeEqual(opened, encoded);
    }
    return verifyPss(
      digest,
      publicDecrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, signature),
      modulusBits(key) - 1,
    );
  } catch {
    // A signature that cannot be read is not valid.
    return false;
  }
}

function modulusBits(key: KeyRow): number {
  return specs[key.spec].size ?? 0;
}

function uncompressedPoint(publicKey: KeyObject): Uint8Array {
  const { x = "", y = "" } = publicKey.export({ format: "jwk" });
  return Buffer.concat([Buffer.from([4]), Buffer.from(x, "base64url"), Buffer.from(y, "base64url")]);
}

function rawSign(privateKey: KeyObject, encoded: Buffer): Buffer {
  return privateEncrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, encoded);
}

function hashName(digest: Buffer): string {
  return `sha${digest.length * 8}`;
}

/** MGF1. https://www.rfc-editor.org/rfc/rfc8017#appendix-B.2.1 */
function mask(seed: Buffer, length: number, name: string): Buffer {
  const blocks: Buffer[] = [];
  for (let counter = 0, made = 0; made < length; counter++) {
    const index = Buffer.alloc(4);
    index.writeUInt32BE(counter);
    const block = createHash(name).update(seed).update(index).digest();
    blocks.push(block);
    made += block.length;
  }
  return Buffer.concat(blocks).subarray(0, length);
}

function xor(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((byte, i) => byte ^ (b[i] ?? 0)));
}

function saltedHash(digest: Buffer, salt: Buffer): Buffer {
  return createHash(hashName(digest)).update(Buffer.alloc(8)).update(digest).update(salt).digest();
}

/** EMSA-PSS with a salt as long as the digest. https://www.rfc-editor.org/rfc/rfc8017#section-9.1.1 */
function encodePss(digest: Buffer, encodedBits: number): Buffer {
  const encodedBytes = Math.ceil(encodedBits / 8);
  const salt = randomBytes(digest.length);
  const h = saltedHash(digest, salt);
  const padding = Buffer.alloc(encodedBytes - salt.length - h.length - 2);
  const block = Buffer.concat([padding, Buffer.from([1]), salt]);
  const masked = xor(block, mask(h, block.length, hashName(digest)));
  masked[0] = (masked[0] ?? 0) & (0xff >> (8 * encodedBytes - encodedBits));
  return Buffer.concat([masked, h, Buffer.from([0xbc])]);
}

/** https://www.rfc-editor.org/rfc/rfc8017#section-9.1.2 */
function verifyPss(digest: Buffer, encoded: Buffer, encodedBits: number): boolean {
  const hashBytes = digest.length;
  const blockBytes = encoded.length - hashBytes - 1;
  const unusedBits = 8 * encoded.length - encodedBits;
  if (blockBytes < hashBytes + 1 || encoded.at(-1) !== 0xbc) return false;
  if (((encoded[0] ?? 0) & ~(0xff >> unusedBits)) !== 0) return false;
  const h = encoded.subarray(blockBytes, -1);
  const block = xor(encoded.subarray(0, blockBytes), mask(h, blockBytes, hashName(digest)));
  block[0] = (block[0] ?? 0) & (0xff >> unusedBits);
  const saltAt = blockBytes - hashBytes;
  if (block.subarray(0, saltAt - 1).some((byte) => byte !== 0) || block[saltAt - 1] !== 1) return false;
  return timingSafeEqual(saltedHash(digest, block.subarray(saltAt)), h);
}

/** dom2 of RFC 8032 with the prehash flag and no context. */
function dom2(data: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from("SigEd25519 no Ed25519 collisions"), Buffer.from([1, 0]), data]);
}

function sha512(data: Uint8Array): Uint8Array {
  return createHash("sha512").update(data).digest();
}

/** Ed25519ph over a SHA-512 digest that the caller made. https://www.rfc-editor.org/rfc/rfc8032#section-5.1 */
const prehashed = eddsa(
  ed25519.Point,
  Object.assign(sha512, { outputLen: 64, blockLen: 128, create: () => undefined }) as never,
  {
    domain: dom2 as never,
    adjustScalarBytes: (bytes: Uint8Array) => {
      bytes[0] = (bytes[0] as number) & 248;
      bytes[31] = ((bytes[31] as number) & 127) | 64;
      return bytes;
    },
    zip215: false,
  },
);

export function signPrehashed(material: MaterialRow, digest: Buffer): Buffer {
  const seed = Buffer.from(privateKeyOf(material).export({ format: "jwk" }).d ?? "", "base64url");
  return Buffer.from(prehashed.sign(digest, seed));
}

export function verifyPrehashed(material: MaterialRow, digest: Buffer, signature: Buffer): boolean {
  const point = Buffer.from(publicKeyOf(material).export({ format: "jwk" }).x ?? "", "base64url");
  try {
    return prehashed.verify(signature, digest, point);
  } catch {
    return false;
  }
}
