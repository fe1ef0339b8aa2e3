import { createHmac, timingSafeEqual } from "node:crypto";
import type { Context } from "../../kit/context.ts";
import { keyAccess } from "./access.ts";
import { kms } from "./contract.ts";
import { currentMaterial, secretKeyOf } from "./material.ts";
import type { MaterialRow } from "./tables.ts";
import { checkAlgorithm, endDryRun, keyFor } from "./usage.ts";

interface MacInput {
  KeyId: string;
  MacAlgorithm: string;
}

function access(action: "GenerateMac" | "VerifyMac") {
  return (input: MacInput, ctx: Context) =>
    keyAccess(action, input.KeyId, ctx, {
      grantOperation: action,
      context: { "kms:MacAlgorithm": input.MacAlgorithm },
    });
}

function mac(material: MaterialRow, algorithm: string, message: Buffer): Buffer {
  return createHmac(`sha${algorithm.slice(-3)}`, secretKeyOf(material))
    .update(message)
    .digest();
}

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateMac.html */
export const generateMac = kms.operation("GenerateMac", {
  access: access("GenerateMac"),
  async handle({ KeyId, Message, MacAlgorithm, DryRun }, ctx) {
    const key = await keyFor(KeyId, "GENERATE_VERIFY_MAC", "GenerateMac", ctx);
    checkAlgorithm(key, MacAlgorithm, ctx);
    const Mac = mac(currentMaterial(key, ctx), MacAlgorithm, Message);
    endDryRun(DryRun, ctx);
    return { Mac, MacAlgorithm, KeyId: key.arn };
  },
  record: { readOnly: true },
});

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_VerifyMac.html */
export const verifyMac = kms.operation("VerifyMac", {
  access: access("VerifyMac"),
  async handle({ KeyId, Message, MacAlgorithm, Mac, DryRun }, ctx) {
    const key = await keyFor(KeyId, "GENERATE_VERIFY_MAC", "VerifyMac", ctx);
    checkAlgorithm(key, MacAlgorithm, ctx);
    const expected = mac(currentMaterial(key, ctx), MacAlgorithm, Message);
    endDryRun(DryRun, ctx);
    if (Mac.length !== expected.length || !timingSafeEqual(Mac, expected))
      throw ctx.error("KMSInvalidMacException", "");
    return { KeyId: key.arn, MacValid: true, MacAlgorithm };
  },
  record: { readOnly: true },
});
