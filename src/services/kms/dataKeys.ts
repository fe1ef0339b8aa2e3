import { randomBytes } from "node:crypto";
import type { Context } from "../../kit/context.ts";
import { callKeys, keyAccess } from "./access.ts";
import { kms } from "./contract.ts";
import { encryptWith, refuseRecipient } from "./encryption.ts";
import { freshMaterial } from "./material.ts";
import { type KeySpec, specFacts } from "./specs.ts";
import type { KeyRow } from "./tables.ts";
import { endDryRun, keyFor } from "./usage.ts";

/** Data keys: made here, given to the caller in the clear and under a KMS key. */

interface DataKeyInput {
  KeyId: string;
  EncryptionContext?: Record<string, string>;
  KeyPairSpec?: string;
}

function access(action: string) {
  return (input: DataKeyInput, ctx: Context) =>
    keyAccess(action, input.KeyId, ctx, {
      encryptionContext: input.EncryptionContext,
      grantOperation: action,
      context: { "kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT", "kms:DataKeyPairSpec": input.KeyPairSpec },
    });
}

type DataKeyErrors =
  | "NotFoundException"
  | "DisabledException"
  | "KMSInvalidStateException"
  | "InvalidKeyUsageException"
  | "DryRunOperationException";

/** Data keys are wrapped by symmetric keys only. */
async function wrappingKey(name: string, operation: string, ctx: Context<DataKeyErrors>): Promise<KeyRow> {
  const key = await keyFor(name, "ENCRYPT_DECRYPT", operation, ctx);
  if (key.spec !== "SYMMETRIC_DEFAULT") {
    throw ctx.error(
      "InvalidKeyUsageException",
      `${key.arn} key spec is ${key.spec} which is not valid for ${operation}.`,
    );
  }
  return key;
}

function bytesFor(keySpec: string | undefined, numberOfBytes: number | undefined, ctx: Context): number {
  if ((keySpec === undefined) === (numberOfBytes === undefined)) {
    throw ctx.error("ValidationException", "Please specify either number of bytes or key spec.");
  }
  return numberOfBytes ?? (keySpec === "AES_128" ? 16 : 32);
}

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html */
export const generateDataKey = kms.operation("GenerateDataKey", {
  access: access("GenerateDataKey"),
  async handle({ KeyId, KeySpec, NumberOfBytes, EncryptionContext, DryRun, Recipient }, ctx) {
    refuseRecipient(Recipient, ctx);
    const Plaintext = randomBytes(bytesFor(KeySpec, NumberOfBytes, ctx));
    const key = await wrappingKey(KeyId, "GenerateDataKey", ctx);
    const CiphertextBlob = await encryptWith(key, "SYMMETRIC_DEFAULT", Plaintext, EncryptionContext, ctx);
    endDryRun(DryRun, ctx);
    return {
      CiphertextBlob,
      Plaintext,
      KeyId: key.arn,
      ...(key.currentMaterial && { KeyMaterialId: key.currentMaterial }),
    };
  },
  record: { readOnly: true },
});

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKeyWithoutPlaintext.html */
export const generateDataKeyWithoutPlaintext = kms.operation("GenerateDataKeyWithoutPlaintext", {
  access: access("GenerateDataKeyWithoutPlaintext"),
  async handle({ KeyId, KeySpec, NumberOfBytes, EncryptionContext, DryRun }, ctx) {
    const plaintext = randomBytes(bytesFor(KeySpec, NumberOfBytes, ctx));
    const key = await wrappingKey(KeyId, "GenerateDataKeyWithoutPlaintext", ctx);
    const CiphertextBlob = await encryptWith(key, "SYMMETRIC_DEFAULT", plaintext, EncryptionContext, ctx);
    endDryRun(DryRun, ctx);
    return {
      CiphertextBlob,
      KeyId: key.arn,
      ...(key.currentMaterial && { KeyMaterialId: key.currentMaterial }),
    };
  },
  record: { readOnly: true },
});

type PairSpec = NonNullable<DataKeyInput["KeyPairSpec"]>;

async function dataKeyPair(spec: PairSpec, ctx: Context<"UnsupportedOperationException">) {
  const facts = specFacts(spec);
  if (facts === undefined || !["rsa", "ec", "ed25519"].includes(facts.family)) {
    throw ctx.error("UnsupportedOperationException", `KeyPairSpec ${spec} is not supported in this Region.`);
  }
  return await freshMaterial(spec as KeySpec);
}

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKeyPair.html */
export const generateDataKeyPair = kms.operation("GenerateDataKeyPair", {
  access: access("GenerateDataKeyPair"),
  async handle({ KeyId, KeyPairSpec, EncryptionContext, DryRun, Recipient }, ctx) {
    refuseRecipient(Recipient, ctx);
    const key = await wrappingKey(KeyId, "GenerateDataKeyPair", ctx);
    endDryRun(DryRun, ctx);
    const { secret, publicKey } = await dataKeyPair(KeyPairSpec, ctx);
    return {
      PrivateKeyCiphertextBlob: await encryptWith(key, "SYMMETRIC_DEFAULT", secret, EncryptionContext, ctx),
      PrivateKeyPlaintext: secret,
      ...(publicKey && { PublicKey: publicKey }),
      KeyId: key.arn,
      KeyPairSpec,
      ...(key.currentMaterial && { KeyMaterialId: key.currentMaterial }),
    };
  },
  record: { readOnly: true },
});

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKeyPairWithoutPlaintext.html */
export const generateDataKeyPairWithoutPlaintext = kms.operation("GenerateDataKeyPairWithoutPlaintext", {
  access: access("GenerateDataKeyPairWithoutPlaintext"),
  async handle({ KeyId, KeyPairSpec, EncryptionContext, DryRun }, ctx) {
    const key = await wrappingKey(KeyId, "GenerateDataKeyPairWithoutPlaintext", ctx);
    endDryRun(DryRun, ctx);
    const { secret, publicKey } = await dataKeyPair(KeyPairSpec, ctx);
    return {
      PrivateKeyCiphertextBlob: await encryptWith(key, "SYMMETRIC_DEFAULT", secret, EncryptionContext, ctx),
      ...(publicKey && { PublicKey: publicKey }),
      KeyId: key.arn,
      KeyPairSpec,
      ...(key.currentMaterial && { KeyMaterialId: key.currentMaterial }),
    };
  },
  record: { readOnly: true },
});

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateRandom.html */
export const generateRandom = kms.operation("GenerateRandom", {
  access: (_input, ctx) => ({ action: "kms:GenerateRandom", resource: "*", context: callKeys(ctx) }),
  handle({ NumberOfBytes, CustomKeyStoreId, Recipient }, ctx) {
    refuseRecipient(Recipient, ctx);
    if (CustomKeyStoreId !== undefined) {
      throw ctx.error(
        "CustomKeyStoreNotFoundException",
        `The custom key store ${CustomKeyStoreId} does not exist.`,
      );
    }
    if (NumberOfBytes === undefined) throw ctx.error("ValidationException", "NumberOfBytes is required.");
    return { Plaintext: randomBytes(NumberOfBytes) };
  },
  record: { readOnly: true },
});
