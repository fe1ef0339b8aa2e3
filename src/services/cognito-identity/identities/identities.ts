import type { Context } from "../../../kit/context.ts";
import { identity } from "../contract.ts";
import { existingPool, onPool, poolArn, type Where } from "../pools/find.ts";
import { page } from "../pools/pools.ts";
import { identities } from "../tables.ts";
import { existing, poolIdOf, remove } from "./find.ts";
import type { IdentityRow } from "./identityRow.ts";

/** Identities, for the pool's owner. */

function shown({ identityId, logins, createdMs, modifiedMs }: IdentityRow) {
  return {
    IdentityId: identityId,
    ...(logins.length > 0 && { Logins: [...new Set(logins.map(({ provider }) => provider))] }),
    CreationDate: new Date(createdMs),
    LastModifiedDate: new Date(modifiedMs),
  };
}

/** Calls that name identities need no resource; policies may ask for their pool. */
async function onIdentities(action: string, ids: readonly string[], ctx: Where) {
  const poolIds = new Set<string | undefined>();
  for (const id of ids) poolIds.add(await poolIdOf(id, ctx));
  return [...poolIds].map((poolId) => ({
    action: `cognito-identity:${action}`,
    resource: "*",
    context: { "cognito-identity:IdentityPoolArn": poolId && poolArn(ctx, poolId) },
  }));
}

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_DescribeIdentity.html */
export const describeIdentity = identity.operation("DescribeIdentity", {
  access: ({ IdentityId }, ctx) => onIdentities("DescribeIdentity", [IdentityId], ctx),
  handle: async ({ IdentityId }, ctx) => shown((await existing(IdentityId, ctx)).row),
});

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_ListIdentities.html */
export const listIdentities = identity.operation("ListIdentities", {
  access: onPool("ListIdentities"),
  async handle({ IdentityPoolId, MaxResults, NextToken, HideDisabled }, ctx) {
    await existingPool(IdentityPoolId, ctx);
    const { items, next } = await page(identities, ctx, [ctx.account, ctx.region, IdentityPoolId], {
      limit: MaxResults,
      marker: NextToken,
      ...(HideDisabled && { where: ({ disabled }: IdentityRow) => disabled !== true }),
    });
    return { IdentityPoolId, Identities: items.map(shown), ...(next !== undefined && { NextToken: next }) };
  },
});

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_DeleteIdentities.html */
export const deleteIdentities = identity.operation("DeleteIdentities", {
  access: ({ IdentityIdsToDelete }, ctx) => onIdentities("DeleteIdentities", IdentityIdsToDelete, ctx),
  async handle({ IdentityIdsToDelete }, ctx) {
    const unprocessed: { IdentityId: string; ErrorCode: "AccessDenied" }[] = [];
    for (const id of new Set(IdentityIdsToDelete)) {
      const poolId = await poolIdOf(id, ctx);
      const row = poolId && (await identities.get(ctx.tx, ctx.account, ctx.region, poolId, id));
      if (poolId && row) remove(poolId, row, ctx as Context);
      else unprocessed.push({ IdentityId: id, ErrorCode: "AccessDenied" });
    }
    return { UnprocessedIdentityIds: unprocessed };
  },
});
