import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { identity } from "../contract.ts";
import { developerLogin, inPool } from "../identities/developers.ts";
import { link, newIdentity, ownerOf } from "../identities/find.ts";
import type { Login } from "../identities/identityRow.ts";
import { proofsOf } from "../identities/proofs.ts";
import { recorded } from "../open.ts";
import { existingPool, onPool } from "../pools/find.ts";
import { conflict, invalid, notAuthorized } from "../refusals.ts";
import { loginHash } from "../tokens/keys.ts";
import { issueToken } from "../tokens/tokens.ts";

/** A developer's backend vouches for its user. */

const standardSeconds = 900;

interface Claimed {
  login: Login;
  owner: string | undefined;
}

/** The identity that the logins lead to, or that is named; a new one where there is none. */
async function identityFor(
  poolId: string,
  named: string | undefined,
  [developer, ...others]: readonly [Claimed, ...Claimed[]],
  ctx: Context,
): Promise<string> {
  if (named !== undefined && developer.owner !== undefined && developer.owner !== named) {
    throw new AwsError(
      "DeveloperUserAlreadyRegisteredException",
      "The developer user identifier is already registered with another identity.",
    );
  }
  const wanted = named ?? developer.owner ?? others.find(({ owner }) => owner !== undefined)?.owner;
  if (others.some(({ owner }) => owner !== undefined && owner !== wanted))
    throw conflict("Login is already linked to another account.");
  const row = wanted === undefined ? newIdentity(poolId, ctx) : await inPool(poolId, wanted, ctx);
  if (row.disabled) throw notAuthorized(`Access to Identity '${row.identityId}' is forbidden.`);
  const added = [developer, ...others].filter(({ owner }) => owner === undefined).map(({ login }) => login);
  const held = new Set(row.logins.filter((one) => !one.developerUser).map(({ provider }) => provider));
  if (added.some(({ provider }) => held.has(provider)))
    throw conflict("The identity is linked to another user of the same provider.");
  if (added.length > 0) link(poolId, row, added, ctx);
  return row.identityId;
}

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetOpenIdTokenForDeveloperIdentity.html */
export const getOpenIdTokenForDeveloperIdentity = identity.operation("GetOpenIdTokenForDeveloperIdentity", {
  access: onPool("GetOpenIdTokenForDeveloperIdentity"),
  async handle({ IdentityPoolId: poolId, IdentityId, Logins, PrincipalTags, TokenDuration }, given) {
    const ctx = given as Context;
    const pool = await existingPool(poolId, ctx);
    const provider = pool.developerProvider ?? "";
    const { [provider]: user, ...rest } = Logins;
    if (provider === "" || user === undefined)
      throw invalid("Please provide a login of the developer provider of this identity pool.");
    const proofs = await proofsOf(pool, rest, ctx);
    if (proofs.some(({ identityId }) => identityId !== undefined))
      throw invalid("Please provide tokens of the identity providers themselves.");
    const others: Claimed[] = [];
    for (const { provider: name, subject } of proofs) {
      const hash = await loginHash(poolId, name, subject, ctx.tx);
      others.push({ login: { provider: name, hash }, owner: await ownerOf(poolId, hash, ctx) });
    }
    const developer = await developerLogin(poolId, provider, user, ctx);
    const identityId = await identityFor(poolId, IdentityId, [developer, ...others], ctx);
    const amr = [
      "authenticated",
      provider,
      `${provider}:${poolId}:${user}`,
      ...proofs.flatMap((proof) => proof.amr),
    ];
    const seconds = Number(TokenDuration ?? standardSeconds);
    const token = await issueToken({ poolId, identityId, amr, tags: PrincipalTags, seconds }, ctx);
    return { IdentityId: identityId, Token: token };
  },
  record: recorded,
});
