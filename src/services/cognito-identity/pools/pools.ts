import type { Context } from "../../../kit/context.ts";
import { uuid } from "../../../kit/ids.ts";
import { BadMarker, type Page, pageOf } from "../../../kit/paging.ts";
import type { Table } from "../../../kit/table.ts";
import { identity } from "../contract.ts";
import { invalid } from "../refusals.ts";
import { places, pools } from "../tables.ts";
import { existingPool, onPool } from "./find.ts";
import type { PoolRow } from "./poolRow.ts";
import { type PoolInput, settingsOf, shown } from "./settings.ts";
import { checkTags } from "./tagRules.ts";

/** Identity pools: whom an app trusts to say who somebody is. */

function put(pool: PoolRow, { tx, account, region }: Context): void {
  pools.put(tx, [account, region, pool.poolId], pool);
}

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_CreateIdentityPool.html */
export const createIdentityPool = identity.operation("CreateIdentityPool", {
  access: ({ IdentityPoolTags = {} }) => ({
    action: "cognito-identity:CreateIdentityPool",
    resource: "*",
    requestTags: Object.entries(IdentityPoolTags).map(([Key, Value]) => ({ Key, Value })),
  }),
  async handle(input, ctx) {
    const { account, region, tx } = ctx;
    const poolId = `${region}:${uuid()}`;
    const pool: PoolRow = {
      poolId,
      ...settingsOf(input as PoolInput),
      tags: checkTags(input.IdentityPoolTags ?? {}, {}),
    };
    put(pool, ctx as Context);
    places.put(tx, [poolId], { account, region, poolId });
    return shown(pool);
  },
});

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_DescribeIdentityPool.html */
export const describeIdentityPool = identity.operation("DescribeIdentityPool", {
  access: onPool("DescribeIdentityPool"),
  handle: async ({ IdentityPoolId }, ctx) => shown(await existingPool(IdentityPoolId, ctx)),
});

/** What is left out is taken away. https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_UpdateIdentityPool.html */
export const updateIdentityPool = identity.operation("UpdateIdentityPool", {
  access: onPool("UpdateIdentityPool"),
  async handle(input, ctx) {
    const standing = await existingPool(input.IdentityPoolId, ctx);
    const settings = settingsOf(input as PoolInput);
    const { developerProvider } = standing;
    if (developerProvider !== undefined && settings.developerProvider !== developerProvider)
      throw invalid("Developer provider name cannot be changed after it has been set.");
    const pool: PoolRow = {
      poolId: standing.poolId,
      ...settings,
      tags: input.IdentityPoolTags ? checkTags(input.IdentityPoolTags, {}) : standing.tags,
      ...(standing.roles && { roles: standing.roles }),
      ...(standing.mappings && { mappings: standing.mappings }),
    };
    put(pool, ctx as Context);
    return shown(pool);
  },
});

/** Its identities go with it. https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_DeleteIdentityPool.html */
export const deleteIdentityPool = identity.operation("DeleteIdentityPool", {
  access: onPool("DeleteIdentityPool"),
  async handle({ IdentityPoolId: poolId }, ctx) {
    await existingPool(poolId, ctx);
    pools.delete(ctx.tx, ctx.account, ctx.region, poolId);
    places.delete(ctx.tx, poolId);
    ctx.outbox.put("sweepPool", { poolId }, { group: `sweep/${poolId}` });
    return {};
  },
});

/** A page of rows, in Cognito's words for a bad marker. */
export async function page<Row, Key extends readonly string[]>(
  rows: Table<Row, Key>,
  ctx: Pick<Context, "tx">,
  parts: readonly string[],
  options: { limit: number; marker?: string | undefined; where?: (row: Row) => boolean },
): Promise<Page<Row>> {
  try {
    return await pageOf(rows, ctx.tx, parts, options);
  } catch (error) {
    if (error instanceof BadMarker) throw invalid("Invalid pagination token.");
    throw error;
  }
}

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_ListIdentityPools.html */
export const listIdentityPools = identity.operation("ListIdentityPools", {
  access: () => ({ action: "cognito-identity:ListIdentityPools", resource: "*" }),
  async handle({ MaxResults, NextToken }, ctx) {
    const { items, next } = await page(pools, ctx, [ctx.account, ctx.region], {
      limit: MaxResults,
      marker: NextToken,
    });
    return {
      IdentityPools: items.map(({ poolId, name }) => ({ IdentityPoolId: poolId, IdentityPoolName: name })),
      ...(next !== undefined && { NextToken: next }),
    };
  },
});
