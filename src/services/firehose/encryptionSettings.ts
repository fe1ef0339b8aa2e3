import type { DeliveryStreamEncryptionConfigurationInput } from "@aws-sdk/client-firehose";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { existingDeliveryStream, onDeliveryStream, putDeliveryStream } from "./access.ts";
import { firehose } from "./contract.ts";
import { sealFrame } from "./encryption.ts";
import type { DeliveryStreamRow, Encryption } from "./tables.ts";

/** Which key buffered records are sealed under. https://docs.aws.amazon.com/firehose/latest/dev/encryption.html */

export function encryptionOf(
  input: DeliveryStreamEncryptionConfigurationInput | undefined,
  fromKinesis: boolean,
  ctx: Context<"InvalidArgumentException">,
): Encryption | undefined {
  if (input === undefined) return undefined;
  const { KeyType: keyType = "AWS_OWNED_CMK", KeyARN: keyArn } = input;
  const invalid = (message: string) => ctx.error("InvalidArgumentException", message);
  if (fromKinesis) {
    throw invalid(
      "Server-side encryption can be enabled for delivery streams of type DirectPut only: others are encrypted by their source.",
    );
  }
  if (keyType === "CUSTOMER_MANAGED_CMK" && keyArn === undefined)
    throw invalid("KeyARN must be specified for a KeyType of CUSTOMER_MANAGED_CMK.");
  if (keyType === "AWS_OWNED_CMK" && keyArn !== undefined)
    throw invalid("KeyARN must not be specified for a KeyType of AWS_OWNED_CMK.");
  return { keyType, ...(keyArn !== undefined && { keyArn }) };
}

/** Who turns encryption on grants Firehose the use of the key, which is tried out at once. */
export async function grantKey(
  stream: DeliveryStreamRow,
  encryption: Encryption,
  ctx: Context<"InvalidKMSResourceException">,
): Promise<void> {
  const { keyArn: KeyId } = encryption;
  if (KeyId === undefined) return;
  const { account, region, arn } = stream;
  const as = { ...ctx.caller, calledVia: [...(ctx.caller.calledVia ?? []), "firehose.amazonaws.com"] };
  const grant = {
    KeyId,
    GranteePrincipal: "firehose.amazonaws.com",
    Operations: ["GenerateDataKey", "Decrypt"],
    Constraints: { EncryptionContextSubset: { "aws:firehose:arn": arn } },
  };
  try {
    await ctx.call("kms", "CreateGrant", grant, { as, account, region });
    await sealFrame({ ...stream, encryption }, Buffer.of(), ctx as Context);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw ctx.error("InvalidKMSResourceException", error.message, { code: error.code });
  }
}

export function shownEncryption({ source, encryption }: DeliveryStreamRow) {
  if (source !== undefined) return {};
  if (encryption === undefined)
    return { DeliveryStreamEncryptionConfiguration: { Status: "DISABLED" as const } };
  const { keyType: KeyType, keyArn } = encryption;
  return {
    DeliveryStreamEncryptionConfiguration: {
      Status: "ENABLED" as const,
      KeyType,
      ...(keyArn !== undefined && { KeyARN: keyArn }),
    },
  };
}

/** https://docs.aws.amazon.com/firehose/latest/APIReference/API_StartDeliveryStreamEncryption.html */
export const startDeliveryStreamEncryption = firehose.operation("StartDeliveryStreamEncryption", {
  access: onDeliveryStream("StartDeliveryStreamEncryption"),
  async handle({ DeliveryStreamName, DeliveryStreamEncryptionConfigurationInput: input }, ctx) {
    const row = await existingDeliveryStream(DeliveryStreamName, ctx);
    const encryption = encryptionOf(input ?? { KeyType: "AWS_OWNED_CMK" }, row.source !== undefined, ctx);
    if (encryption !== undefined) {
      await grantKey(row, encryption, ctx);
      putDeliveryStream({ ...row, encryption }, ctx as Context);
    }
    return {};
  },
});

/** https://docs.aws.amazon.com/firehose/latest/APIReference/API_StopDeliveryStreamEncryption.html */
export const stopDeliveryStreamEncryption = firehose.operation("StopDeliveryStreamEncryption", {
  access: onDeliveryStream("StopDeliveryStreamEncryption"),
  async handle({ DeliveryStreamName }, ctx) {
    const { encryption: _, ...row } = await existingDeliveryStream(DeliveryStreamName, ctx);
    putDeliveryStream(row, ctx as Context);
    return {};
  },
});
