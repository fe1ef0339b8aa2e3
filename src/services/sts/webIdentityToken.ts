import { decodeJwt, errors, type JWTPayload, jwtVerify } from "jose";
import type { Caller, Session } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import type { ProviderFacts } from "../../kit/ports.ts";
import { IssuerUnreachable, issuerKeys } from "./issuerKeys.ts";
import { tagsOfToken } from "./tokenTags.ts";

/** Who holds a token of an OpenID Connect issuer: believed only as far as the issuer signed. */

/** Signatures that a token may have: asymmetric ones only. */
const algorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];
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
  const provider = await ctx.directory.findOidcProvider(account, issuer, ctx.tx);
  if (provider === undefined)
    throw invalid(`No OpenIDConnect provider found in your account for ${claims.iss ?? ""}`);
  const payload = await verified(WebIdentityToken, claims.iss ?? "", ctx);
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

async function verified(token: string, issuer: string, ctx: Context<TokenErrors>): Promise<JWTPayload> {
  try {
    const keys = await issuerKeys(issuer, ctx.clock.now());
    const { payload } = await jwtVerify(token, keys, {
      algorithms,
      issuer,
      currentDate: new Date(ctx.clock.now()),
      clockTolerance: toleranceSeconds,
      requiredClaims: ["exp", "iat", "sub", "aud"],
    });
    // Tolerance is for clocks that are ahead; what has expired has expired.
    if ((payload.exp ?? 0) * 1000 <= ctx.clock.now()) throw new errors.JWTExpired("expired", payload);
    return payload;
  } catch (error) {
    if (error instanceof IssuerUnreachable) {
      throw ctx.error(
        "IDPCommunicationErrorException",
        "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
      );
    }
    if (error instanceof errors.JWTExpired) {
      const at = new Date(ctx.clock.now()).toISOString();
      throw ctx.error(
        "ExpiredTokenException",
        `Token expired: current date/time ${at} must be before the expiration date/time`,
      );
    }
    throw ctx.error("InvalidIdentityTokenException", "Couldn't verify the ID Token's signature or claims.");
  }
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
