import type { Context } from "../../../kit/context.ts";
import { identity } from "../contract.ts";
import type { Proof } from "../identities/proofs.ts";
import { existingPool, onPool, type Where } from "../pools/find.ts";
import type { PoolRow } from "../pools/poolRow.ts";
import { invalid, notFound } from "../refusals.ts";
import { type TagMapRow, tagMaps } from "../tables.ts";
import { ownProvider, tagsIn } from "../tokens/tokens.ts";

/**
 * Claims that become tags of a session.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/using-afac-with-cognito-identity-pools.html
 */

const defaults: TagMapRow["tags"] = { username: "sub", client: "aud" };
const maxTagChars = 256;

/** Tags for who showed these proofs: of the first provider that has any. */
export async function tagsFor(
  { poolId }: PoolRow,
  proofs: readonly Proof[],
  ctx: Where,
): Promise<Record<string, string> | undefined> {
  for (const { provider, names, claims, subject } of proofs) {
    if (provider === ownProvider) return tagsIn(claims);
    for (const name of [...names, provider]) {
      const map = await tagMaps.get(ctx.tx, ctx.account, ctx.region, poolId, name);
      if (map !== undefined)
        return filled(map.useDefaults ? defaults : map.tags, { sub: subject, ...claims });
    }
  }
  return undefined;
}

function filled(map: TagMapRow["tags"], claims: Readonly<Record<string, unknown>>): Record<string, string> {
  const tags: Record<string, string> = {};
  for (const [tag, claim] of Object.entries(map)) {
    const [value] = [claims[claim]].flat();
    if (value === undefined || value === null || typeof value === "object") continue;
    if (String(value).length <= maxTagChars) tags[tag] = String(value);
  }
  return tags;
}

function shown(IdentityPoolId: string, IdentityProviderName: string, { useDefaults, tags }: TagMapRow) {
  return {
    IdentityPoolId,
    IdentityProviderName,
    UseDefaults: useDefaults,
    PrincipalTags: useDefaults ? defaults : tags,
  };
}

function isProvider(pool: PoolRow, name: string): boolean {
  return (
    pool.userPools?.some(
      ({ provider, clientId }) => name === provider || name === `${provider}:${clientId}`,
    ) ||
    pool.oidcArns?.some((arn) => arn === name || arn.split(":oidc-provider/")[1] === name) ||
    pool.samlArns?.includes(name) ||
    pool.loginProviders?.[name] !== undefined
  );
}

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_SetPrincipalTagAttributeMap.html */
export const setPrincipalTagAttributeMap = identity.operation("SetPrincipalTagAttributeMap", {
  access: () => ({ action: "cognito-identity:SetPrincipalTagAttributeMap", resource: "*" }),
  async handle({ IdentityPoolId, IdentityProviderName, UseDefaults = false, PrincipalTags = {} }, ctx) {
    const pool = await existingPool(IdentityPoolId, ctx as Context);
    if (!isProvider(pool, IdentityProviderName))
      throw invalid("The identity provider is not one of this identity pool.");
    if (Object.keys(PrincipalTags).some((tag) => tag.toLowerCase().startsWith("aws:")))
      throw invalid("System tags cannot be used as principal tags.");
    const row: TagMapRow = { useDefaults: UseDefaults, tags: { ...PrincipalTags } };
    tagMaps.put(ctx.tx, [ctx.account, ctx.region, IdentityPoolId, IdentityProviderName], row);
    return shown(IdentityPoolId, IdentityProviderName, row);
  },
});

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetPrincipalTagAttributeMap.html */
export const getPrincipalTagAttributeMap = identity.operation("GetPrincipalTagAttributeMap", {
  access: onPool("GetPrincipalTagAttributeMap"),
  async handle({ IdentityPoolId, IdentityProviderName }, ctx) {
    await existingPool(IdentityPoolId, ctx as Context);
    const row = await tagMaps.get(ctx.tx, ctx.account, ctx.region, IdentityPoolId, IdentityProviderName);
    if (row === undefined) throw notFound("Principal tag attribute map not found.");
    return shown(IdentityPoolId, IdentityProviderName, row);
  },
});
