import type { Context } from "../../kit/context.ts";
import type { Access, Place } from "../../kit/service.ts";
import type { Reads } from "../../storage/store.ts";
import type { IdentityRow } from "./identityRow.ts";
import { type PoolRow, poolArn } from "./poolRow.ts";
import { noIdentity, noPool } from "./refusals.ts";
import { identities, places, pools } from "./tables.ts";

/** Pools and identities by their ids, and what access to them is declared as. */

export async function findPool(poolId: string, ctx: Context): Promise<PoolRow> {
  const pool = await pools.get(ctx.tx, ctx.account, ctx.region, poolId);
  if (pool === undefined) throw noPool(poolId);
  return pool;
}

export interface FoundIdentity {
  pool: PoolRow;
  row: IdentityRow;
}

/** An identity of this account and Region. */
export async function findIdentity(identityId: string, ctx: Context): Promise<FoundIdentity> {
  const place = await places.get(ctx.tx, identityId);
  if (place === undefined || place.account !== ctx.account || place.region !== ctx.region)
    throw noIdentity(identityId);
  const { account, region, poolId } = place;
  const pool = await pools.get(ctx.tx, account, region, poolId);
  const row = await identities.get(ctx.tx, account, region, poolId, identityId);
  if (pool === undefined || row === undefined) throw noIdentity(identityId);
  return { pool, row };
}

/** Where the pool is that an unsigned call names, by its own id or by an identity's. */
export async function locate(input: Record<string, unknown>, tx: Reads): Promise<Place | undefined> {
  const { IdentityPoolId, IdentityId } = input;
  const id = IdentityId ?? IdentityPoolId;
  return typeof id === "string" && id !== "" ? await places.get(tx, id) : undefined;
}

/** "identity-pools allow this on the pool": https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncognitoidentity.html */
export async function poolAccess(action: string, poolId: string, ctx: Context): Promise<Access> {
  const pool = await pools.get(ctx.tx, ctx.account, ctx.region, poolId);
  return {
    action: `cognito-identity:${action}`,
    resource: poolArn(ctx, poolId),
    resourceType: "AWS::Cognito::IdentityPool",
    ...(pool && { resourceTags: pool.tags }),
  };
}

/** Of operations that policies cannot hold to a pool; some offer the pool as a condition. */
export function anyAccess(action: string, context?: Access["context"]): Access {
  return { action: `cognito-identity:${action}`, resource: "*", ...(context && { context }) };
}
