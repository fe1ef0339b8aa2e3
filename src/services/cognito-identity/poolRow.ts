import { createHmac } from "node:crypto";
import type { CognitoIdentityProvider, RoleMapping } from "@aws-sdk/client-cognito-identity";

/** An identity pool. */
export interface PoolRow {
  account: string;
  region: string;
  /** "us-east-1:…" */
  poolId: string;
  name: string;
  allowsUnauthenticated: boolean;
  allowsClassicFlow: boolean;
  developerProvider?: string | undefined;
  /** Public providers by name: "www.amazon.com": the app's id. */
  supportedLogins: Readonly<Record<string, string>>;
  userPools: readonly CognitoIdentityProvider[];
  oidcProviderArns: readonly string[];
  samlProviderArns: readonly string[];
  tags: Readonly<Record<string, string>>;
  roles: Readonly<Record<string, string>>;
  roleMappings: Readonly<Record<string, RoleMapping>>;
  /** Of a provider: claims that become session tags, by tag. */
  principalTags: Readonly<Record<string, PrincipalTagMap>>;
  /** Key of the hashes that stand in keys of rows: 32 bytes in base64. */
  secret: string;
}

export interface PrincipalTagMap {
  usesDefaults: boolean;
  tags: Readonly<Record<string, string>>;
}

export function keyOf({ account, region, poolId }: PoolRow): [string, string, string] {
  return [account, region, poolId];
}

export function poolArn({ account, region }: Pick<PoolRow, "account" | "region">, poolId: string): string {
  return `arn:aws:cognito-identity:${region}:${account}:identitypool/${poolId}`;
}

/** A login as it may stand in the key of a row. */
export function hashOf({ secret }: PoolRow, provider: string, subject: string): string {
  const mac = createHmac("sha256", Buffer.from(secret, "base64"));
  return mac.update(provider).update("\0").update(subject).digest("hex");
}
