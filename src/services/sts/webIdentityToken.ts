import { decodeJwt, errors, type JWTPayload, jwtVerify } from "jose";
import type { Caller, Session } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import { tokenAlgorithms } from "../../kit/jwks.ts";
import type { ProviderFacts } from "../../kit/ports.ts";
import { IssuerUnreachable, issuerKeys } from "./issuerKeys.ts";
import { tagsOfToken } from "./tokenTags.ts";

/** Who holds a token of an OpenID Connect issuer: believed only as far as the issuer signed. */

/** The issuer of Cognito's identity pools, which every account knows without a provider of its own. */
const identityPools = "cognito-identity.amazonaws.com";
/** Clocks of issuers may be off by this. */
const toleranceSeconds = 5 * 60;

export type TokenErrors =
  | "InvalidIdentityTokenException"
  | "ExpiredTokenException"
  | "IDPCommunicationErrorException"
  | "IDPRejectedClaimException";

export interface TokenIdentity {
  caller: Caller;
  provider: ProviderFacts;
  subject: string;
  audience: string;
  tags: Pick<Session, "tags" | "transitiveTagKeys">;
}

export interface TokenInput {
  RoleArn: string;
  RoleSessionName: string;
  WebIdentityToken: string;
  ProviderId?: string | undefined;
}

/** Proves a token, or throws AWS's error for what is wrong with it. */
export async function prove(
  { RoleArn, WebIdentityToken }: TokenInput,
  ctx: Context<TokenErrors>,
): Promise<TokenIdentity> {
  const invalid = (why: string) => ctx.error("InvalidIdentityTokenException", why);
  let claims: JWTPayload;
  try {
    claims = decodeJwt(WebIdentityToken);
  } catch {
    throw invalid(
      "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
    );
  }
  const issuer = (claims.iss ?? "").replace(/^https?:\/\//, "").replace(/\/$/, "");
  const account = RoleArn.split(":")[4] ?? "";
  const isOurs = issuer === identityPools;
  const provider = isOurs
    ? { arn: identityPools, issuer, clientIds: [claims.aud ?? []].flat() }
    : await ctx.directory.findOidcProvider(account, issuer, ctx.tx);
  if (provider === undefined)
    throw invalid(`No OpenIDConnect provider found in your account for ${claims.iss ?? ""}`);
  const payload = isOurs
    ? await ofIdentityPool(WebIdentityToken, ctx)
    : await verified(WebIdentityToken, claims.iss ?? "", ctx);
  const audience = [payload.aud ?? []].flat().find((one) => provider.clientIds?.includes(one));
  const authorizedParty = typeof payload.azp === "string" ? payload.azp : undefined;
  if (audience === undefined) throw invalid("Incorrect token audience");
  if (typeof payload.sub !== "string" || payload.sub === "") throw invalid("Missing a required claim: sub");
  return {
    caller: federatedCaller(provider, payload, authorizedParty ?? audience, audience, ctx),
    provider,
    subject: payload.sub,
    audience: authorizedParty ?? audience,
    tags: tagsOfToken(payload, ctx),
  };
}

type TokenProblem = "invalid" | "expired" | "unreachable";

/** The claims of a token that its issuer signed; or why it is not taken. */
export async function verifyToken(
  token: string,
  issuer: string,
  nowMs: number,
): Promise<{ claims: JWTPayload } | { problem: TokenProblem }> {
  try {
    const keys = await issuerKeys(issuer, nowMs);
    const { payload } = await jwtVerify(token, keys, {
      algorithms: tokenAlgorithms,
      issuer,
      currentDate: new Date(nowMs),
      clockTolerance: toleranceSeconds,
      requiredClaims: ["exp", "iat", "sub", "aud"],
    });
    // Tolerance is for clocks that are ahead; what has expired has expired.
    if ((payload.exp ?? 0) * 1000 <= nowMs) return { problem: "expired" };
    return { claims: payload };
  } catch (error) {
    if (error instanceof IssuerUnreachable) return { problem: "unreachable" };
    return { problem: error instanceof errors.JWTExpired ? "expired" : "invalid" };
  }
}

async function verified(token: string, issuer: string, ctx: Context<TokenErrors>): Promise<JWTPayload> {
  const judged = await verifyToken(token, issuer, ctx.clock.now());
  if ("problem" in judged) throw refused(judged.problem, ctx);
  return judged.claims;
}

/** Tokens of identity pools: their keys are Cloudkeep's own. */
async function ofIdentityPool(token: string, ctx: Context<TokenErrors>): Promise<JWTPayload> {
  const judged = (await (await ctx.lent("identityPools"))?.verifyToken(token, ctx)) ?? {
    problem: "invalid" as const,
  };
  if ("problem" in judged) throw refused(judged.problem, ctx);
  return judged.claims;
}

function refused(problem: TokenProblem, ctx: Context<TokenErrors>) {
  if (problem === "unreachable") {
    return ctx.error(
      "IDPCommunicationErrorException",
      "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
    );
  }
  if (problem === "expired") {
    const at = new Date(ctx.clock.now()).toISOString();
    return ctx.error(
      "ExpiredTokenException",
      `Token expired: current date/time ${at} must be before the expiration date/time`,
    );
  }
  return ctx.error("InvalidIdentityTokenException", "Couldn't verify the ID Token's signature or claims.");
}

/** The one who holds the token, as policies see it. */
function federatedCaller(
  provider: ProviderFacts,
  payload: JWTPayload,
  clientId: string,
  audience: string,
  ctx: Context,
): Caller {
  const issuer = provider.issuer ?? "";
  const now = ctx.clock.now();
  const federatedContext: Record<string, string | string[]> = {
    [`${issuer}:aud`]: clientId,
    [`${issuer}:sub`]: String(payload.sub),
  };
  if (clientId !== audience) federatedContext[`${issuer}:oaud`] = audience;
  if (Array.isArray(payload.amr)) federatedContext[`${issuer}:amr`] = payload.amr.map(String);
  const userId = `${provider.arn}:${clientId}:${payload.sub}`;
  return {
    principal: { kind: "web-identity", account: "", arn: provider.arn, service: provider.arn, userId },
    userName: String(payload.sub),
    session: {
      by: "AssumeRoleWithWebIdentity",
      issuedAt: now,
      expiresAt: now,
      provider: provider.arn,
      federatedContext,
    },
  };
}
