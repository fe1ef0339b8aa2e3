import type { JWTPayload } from "jose";
import type { Context } from "../../../kit/context.ts";
import { timeOfUuid } from "../../../kit/ids.ts";
import { findPool } from "../pools/find.ts";
import { keysOf } from "../pools/poolKeys.ts";
import type { PoolRow } from "../pools/poolRow.ts";
import { notAuthorized, noUser } from "../refusals.ts";
import { type FoundUser, findByKey, userKeyOf } from "../users/find.ts";
import type { UserRow } from "../users/userRow.ts";
import { ownScope } from "./claims.ts";
import { isSigned, issuerOf, knownSigningKeys, type TokenUse } from "./signingKeys.ts";
import { isRevoked } from "./spent.ts";

/** Tokens of user pools, believed only as far as the pool signed them. */

/** Longest token that is looked at. */
const maxChars = 32_768;

/** Why a token is not taken. */
export type TokenProblem = "invalid" | "signature" | "expired";

/** What a token says; nothing is proven by it. */
function payloadOf(token: string): JWTPayload | undefined {
  try {
    const payload: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    return typeof payload === "object" && payload !== null ? (payload as JWTPayload) : undefined;
  } catch {
    return undefined;
  }
}

/** The pool that a token says it is of; nothing is proven by it. */
export function poolOfToken(token: string): string | undefined {
  const iss: unknown = token.length > maxChars ? undefined : payloadOf(token)?.iss;
  return typeof iss === "string" ? iss.slice(iss.lastIndexOf("/") + 1) : undefined;
}

/**
 * The claims of a token that a pool signed for a use, and that has not expired. Only RS256 under one of the pool's own two
 * keys is taken, whatever the token's header says of itself.
 */
export async function claimsOf(
  pool: PoolRow,
  token: string,
  use: TokenUse,
  ctx: Pick<Context, "tx" | "clock">,
): Promise<JWTPayload | TokenProblem> {
  const keys = await knownSigningKeys(pool, ctx);
  if (keys === undefined || token.length > maxChars) return "invalid";
  if (!token.startsWith(`${keys[use].header}.`)) return "invalid";
  if (!isSigned(token, keys[use])) return "signature";
  const claims = payloadOf(token);
  const { iss, exp, iat, nbf, sub, token_use } = claims ?? {};
  const areSound = typeof exp === "number" && typeof iat === "number" && typeof sub === "string";
  if (claims === undefined || !areSound || iss !== issuerOf(pool) || token_use !== use) return "invalid";
  const nowSeconds = Math.floor(ctx.clock.now() / 1_000);
  if (nbf !== undefined && !(typeof nbf === "number" && nbf <= nowSeconds)) return "invalid";
  return exp <= nowSeconds ? "expired" : claims;
}

export interface Bearer extends FoundUser {
  pool: PoolRow;
  clientId: string;
  claims: JWTPayload;
}

const words: Record<TokenProblem, string> = {
  invalid: "Invalid Access Token",
  signature: "Could not verify signature for Access Token",
  expired: "Access Token has expired",
};

/** The user who calls with an access token, with a scope that lets it. */
export async function bearerOf(token: string, ctx: Context, scope = ownScope): Promise<Bearer> {
  const poolId = poolOfToken(token);
  const pool = poolId === undefined ? undefined : await findPool(poolId, ctx);
  if (pool === undefined) throw notAuthorized(words.invalid);
  const claims = await claimsOf(pool, token, "access", ctx);
  if (typeof claims === "string") throw notAuthorized(words[claims]);
  const scopes = String(claims.scope ?? "").split(" ");
  if (!scopes.includes(scope)) throw notAuthorized("Access Token does not have required scopes");
  const found = await holderOf(pool, claims, ctx);
  ctx.event.additionalEventData = { sub: found.user.sub };
  return { pool, clientId: String(claims.client_id), claims, ...found };
}

/** The user of a token that verified: there, enabled, and not signed out since. */
export async function holderOf(
  pool: PoolRow,
  claims: JWTPayload,
  ctx: Pick<Context, "tx">,
): Promise<FoundUser> {
  const userKey = userKeyOf(
    pool,
    await keysOf(pool, ctx),
    String(claims.username ?? claims["cognito:username"]),
  );
  const found = await findByKey(pool, userKey, ctx);
  if (found === undefined || found.user.sub !== claims.sub) throw noUser();
  if (!found.user.enabled) throw notAuthorized("User is disabled.");
  if (await isVoid(pool, claims, found.user, ctx)) throw notAuthorized("Access Token has been revoked");
  return found;
}

async function isVoid(
  pool: PoolRow,
  { jti = "", iat = 0, origin_jti: originJti }: JWTPayload,
  { signedOutMs }: UserRow,
  ctx: Pick<Context, "tx">,
): Promise<boolean> {
  if (signedOutMs !== undefined && (timeOfUuid(jti) ?? iat * 1_000) <= signedOutMs) return true;
  return typeof originJti === "string" && (await isRevoked(pool, originJti, ctx));
}
