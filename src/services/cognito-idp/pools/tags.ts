import type { Context } from "../../../kit/context.ts";
import { idp } from "../contract.ts";
import { invalid, notFound } from "../refusals.ts";
import { pools } from "../tables.ts";
import { findPool, poolAccess } from "./find.ts";
import { keyOf, type PoolRow } from "./poolRow.ts";

/** Tags of user pools. */

const maxTags = 50;

/** Tags laid over those that stand. */
export function checkTags(
  given: Readonly<Record<string, string | undefined>>,
  standing: Readonly<Record<string, string>>,
): Record<string, string> {
  const tags = { ...standing };
  for (const [key, value = ""] of Object.entries(given)) {
    if (key.toLowerCase().startsWith("aws:"))
      throw invalid("System tags cannot be added/updated by requester");
    tags[key] = value;
  }
  if (Object.keys(tags).length > maxTags) throw invalid(`A user pool cannot have more than ${maxTags} tags.`);
  return tags;
}

const form = /^arn:aws:cognito-idp:([a-z0-9-]+):(\d{12}):userpool\/([\w-]+_[0-9a-zA-Z]+)$/;

function poolIdOf(arn: string): string {
  return form.exec(arn)?.[3] ?? "";
}

async function tagged(arn: string, ctx: Context): Promise<PoolRow> {
  const [, region, account, poolId] = form.exec(arn) ?? [];
  const isHere = region === ctx.region && account === ctx.account;
  const pool = poolId !== undefined && isHere ? await findPool(poolId, ctx) : undefined;
  if (pool === undefined) throw notFound(`${arn} does not exist.`);
  return pool;
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_TagResource.html */
export const tagResource = idp.operation("TagResource", {
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

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UntagResource.html */
export const untagResource = idp.operation("UntagResource", {
  access: ({ ResourceArn, TagKeys }, ctx) =>
    poolAccess("UntagResource", poolIdOf(ResourceArn), ctx as Context, { "aws:TagKeys": TagKeys }),
  async handle({ ResourceArn, TagKeys }, ctx) {
    const pool = await tagged(ResourceArn, ctx as Context);
    const tags = Object.fromEntries(Object.entries(pool.tags).filter(([key]) => !TagKeys.includes(key)));
    pools.put(ctx.tx, keyOf(pool), { ...pool, tags });
    return {};
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListTagsForResource.html */
export const listTagsForResource = idp.operation("ListTagsForResource", {
  access: ({ ResourceArn }, ctx) => poolAccess("ListTagsForResource", poolIdOf(ResourceArn), ctx as Context),
  handle: async ({ ResourceArn }, ctx) => ({ Tags: (await tagged(ResourceArn, ctx as Context)).tags }),
});
