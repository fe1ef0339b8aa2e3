import type { IdentityDescription } from "@aws-sdk/client-cognito-identity";
import type { Context } from "../../kit/context.ts";
import { uuid } from "../../kit/ids.ts";
import { pageOf } from "../../kit/paging.ts";
import { identity } from "./contract.ts";
import { anyAccess, findIdentity, findPool, poolAccess } from "./find.ts";
import type { IdentityRow, LinkedLogin } from "./identityRow.ts";
import { hashOf, keyOf, type PoolRow, poolArn } from "./poolRow.ts";
import { badToken } from "./pools.ts";
import { conflict } from "./refusals.ts";
import { identities, logins, places } from "./tables.ts";

/** Identities of a pool: made, linked with logins, shown, dropped. */

export function putIdentity(pool: PoolRow, row: IdentityRow, ctx: Context): void {
  identities.put(ctx.tx, [...keyOf(pool), row.identityId], row);
}

export function newIdentity(pool: PoolRow, linked: readonly LinkedLogin[], ctx: Context): IdentityRow {
  const { account, region, poolId } = pool;
  const nowMs = ctx.clock.now();
  const row = { identityId: `${region}:${uuid()}`, logins: linked, createdMs: nowMs, modifiedMs: nowMs };
  putIdentity(pool, row, ctx);
  places.put(ctx.tx, [row.identityId], { account, region, poolId });
  for (const login of linked) link(pool, login, row.identityId, ctx);
  return row;
}

function link(pool: PoolRow, { provider, subject }: LinkedLogin, identityId: string, ctx: Context): void {
  logins.put(ctx.tx, [...keyOf(pool), hashOf(pool, provider, subject)], { identityId });
}

/** Whose identity a login is; undefined for one that nobody has. */
export async function ownerOf(
  pool: PoolRow,
  { provider, subject }: LinkedLogin,
  ctx: Context,
): Promise<string | undefined> {
  const row = await logins.get(ctx.tx, ...keyOf(pool), hashOf(pool, provider, subject));
  return row?.identityId;
}

/** Gives an identity the logins that it does not have. Throws ResourceConflictException for one of another. */
export async function addLogins(
  pool: PoolRow,
  row: IdentityRow,
  wanted: readonly LinkedLogin[],
  ctx: Context,
): Promise<IdentityRow> {
  const added: LinkedLogin[] = [];
  for (const { provider, subject } of wanted) {
    const owner = await ownerOf(pool, { provider, subject }, ctx);
    if (owner === row.identityId) continue;
    if (owner !== undefined) throw conflict("Logins are already linked to another account");
    added.push({ provider, subject });
  }
  if (added.length === 0) return row;
  for (const login of added) link(pool, login, row.identityId, ctx);
  const changed = { ...row, logins: [...row.logins, ...added], modifiedMs: ctx.clock.now() };
  putIdentity(pool, changed, ctx);
  return changed;
}

/** Takes logins from an identity, which stays. */
export function removeLogins(
  pool: PoolRow,
  row: IdentityRow,
  gone: (login: LinkedLogin) => boolean,
  ctx: Context,
): void {
  for (const login of row.logins.filter(gone))
    logins.delete(ctx.tx, ...keyOf(pool), hashOf(pool, login.provider, login.subject));
  const left = row.logins.filter((login) => !gone(login));
  putIdentity(pool, { ...row, logins: left, modifiedMs: ctx.clock.now() }, ctx);
}

function shown({ identityId, logins: linked, createdMs, modifiedMs }: IdentityRow): IdentityDescription {
  const names = [...new Set(linked.map(({ provider }) => provider))];
  return {
    IdentityId: identityId,
    ...(names.length > 0 && { Logins: names }),
    CreationDate: new Date(createdMs),
    LastModifiedDate: new Date(modifiedMs),
  };
}

/** The pool of an identity, as a condition that policies may ask for. */
async function poolOf(identityId: string, ctx: Context): Promise<string | undefined> {
  const place = await places.get(ctx.tx, identityId);
  return place && poolArn(place, place.poolId);
}

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_DescribeIdentity.html */
export const describeIdentity = identity.operation("DescribeIdentity", {
  access: async ({ IdentityId }, ctx) =>
    anyAccess("DescribeIdentity", {
      "cognito-identity:IdentityPoolArn": await poolOf(IdentityId, ctx as Context),
    }),
  handle: async ({ IdentityId }, ctx) => shown((await findIdentity(IdentityId, ctx as Context)).row),
});

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_ListIdentities.html */
export const listIdentities = identity.operation("ListIdentities", {
  access: ({ IdentityPoolId }, ctx) => poolAccess("ListIdentities", IdentityPoolId, ctx as Context),
  async handle({ IdentityPoolId, MaxResults, NextToken, HideDisabled }, ctx) {
    const pool = await findPool(IdentityPoolId, ctx as Context);
    const { items, next } = await pageOf(identities, ctx.tx, keyOf(pool), {
      limit: MaxResults,
      marker: NextToken,
      ...(HideDisabled && { where: ({ mergedInto }: IdentityRow) => mergedInto === undefined }),
    }).catch(badToken);
    return { IdentityPoolId, Identities: items.map(shown), ...(next && { NextToken: next }) };
  },
});

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_DeleteIdentities.html */
export const deleteIdentities = identity.operation("DeleteIdentities", {
  access: async ({ IdentityIdsToDelete }, ctx) => {
    const arns = new Set<string | undefined>();
    for (const id of IdentityIdsToDelete) arns.add(await poolOf(id, ctx as Context));
    return [...arns].map((arn) => anyAccess("DeleteIdentities", { "cognito-identity:IdentityPoolArn": arn }));
  },
  async handle({ IdentityIdsToDelete }, ctx) {
    const UnprocessedIdentityIds: { IdentityId: string; ErrorCode: "AccessDenied" }[] = [];
    for (const IdentityId of new Set(IdentityIdsToDelete)) {
      const place = await places.get(ctx.tx, IdentityId);
      // Of another account, or of none: the answer does not tell which.
      if (place === undefined || place.account !== ctx.account || place.region !== ctx.region) {
        UnprocessedIdentityIds.push({ IdentityId, ErrorCode: "AccessDenied" });
        continue;
      }
      const { pool, row } = await findIdentity(IdentityId, ctx as Context);
      for (const login of row.logins)
        logins.delete(ctx.tx, ...keyOf(pool), hashOf(pool, login.provider, login.subject));
      identities.delete(ctx.tx, ...keyOf(pool), IdentityId);
      places.delete(ctx.tx, IdentityId);
    }
    return UnprocessedIdentityIds.length > 0 ? { UnprocessedIdentityIds } : {};
  },
});
