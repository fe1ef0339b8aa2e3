import type { GetUserPoolMfaConfigResponse } from "@aws-sdk/client-cognito-identity-provider";
import type { Context } from "../../../kit/context.ts";
import { idp } from "../contract.ts";
import { invalid } from "../refusals.ts";
import { pools } from "../tables.ts";
import { existingPool, onPool } from "./find.ts";
import { keyOf, type PoolMfa, type PoolRow } from "./poolRow.ts";
import { checkSmsRole } from "./settings.ts";

/** Multi-factor authentication and passkeys of a pool. */

function shownMfa({ mfa, settings }: PoolRow): GetUserPoolMfaConfigResponse {
  return {
    ...(mfa.sms && {
      SmsMfaConfiguration: {
        ...(settings.SmsAuthenticationMessage && {
          SmsAuthenticationMessage: settings.SmsAuthenticationMessage,
        }),
        SmsConfiguration: settings.SmsConfiguration,
      },
    }),
    SoftwareTokenMfaConfiguration: { Enabled: mfa.totp },
    ...(mfa.email && { EmailMfaConfiguration: mfa.email }),
    MfaConfiguration: mfa.configuration,
    ...(mfa.webAuthn && { WebAuthnConfiguration: mfa.webAuthn }),
  };
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetUserPoolMfaConfig.html */
export const getUserPoolMfaConfig = idp.operation("GetUserPoolMfaConfig", {
  access: onPool("GetUserPoolMfaConfig"),
  handle: async ({ UserPoolId }, ctx) => shownMfa(await existingPool(UserPoolId, ctx)),
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SetUserPoolMfaConfig.html */
export const setUserPoolMfaConfig = idp.operation("SetUserPoolMfaConfig", {
  access: onPool("SetUserPoolMfaConfig"),
  async handle(input, ctx) {
    const pool = await existingPool(input.UserPoolId, ctx);
    const { SmsMfaConfiguration: sms, SoftwareTokenMfaConfiguration: totp } = input;
    const isAboutMfa = input.MfaConfiguration ?? sms ?? totp ?? input.EmailMfaConfiguration;
    if (isAboutMfa === undefined) {
      // Passkeys alone: second factors stay as they are.
      const mfa = { ...pool.mfa, webAuthn: input.WebAuthnConfiguration ?? pool.mfa.webAuthn };
      const changed: PoolRow = { ...pool, mfa, modifiedMs: ctx.clock.now() };
      pools.put(ctx.tx, keyOf(pool), changed);
      return shownMfa(changed);
    }
    const settings = {
      ...pool.settings,
      ...(sms?.SmsConfiguration && { SmsConfiguration: sms.SmsConfiguration }),
      ...(sms?.SmsAuthenticationMessage && { SmsAuthenticationMessage: sms.SmsAuthenticationMessage }),
    };
    if (sms?.SmsConfiguration) await checkSmsRole(settings, pool.poolId, ctx as Context);
    const mfa: PoolMfa = {
      configuration: input.MfaConfiguration ?? pool.mfa.configuration,
      sms: sms !== undefined && settings.SmsConfiguration !== undefined,
      totp: totp?.Enabled ?? false,
      ...(input.EmailMfaConfiguration && { email: input.EmailMfaConfiguration }),
      webAuthn: input.WebAuthnConfiguration ?? pool.mfa.webAuthn,
    };
    if (sms !== undefined && settings.SmsConfiguration === undefined)
      throw invalid("SMS configuration is required to enable SMS MFA.");
    if (mfa.configuration !== "OFF" && !mfa.sms && !mfa.totp && mfa.email === undefined)
      throw invalid(
        "Invalid MFA configuration given, can't turn on MFA without any MFA method being configured.",
      );
    if (mfa.configuration === "OFF" && (sms !== undefined || totp?.Enabled || input.EmailMfaConfiguration))
      throw invalid("Invalid MFA configuration given, can't disable MFA and configure an MFA together.");
    const changed: PoolRow = { ...pool, settings, mfa, modifiedMs: ctx.clock.now() };
    pools.put(ctx.tx, keyOf(pool), changed);
    return shownMfa(changed);
  },
});
