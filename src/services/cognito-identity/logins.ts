import type { CognitoIdentityProvider } from "@aws-sdk/client-cognito-identity";
import type { Context } from "../../kit/context.ts";
import type { PoolRow } from "./poolRow.ts";
import { notAuthorized } from "./refusals.ts";
import { identityPools } from "./tokens.ts";

/**
 * Who has signed in, and with whom: tokens that clients bring as logins, proven.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/external-identity-providers.html
 */

export interface ProvenLogin {
  provider: string;
  subject: string;
  claims: Readonly<Record<string, unknown>>;
  /** What role mappings know the provider by: a user pool's with its client. */
  mappedAs: string;
  /** How the token of the pool names it (`amr`). */
  amr: string;
}

export type Logins = Readonly<Record<string, string>>;

/** Tokens that the pool itself issued, for users whom a developer vouches for. */
export const ownProvider = "cognito-identity.amazonaws.com";

const expired = (claims: { exp?: unknown }, ctx: Context) =>
  notAuthorized(
    `Invalid login token. Token expired: ${String(claims.exp)} >= ${Math.floor(ctx.clock.now() / 1_000)}`,
  );
const unsupported = () => notAuthorized("Token is not from a supported provider of this identity pool.");
const notAToken = () => notAuthorized("Invalid login token. Not a valid OpenId Connect identity token.");
const badSignature = () => notAuthorized("Invalid login token. Token signature invalid.");
const voided = () => notAuthorized("Token is invalid or has been revoked.");

/** Every login proven; the developer's own token apart. Throws NotAuthorizedException for the first that is not. */
export async function proveLogins(pool: PoolRow, logins: Logins, ctx: Context): Promise<ProvenLogin[]> {
  const proven: ProvenLogin[] = [];
  for (const [provider, token] of Object.entries(logins)) {
    if (provider !== ownProvider) proven.push(await prove(pool, provider, token, ctx));
  }
  return proven;
}

async function prove(pool: PoolRow, provider: string, token: string, ctx: Context): Promise<ProvenLogin> {
  const said = claimsOf(token);
  const own = pool.userPools.filter(({ ProviderName }) => ProviderName === provider);
  if (own.length > 0) return await ofUserPool(own, provider, token, said, ctx);
  const arn = pool.oidcProviderArns.find((one) => one.endsWith(`:oidc-provider/${provider}`));
  if (arn === undefined) throw unsupported();
  return await ofIssuer(arn, provider, token, said, ctx);
}

/** What a token says of itself, unproven. */
function claimsOf(token: string): Record<string, unknown> {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
    if (typeof claims === "object" && claims !== null) return claims as Record<string, unknown>;
  } catch {
    // Falls through: it is no token.
  }
  throw notAToken();
}

async function ofUserPool(
  configured: readonly CognitoIdentityProvider[],
  provider: string,
  token: string,
  said: Record<string, unknown>,
  ctx: Context,
): Promise<ProvenLogin> {
  const client = configured.find(({ ClientId }) => ClientId === said.aud);
  const userPools = await ctx.lent("userPools");
  if (client === undefined || userPools === undefined) throw unsupported();
  const clientId = client.ClientId ?? "";
  const judged = await userPools.verifyIdToken(
    token,
    {
      poolId: provider.slice(provider.indexOf("/") + 1),
      clientId,
      checksUser: client.ServerSideTokenCheck === true,
    },
    ctx,
  );
  if ("problem" in judged) {
    if (judged.problem === "expired") throw expired(said, ctx);
    throw judged.problem === "signature" ? badSignature() : voided();
  }
  const subject = String(judged.claims.sub);
  return {
    provider,
    subject,
    claims: judged.claims,
    mappedAs: `${provider}:${clientId}`,
    amr: `${provider}:CognitoSignIn:${subject}`,
  };
}

async function ofIssuer(
  arn: string,
  provider: string,
  token: string,
  said: Record<string, unknown>,
  ctx: Context,
): Promise<ProvenLogin> {
  const known = await ctx.directory.findProvider(arn, ctx.tx);
  const issuer = String(said.iss ?? "");
  if (known === undefined || issuer.replace(/^https?:\/\//, "").replace(/\/$/, "") !== known.issuer)
    throw unsupported();
  const judged = await (await ctx.lent("webIdentities"))?.verify(token, issuer, ctx.clock.now());
  if (judged === undefined) throw unsupported();
  if ("problem" in judged) throw judged.problem === "expired" ? expired(said, ctx) : badSignature();
  const { claims } = judged;
  const audiences = [claims.aud ?? []].flat().map(String);
  if (!audiences.some((one) => known.clientIds?.includes(one)))
    throw notAuthorized("Invalid login token. Incorrect token audience.");
  const subject = String(claims.sub);
  return { provider, subject, claims, mappedAs: arn, amr: `${arn}:OIDC:${subject}` };
}

/** The identity that a token of the pool's own names, if it is one for somebody who signed in. */
export async function identityOfOwnToken(
  pool: PoolRow,
  logins: Logins,
  ctx: Context,
): Promise<{ identityId: string; amr: string[]; claims: Readonly<Record<string, unknown>> } | undefined> {
  const token = logins[ownProvider];
  if (token === undefined) return undefined;
  const said = claimsOf(token);
  const judged = await identityPools.verifyToken(token, ctx);
  if ("problem" in judged) throw judged.problem === "expired" ? expired(said, ctx) : badSignature();
  const { aud, amr, sub } = judged.claims;
  if (aud !== pool.poolId || !Array.isArray(amr) || amr[0] !== "authenticated") throw unsupported();
  return { identityId: String(sub), amr: amr.map(String), claims: judged.claims };
}
