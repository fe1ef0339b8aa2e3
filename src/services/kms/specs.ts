/**
 * What each key spec can do. https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html
 */

export type KeyUsage = "ENCRYPT_DECRYPT" | "SIGN_VERIFY" | "GENERATE_VERIFY_MAC" | "KEY_AGREEMENT";

export type KeySpec =
  | "SYMMETRIC_DEFAULT"
  | "HMAC_224"
  | "HMAC_256"
  | "HMAC_384"
  | "HMAC_512"
  | "RSA_2048"
  | "RSA_3072"
  | "RSA_4096"
  | "ECC_NIST_P256"
  | "ECC_NIST_P384"
  | "ECC_NIST_P521"
  | "ECC_SECG_P256K1"
  | "ECC_NIST_EDWARDS25519"
  | "ML_DSA_44"
  | "ML_DSA_65"
  | "ML_DSA_87";

export interface SpecFacts {
  family: "symmetric" | "hmac" | "rsa" | "ec" | "ed25519" | "ml-dsa";
  usages: readonly KeyUsage[];
  /** Bits of an RSA modulus; bytes of a secret key that KMS makes; Node's name of a curve or ML-DSA set. */
  size?: number;
  curve?: string;
  encryptionAlgorithms?: readonly string[];
  signingAlgorithms?: readonly string[];
  macAlgorithms?: readonly string[];
  agreementAlgorithms?: readonly string[];
}

const rsaSigning = [
  "RSASSA_PKCS1_V1_5_SHA_256",
  "RSASSA_PKCS1_V1_5_SHA_384",
  "RSASSA_PKCS1_V1_5_SHA_512",
  "RSASSA_PSS_SHA_256",
  "RSASSA_PSS_SHA_384",
  "RSASSA_PSS_SHA_512",
];

function rsa(size: number): SpecFacts {
  return {
    family: "rsa",
    usages: ["ENCRYPT_DECRYPT", "SIGN_VERIFY"],
    size,
    encryptionAlgorithms: ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"],
    signingAlgorithms: rsaSigning,
  };
}

function ec(curve: string, algorithm: string, agrees: boolean): SpecFacts {
  return {
    family: "ec",
    usages: agrees ? ["SIGN_VERIFY", "KEY_AGREEMENT"] : ["SIGN_VERIFY"],
    curve,
    signingAlgorithms: [algorithm],
    ...(agrees && { agreementAlgorithms: ["ECDH"] }),
  };
}

/** KMS makes HMAC keys as long as the hash's output. */
function hmac(size: number): SpecFacts {
  return {
    family: "hmac",
    usages: ["GENERATE_VERIFY_MAC"],
    size: size / 8,
    macAlgorithms: [`HMAC_SHA_${size}`],
  };
}

function mlDsa(curve: string): SpecFacts {
  return { family: "ml-dsa", usages: ["SIGN_VERIFY"], curve, signingAlgorithms: ["ML_DSA_SHAKE_256"] };
}

export const specs: Record<KeySpec, SpecFacts> = {
  SYMMETRIC_DEFAULT: {
    family: "symmetric",
    usages: ["ENCRYPT_DECRYPT"],
    size: 32,
    encryptionAlgorithms: ["SYMMETRIC_DEFAULT"],
  },
  HMAC_224: hmac(224),
  HMAC_256: hmac(256),
  HMAC_384: hmac(384),
  HMAC_512: hmac(512),
  RSA_2048: rsa(2048),
  RSA_3072: rsa(3072),
  RSA_4096: rsa(4096),
  ECC_NIST_P256: ec("P-256", "ECDSA_SHA_256", true),
  ECC_NIST_P384: ec("P-384", "ECDSA_SHA_384", true),
  ECC_NIST_P521: ec("P-521", "ECDSA_SHA_512", true),
  ECC_SECG_P256K1: ec("secp256k1", "ECDSA_SHA_256", false),
  ECC_NIST_EDWARDS25519: {
    family: "ed25519",
    usages: ["SIGN_VERIFY"],
    signingAlgorithms: ["ED25519_SHA_512", "ED25519_PH_SHA_512"],
  },
  ML_DSA_44: mlDsa("ml-dsa-44"),
  ML_DSA_65: mlDsa("ml-dsa-65"),
  ML_DSA_87: mlDsa("ml-dsa-87"),
};

/** SM2 is offered in China Regions only, which Cloudkeep is not. */
export function specFacts(spec: string): SpecFacts | undefined {
  return Object.hasOwn(specs, spec) ? specs[spec as KeySpec] : undefined;
}

/** The operation family that each usage stands for, as errors name it. */
export function algorithmsOf(spec: KeySpec, usage: KeyUsage): readonly string[] {
  const facts = specs[spec];
  const lists = {
    ENCRYPT_DECRYPT: facts.encryptionAlgorithms,
    SIGN_VERIFY: facts.signingAlgorithms,
    GENERATE_VERIFY_MAC: facts.macAlgorithms,
    KEY_AGREEMENT: facts.agreementAlgorithms,
  };
  return lists[usage] ?? [];
}
