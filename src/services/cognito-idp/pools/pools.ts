import type { Context } from "../../../kit/context.ts";
import { randomText } from "../../../kit/ids.ts";
import { BadMarker, pageOf } from "../../../kit/paging.ts";
import { idp } from "../contract.ts";
import { samlKeys } from "../hosted/tables.ts";
import { retireSenderGrant, withSenderGrant } from "../messages/senderKey.ts";
import { invalid } from "../refusals.ts";
import { clients, places, poolKeys, pools, signingKeys } from "../tables.ts";
import { estimatedUsers } from "./estimate.ts";
import { existingPool, onPool, poolAccess, poolArn } from "./find.ts";
import { makePoolKeys } from "./poolKeys.ts";
import { keyOf, type PoolRow } from "./poolRow.ts";
import { schemaOf } from "./schema.ts";
import { checkSettings, checkSmsRole, mfaOf, settingsOf } from "./settings.ts";
import { shown } from "./shown.ts";
import { checkTags } from "./tags.ts";

/** User pools. */

const idLength = 9;
/** Deleted with the pool itself; the rest goes in the background. */
const maxClientsPerPool = 1_000;

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPool.html */
export const createUserPool = idp.operation("CreateUserPool", {
  access: ({ UserPoolTags = {} }) => ({
    action: "cognito-idp:CreateUserPool",
    resource: "*",
    requestTags: Object.entries(UserPoolTags).map(([Key, Value]) => ({ Key, Value })),
  }),
  async handle(input, ctx) {
    const { AliasAttributes = [], UsernameAttributes = [], UsernameConfiguration } = input;
    if (AliasAttributes.length > 0 && UsernameAttributes.length > 0)
      throw invalid("Only one of the aliasAttributes or usernameAttributes can be set in a user pool.");
    const settings = settingsOf(input);
    checkSettings(settings);
    const poolId = `${ctx.region}_${randomText(idLength, "mixed62")}`;
    await checkSmsRole(settings, poolId, ctx as Context);
    const now = ctx.clock.now();
    const fresh: PoolRow = {
      poolId,
      name: input.PoolName,
      arn: poolArn(ctx, poolId),
      account: ctx.account,
      region: ctx.region,
      createdMs: now,
      modifiedMs: now,
      aliasAttributes: AliasAttributes,
      usernameAttributes: UsernameAttributes,
      caseSensitive: UsernameConfiguration?.CaseSensitive ?? true,
      saysCase: UsernameConfiguration !== undefined,
      schema: schemaOf(input.Schema ?? []),
      settings,
      mfa: mfaOf(input.MfaConfiguration, settings),
      tags: checkTags(input.UserPoolTags ?? {}, {}),
    };
    const pool = await withSenderGrant(fresh, ctx as Context);
    pools.put(ctx.tx, keyOf(pool), pool);
    places.put(ctx.tx, ["pool", poolId], { account: ctx.account, region: ctx.region, poolId });
    makePoolKeys(pool, ctx as Context);
    return { UserPool: shown(pool, 0) };
  },
  record: {
    resources: (_, output) => [{ type: "AWS::Cognito::UserPool", name: output?.UserPool?.Arn ?? "" }],
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DescribeUserPool.html */
export const describeUserPool = idp.operation("DescribeUserPool", {
  access: onPool("DescribeUserPool"),
  async handle({ UserPoolId }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    return { UserPool: shown(pool, await estimatedUsers(pool, ctx as Context)) };
  },
});

/** What is not said is set back to its default, as on AWS. https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserPool.html */
export const updateUserPool = idp.operation("UpdateUserPool", {
  access: async ({ UserPoolId, UserPoolTags }, ctx) => ({
    ...(await poolAccess("UpdateUserPool", UserPoolId, ctx as Context)),
    ...(UserPoolTags && {
      requestTags: Object.entries(UserPoolTags).map(([Key, Value]) => ({ Key, Value })),
    }),
  }),
  async handle(input, ctx) {
    const pool = await existingPool(input.UserPoolId, ctx);
    const settings = settingsOf(input);
    checkSettings(settings);
    await checkSmsRole(settings, pool.poolId, ctx as Context);
    const changed: PoolRow = {
      ...pool,
      name: input.PoolName ?? pool.name,
      settings,
      mfa: mfaOf(input.MfaConfiguration, settings, pool.mfa),
      ...(input.UserPoolTags && { tags: checkTags(input.UserPoolTags, {}) }),
      modifiedMs: ctx.clock.now(),
    };
    pools.put(ctx.tx, keyOf(pool), await withSenderGrant(changed, ctx as Context));
    return {};
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DeleteUserPool.html */
export const deleteUserPool = idp.operation("DeleteUserPool", {
  access: onPool("DeleteUserPool"),
  async handle({ UserPoolId }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    if (pool.settings.DeletionProtection === "ACTIVE")
      throw invalid(
        "The user pool cannot be deleted because deletion protection is activated. Deletion protection must be inactivated first.",
      );
    if (pool.domain !== undefined || pool.customDomain !== undefined)
      throw invalid("User pool cannot be deleted. It has a domain configured that should be deleted first.");
    await retireSenderGrant(pool, ctx as Context);
    pools.delete(ctx.tx, ...keyOf(pool));
    poolKeys.delete(ctx.tx, ...keyOf(pool));
    signingKeys.delete(ctx.tx, ...keyOf(pool));
    samlKeys.delete(ctx.tx, ...keyOf(pool));
    places.delete(ctx.tx, "pool", pool.poolId);
    for (const { row } of await clients.list(ctx.tx, keyOf(pool), { limit: maxClientsPerPool })) {
      clients.delete(ctx.tx, ...keyOf(pool), row.clientId);
      places.delete(ctx.tx, "client", row.clientId);
    }
    ctx.outbox.put("sweepPool", { poolId: pool.poolId }, { group: `sweep/${pool.poolId}` });
    return {};
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUserPools.html */
export const listUserPools = idp.operation("ListUserPools", {
  access: () => ({ action: "cognito-idp:ListUserPools", resource: "*" }),
  async handle({ MaxResults, NextToken }, ctx) {
    const { items, next } = await page(() =>
      pageOf(pools, ctx.tx, [ctx.account, ctx.region], { limit: MaxResults, marker: NextToken }),
    );
    return {
      UserPools: items.map(({ poolId, name, settings, createdMs, modifiedMs }) => ({
        Id: poolId,
        Name: name,
        LambdaConfig: settings.LambdaConfig,
        LastModifiedDate: new Date(modifiedMs),
        CreationDate: new Date(createdMs),
      })),
      ...(next && { NextToken: next }),
    };
  },
});

/** Cognito's words for a token that is none of its own. */
export async function page<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof BadMarker) throw invalid("Invalid pagination token.");
    throw error;
  }
}
