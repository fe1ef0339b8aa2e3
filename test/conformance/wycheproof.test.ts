import { createECDH, createPrivateKey, createPublicKey } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import {
  DecryptCommand,
  DeriveSharedSecretCommand,
  type KMSClient,
  type SigningAlgorithmSpec,
  VerifyCommand,
  VerifyMacCommand,
} from "@aws-sdk/client-kms";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { uuid } from "../../src/kit/ids.ts";
import { keyArn } from "../../src/services/kms/make.ts";
import { defaultPolicy } from "../../src/services/kms/policyDocument.ts";
import type { KeySpec, KeyUsage } from "../../src/services/kms/specs.ts";
import { keys, type MaterialRow } from "../../src/services/kms/tables.ts";
import { unwrapAes } from "../../src/services/kms/unwrap.ts";
import { type Cloudkeep, start } from "../../src/start.ts";
import { MemoryStore } from "../../src/storage/memory.ts";
import { clients } from "../harness.ts";

/**
 * Project Wycheproof's cases through the KMS API. Keys of verification cases come as public keys, which KMS
 * cannot import, so they are put into its tables directly; everything else is an ordinary signed call.
 */

const folder = "../shared/vectors/wycheproof";
const present = existsSync(folder);
if (!present) console.warn(`Skipped: ${folder} is absent.`);
const files = present ? readdirSync(folder) : [];

/** KMS takes messages of 1 to 4,096 bytes; the cases outside of that it cannot express. */
const maxMessageBytes = 4096;
const account = "000000000000";
const region = "us-east-1";

interface Case {
  tcId: number;
  comment: string;
  flags: string[];
  result: "valid" | "invalid" | "acceptable";
  [member: string]: unknown;
}

interface Group {
  tests: Case[];
  [member: string]: unknown;
}

const store = new MemoryStore();
let cloudkeep: Cloudkeep;
let kms: KMSClient;
beforeAll(async () => {
  cloudkeep = await start({ store });
  ({ kms } = clients(cloudkeep, cloudkeep.credentials, region));
});
afterAll(() => cloudkeep.stop());

function groupsOf(file: string): Group[] {
  return (JSON.parse(readFileSync(`${folder}/${file}`, "utf8")) as { testGroups: Group[] }).testGroups;
}

const hex = (value: unknown) => Buffer.from(value as string, "hex");

async function newKey(spec: KeySpec, usage: KeyUsage, material: Partial<MaterialRow>): Promise<string> {
  const keyId = uuid();
  await store.transact(async (tx) => {
    keys.put(tx, [account, region, keyId], {
      keyId,
      arn: keyArn(account, region, keyId),
      account,
      region,
      createDate: 0,
      description: "",
      usage,
      spec,
      origin: "EXTERNAL",
      manager: "CUSTOMER",
      state: "Enabled",
      policy: defaultPolicy(account),
      tags: {},
      materials: { [keyId]: { materialId: keyId, secret: "-", createDate: 0, ...material } },
      currentMaterial: keyId,
      aliases: [],
      grantCount: 0,
    });
  });
  return keyId;
}

/** True if the call succeeds, false if it fails in one of the expected ways; other failures fail the test. */
async function succeeds(call: Promise<unknown>, refusals: RegExp): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if (error instanceof Error && refusals.test(error.name)) return false;
    throw error;
  }
}

/** Cases whose verdict is not Wycheproof's; "acceptable" ones may go either way. */
async function disagreements(cases: Case[], accepts: (one: Case) => Promise<boolean>): Promise<string[]> {
  const wrong: string[] = [];
  for (const one of cases) {
    const accepted = await accepts(one);
    if (one.result !== "acceptable" && accepted !== (one.result === "valid")) {
      wrong.push(
        `${one.tcId} (${one.comment}; ${one.flags.join(", ")}): ${accepted ? "accepted" : "refused"}, is ${one.result}`,
      );
    }
  }
  return wrong;
}

interface SignatureFile {
  spec: KeySpec;
  algorithm: SigningAlgorithmSpec;
}

const ecSpecs: Record<string, KeySpec> = {
  secp256k1: "ECC_SECG_P256K1",
  secp256r1: "ECC_NIST_P256",
  secp384r1: "ECC_NIST_P384",
  secp521r1: "ECC_NIST_P521",
};

