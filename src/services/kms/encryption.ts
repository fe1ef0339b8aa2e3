import { constants, privateDecrypt, publicEncrypt } from "node:crypto";
import type { Context } from "../../kit/context.ts";
import type { Access } from "../../kit/service.ts";
import { accessTo, keyAccess } from "./access.ts";
import { kms } from "./contract.ts";
import { open, readHeader, seal } from "./envelope.ts";
import { existing, locate, type Named, usable } from "./find.ts";
import { keyArn } from "./make.ts";
import { currentMaterial, materialOf, privateKeyOf, publicKeyOf } from "./material.ts";
import { specs } from "./specs.ts";
import { type KeyRow, keys } from "./tables.ts";
import { checkAlgorithm, checkUsage, endDryRun, keyFor } from "./usage.ts";

type EncryptionContext = Record<string, string> | undefined;
type Algorithm = "SYMMETRIC_DEFAULT" | "RSAES_OAEP_SHA_1" | "RSAES_OAEP_SHA_256" | "SM2PKE";
type CryptoErrors =
  | "NotFoundException"
  | "DisabledException"
  | "KMSInvalidStateException"
  | "InvalidKeyUsageException"
  | "DryRunOperationException";
type DecryptErrors = CryptoErrors | "InvalidCiphertextException" | "IncorrectKeyException";

const wrongKey = "The key ID in the request does not identify a CMK that can perform this operation.";

/** Encrypts under a key's current material. Throws if the data is too long for an RSA key. */
export async function encryptWith(
  key: KeyRow,
  algorithm: string,
  plaintext: Buffer,
  context: EncryptionContext,
  ctx: Context<CryptoErrors>,
): Promise<Buffer> {
  checkAlgorithm(key, algorithm, ctx);
  const material = currentMaterial(key, ctx);
  if (algorithm === "SYMMETRIC_DEFAULT") return seal(key, material, plaintext, context);
  if (context !== undefined && Object.keys(context).length > 0) {
    throw ctx.error("ValidationException", "EncryptionContext is not supported with asymmetric keys.");
  }
  const oaepHash = algorithm === "RSAES_OAEP_SHA_1" ? "sha1" : "sha256";
  const maxBytes = (specs[key.spec].size ?? 0) / 8 - 2 - 2 * (oaepHash === "sha1" ? 20 : 32);
  if (plaintext.length > maxBytes) {
    throw ctx.error(
      "ValidationException",
      `Algorithm ${algorithm} and key spec ${key.spec} cannot encrypt data larger than ${maxBytes} bytes.`,
    );
  }
  return publicEncrypt(
    { key: publicKeyOf(material), padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash },
    plaintext,
  );
}

/** Encrypts up to 4,096 bytes under a key. https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html */
export const encrypt = kms.operation("Encrypt", {
  access: (input, ctx) =>
    keyAccess("Encrypt", input.KeyId, ctx, {
      encryptionContext: input.EncryptionContext,
      grantOperation: "Encrypt",
      context: { "kms:EncryptionAlgorithm": input.EncryptionAlgorithm ?? "SYMMETRIC_DEFAULT" },
    }),
  async handle(
    { KeyId, Plaintext, EncryptionContext, EncryptionAlgorithm = "SYMMETRIC_DEFAULT", DryRun },
    ctx,
  ) {
    const key = await keyFor(KeyId, "ENCRYPT_DECRYPT", "Encrypt", ctx);
    const CiphertextBlob = await encryptWith(key, EncryptionAlgorithm, Plaintext, EncryptionContext, ctx);
    endDryRun(DryRun, ctx);
    return { CiphertextBlob, KeyId: key.arn, EncryptionAlgorithm };
  },
  record: { readOnly: true },
});

/** Whose key a ciphertext is under: what the caller says, or what the ciphertext says of itself. */
async function keyOfCiphertext(name: string | undefined, blob: Buffer, ctx: Context): Promise<Named> {
  if (name !== undefined) return await locate(name, ctx);
  const header = readHeader(blob);
  const { account, region } = ctx;
  if (header === undefined) return { account, region, arn: keyArn(account, region, "unknown") };
  const key = await keys.get(ctx.tx, header.account, region, header.keyId);
  return {
    account: header.account,
    region,
    keyId: header.keyId,
    arn: keyArn(header.account, region, header.keyId),
    ...(key && { key }),
  };
}

interface DecryptInput {
  keyName: string | undefined;
  blob: Buffer;
  algorithm: string;
  context: EncryptionContext;
}

/** Decrypts; every failure looks alike, so that nothing is learnt from it. */
async function decryptWith(
  { keyName, blob, algorithm, context }: DecryptInput,
  operation: string,
  ctx: Context<DecryptErrors>,
): Promise<{ key: KeyRow; plaintext: Buffer; materialId?: string }> {
  const symmetric = algorithm === "SYMMETRIC_DEFAULT";
  if (!symmetric && keyName === undefined) {
    throw ctx.error("ValidationException", "KeyId is required for asymmetric decryption.");
  }
  const named = await keyOfCiphertext(keyName, blob, ctx);
  const header = symmetric ? readHeader(blob) : undefined;
  if (symmetric && (header === undefined || (keyName === undefined && named.key === undefined))) {
    throw ctx.error("InvalidCiphertextException", "");
  }
  const key = existing(named, ctx);
  if (header !== undefined && header.keyId !== key.keyId) throw ctx.error("IncorrectKeyException", wrongKey);
  checkUsage(usable(key, ctx), "ENCRYPT_DECRYPT", operation, ctx);
  checkAlgorithm(key, algorithm, ctx);
  const plaintext =
    header === undefined
      ? await openRsa(key, algorithm, blob, ctx)
      : await openSymmetric(key, header.materialId, blob, context, ctx);
  if (plaintext === undefined) throw ctx.error("InvalidCiphertextException", "");
  return { key, plaintext, ...(header && { materialId: header.materialId }) };
}

