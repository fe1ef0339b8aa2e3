import { createPublicKey, diffieHellman, type KeyObject } from "node:crypto";
import { keyAccess } from "./access.ts";
import { kms } from "./contract.ts";
import { refuseRecipient } from "./encryption.ts";
import { currentMaterial, privateKeyOf, publicKeyOf } from "./material.ts";
import { checkAlgorithm, endDryRun, keyFor } from "./usage.ts";

function readPublicKey(der: Buffer): KeyObject | undefined {
  try {
    return createPublicKey({ key: der, format: "der", type: "spki" });
  } catch {
    return undefined;
  }
}

/** The same curve, by the library's own description of both. */
function sameCurve(a: KeyObject, b: KeyObject): boolean {
  return (
    a.asymmetricKeyType === "ec" && a.asymmetricKeyDetails?.namedCurve === b.asymmetricKeyDetails?.namedCurve
  );
}

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_DeriveSharedSecret.html */
export const deriveSharedSecret = kms.operation("DeriveSharedSecret", {
  access: (input, ctx) =>
    keyAccess("DeriveSharedSecret", input.KeyId, ctx, {
      grantOperation: "DeriveSharedSecret",
      context: { "kms:KeyAgreementAlgorithm": input.KeyAgreementAlgorithm },
    }),
  async handle({ KeyId, KeyAgreementAlgorithm, PublicKey, DryRun, Recipient }, ctx) {
    refuseRecipient(Recipient, ctx);
    const key = await keyFor(KeyId, "KEY_AGREEMENT", "DeriveSharedSecret", ctx);
    checkAlgorithm(key, KeyAgreementAlgorithm, ctx);
    const material = await currentMaterial(key, ctx);
    const theirs = readPublicKey(PublicKey);
    if (theirs === undefined || !sameCurve(theirs, publicKeyOf(material)))
      throw ctx.error("ValidationException", "");
    const SharedSecret = diffieHellman({ privateKey: privateKeyOf(material), publicKey: theirs });
    endDryRun(DryRun, ctx);
    return { KeyId: key.arn, SharedSecret, KeyAgreementAlgorithm, KeyOrigin: key.origin };
  },
  record: { readOnly: true },
});
