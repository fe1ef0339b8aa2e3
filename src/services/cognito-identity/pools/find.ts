import type { Context } from "../../../kit/context.ts";
import type { Access, ConditionValues } from "../../../kit/service.ts";
import { noPool } from "../refusals.ts";
import { pools } from "../tables.ts";
import type { PoolRow } from "./poolRow.ts";

/** Pools, and who may do what with one. */

export type Where = Pick<Context, "tx" | "account" | "region">;

export function poolArn({ account, region }: Pick<Where, "account" | "region">, poolId: string): string {
  return `arn:aws:cognito-identity:${region}:${account}:identitypool/${poolId}`;
}

export async function existingPool(poolId: string, { tx, account, region }: Where): Promise<PoolRow> {
  const pool = await pools.get(tx, account, region, poolId);
  if (pool === undefined) throw noPool(poolId);
  return pool;
}

/** What a call needs that names a pool; its tags count as the resource's. */
export async function poolAccess(
  action: string,
  poolId: string,
  ctx: Where,
  context?: ConditionValues,
): Promise<Access> {
  const pool = await pools.get(ctx.tx, ctx.account, ctx.region, poolId);
  return {
    action: `cognito-identity:${action}`,
    resource: poolArn(ctx, poolId),
    resourceType: "AWS::Cognito::IdentityPool",
    resourceTags: pool?.tags,
    ...(context && { context }),
  };
}

/** The access declaration of an operation on a pool. */
export function onPool(action: string) {
  return ({ IdentityPoolId }: { IdentityPoolId: string }, ctx: Context) =>
    poolAccess(action, IdentityPoolId, ctx);
}
