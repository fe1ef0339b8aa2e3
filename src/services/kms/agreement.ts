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

/** DER of id-ecPublicKey, as a key's algorithm begins. */
const ecPublicKeyOid = Buffer.from("06072a8648ce3d0201", "hex");

/**
 * The same curve, by the library's own description of both. The curve must be given by its name: parameters that
 * a stranger spelt out are how invalid-curve attacks begin.
 */
function sameCurve(der: Buffer, theirs: KeyObject, ours: KeyObject): boolean {
  const named = der[der.indexOf(ecPublicKeyOid) + ecPublicKeyOid.length] === 0x06;
  return (
    named &&
    theirs.asymmetricKeyType === "ec" &&
    theirs.asymmetricKeyDetails?.namedCurve === ours.asymmetricKeyDetails?.namedCurve
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
    const material = currentMaterial(key, ctx);
    const theirs = readPublicKey(PublicKey);
    if (theirs === undefined || !sameCurve(PublicKey, theirs, publicKeyOf(material)))
      throw ctx.error("ValidationException", "");
    const SharedSecret = diffieHellman({ privateKey: privateKeyOf(material), publicKey: theirs });
    endDryRun(DryRun, ctx);
    return { KeyId: key.arn, SharedSecret, KeyAgreementAlgorithm, KeyOrigin: key.origin };
  },
  record: { readOnly: true },
});
