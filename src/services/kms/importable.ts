import { createPrivateKey, createPublicKey } from "node:crypto";
import type { FreshMaterial } from "./material.ts";
import { mlDsaFromPkcs8 } from "./mlDsa.ts";
import { type KeySpec, specs } from "./specs.ts";

/** Longest HMAC key of each spec, in bytes: the block of its hash; the shortest is the hash's own length. */
const maxHmacBytes: Partial<Record<KeySpec, number>> = {
  HMAC_224: 64,
  HMAC_256: 64,
  HMAC_384: 128,
  HMAC_512: 128,
};

/** Node's names of the curves. */
const curveNames: Record<string, string> = {
  "P-256": "prime256v1",
  "P-384": "secp384r1",
  "P-521": "secp521r1",
  secp256k1: "secp256k1",
};

/**
 * Material that was brought for a key of this spec; undefined if it does not fit.
 * https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys-conceptual.html#importing-keys-material-requirements
 */
export function importable(spec: KeySpec, bytes: Buffer): FreshMaterial | undefined {
  const { family, size = 0 } = specs[spec];
  if (family === "symmetric") return bytes.length === size ? { secret: bytes } : undefined;
  if (family === "hmac") {
    return bytes.length >= size && bytes.length <= (maxHmacBytes[spec] ?? size)
      ? { secret: bytes }
      : undefined;
  }
  return family === "ml-dsa" ? mlDsaFromPkcs8(spec, bytes) : privateKeyFor(spec, bytes);
}

function privateKeyFor(spec: KeySpec, bytes: Buffer): FreshMaterial | undefined {
  const { family, size, curve = "" } = specs[spec];
  try {
    const key = createPrivateKey({ key: bytes, format: "der", type: "pkcs8" });
    const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
    if (key.asymmetricKeyType !== family) return undefined;
    if (family === "rsa" && modulusLength !== size) return undefined;
    if (family === "ec" && namedCurve !== curveNames[curve]) return undefined;
    return {
      secret: key.export({ format: "der", type: "pkcs8" }),
      publicKey: createPublicKey(key).export({ format: "der", type: "spki" }),
    };
  } catch {
    // Not a private key in PKCS #8.
    return undefined;
  }
}
