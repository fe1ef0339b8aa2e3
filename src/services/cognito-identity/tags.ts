import type { Context } from "../../kit/context.ts";
import { identity } from "./contract.ts";
import { findPool, poolAccess } from "./find.ts";
import { keyOf, type PoolRow, poolArn } from "./poolRow.ts";
import { checkTags } from "./pools.ts";
import { notFound } from "./refusals.ts";
import { pools } from "./tables.ts";

/** Tags of identity pools. */

function poolIdOf(arn: string): string {
  return arn.slice(arn.indexOf("/") + 1);
}

async function tagged(arn: string, ctx: Context): Promise<PoolRow> {
  const poolId = poolIdOf(arn);
  if (arn !== poolArn(ctx, poolId)) throw notFound(`${arn} does not exist.`);
  return await findPool(poolId, ctx);
}

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_TagResource.html */
export const tagResource = identity.operation("TagResource", {
  access: async ({ ResourceArn, Tags }, ctx) => ({
    ...(await poolAccess("TagResource", poolIdOf(ResourceArn), ctx as Context)),
    requestTags: Object.entries(Tags).map(([Key, Value]) => ({ Key, Value })),
  }),
  async handle({ ResourceArn, Tags }, ctx) {
    const pool = await tagged(ResourceArn, ctx as Context);
    pools.put(ctx.tx, keyOf(pool), { ...pool, tags: checkTags(Tags, pool.tags) });
    return {};
  },
});

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_UntagResource.html */
export const untagResource = identity.operation("UntagResource", {
  access: async ({ ResourceArn, TagKeys }, ctx) => ({
    ...(await poolAccess("UntagResource", poolIdOf(ResourceArn), ctx as Context)),
    context: { "aws:TagKeys": TagKeys },
  }),
  async handle({ ResourceArn, TagKeys }, ctx) {
    const pool = await tagged(ResourceArn, ctx as Context);
    const tags = Object.fromEntries(Object.entries(pool.tags).filter(([key]) => !TagKeys.includes(key)));
    pools.put(ctx.tx, keyOf(pool), { ...pool, tags });
    return {};
  },
});

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_ListTagsForResource.html */
export const listTagsForResource = identity.operation("ListTagsForResource", {
  access: ({ ResourceArn }, ctx) => poolAccess("ListTagsForResource", poolIdOf(ResourceArn), ctx as Context),
  handle: async ({ ResourceArn }, ctx) => ({ Tags: (await tagged(ResourceArn, ctx as Context)).tags }),
});
