import type { Context } from "../../kit/context.ts";
import { identity } from "./contract.ts";
import { findIdentity, findPool, poolAccess } from "./find.ts";
import { addLogins, newIdentity, ownerOf, putIdentity, removeLogins } from "./identities.ts";
import type { IdentityRow } from "./identityRow.ts";
import { type Logins, proveLogins } from "./logins.ts";
import { hashOf, keyOf, type PoolRow } from "./poolRow.ts";
import { conflict, invalid, notFound } from "./refusals.ts";
import { logins as loginRows } from "./tables.ts";
import { issueToken } from "./tokens.ts";

/** Users whom a developer's own backend vouches for. https://docs.aws.amazon.com/cognito/latest/developerguide/developer-authenticated-identities.html */

const defaultSeconds = 900;

function providerOf(pool: PoolRow, name = pool.developerProvider): string {
  if (name === undefined || name !== pool.developerProvider)
    throw invalid("Please provide a valid developer provider name for this identity pool.");
  return name;
}

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetOpenIdTokenForDeveloperIdentity.html */
export const getOpenIdTokenForDeveloperIdentity = identity.operation("GetOpenIdTokenForDeveloperIdentity", {
  access: ({ IdentityPoolId }, ctx) =>
    poolAccess("GetOpenIdTokenForDeveloperIdentity", IdentityPoolId, ctx as Context),
  async handle({ IdentityPoolId, IdentityId, Logins, PrincipalTags, TokenDuration = defaultSeconds }, ctx) {
    const pool = await findPool(IdentityPoolId, ctx as Context);
    const provider = providerOf(pool);
    const { [provider]: subject, ...others } = Logins as Logins;
    if (subject === undefined) throw invalid("Please provide the login of the developer provider.");
    const developer = { provider, subject };
    const proven = await proveLogins(pool, others as Logins, ctx as Context);
    const row = await identityOf(pool, IdentityId, developer, ctx as Context);
    const linked = await addLogins(pool, row, [developer, ...proven], ctx as Context);
    const { identityId } = linked;
    const amr = ["authenticated", provider, `${provider}:${pool.poolId}:${subject}`];
    const facts = { poolId: pool.poolId, identityId, amr, seconds: TokenDuration };
    const Token = await issueToken({ ...facts, tags: PrincipalTags }, ctx as Context);
    return { IdentityId: identityId, Token };
  },
});

async function identityOf(
  pool: PoolRow,
  identityId: string | undefined,
  developer: { provider: string; subject: string },
  ctx: Context,
): Promise<IdentityRow> {
  const owner = await ownerOf(pool, developer, ctx);
  if (identityId === undefined)
    return owner === undefined ? newIdentity(pool, [developer], ctx) : (await findIdentity(owner, ctx)).row;
  if (owner !== undefined && owner !== identityId)
    throw ctx.error(
      "DeveloperUserAlreadyRegisteredException" as never,
      "Developer user identifier is already registered with another identity.",
    );
  const found = await findIdentity(identityId, ctx);
  if (found.pool.poolId !== pool.poolId) throw invalid("The identity does not belong to the identity pool.");
  return found.row;
}

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_LookupDeveloperIdentity.html */
export const lookupDeveloperIdentity = identity.operation("LookupDeveloperIdentity", {
  access: ({ IdentityPoolId }, ctx) => poolAccess("LookupDeveloperIdentity", IdentityPoolId, ctx as Context),
  async handle({ IdentityPoolId, IdentityId, DeveloperUserIdentifier }, ctx) {
    const pool = await findPool(IdentityPoolId, ctx as Context);
    const provider = providerOf(pool);
    if (IdentityId === undefined && DeveloperUserIdentifier === undefined)
      throw invalid("Please provide an identity id or a developer user identifier.");
    const owner =
      DeveloperUserIdentifier === undefined
        ? IdentityId
        : await ownerOf(pool, { provider, subject: DeveloperUserIdentifier }, ctx as Context);
    if (owner === undefined) throw notFound("Developer user identifier not found.");
    if (IdentityId !== undefined && owner !== IdentityId)
      throw conflict("The developer user identifier is not linked to the identity.");
    const { row } = await findIdentity(owner, ctx as Context);
    const own = row.logins.filter((login) => login.provider === provider);
    return { IdentityId: owner, DeveloperUserIdentifierList: own.map(({ subject }) => subject) };
  },
});

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_MergeDeveloperIdentities.html */
export const mergeDeveloperIdentities = identity.operation("MergeDeveloperIdentities", {
  access: ({ IdentityPoolId }, ctx) => poolAccess("MergeDeveloperIdentities", IdentityPoolId, ctx as Context),
  async handle(input, ctx) {
    const pool = await findPool(input.IdentityPoolId, ctx as Context);
    const provider = providerOf(pool, input.DeveloperProviderName);
    const rowOf = async (subject: string) => {
      const owner = await ownerOf(pool, { provider, subject }, ctx as Context);
      if (owner === undefined) throw notFound("Developer user identifier not found.");
      return (await findIdentity(owner, ctx as Context)).row;
    };
    const source = await rowOf(input.SourceUserIdentifier);
    const target = await rowOf(input.DestinationUserIdentifier);
    const { identityId } = target;
    if (source.identityId === identityId) return { IdentityId: identityId };
    const isPublic = (row: IdentityRow) => row.logins.some((login) => login.provider !== provider);
    if (isPublic(source) && isPublic(target))
      throw conflict("Both identities are linked with public providers.");
    for (const login of source.logins)
      loginRows.put(ctx.tx, [...keyOf(pool), hashOf(pool, login.provider, login.subject)], { identityId });
    const modifiedMs = ctx.clock.now();
    putIdentity(
      pool,
      { ...target, logins: [...target.logins, ...source.logins], modifiedMs },
      ctx as Context,
    );
    putIdentity(pool, { ...source, logins: [], mergedInto: identityId, modifiedMs }, ctx as Context);
    return { IdentityId: identityId };
  },
});

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_UnlinkDeveloperIdentity.html */
export const unlinkDeveloperIdentity = identity.operation("UnlinkDeveloperIdentity", {
  access: ({ IdentityPoolId }, ctx) => poolAccess("UnlinkDeveloperIdentity", IdentityPoolId, ctx as Context),
  async handle({ IdentityPoolId, IdentityId, DeveloperProviderName, DeveloperUserIdentifier }, ctx) {
    const pool = await findPool(IdentityPoolId, ctx as Context);
    const provider = providerOf(pool, DeveloperProviderName);
    const { row } = await findIdentity(IdentityId, ctx as Context);
    const subject = DeveloperUserIdentifier;
    if ((await ownerOf(pool, { provider, subject }, ctx as Context)) !== IdentityId)
      throw notFound("Developer user identifier not found.");
    const isGone = (login: { provider: string; subject: string }) =>
      login.provider === provider && login.subject === subject;
    removeLogins(pool, row, isGone, ctx as Context);
    return {};
  },
});
