import { constants, sign as cryptoSign, verify as cryptoVerify, hash } from "node:crypto";
import type { Context } from "../../kit/context.ts";
import { keyAccess } from "./access.ts";
import { kms } from "./contract.ts";
import { signDigest, signPrehashed, verifyDigest, verifyPrehashed } from "./digests.ts";
import { existing, locate, usable } from "./find.ts";
import { currentMaterial, privateKeyOf, publicKeyOf } from "./material.ts";
import { muBytes, muOf, signMu, verifyMu } from "./mlDsa.ts";
import { algorithmsOf, specs } from "./specs.ts";
import type { KeyRow, MaterialRow } from "./tables.ts";
import { checkAlgorithm, endDryRun, keyFor } from "./usage.ts";

interface SignInput {
  KeyId: string;
  SigningAlgorithm: string;
  MessageType?: string | undefined;
}

function access(action: "Sign" | "Verify") {
  return (input: SignInput, ctx: Context) =>
    keyAccess(action, input.KeyId, ctx, {
      grantOperation: action,
      context: {
        "kms:SigningAlgorithm": input.SigningAlgorithm,
        "kms:MessageType": input.MessageType ?? "RAW",
      },
    });
}

/** "sha256", 32 for an algorithm whose name ends in SHA_256. */
function hashOf(algorithm: string): { name: string; bytes: number } {
  const bits = Number(algorithm.slice(-3));
  return { name: `sha${bits}`, bytes: bits / 8 };
}

/** What is signed: a message, or what the caller says is its digest. */
interface Subject {
  algorithm: string;
  messageType: string;
  message: Buffer;
}

/** The digest of the subject; a digest given must have the algorithm's length. */
function digestOf({ algorithm, messageType, message }: Subject, ctx: Context): Buffer {
  const { name, bytes } = hashOf(algorithm);
  if (messageType === "RAW") return hash(name, message, "buffer");
  if (message.length !== bytes)
    throw ctx.error("ValidationException", `Digest is invalid length for algorithm ${algorithm}.`);
  return message;
}

function muFor(key: KeyRow, material: MaterialRow, { messageType, message }: Subject, ctx: Context): Buffer {
  if (messageType === "RAW") return muOf(key.spec, material, message);
  if (messageType !== "EXTERNAL_MU" || message.length !== muBytes) {
    throw ctx.error("ValidationException", `Digest is invalid length for algorithm ML_DSA_SHAKE_256.`);
  }
  return message;
}

/**
 * ED25519_SHA_512 signs messages, ED25519_PH_SHA_512 digests, and neither the other.
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html
 */
function checkEdwards({ algorithm, messageType, message }: Subject, ctx: Context): void {
  const wanted = algorithm === "ED25519_SHA_512" ? "RAW" : "DIGEST";
  if (messageType !== wanted) {
    throw ctx.error(
      "ValidationException",
      `MessageType ${messageType} is not valid for algorithm ${algorithm}.`,
    );
  }
  if (wanted === "DIGEST" && message.length !== 64) {
    throw ctx.error("ValidationException", `Digest is invalid length for algorithm ${algorithm}.`);
  }
}

function signEdwards(material: MaterialRow, subject: Subject): Buffer {
  return subject.messageType === "RAW"
    ? cryptoSign(null, subject.message, privateKeyOf(material))
    : signPrehashed(material, subject.message);
}

function verifyEdwards(material: MaterialRow, subject: Subject, signature: Buffer): boolean {
  return subject.messageType === "RAW"
    ? cryptoVerify(null, subject.message, publicKeyOf(material), signature)
    : verifyPrehashed(material, subject.message, signature);
}

function checkMessageType(key: KeyRow, subject: Subject, ctx: Context): void {
  const { messageType, message } = subject;
  if (specs[key.spec].family === "ed25519") checkEdwards(subject, ctx);
  if (messageType === "EXTERNAL_MU" && specs[key.spec].family !== "ml-dsa") {
    throw ctx.error("ValidationException", `MessageType EXTERNAL_MU is not valid for key spec ${key.spec}.`);
  }
  if (messageType === "RAW" && message.length > 4096) {
    throw ctx.error(
      "ValidationException",
      "1 validation error detected: Value at 'message' failed to satisfy constraint: Member must have length less than or equal to 4096",
    );
  }
}

