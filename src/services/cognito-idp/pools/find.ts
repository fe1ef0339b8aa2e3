import type { Context } from "../../../kit/context.ts";
import type { Access, ConditionValues } from "../../../kit/service.ts";
import type { Reads } from "../../../storage/store.ts";
import { notFound } from "../refusals.ts";
import { pools } from "../tables.ts";
import type { PoolRow } from "./poolRow.ts";

/** Pools, and who may do what with one. */

export function poolArn(ctx: Pick<Context, "account" | "region">, poolId: string): string {
  return `arn:aws:cognito-idp:${ctx.region}:${ctx.account}:userpool/${poolId}`;
}

export async function findPool(
  poolId: string,
  { tx, account, region }: { tx: Reads; account: string; region: string },
): Promise<PoolRow | undefined> {
  return await pools.get(tx, account, region, poolId);
}

export async function existingPool(
  poolId: string,
  ctx: { tx: Reads; account: string; region: string },
): Promise<PoolRow> {
  const pool = await findPool(poolId, ctx);
  if (pool === undefined) throw notFound(`User pool ${poolId} does not exist.`);
  return pool;
}

/** What a call needs that names a pool; its tags count as the resource's. */
export async function poolAccess(
  action: string,
  poolId: string,
  ctx: Context,
  context?: ConditionValues,
): Promise<Access> {
  const pool = await findPool(poolId, ctx);
  return {
    action: `cognito-idp:${action}`,
    resource: poolArn(ctx, poolId),
    resourceType: "AWS::Cognito::UserPool",
    resourceTags: pool?.tags,
    ...(context && { context }),
  };
}

/** The access declaration of an operation on a pool. */
export function onPool(action: string) {
  return ({ UserPoolId }: { UserPoolId: string }, ctx: Context) => poolAccess(action, UserPoolId, ctx);
}