function signatureFile(file: string): SignatureFile | undefined {
  const ec = /^ecdsa_(\w+?)_sha(\d+)_/.exec(file);
  if (ec)
    return {
      spec: ecSpecs[ec[1] as string] as KeySpec,
      algorithm: `ECDSA_SHA_${ec[2]}` as SigningAlgorithmSpec,
    };
  const pss = /^rsa_pss_(\d+)_sha(\d+)_/.exec(file);
  if (pss)
    return {
      spec: `RSA_${pss[1]}` as KeySpec,
      algorithm: `RSASSA_PSS_SHA_${pss[2]}` as SigningAlgorithmSpec,
    };
  const rsa = /^rsa_signature_(\d+)_sha(\d+)_/.exec(file);
  if (rsa) {
    return {
      spec: `RSA_${rsa[1]}` as KeySpec,
      algorithm: `RSASSA_PKCS1_V1_5_SHA_${rsa[2]}` as SigningAlgorithmSpec,
    };
  }
  if (file.startsWith("ed25519")) return { spec: "ECC_NIST_EDWARDS25519", algorithm: "ED25519_SHA_512" };
  const mlDsa = /^mldsa_(\d+)_verify/.exec(file);
  return mlDsa ? { spec: `ML_DSA_${mlDsa[1]}` as KeySpec, algorithm: "ML_DSA_SHAKE_256" } : undefined;
}

/** Whether KMS can express the case: its message has a size that KMS takes, and there is no ML-DSA context. */
function expressible({ msg, ctx }: Case): boolean {
  const bytes = (msg as string).length / 2;
  return bytes > 0 && bytes <= maxMessageBytes && (ctx === undefined || ctx === "");
}

/** The group's public key, if it is one that KMS could hold. */
function publicKeyOf(group: Group): string | undefined {
  if (typeof group.publicKeyDer !== "string") return undefined;
  return hex(group.publicKeyDer).toString("base64");
}

describe.skipIf(!present)("signatures", () => {
  const cases = files.flatMap((file) => {
    const facts = signatureFile(file);
    return facts === undefined ? [] : [{ file, ...facts }];
  });

  it.each(cases)("$file", async ({ file, spec, algorithm }) => {
    let judged = 0;
    for (const group of groupsOf(file)) {
      const publicKey = publicKeyOf(group);
      if (publicKey === undefined) continue;
      const KeyId = await newKey(spec, "SIGN_VERIFY", { publicKey });
      const tests = group.tests.filter(expressible);
      judged += tests.length;
      const wrong = await disagreements(tests, async ({ msg, sig }) => {
        const verify = new VerifyCommand({
          KeyId,
          SigningAlgorithm: algorithm,
          Message: hex(msg),
          Signature: hex(sig),
        });
        return await succeeds(kms.send(verify), /^(?:KMSInvalidSignatureException|ValidationException)$/);
      });
      expect(wrong).toEqual([]);
    }
    expect(judged).toBeGreaterThan(20);
  });
});

describe.skipIf(!present)("MACs", () => {
  it.each(files.filter((file) => file.startsWith("hmac_")))("%s", async (file) => {
    const bits = file.slice("hmac_sha".length, "hmac_sha".length + 3);
    let judged = 0;
    for (const group of groupsOf(file)) {
      // KMS's tags are never truncated.
      if (group.tagSize !== Number(bits)) continue;
      judged += group.tests.filter(expressible).length;
      const wrong = await disagreements(group.tests.filter(expressible), async ({ key, msg, tag }) => {
        const KeyId = await newKey(`HMAC_${bits}` as KeySpec, "GENERATE_VERIFY_MAC", {
          secret: hex(key).toString("base64"),
        });
        const MacAlgorithm = `HMAC_SHA_${bits}` as "HMAC_SHA_256";
        const verify = new VerifyMacCommand({ KeyId, MacAlgorithm, Message: hex(msg), Mac: hex(tag) });
        return await succeeds(kms.send(verify), /^KMSInvalidMacException$/);
      });
      expect(wrong).toEqual([]);
    }
    expect(judged).toBeGreaterThan(50);
  });
});