function makeSignature(key: KeyRow, material: MaterialRow, subject: Subject, ctx: Context): Buffer {
  const { family } = specs[key.spec];
  if (family === "ml-dsa") return signMu(key.spec, material, muFor(key, material, subject, ctx));
  if (family === "ed25519") return signEdwards(material, subject);
  if (subject.messageType === "RAW") {
    return cryptoSign(hashOf(subject.algorithm).name, subject.message, {
      key: privateKeyOf(material),
      ...padding(subject.algorithm),
    });
  }
  return signDigest(key, material, subject.algorithm, digestOf(subject, ctx));
}

function holds(
  key: KeyRow,
  material: MaterialRow,
  subject: Subject,
  signature: Buffer,
  ctx: Context,
): boolean {
  const { family } = specs[key.spec];
  if (family === "ml-dsa") return verifyMu(key.spec, material, muFor(key, material, subject, ctx), signature);
  if (family === "ed25519") return verifyEdwards(material, subject, signature);
  if (subject.messageType === "RAW") {
    const { name } = hashOf(subject.algorithm);
    return cryptoVerify(
      name,
      subject.message,
      { key: publicKeyOf(material), ...padding(subject.algorithm) },
      signature,
    );
  }
  return verifyDigest(key, material, subject.algorithm, digestOf(subject, ctx), signature);
}

/** PSS salts are as long as the digest. */
function padding(algorithm: string) {
  if (algorithm.startsWith("RSASSA_PSS")) {
    return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  }
  return algorithm.startsWith("RSASSA_PKCS1") ? { padding: constants.RSA_PKCS1_PADDING } : {};
}

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html */
export const sign = kms.operation("Sign", {
  access: access("Sign"),
  async handle({ KeyId, Message, MessageType = "RAW", SigningAlgorithm, DryRun }, ctx) {
    const key = await keyFor(KeyId, "SIGN_VERIFY", "Sign", ctx);
    checkAlgorithm(key, SigningAlgorithm, ctx);
    const subject = { algorithm: SigningAlgorithm, messageType: MessageType, message: Message };
    checkMessageType(key, subject, ctx);
    const material = currentMaterial(key, ctx);
    const Signature = makeSignature(key, material, subject, ctx);
    endDryRun(DryRun, ctx);
    return { KeyId: key.arn, Signature, SigningAlgorithm };
  },
  record: { readOnly: true },
});

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_Verify.html */
export const verify = kms.operation("Verify", {
  access: access("Verify"),
  async handle({ KeyId, Message, MessageType = "RAW", SigningAlgorithm, Signature, DryRun }, ctx) {
    const key = await keyFor(KeyId, "SIGN_VERIFY", "Verify", ctx);
    checkAlgorithm(key, SigningAlgorithm, ctx);
    const subject = { algorithm: SigningAlgorithm, messageType: MessageType, message: Message };
    checkMessageType(key, subject, ctx);
    const material = currentMaterial(key, ctx);
    const valid = holds(key, material, subject, Signature, ctx);
    endDryRun(DryRun, ctx);
    if (!valid) throw ctx.error("KMSInvalidSignatureException", "");
    return { KeyId: key.arn, SignatureValid: true, SigningAlgorithm };
  },
  record: { readOnly: true },
});

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_GetPublicKey.html */
export const getPublicKey = kms.operation("GetPublicKey", {
  access: (input, ctx) =>
    keyAccess("GetPublicKey", input.KeyId, ctx, {
      grantOperation: "GetPublicKey",
    }),
  async handle({ KeyId }, ctx) {
    const key = usable(existing(await locate(KeyId, ctx), ctx), ctx);
    const material = currentMaterial(key, ctx);
    if (material.publicKey === undefined) {
      throw ctx.error(
        "UnsupportedOperationException",
        `${key.arn} key spec is ${key.spec} which is not valid for GetPublicKey.`,
      );
    }
    const algorithms = [...algorithmsOf(key.spec, key.usage)] as never[];
    return {
      KeyId: key.arn,
      PublicKey: Buffer.from(material.publicKey, "base64"),
      KeySpec: key.spec,
      CustomerMasterKeySpec: key.spec as never,
      KeyUsage: key.usage,
      ...(key.usage === "ENCRYPT_DECRYPT" && { EncryptionAlgorithms: algorithms }),
      ...(key.usage === "SIGN_VERIFY" && { SigningAlgorithms: algorithms }),
      ...(key.usage === "KEY_AGREEMENT" && { KeyAgreementAlgorithms: algorithms }),
    };
  },
});
