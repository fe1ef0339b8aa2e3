import { createHash, randomBytes } from "node:crypto";
import { ml_dsa44, ml_dsa65, ml_dsa87 } from "@noble/post-quantum/ml-dsa.js";
import type { FreshMaterial } from "./material.ts";
import type { KeySpec } from "./specs.ts";
import type { MaterialRow } from "./tables.ts";

/**
 * ML-DSA (FIPS 204). The seed is what is kept; keys are derived from it.
 * https://docs.aws.amazon.com/kms/latest/developerguide/mldsa.html
 */

const sets = { ML_DSA_44: ml_dsa44, ML_DSA_65: ml_dsa65, ML_DSA_87: ml_dsa87 };
/** Last arc of 2.16.840.1.101.3.4.3.x. https://www.rfc-editor.org/rfc/rfc9881 */
const lastArcs = { ML_DSA_44: 0x11, ML_DSA_65: 0x12, ML_DSA_87: 0x13 };
type MlDsaSpec = keyof typeof sets;

const seedBytes = 32;
export const muBytes = 64;

export function mlDsaKeyPair(spec: KeySpec): FreshMaterial {
  return fromSeed(spec as MlDsaSpec, randomBytes(seedBytes));
}

function fromSeed(spec: MlDsaSpec, seed: Buffer): FreshMaterial {
  const { publicKey } = sets[spec].keygen(seed);
  return { secret: seed, publicKey: spki(spec, publicKey) };
}

/** A private key in PKCS #8 that holds the seed alone, as RFC 9881 has it; undefined for anything else. */
export function mlDsaFromPkcs8(spec: KeySpec, bytes: Buffer): FreshMaterial | undefined {
  const set = spec as MlDsaSpec;
  const oid = der(0x06, oidOf(set));
  const seed = bytes.subarray(-seedBytes);
  const inner = der(0x04, Buffer.concat([Buffer.from([0x80, seedBytes]), seed]));
  const expected = der(0x30, Buffer.concat([Buffer.from([0x02, 0x01, 0x00]), der(0x30, oid), inner]));
  return expected.equals(bytes) ? fromSeed(set, Buffer.from(seed)) : undefined;
}

function oidOf(spec: MlDsaSpec): Buffer {
  return Buffer.from([0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, lastArcs[spec]]);
}

function der(tag: number, content: Uint8Array): Buffer {
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function spki(spec: MlDsaSpec, publicKey: Uint8Array): Buffer {
  const oid = der(0x06, oidOf(spec));
  return der(0x30, Buffer.concat([der(0x30, oid), der(0x03, Buffer.concat([Buffer.from([0]), publicKey]))]));
}

/** The public key's own bytes: the end of its SPKI form. */
function rawPublicKey(spec: MlDsaSpec, row: MaterialRow): Uint8Array {
  const bytes = Buffer.from(row.publicKey ?? "", "base64");
  return new Uint8Array(bytes.subarray(bytes.length - (sets[spec].lengths.publicKey ?? 0)));
}

/** μ of FIPS 204 for a message without context: SHAKE256(SHAKE256(pk, 64) ‖ 0 ‖ 0 ‖ M, 64). */
export function muOf(spec: KeySpec, row: MaterialRow, message: Buffer): Buffer {
  const shake = (parts: Uint8Array[]) => {
    const hash = createHash("shake256", { outputLength: muBytes });
    for (const part of parts) hash.update(part);
    return hash.digest();
  };
  return shake([shake([rawPublicKey(spec as MlDsaSpec, row)]), Buffer.from([0, 0]), message]);
}

export function signMu(spec: KeySpec, row: MaterialRow, mu: Buffer): Buffer {
  const set = sets[spec as MlDsaSpec];
  const { secretKey } = set.keygen(Buffer.from(row.secret, "base64"));
  return Buffer.from(set.internal.sign(mu, secretKey, { externalMu: true }));
}

export function verifyMu(spec: KeySpec, row: MaterialRow, mu: Buffer, signature: Buffer): boolean {
  const set = sets[spec as MlDsaSpec];
  if (signature.length !== set.lengths.signature) return false;
  return set.internal.verify(new Uint8Array(signature), mu, rawPublicKey(spec as MlDsaSpec, row), {
    externalMu: true,
  });
}
