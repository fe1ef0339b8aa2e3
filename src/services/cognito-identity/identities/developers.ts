import type { Context } from "../../../kit/context.ts";
import { BadMarker, pageOfList } from "../../../kit/paging.ts";
import { identity } from "../contract.ts";
import { existingPool, onPool, type Where } from "../pools/find.ts";
import { conflict, invalid, noIdentity, notFound } from "../refusals.ts";
import { loginHash } from "../tokens/keys.ts";
import { existing, link, ownerOf, save, unlink } from "./find.ts";
import type { IdentityRow, Login } from "./identityRow.ts";

/** Identities of users whom the developer's own backend signs in. */

const maxDeveloperUsers = 20;

/** Whose the name is that the developer's provider gave. */
export async function developerLogin(
  poolId: string,
  provider: string,
  user: string,
  ctx: Where,
): Promise<{ login: Login; owner: string | undefined }> {
  const hash = await loginHash(poolId, provider, user, ctx.tx);
  return { login: { provider, hash, developerUser: user }, owner: await ownerOf(poolId, hash, ctx) };
}

/** An identity of this very pool. */
export async function inPool(poolId: string, identityId: string, ctx: Where): Promise<IdentityRow> {
  const found = await existing(identityId, ctx);
  if (found.poolId !== poolId) throw noIdentity(identityId);
  return found.row;
}

function usersOf({ logins }: IdentityRow): string[] {
  return logins.flatMap(({ developerUser }) => developerUser ?? []).sort();
}

function listed(users: readonly string[], limit: number, marker: string | undefined) {
  try {
    return pageOfList(users, limit, marker);
  } catch (error) {
    if (error instanceof BadMarker) throw invalid("Invalid pagination token.");
    throw error;
  }
}

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_LookupDeveloperIdentity.html */
export const lookupDeveloperIdentity = identity.operation("LookupDeveloperIdentity", {
  access: onPool("LookupDeveloperIdentity"),
  async handle({ IdentityPoolId, IdentityId, DeveloperUserIdentifier, MaxResults = 60, NextToken }, ctx) {
    const pool = await existingPool(IdentityPoolId, ctx);
    if (IdentityId === undefined && DeveloperUserIdentifier === undefined)
      throw invalid("Either IdentityId or DeveloperUserIdentifier must be provided.");
    let found = IdentityId;
    if (DeveloperUserIdentifier !== undefined) {
      const provider = pool.developerProvider ?? "";
      const { owner } = await developerLogin(IdentityPoolId, provider, DeveloperUserIdentifier, ctx);
      if (owner === undefined) throw notFound("Developer user identifier not found.");
      if (IdentityId !== undefined && IdentityId !== owner)
        throw conflict("Developer user identifier is not linked to the given identity.");
      found = owner;
    }
    const users = usersOf(await inPool(IdentityPoolId, found ?? "", ctx));
    const { items, next } = listed(users, MaxResults, NextToken);
    return {
      IdentityId: found,
      DeveloperUserIdentifierList: items,
      ...(next !== undefined && { NextToken: next }),
    };
  },
});

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_MergeDeveloperIdentities.html */
export const mergeDeveloperIdentities = identity.operation("MergeDeveloperIdentities", {
  access: onPool("MergeDeveloperIdentities"),
  async handle(input, given) {
    const ctx = given as Context;
    const { IdentityPoolId: poolId, DeveloperProviderName: provider } = input;
    checkProvider((await existingPool(poolId, ctx)).developerProvider, provider);
    const from = await developerLogin(poolId, provider, input.SourceUserIdentifier, ctx);
    const to = await developerLogin(poolId, provider, input.DestinationUserIdentifier, ctx);
    if (from.owner === undefined || to.owner === undefined)
      throw notFound("Developer user identifier not found.");
    if (from.owner === to.owner) return { IdentityId: to.owner };
    const source = await inPool(poolId, from.owner, ctx);
    const target = await inPool(poolId, to.owner, ctx);
    const held = new Set(target.logins.filter((one) => !one.developerUser).map((one) => one.provider));
    if (source.logins.some((one) => !one.developerUser && held.has(one.provider)))
      throw conflict("The identities are linked to different users of the same provider.");
    if (usersOf(source).length + usersOf(target).length > maxDeveloperUsers)
      throw invalid(`An identity cannot have more than ${maxDeveloperUsers} developer user identifiers.`);
    save(poolId, { ...source, logins: [], disabled: true }, ctx);
    link(poolId, target, source.logins, ctx);
    return { IdentityId: to.owner };
  },
});

export function checkProvider(held: string | undefined, named: string): void {
  if (held === undefined || held !== named)
    throw invalid(`${named} is not the developer provider of this identity pool.`);
}

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_UnlinkDeveloperIdentity.html */
export const unlinkDeveloperIdentity = identity.operation("UnlinkDeveloperIdentity", {
  access: onPool("UnlinkDeveloperIdentity"),
  async handle({ IdentityPoolId, IdentityId, DeveloperProviderName, DeveloperUserIdentifier }, ctx) {
    const pool = await existingPool(IdentityPoolId, ctx);
    checkProvider(pool.developerProvider, DeveloperProviderName);
    const row = await inPool(IdentityPoolId, IdentityId, ctx);
    const removed = row.logins.filter(
      ({ provider, developerUser }) =>
        provider === DeveloperProviderName && developerUser === DeveloperUserIdentifier,
    );
    if (removed.length === 0) throw notFound("Developer user identifier not found.");
    unlink(IdentityPoolId, row, removed, ctx as Context);
    return {};
  },
});