async function openSymmetric(
  key: KeyRow,
  materialId: string,
  blob: Buffer,
  context: EncryptionContext,
  ctx: Context<DecryptErrors>,
): Promise<Buffer | undefined> {
  const material = materialOf(key, materialId, ctx);
  return material && open(material, blob, context);
}

async function openRsa(
  key: KeyRow,
  algorithm: string,
  blob: Buffer,
  ctx: Context<DecryptErrors>,
): Promise<Buffer | undefined> {
  const privateKey = privateKeyOf(currentMaterial(key, ctx));
  const oaepHash = algorithm === "RSAES_OAEP_SHA_1" ? "sha1" : "sha256";
  try {
    return privateDecrypt({ key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, blob);
  } catch {
    return undefined;
  }
}

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html */
export const decrypt = kms.operation("Decrypt", {
  access: async (input, ctx) =>
    accessTo(
      "Decrypt",
      await keyOfCiphertext(input.KeyId, input.CiphertextBlob ?? Buffer.alloc(0), ctx),
      ctx,
      {
        encryptionContext: input.EncryptionContext,
        grantOperation: "Decrypt",
        context: { "kms:EncryptionAlgorithm": input.EncryptionAlgorithm ?? "SYMMETRIC_DEFAULT" },
      },
    ),
  async handle(input, ctx) {
    const algorithm: Algorithm = input.EncryptionAlgorithm ?? "SYMMETRIC_DEFAULT";
    refuseRecipient(input.Recipient, ctx);
    if (input.CiphertextBlob === undefined)
      throw ctx.error("ValidationException", "CiphertextBlob is required.");
    const { key, plaintext, materialId } = await decryptWith(
      { keyName: input.KeyId, blob: input.CiphertextBlob, algorithm, context: input.EncryptionContext },
      "Decrypt",
      ctx,
    );
    endDryRun(input.DryRun, ctx);
    return {
      Plaintext: plaintext,
      KeyId: key.arn,
      EncryptionAlgorithm: algorithm,
      ...(materialId !== undefined && { KeyMaterialId: materialId }),
    };
  },
  record: { readOnly: true },
});

/** Attested enclaves need AWS Nitro hardware. */
export function refuseRecipient(recipient: unknown, ctx: Context): void {
  if (recipient !== undefined)
    throw ctx.error(
      "ValidationException",
      "Recipient is not supported: attestation documents come from AWS Nitro Enclaves.",
    );
}

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html */
export const reEncrypt = kms.operation("ReEncrypt", {
  access: async (input, ctx): Promise<Access[]> => {
    const source = await keyOfCiphertext(input.SourceKeyId, input.CiphertextBlob ?? Buffer.alloc(0), ctx);
    const target = await locate(input.DestinationKeyId, ctx);
    const same = String(source.arn === target.arn);
    return [
      await accessTo("ReEncryptFrom", source, ctx, {
        encryptionContext: input.SourceEncryptionContext,
        grantOperation: "ReEncryptFrom",
        context: {
          "kms:ReEncryptOnSameKey": same,
          "kms:EncryptionAlgorithm": input.SourceEncryptionAlgorithm ?? "SYMMETRIC_DEFAULT",
        },
      }),
      await accessTo("ReEncryptTo", target, ctx, {
        encryptionContext: input.DestinationEncryptionContext,
        grantOperation: "ReEncryptTo",
        context: {
          "kms:ReEncryptOnSameKey": same,
          "kms:EncryptionAlgorithm": input.DestinationEncryptionAlgorithm ?? "SYMMETRIC_DEFAULT",
        },
      }),
    ];
  },
  async handle(input, ctx) {
    const SourceEncryptionAlgorithm: Algorithm = input.SourceEncryptionAlgorithm ?? "SYMMETRIC_DEFAULT";
    const DestinationEncryptionAlgorithm: Algorithm =
      input.DestinationEncryptionAlgorithm ?? "SYMMETRIC_DEFAULT";
    if (input.CiphertextBlob === undefined)
      throw ctx.error("ValidationException", "CiphertextBlob is required.");
    const {
      key: source,
      plaintext,
      materialId,
    } = await decryptWith(
      {
        keyName: input.SourceKeyId,
        blob: input.CiphertextBlob,
        algorithm: SourceEncryptionAlgorithm,
        context: input.SourceEncryptionContext,
      },
      "ReEncrypt",
      ctx,
    );
    const target = await keyFor(input.DestinationKeyId, "ENCRYPT_DECRYPT", "ReEncrypt", ctx);
    const CiphertextBlob = await encryptWith(
      target,
      DestinationEncryptionAlgorithm,
      plaintext,
      input.DestinationEncryptionContext,
      ctx,
    );
    endDryRun(input.DryRun, ctx);
    return {
      CiphertextBlob,
      SourceKeyId: source.arn,
      KeyId: target.arn,
      SourceEncryptionAlgorithm,
      DestinationEncryptionAlgorithm,
      ...(materialId !== undefined && { SourceKeyMaterialId: materialId }),
      ...(DestinationEncryptionAlgorithm === "SYMMETRIC_DEFAULT" &&
        target.currentMaterial !== undefined && { DestinationKeyMaterialId: target.currentMaterial }),
    };
  },
  record: { readOnly: true },
});
