import { randomBytes } from "node:crypto";
import type { CreateIdentityPoolInput, IdentityPool } from "@aws-sdk/client-cognito-identity";
import type { Context } from "../../kit/context.ts";
import { uuid } from "../../kit/ids.ts";
import { BadMarker, pageOf } from "../../kit/paging.ts";
import { identity } from "./contract.ts";
import { anyAccess, findPool, poolAccess } from "./find.ts";
import { keyOf, type PoolRow } from "./poolRow.ts";
import { invalid } from "./refusals.ts";
import { identities, logins, places, pools } from "./tables.ts";

/** Identity pools. https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_IdentityPool.html */

const maxTags = 50;
/** Identities that one transaction drops. */
const sweepRows = 200;

/** Tags laid over those that stand. */
export function checkTags(
  given: Readonly<Record<string, string | undefined>> = {},
  standing: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const tags = { ...standing };
  for (const [key, value = ""] of Object.entries(given)) {
    if (key.toLowerCase().startsWith("aws:"))
      throw invalid("System tags cannot be added/updated by requester");
    tags[key] = value;
  }
  if (Object.keys(tags).length > maxTags)
    throw invalid(`An identity pool cannot have more than ${maxTags} tags.`);
  return tags;
}

const userPoolName = /^cognito-idp\.[a-z0-9-]+\.amazonaws\.com\/[\w-]+_[0-9a-zA-Z]+$/;

/** What a pool is told, checked; the same for a new one and for one that is changed. */
function settingsOf(input: CreateIdentityPoolInput) {
  for (const { ProviderName = "" } of input.CognitoIdentityProviders ?? []) {
    if (!userPoolName.test(ProviderName)) throw invalid(`Invalid Cognito Identity Provider: ${ProviderName}`);
  }
  return {
    name: input.IdentityPoolName ?? "",
    allowsUnauthenticated: input.AllowUnauthenticatedIdentities ?? false,
    allowsClassicFlow: input.AllowClassicFlow ?? false,
    developerProvider: input.DeveloperProviderName,
    supportedLogins: input.SupportedLoginProviders ?? {},
    userPools: input.CognitoIdentityProviders ?? [],
    oidcProviderArns: input.OpenIdConnectProviderARNs ?? [],
    samlProviderArns: input.SamlProviderARNs ?? [],
  };
}

function shown(pool: PoolRow): IdentityPool {
  const { supportedLogins, userPools, oidcProviderArns, samlProviderArns, tags } = pool;
  return {
    IdentityPoolId: pool.poolId,
    IdentityPoolName: pool.name,
    AllowUnauthenticatedIdentities: pool.allowsUnauthenticated,
    AllowClassicFlow: pool.allowsClassicFlow,
    ...(Object.keys(supportedLogins).length > 0 && { SupportedLoginProviders: supportedLogins }),
    ...(pool.developerProvider !== undefined && { DeveloperProviderName: pool.developerProvider }),
    ...(oidcProviderArns.length > 0 && { OpenIdConnectProviderARNs: [...oidcProviderArns] }),
    ...(userPools.length > 0 && { CognitoIdentityProviders: [...userPools] }),
    ...(samlProviderArns.length > 0 && { SamlProviderARNs: [...samlProviderArns] }),
    IdentityPoolTags: tags,
  };
}

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_CreateIdentityPool.html */
export const createIdentityPool = identity.operation("CreateIdentityPool", {
  access: ({ IdentityPoolTags = {} }) => ({
    ...anyAccess("CreateIdentityPool"),
    requestTags: Object.entries(IdentityPoolTags).map(([Key, Value]) => ({ Key, Value })),
  }),
  handle(input, ctx) {
    const { account, region } = ctx;
    const pool: PoolRow = {
      account,
      region,
      poolId: `${region}:${uuid()}`,
      ...settingsOf(input as CreateIdentityPoolInput),
      tags: checkTags(input.IdentityPoolTags),
      roles: {},
      roleMappings: {},
      principalTags: {},
      secret: randomBytes(32).toString("base64"),
    };
    pools.put(ctx.tx, keyOf(pool), pool);
    places.put(ctx.tx, [pool.poolId], { account, region, poolId: pool.poolId });
    return shown(pool) as never;
  },
});

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_UpdateIdentityPool.html */
export const updateIdentityPool = identity.operation("UpdateIdentityPool", {
  access: ({ IdentityPoolId }, ctx) => poolAccess("UpdateIdentityPool", IdentityPoolId, ctx as Context),
  async handle(input, ctx) {
    const pool = await findPool(input.IdentityPoolId, ctx as Context);
    const { developerProvider } = pool;
    const settings = settingsOf(input as CreateIdentityPoolInput);
    if (developerProvider !== undefined && settings.developerProvider !== developerProvider)
      throw invalid("Developer provider name cannot be changed once set.");
    const tags = input.IdentityPoolTags === undefined ? pool.tags : checkTags(input.IdentityPoolTags);
    const changed = { ...pool, ...settings, tags };
    pools.put(ctx.tx, keyOf(pool), changed);
    return shown(changed) as never;
  },
});

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_DescribeIdentityPool.html */
export const describeIdentityPool = identity.operation("DescribeIdentityPool", {
  access: ({ IdentityPoolId }, ctx) => poolAccess("DescribeIdentityPool", IdentityPoolId, ctx as Context),
  handle: async ({ IdentityPoolId }, ctx) => shown(await findPool(IdentityPoolId, ctx as Context)) as never,
});

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_ListIdentityPools.html */
export const listIdentityPools = identity.operation("ListIdentityPools", {
  access: () => anyAccess("ListIdentityPools"),
  async handle({ MaxResults, NextToken }, ctx) {
    const { items, next } = await pageOf(pools, ctx.tx, [ctx.account, ctx.region], {
      limit: MaxResults,
      marker: NextToken,
    }).catch(badToken);
    return {
      IdentityPools: items.map(({ poolId, name }) => ({ IdentityPoolId: poolId, IdentityPoolName: name })),
      ...(next && { NextToken: next }),
    };
  },
});

export function badToken(error: unknown): never {
  throw error instanceof BadMarker ? invalid("Invalid NextToken.") : error;
}

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_DeleteIdentityPool.html */
export const deleteIdentityPool = identity.operation("DeleteIdentityPool", {
  access: ({ IdentityPoolId }, ctx) => poolAccess("DeleteIdentityPool", IdentityPoolId, ctx as Context),
  async handle({ IdentityPoolId }, ctx) {
    const pool = await findPool(IdentityPoolId, ctx as Context);
    pools.delete(ctx.tx, ...keyOf(pool));
    places.delete(ctx.tx, IdentityPoolId);
    ctx.outbox.put("sweepPool", { poolId: IdentityPoolId });
    return {};
  },
});

/** Drops the identities of a pool that is gone, some at a time. */
export const sweepPool = {
  async settle({ poolId }: { poolId: string }, ctx: Context): Promise<void> {
    const scope = [ctx.account, ctx.region, poolId] as const;
    const rows = await identities.list(ctx.tx, scope, { limit: sweepRows });
    for (const { key, row } of rows) {
      identities.delete(ctx.tx, ...key);
      places.delete(ctx.tx, row.identityId);
    }
    const linked = await logins.list(ctx.tx, scope, { limit: sweepRows });
    for (const { key } of linked) logins.delete(ctx.tx, ...key);
    if (rows.length === sweepRows || linked.length === sweepRows) ctx.outbox.put("sweepPool", { poolId });
  },
};
