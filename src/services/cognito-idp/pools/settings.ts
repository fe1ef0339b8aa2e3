import type { UserPoolMfaType } from "@aws-sdk/client-cognito-identity-provider";
import type { Operations } from "../../../../build/contracts/cognito-idp.d.ts";
import { servicePrincipal } from "../../../kit/caller.ts";
import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { passRole } from "../../../kit/passRole.ts";
import { invalid } from "../refusals.ts";
import { poolArn } from "./find.ts";
import type { PoolMfa, PoolSettings } from "./poolRow.ts";

/** What a pool can be set to: defaults, and what does not go together. */

export type Given = Partial<Omit<Operations["CreateUserPool"]["input"], "PoolName">>;

const minPasswordLength = 8;
const temporaryPasswordDays = 7;
const unusedAccountDays = 7;

export const principal = "cognito-idp.amazonaws.com";

const defaultPasswordPolicy = {
  MinimumLength: minPasswordLength,
  RequireUppercase: true,
  RequireLowercase: true,
  RequireNumbers: true,
  RequireSymbols: true,
  TemporaryPasswordValidityDays: temporaryPasswordDays,
};

const defaultRecovery = {
  RecoveryMechanisms: [
    { Priority: 1, Name: "verified_email" as const },
    { Priority: 2, Name: "verified_phone_number" as const },
  ],
};

/** Settings that were given, over those that hold where nothing is said. */
export function settingsOf(given: Given): PoolSettings {
  const { Policies, AdminCreateUserConfig, VerificationMessageTemplate, LambdaConfig } = given;
  const password = Policies?.PasswordPolicy;
  return {
    Policies: {
      PasswordPolicy: password
        ? {
            MinimumLength: minPasswordLength,
            RequireUppercase: false,
            RequireLowercase: false,
            RequireNumbers: false,
            RequireSymbols: false,
            TemporaryPasswordValidityDays:
              AdminCreateUserConfig?.UnusedAccountValidityDays ?? temporaryPasswordDays,
            ...password,
          }
        : defaultPasswordPolicy,
      SignInPolicy: {
        AllowedFirstAuthFactors: Policies?.SignInPolicy?.AllowedFirstAuthFactors ?? ["PASSWORD"],
      },
    },
    DeletionProtection: given.DeletionProtection ?? "INACTIVE",
    LambdaConfig: lambdaConfigOf(LambdaConfig),
    AutoVerifiedAttributes: given.AutoVerifiedAttributes,
    SmsVerificationMessage: given.SmsVerificationMessage,
    EmailVerificationMessage: given.EmailVerificationMessage,
    EmailVerificationSubject: given.EmailVerificationSubject,
    VerificationMessageTemplate: {
      DefaultEmailOption: "CONFIRM_WITH_CODE",
      ...(given.SmsVerificationMessage && { SmsMessage: given.SmsVerificationMessage }),
      ...(given.EmailVerificationMessage && { EmailMessage: given.EmailVerificationMessage }),
      ...(given.EmailVerificationSubject && { EmailSubject: given.EmailVerificationSubject }),
      ...VerificationMessageTemplate,
    },
    SmsAuthenticationMessage: given.SmsAuthenticationMessage,
    UserAttributeUpdateSettings: given.UserAttributeUpdateSettings ?? {
      AttributesRequireVerificationBeforeUpdate: [],
    },
    DeviceConfiguration: given.DeviceConfiguration && {
      ChallengeRequiredOnNewDevice: false,
      DeviceOnlyRememberedOnUserPrompt: false,
      ...given.DeviceConfiguration,
    },
    EmailConfiguration: { EmailSendingAccount: "COGNITO_DEFAULT", ...given.EmailConfiguration },
    SmsConfiguration: given.SmsConfiguration,
    AdminCreateUserConfig: {
      AllowAdminCreateUserOnly: false,
      UnusedAccountValidityDays: password?.TemporaryPasswordValidityDays ?? unusedAccountDays,
      ...AdminCreateUserConfig,
    },
    UserPoolAddOns: given.UserPoolAddOns,
    AccountRecoverySetting: given.AccountRecoverySetting ?? defaultRecovery,
    UserPoolTier: given.UserPoolTier ?? "ESSENTIALS",
  };
}

