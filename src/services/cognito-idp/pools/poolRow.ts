import type {
  EmailMfaConfigType,
  LogConfigurationType,
  SchemaAttributeType,
  UserPoolType,
  WebAuthnConfigurationType,
} from "@aws-sdk/client-cognito-identity-provider";

/** What UpdateUserPool sets, in the form in which AWS shows it. */
export type PoolSettings = Pick<
  UserPoolType,
  | "Policies"
  | "DeletionProtection"
  | "LambdaConfig"
  | "AutoVerifiedAttributes"
  | "SmsVerificationMessage"
  | "EmailVerificationMessage"
  | "EmailVerificationSubject"
  | "VerificationMessageTemplate"
  | "SmsAuthenticationMessage"
  | "UserAttributeUpdateSettings"
  | "DeviceConfiguration"
  | "EmailConfiguration"
  | "SmsConfiguration"
  | "AdminCreateUserConfig"
  | "UserPoolAddOns"
  | "AccountRecoverySetting"
  | "UserPoolTier"
>;

/** Multi-factor authentication of a pool. */
export interface PoolMfa {
  configuration: "OFF" | "ON" | "OPTIONAL";
  /** Text messages as a second factor. */
  sms: boolean;
  totp: boolean;
  email?: EmailMfaConfigType;
  webAuthn?: WebAuthnConfigurationType;
}

/** Cognito's grant on the KMS key of a pool's own senders; the key as the pool's settings name it. */
export interface SenderGrant {
  keyId: string;
  grantId: string;
}

export interface PoolRow {
  poolId: string;
  name: string;
  arn: string;
  account: string;
  region: string;
  /** ms since the epoch, as all times in rows. */
  createdMs: number;
  modifiedMs: number;
  /** "email", "phone_number", "preferred_username": what else users may sign in by. */
  aliasAttributes: string[];
  /** "email", "phone_number": what stands in for a name. */
  usernameAttributes: string[];
  caseSensitive: boolean;
  /** Left out where the pool was made without UsernameConfiguration. */
  saysCase: boolean;
  schema: SchemaAttributeType[];
  settings: PoolSettings;
  mfa: PoolMfa;
  tags: Record<string, string>;
  /** Where its logs go. */
  logs?: LogConfigurationType[];
  senderGrant?: SenderGrant;
  /** Prefix and name of its own, where it has them. */
  domain?: string;
  customDomain?: string;
}

/** The part of a pool's id behind its Region, which SRP calls the pool's name. */
export function shortName({ poolId }: Pick<PoolRow, "poolId">): string {
  return poolId.slice(poolId.indexOf("_") + 1);
}

export type InPoolKey = [account: string, region: string, poolId: string];

export function keyOf({
  account,
  region,
  poolId,
}: Pick<PoolRow, "account" | "region" | "poolId">): InPoolKey {
  return [account, region, poolId];
}
