import type { SetUserMFAPreferenceRequest } from "@aws-sdk/client-cognito-identity-provider";
import type { Context } from "../../../kit/context.ts";
import { idp } from "../contract.ts";
import { existingPool, onPool } from "../pools/find.ts";
import type { PoolRow } from "../pools/poolRow.ts";
import { invalid } from "../refusals.ts";
import { bearerOf } from "../tokens/verify.ts";
import { existingUser, type FoundUser } from "../users/find.ts";
import { putUser } from "../users/put.ts";
import type { UserRow } from "../users/userRow.ts";

/** What users have switched on, and prefer. */

const perToken = "The access token is the permission; AWS takes the call unsigned.";

type Setting = { Enabled?: boolean | undefined; PreferredMfa?: boolean | undefined } | undefined;
type Wanted = { [K in keyof Omit<SetUserMFAPreferenceRequest, "AccessToken">]?: Setting };

function checkPossible(user: UserRow, method: string): void {
  if (method === "SMS_MFA" && !user.attributes.phone_number)
    throw invalid("User does not have delivery config set to turn on SMS_MFA");
  if (method === "EMAIL_OTP" && !user.attributes.email)
    throw invalid("User does not have delivery config set to turn on EMAIL_OTP");
  if (method === "SOFTWARE_TOKEN_MFA" && user.mfa.totpSecret === undefined)
    throw invalid("User has not verified software token mfa");
}

function withPreference(user: UserRow, wanted: Wanted): UserRow {
  const named: [method: string, setting: Setting][] = [
    ["SMS_MFA", wanted.SMSMfaSettings],
    ["SOFTWARE_TOKEN_MFA", wanted.SoftwareTokenMfaSettings],
    ["EMAIL_OTP", wanted.EmailMfaSettings],
    ["WEB_AUTHN", wanted.WebAuthnMfaSettings],
  ];
  const enabled = new Set(user.mfa.enabled);
  let { preferred } = user.mfa;
  if (named.filter(([, setting]) => setting?.PreferredMfa).length > 1)
    throw invalid("Only one MFA type can be preferred.");
  for (const [method, setting] of named) {
    if (setting === undefined) continue;
    if (setting.Enabled) {
      checkPossible(user, method);
      enabled.add(method);
    } else enabled.delete(method);
    if (setting.PreferredMfa && !setting.Enabled)
      throw invalid("Invalid MFA preference: a preferred method must be enabled.");
    if (setting.PreferredMfa) preferred = method;
    else if (preferred === method) preferred = undefined;
  }
  return { ...user, mfa: { ...user.mfa, enabled: [...enabled], preferred } };
}

async function prefer(pool: PoolRow, found: FoundUser, wanted: Wanted, ctx: Context): Promise<void> {
  await putUser(pool, found, withPreference(found.user, wanted), ctx);
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SetUserMFAPreference.html */
export const setUserMfaPreference = idp.operation("SetUserMFAPreference", {
  access: { noPermissionNeeded: perToken },
  async handle({ AccessToken, ...wanted }, ctx) {
    const bearer = await bearerOf(AccessToken, ctx as Context);
    await prefer(bearer.pool, bearer, wanted, ctx as Context);
    return {};
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminSetUserMFAPreference.html */
export const adminSetUserMfaPreference = idp.operation("AdminSetUserMFAPreference", {
  access: onPool("AdminSetUserMFAPreference"),
  async handle({ UserPoolId, Username, ...wanted }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    await prefer(pool, await existingUser(pool, Username, ctx), wanted, ctx as Context);
    return {};
  },
});

type Options = readonly { DeliveryMedium?: string | undefined; AttributeName?: string | undefined }[];

/** The old way, which knows text messages alone. */
async function setOptions(pool: PoolRow, found: FoundUser, options: Options, ctx: Context): Promise<void> {
  const wrong = options.find((one) => one.DeliveryMedium !== "SMS" || one.AttributeName !== "phone_number");
  if (wrong !== undefined) throw invalid("Invalid MFA options.");
  if (options.length > 0) checkPossible(found.user, "SMS_MFA");
  const { hasSmsOption: _, ...user } = found.user;
  await putUser(pool, found, options.length > 0 ? { ...user, hasSmsOption: true } : user, ctx);
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SetUserSettings.html */
export const setUserSettings = idp.operation("SetUserSettings", {
  access: { noPermissionNeeded: perToken },
  async handle({ AccessToken, MFAOptions }, ctx) {
    const bearer = await bearerOf(AccessToken, ctx as Context);
    await setOptions(bearer.pool, bearer, MFAOptions, ctx as Context);
    return {};
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminSetUserSettings.html */
export const adminSetUserSettings = idp.operation("AdminSetUserSettings", {
  access: onPool("AdminSetUserSettings"),
  async handle({ UserPoolId, Username, MFAOptions }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    await setOptions(pool, await existingUser(pool, Username, ctx), MFAOptions, ctx as Context);
    return {};
  },
});