describe.skipIf(!present)("RSA decryption", () => {
  it.each(files.filter((file) => file.startsWith("rsa_oaep_")))("%s", async (file) => {
    const [, bits, sha] = /^rsa_oaep_(\d+)_sha(\d+)_/.exec(file) ?? [];
    let judged = 0;
    for (const group of groupsOf(file)) {
      const privateKey = createPrivateKey({ key: hex(group.privateKeyPkcs8), format: "der", type: "pkcs8" });
      const KeyId = await newKey(`RSA_${bits}` as KeySpec, "ENCRYPT_DECRYPT", {
        secret: hex(group.privateKeyPkcs8).toString("base64"),
        publicKey: createPublicKey(privateKey).export({ format: "der", type: "spki" }).toString("base64"),
      });
      // KMS has no labels.
      const tests = group.tests.filter(({ label }) => label === "");
      judged += tests.length;
      const wrong = await disagreements(tests, async ({ ct, msg }) => {
        const EncryptionAlgorithm = `RSAES_OAEP_SHA_${sha}` as "RSAES_OAEP_SHA_256";
        const decrypt = kms.send(new DecryptCommand({ KeyId, EncryptionAlgorithm, CiphertextBlob: hex(ct) }));
        const opened = decrypt.then(({ Plaintext }) => {
          expect(Buffer.from(Plaintext ?? [])).toEqual(hex(msg));
        });
        return await succeeds(opened, /^(?:InvalidCiphertextException|ValidationException)$/);
      });
      expect(wrong).toEqual([]);
    }
    expect(judged).toBeGreaterThan(20);
  });
});

describe.skipIf(!present)("key agreement", () => {
  it.each(files.filter((file) => file.startsWith("ecdh_")))("%s", async (file) => {
    const curve = file.split("_")[1] as string;
    let judged = 0;
    for (const group of groupsOf(file)) {
      const wrong = await disagreements(group.tests, async (one) => {
        judged += 1;
        const material = privateKeyOf(one.private as string, curve);
        const KeyId = await newKey(ecSpecs[curve] as KeySpec, "KEY_AGREEMENT", material);
        const derive = kms.send(
          new DeriveSharedSecretCommand({ KeyId, KeyAgreementAlgorithm: "ECDH", PublicKey: hex(one.public) }),
        );
        const derived = derive.then(({ SharedSecret }) => {
          expect(Buffer.from(SharedSecret ?? []).toString("hex")).toBe(one.shared);
        });
        return await succeeds(derived, /^ValidationException$/);
      });
      expect(wrong).toEqual([]);
    }
    expect(judged).toBeGreaterThan(100);
  });
});

const curveNames: Record<string, { node: string; jwk: string; bytes: number }> = {
  secp256r1: { node: "prime256v1", jwk: "P-256", bytes: 32 },
  secp384r1: { node: "secp384r1", jwk: "P-384", bytes: 48 },
  secp521r1: { node: "secp521r1", jwk: "P-521", bytes: 66 },
};

/** A private key from its number, which the cases give in hexadecimal with or without leading zeros. */
function privateKeyOf(number: string, curve: string): Pick<MaterialRow, "secret" | "publicKey"> {
  const { node, jwk, bytes } = curveNames[curve] as { node: string; jwk: string; bytes: number };
  const scalar = Buffer.from(number.padStart(bytes * 2, "0").slice(-bytes * 2), "hex");
  const ecdh = createECDH(node);
  ecdh.setPrivateKey(scalar);
  const point = ecdh.getPublicKey();
  const text = (part: Buffer) => part.toString("base64url");
  const privateKey = createPrivateKey({
    format: "jwk",
    key: {
      kty: "EC",
      crv: jwk,
      d: text(scalar),
      x: text(point.subarray(1, 1 + bytes)),
      y: text(point.subarray(1 + bytes)),
    },
  });
  return {
    secret: privateKey.export({ format: "der", type: "pkcs8" }).toString("base64"),
    publicKey: createPublicKey(privateKey).export({ format: "der", type: "spki" }).toString("base64"),
  };
}

describe.skipIf(!present)("key wrapping", () => {
  it("aes_kwp_test.json", async () => {
    let judged = 0;
    for (const group of groupsOf("aes_kwp_test.json").filter(({ keySize }) => keySize === 256)) {
      judged += group.tests.length;
      const wrong = await disagreements(group.tests, async ({ key, ct, msg }) => {
        try {
          return unwrapAes(hex(key), hex(ct)).equals(hex(msg));
        } catch {
          return false;
        }
      });
      expect(wrong).toEqual([]);
    }
    expect(judged).toBeGreaterThan(50);
  });
});
