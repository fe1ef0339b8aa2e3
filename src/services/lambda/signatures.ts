import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import type { FunctionName } from "./names.ts";
import type { CodeSigningConfigRow } from "./tables.ts";

/**
 * Signatures of what is deployed. AWS Signer is what signs, and it is not here: no archive and no layer has a
 * signature of an allowed publisher, so each fails this check.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-codesigning.html
 */
export function checkSignatures(
  { account, region, name }: FunctionName,
  asked: string,
  config: CodeSigningConfigRow | undefined,
  ctx: Context,
  { dryRun = false } = {},
): void {
  if (config === undefined) return;
  const failure = `The function or layer might be signed using a signature that the client is not configured to accept. Check the provided signature for ${asked}.`;
  if (config.policy === "Enforce") {
    throw new AwsError("CodeVerificationFailedException", `Lambda cannot deploy the function. ${failure}`, {
      members: { Type: "User" },
    });
  }
  if (dryRun) return;
  ctx.metric({
    namespace: "AWS/Lambda",
    name: "SignatureValidationErrors",
    dimensions: { FunctionName: name },
    value: 1,
    account,
    region,
  });
  ctx.event.additionalEventData = {
    ...ctx.event.additionalEventData,
    signatureValidationWarning: failure,
  };
}
