import type { ResourceServerScopeType, ResourceServerType } from "@aws-sdk/client-cognito-identity-provider";
import type { Context } from "../../../kit/context.ts";
import { pageOf } from "../../../kit/paging.ts";
import { idp } from "../contract.ts";
import { existingPool, onPool } from "../pools/find.ts";
import { keyOf, type PoolRow } from "../pools/poolRow.ts";
import { page } from "../pools/pools.ts";
import { invalid, notFound } from "../refusals.ts";
import { type ResourceServerRow, resourceServers, type ScopeRow } from "./tables.ts";

/** Servers whose scopes clients may ask for. */

const defaultPageSize = 50;

function shown({ poolId }: PoolRow, { identifier, name, scopes }: ResourceServerRow): ResourceServerType {
  return {
    UserPoolId: poolId,
    Identifier: identifier,
    Name: name,
    ...(scopes.length > 0 && {
      Scopes: scopes.map((scope) => ({ ScopeName: scope.name, ScopeDescription: scope.description })),
    }),
  };
}

function scopesOf(given: readonly ResourceServerScopeType[] | undefined): ScopeRow[] {
  const scopes = (given ?? []).map(({ ScopeName = "", ScopeDescription = "" }) => ({
    name: ScopeName,
    description: ScopeDescription,
  }));
  if (new Set(scopes.map(({ name }) => name)).size < scopes.length)
    throw invalid("Scope names must be unique within a resource server.");
  return scopes;
}

async function existing(pool: PoolRow, identifier: string, ctx: Context): Promise<ResourceServerRow> {
  const row = await resourceServers.get(ctx.tx, ...keyOf(pool), identifier);
  if (row === undefined) throw notFound("Resource server does not exist.");
  return row;
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateResourceServer.html */
export const createResourceServer = idp.operation("CreateResourceServer", {
  access: onPool("CreateResourceServer"),
  async handle({ UserPoolId, Identifier, Name, Scopes }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    if ((await resourceServers.get(ctx.tx, ...keyOf(pool), Identifier)) !== undefined)
      throw invalid(`${Identifier} already exists in user pool ${UserPoolId}.`);
    const row = { identifier: Identifier, name: Name, scopes: scopesOf(Scopes) };
    resourceServers.put(ctx.tx, [...keyOf(pool), Identifier], row);
    return { ResourceServer: shown(pool, row) };
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DescribeResourceServer.html */
export const describeResourceServer = idp.operation("DescribeResourceServer", {
  access: onPool("DescribeResourceServer"),
  async handle({ UserPoolId, Identifier }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    return { ResourceServer: shown(pool, await existing(pool, Identifier, ctx as Context)) };
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateResourceServer.html */
export const updateResourceServer = idp.operation("UpdateResourceServer", {
  access: onPool("UpdateResourceServer"),
  async handle({ UserPoolId, Identifier, Name, Scopes }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    await existing(pool, Identifier, ctx as Context);
    const row = { identifier: Identifier, name: Name, scopes: scopesOf(Scopes) };
    resourceServers.put(ctx.tx, [...keyOf(pool), Identifier], row);
    return { ResourceServer: shown(pool, row) };
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DeleteResourceServer.html */
export const deleteResourceServer = idp.operation("DeleteResourceServer", {
  access: onPool("DeleteResourceServer"),
  async handle({ UserPoolId, Identifier }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    await existing(pool, Identifier, ctx as Context);
    resourceServers.delete(ctx.tx, ...keyOf(pool), Identifier);
    return {};
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListResourceServers.html */
export const listResourceServers = idp.operation("ListResourceServers", {
  access: onPool("ListResourceServers"),
  async handle({ UserPoolId, MaxResults = defaultPageSize, NextToken }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    const { items, next } = await page(() =>
      pageOf(resourceServers, ctx.tx, keyOf(pool), { limit: MaxResults, marker: NextToken }),
    );
    return { ResourceServers: items.map((row) => shown(pool, row)), ...(next && { NextToken: next }) };
  },
});
