import type { Context } from "../../../kit/context.ts";
import { contentOf } from "../auth/refresh.ts";
import { clientAndPool } from "../clients/find.ts";
import { checkSecret } from "../clients/secretHash.ts";
import { idp } from "../contract.ts";
import { existingPool, onPool } from "../pools/find.ts";
import type { PoolRow } from "../pools/poolRow.ts";
import { hidden } from "../recorded.ts";
import { existingUser, type FoundUser } from "../users/find.ts";
import { putUser } from "../users/put.ts";
import { revokeFamily } from "./spent.ts";
import { bearerOf } from "./verify.ts";

/** Tokens that are void before they expire. */

const perToken = "The token is the permission; AWS takes the call unsigned.";

async function signOut(pool: PoolRow, found: FoundUser, ctx: Context): Promise<void> {
  await putUser(pool, found, { ...found.user, signedOutMs: ctx.clock.now() }, ctx);
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GlobalSignOut.html */
export const globalSignOut = idp.operation("GlobalSignOut", {
  access: { noPermissionNeeded: perToken },
  async handle({ AccessToken }, ctx) {
    const bearer = await bearerOf(AccessToken, ctx as Context);
    await signOut(bearer.pool, bearer, ctx as Context);
    return {};
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminUserGlobalSignOut.html */
export const adminUserGlobalSignOut = idp.operation("AdminUserGlobalSignOut", {
  access: onPool("AdminUserGlobalSignOut"),
  async handle({ UserPoolId, Username }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    await signOut(pool, await existingUser(pool, Username, ctx), ctx as Context);
    return {};
  },
});

/** A refresh token, and all access tokens that came of its sign-in. https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_RevokeToken.html */
export const revokeToken = idp.operation("RevokeToken", {
  access: { noPermissionNeeded: perToken },
  async handle({ Token, ClientId, ClientSecret }, ctx) {
    const named = await clientAndPool(ClientId, ctx as Context);
    if (named.client.secrets.length > 0 && ClientSecret === undefined)
      throw ctx.error(
        "UnauthorizedException",
        "Client is configured with secret but secret was not received",
      );
    checkSecret(named.client, ClientSecret);
    if (named.client.settings.EnableTokenRevocation === false)
      throw ctx.error("UnsupportedOperationException", "Revocation is not enabled for this client.");
    const content = await revocable(named, Token, ctx as Context);
    await revokeFamily(named.pool, content.originJti, content.expiresMs, ctx as Context);
    return {};
  },
  record: { request: hidden("token", "clientSecret") },
});

async function revocable(named: Parameters<typeof contentOf>[0], token: string, ctx: Context) {
  try {
    return await contentOf(named, token, ctx);
  } catch {
    // Access and ID tokens come here too, and are no refresh tokens.
    throw ctx.error("UnsupportedTokenTypeException", "The token type is not supported.");
  }
}
