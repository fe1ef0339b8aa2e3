import { errors, type JWTPayload, jwtVerify, SignJWT } from "jose";
import type { Clock } from "../../../kit/clock.ts";
import type { IdentityPools } from "../../../kit/ports.ts";
import type { Transaction } from "../../../storage/store.ts";
import { identities, places } from "../tables.ts";
import { tokenKey } from "./keys.ts";

/**
 * Tokens that identity pools issue: for STS, and for their own later calls.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flow.html
 */

export const ownProvider = "cognito-identity.amazonaws.com";
const issuer = `https://${ownProvider}`;
const tagsClaim = "https://aws.amazon.com/tags";

export interface TokenContent {
  poolId: string;
  identityId: string;
  amr: readonly string[];
  tags?: Readonly<Record<string, string>> | undefined;
  seconds: number;
}

/** A token of ours, and whose it is. */
export type PoolToken =
  | {
      claims: Readonly<Record<string, unknown>>;
      identityId: string;
      poolId: string;
      /** "authenticated" or "unauthenticated", then who vouched. */
      amr: readonly string[];
    }
  | { problem: "invalid" | "expired" };

export async function issueToken(
  { poolId, identityId, amr, tags = {}, seconds }: TokenContent,
  { tx, clock }: { tx: Transaction; clock: Clock },
): Promise<string> {
  const { privateKey, kid } = await tokenKey(tx);
  const iat = Math.floor(clock.now() / 1000);
  const claims: JWTPayload = {
    iss: issuer,
    sub: identityId,
    aud: poolId,
    amr: [...amr],
    iat,
    exp: iat + seconds,
  };
  if (Object.keys(tags).length > 0) {
    const principal_tags = Object.fromEntries(Object.entries(tags).map(([name, value]) => [name, [value]]));
    claims[tagsClaim] = { principal_tags };
  }
  return await new SignJWT(claims).setProtectedHeader({ kid, typ: "JWS", alg: "RS512" }).sign(privateKey);
}

/** Session tags that a token carries. */
export function tagsIn(claims: Readonly<Record<string, unknown>>): Record<string, string> {
  const carried = claims[tagsClaim] as { principal_tags?: Record<string, string[]> } | undefined;
  return Object.fromEntries(
    Object.entries(carried?.principal_tags ?? {}).map(([name, [value = ""]]) => [name, value]),
  );
}

/** The claims of a token of ours whose identity is still there; or why it is not taken. */
export async function verifyToken(
  token: string,
  { tx, clock }: { tx: Transaction; clock: Clock },
): Promise<PoolToken> {
  const { publicKey, kid } = await tokenKey(tx);
  let claims: JWTPayload;
  try {
    const { payload, protectedHeader } = await jwtVerify(token, publicKey, {
      algorithms: ["RS512"],
      issuer,
      currentDate: new Date(clock.now()),
      requiredClaims: ["exp", "iat", "sub", "aud", "amr"],
    });
    if (protectedHeader.kid !== kid) return { problem: "invalid" };
    claims = payload;
  } catch (error) {
    return { problem: error instanceof errors.JWTExpired ? "expired" : "invalid" };
  }
  const { sub = "", aud, amr } = claims;
  const place = await places.get(tx, sub);
  if (place === undefined || place.poolId !== aud || !Array.isArray(amr)) return { problem: "invalid" };
  const row = await identities.get(tx, place.account, place.region, place.poolId, sub);
  if (row === undefined || row.disabled) return { problem: "invalid" };
  return { claims, identityId: sub, poolId: place.poolId, amr: amr.map(String) };
}

export const identityPools: IdentityPools = { verifyToken };
