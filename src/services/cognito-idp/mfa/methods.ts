import type { ChallengeNameType } from "@aws-sdk/client-cognito-identity-provider";
import type { PoolRow } from "../pools/poolRow.ts";
import type { UserRow } from "../users/userRow.ts";

/** Second factors: which a pool knows, and which a user has. */

export type MfaMethod = "SMS_MFA" | "SOFTWARE_TOKEN_MFA" | "EMAIL_OTP";

export const mfaMethods: readonly MfaMethod[] = ["SMS_MFA", "SOFTWARE_TOKEN_MFA", "EMAIL_OTP"];

function offers({ mfa }: PoolRow, method: MfaMethod): boolean {
  if (method === "SMS_MFA") return mfa.sms;
  return method === "SOFTWARE_TOKEN_MFA" ? mfa.totp : mfa.email !== undefined;
}

function has({ attributes, mfa }: UserRow, method: MfaMethod): boolean {
  if (method === "SMS_MFA") return !!attributes.phone_number;
  return method === "SOFTWARE_TOKEN_MFA" ? mfa.totpSecret !== undefined : !!attributes.email;
}

/** Methods that a user signs in with; where the pool requires one, also those that it need not have switched on. */
export function methodsOf(pool: PoolRow, user: UserRow): MfaMethod[] {
  if (pool.mfa.configuration === "OFF") return [];
  const possible = mfaMethods.filter((method) => offers(pool, method) && has(user, method));
  const isOn = (method: MfaMethod) =>
    user.mfa.enabled.includes(method) || (method === "SMS_MFA" && user.hasSmsOption === true);
  const chosen = possible.filter(isOn);
  return chosen.length > 0 || pool.mfa.configuration === "OPTIONAL" ? chosen : possible;
}

/** What a user is asked for: the preferred method, or which one it shall be; "setup" where it has none and must. */
export function askedOf(pool: PoolRow, user: UserRow): MfaMethod | MfaMethod[] | "setup" | undefined {
  const methods = methodsOf(pool, user);
  const preferred = methods.find((method) => method === user.mfa.preferred);
  if (preferred !== undefined) return preferred;
  if (methods.length > 1) return methods;
  return methods[0] ?? (pool.mfa.configuration === "ON" ? "setup" : undefined);
}

/** What can be set up in the middle of a sign-in. */
export function setupMethods(pool: PoolRow): ChallengeNameType[] {
  return mfaMethods.filter((method) => method !== "SMS_MFA" && offers(pool, method));
}
