import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import type { PoolRow } from "../pools/poolRow.ts";
import { asCognito, senderContext } from "./senderKey.ts";

/**
 * Codes as messages of the AWS Encryption SDK, under a data key of the pool's KMS key.
 * https://docs.aws.amazon.com/encryption-sdk/latest/developer-guide/message-format.html
 */

/** What the encryption SDK calls data keys that KMS has wrapped. */
const providerId = "aws-kms";

/** A message that only whoever may decrypt under the pool's KMS key can read, in base64. */
export async function sealedCode(pool: PoolRow, keyId: string, code: string, ctx: Context): Promise<string> {
  // Loaded when a pool has a sender of its own: few have.
  const materials = await import("@aws-crypto/material-management-node");
  const { buildEncrypt } = await import("@aws-crypto/encrypt-node");
  const { CommitmentPolicy, AlgorithmSuiteIdentifier, EncryptedDataKey, KeyringTraceFlag } = materials;

  class PoolKeyring extends materials.KeyringNode {
    override async _onEncrypt(material: InstanceType<typeof materials.NodeEncryptionMaterial>) {
      const made = await dataKey(pool, keyId, material.suite.keyLengthBytes, material.encryptionContext, ctx);
      const trace = { keyNamespace: providerId, keyName: made.arn };
      const encrypted = new EncryptedDataKey({
        providerId,
        providerInfo: made.arn,
        encryptedDataKey: made.wrapped,
      });
      return material
        .setUnencryptedDataKey(made.plain, {
          ...trace,
          flags: KeyringTraceFlag.WRAPPING_KEY_GENERATED_DATA_KEY,
        })
        .addEncryptedDataKey(
          encrypted,
          KeyringTraceFlag.WRAPPING_KEY_ENCRYPTED_DATA_KEY | KeyringTraceFlag.WRAPPING_KEY_SIGNED_ENC_CTX,
        );
    }

    override async _onDecrypt(): Promise<never> {
      throw new Error("Codes are only encrypted here.");
    }
  }

  // Committing, and not signed: readers of every version since 2.0 take it, whatever their policy of commitment.
  const { encrypt } = buildEncrypt(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
  const { result } = await encrypt(new PoolKeyring(), Buffer.from(code), {
    suiteId: AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY,
    encryptionContext: senderContext(pool),
    plaintextLength: Buffer.byteLength(code),
  });
  return result.toString("base64");
}

async function dataKey(
  pool: PoolRow,
  keyId: string,
  bytes: number,
  context: Readonly<Record<string, string>>,
  ctx: Context,
): Promise<{ arn: string; plain: Uint8Array; wrapped: Buffer }> {
  const input = { KeyId: keyId, NumberOfBytes: bytes, EncryptionContext: { ...context } };
  try {
    const made = await ctx.call("kms", "GenerateDataKey", input, {
      as: asCognito(pool),
      account: pool.account,
      region: pool.region,
    });
    return {
      arn: made.KeyId as string,
      // A buffer of its own, not a part of Node's pool: the SDK wipes it after use.
      plain: new Uint8Array(made.Plaintext as Uint8Array),
      wrapped: Buffer.from(made.CiphertextBlob as Uint8Array),
    };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw new AwsError(
      "CodeDeliveryFailureException",
      `The code cannot be encrypted under the pool's KMS key: ${error.message}`,
    );
  }
}