/** The trigger of tokens has two names: whichever was given, both show it. */
function lambdaConfigOf(given: Given["LambdaConfig"]): PoolSettings["LambdaConfig"] {
  const { PreTokenGeneration, PreTokenGenerationConfig } = given ?? {};
  if (PreTokenGenerationConfig !== undefined) {
    if (PreTokenGeneration !== undefined && PreTokenGeneration !== PreTokenGenerationConfig.LambdaArn)
      throw invalid(
        "You have different values for PreTokenGeneration and PreTokenGenerationConfig's LambdaArn.",
      );
    return {
      ...given,
      PreTokenGeneration: PreTokenGenerationConfig.LambdaArn,
    } as PoolSettings["LambdaConfig"];
  }
  if (PreTokenGeneration === undefined) return (given ?? {}) as PoolSettings["LambdaConfig"];
  return {
    ...given,
    PreTokenGenerationConfig: { LambdaVersion: "V1_0", LambdaArn: PreTokenGeneration },
  } as PoolSettings["LambdaConfig"];
}

/** Settings that contradict each other, or need what is not there. */
export function checkSettings(settings: PoolSettings): void {
  const { LambdaConfig = {}, EmailConfiguration, Policies, VerificationMessageTemplate } = settings;
  const { CustomSMSSender, CustomEmailSender, KMSKeyID } = LambdaConfig;
  if ((CustomSMSSender || CustomEmailSender) && KMSKeyID === undefined)
    throw invalid("KMSKeyID is required when you configure a custom email or SMS sender.");
  if (EmailConfiguration?.EmailSendingAccount === "DEVELOPER" && EmailConfiguration.SourceArn === undefined)
    throw invalid("Source ARN is required for Developer email sending account.");
  const { TemporaryPasswordValidityDays = 0 } = Policies?.PasswordPolicy ?? {};
  const days = settings.AdminCreateUserConfig?.UnusedAccountValidityDays;
  if (days !== undefined && TemporaryPasswordValidityDays !== days)
    throw invalid(
      "Please use TemporaryPasswordValidityDays in PasswordPolicy instead of UnusedAccountValidityDays",
    );
  const factors = Policies?.SignInPolicy?.AllowedFirstAuthFactors ?? [];
  if (!factors.includes("PASSWORD")) throw invalid("PASSWORD must be one of the allowed first auth factors.");
  if (factors.length > 1 && settings.UserPoolTier === "LITE")
    throw invalid("The user pool tier does not support choice-based sign-in.");
  checkMessage(VerificationMessageTemplate?.EmailMessageByLink, /\{##[^#]+##\}/, "{##Verify Email##}");
}

function checkMessage(text: string | undefined, form: RegExp, words: string): void {
  if (text !== undefined && !form.test(text)) throw invalid(`The message must contain ${words}.`);
}

/** Text messages are sent under a role: whoever names one must be allowed to pass it, and Cognito to take it on. */
export async function checkSmsRole(settings: PoolSettings, poolId: string, ctx: Context): Promise<void> {
  const { SnsCallerArn, ExternalId } = settings.SmsConfiguration ?? {};
  if (SnsCallerArn === undefined) return;
  await passRole(ctx, SnsCallerArn, principal);
  const by = servicePrincipal(principal, { sourceArn: poolArn(ctx, poolId), sourceAccount: ctx.account });
  try {
    await ctx.assumeRole(SnsCallerArn, by, "CognitoIdpSms", ExternalId);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw new AwsError(
      "InvalidSmsRoleTrustRelationshipException",
      "Role does not have a trust relationship allowing Cognito to assume the role",
    );
  }
}

/** Multi-factor authentication as CreateUserPool and UpdateUserPool know it: by text messages alone. */
export function mfaOf(
  configuration: UserPoolMfaType | undefined,
  settings: PoolSettings,
  known?: PoolMfa,
): PoolMfa {
  const wanted = configuration ?? "OFF";
  // Where a pool has other methods, text messages are one only if SetUserPoolMfaConfig made them one.
  const hasOthers = known !== undefined && (known.totp || known.email !== undefined);
  const sms =
    settings.SmsConfiguration !== undefined && wanted !== "OFF" && (known?.sms === true || !hasOthers);
  const mfa: PoolMfa = { ...known, configuration: wanted, sms, totp: known?.totp ?? false };
  if (wanted !== "OFF" && !mfa.sms && !mfa.totp && mfa.email === undefined)
    throw invalid(
      "SMS configuration and Auto verification for phone_number are required when MFA is required/optional",
    );
  return mfa;
}
