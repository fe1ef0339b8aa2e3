import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { fromBase32, isCode, stepAt } from "../../../kit/totp.ts";
import { codeMismatch } from "../refusals.ts";
import type { UserRow } from "../users/userRow.ts";

/** Codes of authenticator apps. Each counts once. */

/** Steps of 30 seconds that the app's clock may be off by, either way. */
const driftSteps = 1;

/** The step whose code this is; undefined for none of those that are due. */
export function stepOf(secret: string, code: string, nowMs: number): number | undefined {
  const key = fromBase32(secret);
  const now = stepAt(nowMs);
  let found: number | undefined;
  for (let step = now - driftSteps; step <= now + driftSteps; step += 1)
    if (isCode(key, step, code)) found = step;
  return found;
}

/** The user, whose code is spent by this; or the refusal. */
export function useTotp(user: UserRow, code: string, { clock }: Pick<Context, "clock">): UserRow {
  const { totpSecret, totpLastStep = 0 } = user.mfa;
  const step = totpSecret === undefined ? undefined : stepOf(totpSecret, code, clock.now());
  if (step === undefined) throw codeMismatch("Invalid code received for user");
  if (step <= totpLastStep)
    throw new AwsError("ExpiredCodeException", "Your software token has already been used once.");
  return { ...user, mfa: { ...user.mfa, totpLastStep: step } };
}
