import type { UserPoolType } from "@aws-sdk/client-cognito-identity-provider";
import type { PoolRow } from "./poolRow.ts";

/** A pool as the API shows it. */
export function shown(pool: PoolRow, users: number): UserPoolType {
  const { aliasAttributes, usernameAttributes } = pool;
  return {
    Id: pool.poolId,
    Name: pool.name,
    ...pool.settings,
    LastModifiedDate: new Date(pool.modifiedMs),
    CreationDate: new Date(pool.createdMs),
    SchemaAttributes: pool.schema,
    ...(aliasAttributes.length > 0 && {
      AliasAttributes: aliasAttributes as UserPoolType["AliasAttributes"],
    }),
    ...(usernameAttributes.length > 0 && {
      UsernameAttributes: usernameAttributes as UserPoolType["UsernameAttributes"],
    }),
    MfaConfiguration: pool.mfa.configuration,
    EstimatedNumberOfUsers: users,
    UserPoolTags: pool.tags,
    ...(pool.saysCase && { UsernameConfiguration: { CaseSensitive: pool.caseSensitive } }),
    ...(pool.domain && { Domain: pool.domain }),
    ...(pool.customDomain && { CustomDomain: pool.customDomain }),
    Arn: pool.arn,
  };
}
