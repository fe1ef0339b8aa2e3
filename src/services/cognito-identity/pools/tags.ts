import type { Context } from "../../../kit/context.ts";
import { identity } from "../contract.ts";
import { noPool } from "../refusals.ts";
import { pools } from "../tables.ts";
import { existingPool, poolAccess } from "./find.ts";
import type { PoolRow } from "./poolRow.ts";
import { checkTags } from "./tagRules.ts";

/** Tags of identity pools. */

const form = /^arn:aws:cognito-identity:([a-z0-9-]+):(\d{12}):identitypool\/([\w-]+:[0-9a-f-]+)$/;

function poolIdOf(arn: string): string {
  return form.exec(arn)?.[3] ?? "";
}

async function tagged(arn: string, ctx: Context): Promise<PoolRow> {
  const [, region, account, poolId] = form.exec(arn) ?? [];
  if (poolId === undefined || region !== ctx.region || account !== ctx.account) throw noPool(poolId ?? arn);
  return await existingPool(poolId, ctx);
}

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_TagResource.html */
export const tagResource = identity.operation("TagResource", {
  access: async ({ ResourceArn, Tags }, ctx) => ({
    ...(await poolAccess("TagResource", poolIdOf(ResourceArn), ctx)),
    requestTags: Object.entries(Tags).map(([Key, Value]) => ({ Key, Value })),
  }),
  async handle({ ResourceArn, Tags }, ctx) {
    const pool = await tagged(ResourceArn, ctx as Context);
    pools.put(ctx.tx, [ctx.account, ctx.region, pool.poolId], { ...pool, tags: checkTags(Tags, pool.tags) });
    return {};
  },
});

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_UntagResource.html */
export const untagResource = identity.operation("UntagResource", {
  access: ({ ResourceArn, TagKeys }, ctx) =>
    poolAccess("UntagResource", poolIdOf(ResourceArn), ctx, { "aws:TagKeys": TagKeys }),
  async handle({ ResourceArn, TagKeys }, ctx) {
    const pool = await tagged(ResourceArn, ctx as Context);
    const tags = Object.fromEntries(Object.entries(pool.tags).filter(([key]) => !TagKeys.includes(key)));
    pools.put(ctx.tx, [ctx.account, ctx.region, pool.poolId], { ...pool, tags });
    return {};
  },
});

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_ListTagsForResource.html */
export const listTagsForResource = identity.operation("ListTagsForResource", {
  access: ({ ResourceArn }, ctx) => poolAccess("ListTagsForResource", poolIdOf(ResourceArn), ctx),
  handle: async ({ ResourceArn }, ctx) => ({ Tags: (await tagged(ResourceArn, ctx as Context)).tags }),
});
