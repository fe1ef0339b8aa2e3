import { decodeJwt, errors, type JWTPayload, jwtVerify } from "jose";
import type { Caller, Session } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import type { Access, ProviderFacts, RoleFacts } from "../../kit/service.ts";
import { sts } from "./contract.ts";
import { IssuerUnreachable, issuerKeys } from "./issuerKeys.ts";
import { roleCaller, roleSeconds, sessionPolicies } from "./sessions.ts";
import { issue } from "./tokens.ts";
import { tagsOfToken } from "./tokenTags.ts";
import { checkArn, trustsNobody } from "./trust.ts";

/** Roles for those who prove themselves with a token of an OpenID Connect issuer. The call itself is unsigned. */

/** Signatures that a token may have: asymmetric ones only. */
const algorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];
/** Clocks of issuers may be off by this. */
const toleranceSeconds = 5 * 60;

type Errors =
  | "InvalidIdentityTokenException"
  | "ExpiredTokenException"
  | "IDPCommunicationErrorException"
  | "IDPRejectedClaimException";

interface Identity {
  caller: Caller;
  provider: ProviderFacts;
  subject: string;
  audience: string;
  tags: Pick<Session, "tags" | "transitiveTagKeys">;
}

interface Input {
  RoleArn: string;
  RoleSessionName: string;
  WebIdentityToken: string;
  ProviderId?: string | undefined;
}

/** What a call's token proved: worked out for its access, and used again by its handler. */
const proven = new WeakMap<object, Promise<Identity>>();

function identityOf(input: Input, ctx: Context<Errors>): Promise<Identity> {
  let identity = proven.get(input);
  if (identity === undefined) {
    identity = prove(input, ctx);
    proven.set(input, identity);
  }
  return identity;
}

function accountOf(roleArn: string): string {
  return roleArn.split(":")[4] ?? "";
}

async function prove({ RoleArn, WebIdentityToken }: Input, ctx: Context<Errors>): Promise<Identity> {
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
  const provider = await ctx.directory.findOidcProvider(accountOf(RoleArn), issuer, ctx.tx);
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

async function verified(token: string, issuer: string, ctx: Context<Errors>): Promise<JWTPayload> {
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

/** The role must trust the holder of the token. */
async function access(input: Input, ctx: Context<Errors>): Promise<Access | Access[]> {
  checkArn(input.RoleArn, ctx);
  const identity = await identityOf(input, ctx);
  const role = await ctx.directory.findRole(input.RoleArn, ctx.tx);
  const wanted: Access = {
    action: "sts:AssumeRoleWithWebIdentity",
    resource: input.RoleArn,
    resourceAccount: accountOf(input.RoleArn),
    resourcePolicy: { name: input.RoleArn, document: role?.trustPolicy ?? trustsNobody, kind: "trust" },
    resourceType: "AWS::IAM::Role",
    as: identity.caller,
    context: { "sts:RoleSessionName": input.RoleSessionName },
    requestTags: Object.entries(identity.tags.tags ?? {}).map(([Key, Value]) => ({ Key, Value })),
    ...(role && { resourceTags: role.tags }),
  };
  return identity.tags.tags === undefined ? wanted : [wanted, { ...wanted, action: "sts:TagSession" }];
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html */
export const assumeRoleWithWebIdentity = sts.operation("AssumeRoleWithWebIdentity", {
  access,
  async handle(input, ctx) {
    const { caller: federated, provider, subject, audience, tags } = await identityOf(input, ctx);
    const role = (await ctx.directory.findRole(input.RoleArn, ctx.tx)) as RoleFacts;
    const seconds = roleSeconds(input.DurationSeconds, role, ctx);
    const { packedPercent, ...policies } = await sessionPolicies(input, ctx);
    const issuedAt = ctx.clock.now();
    const caller = roleCaller(role, input.RoleSessionName, {
      by: "AssumeRoleWithWebIdentity",
      issuedAt,
      expiresAt: issuedAt + seconds * 1000,
      provider: provider.arn,
      ...(federated.session?.federatedContext && { federatedContext: federated.session.federatedContext }),
      ...policies,
      ...tags,
    });
    return {
      Credentials: await issue(caller, ctx.tx),
      AssumedRoleUser: { AssumedRoleId: caller.principal.userId, Arn: caller.principal.arn },
      SubjectFromWebIdentityToken: subject,
      Audience: audience,
      Provider: provider.arn,
      ...(packedPercent !== undefined && { PackedPolicySize: packedPercent }),
    };
  },
});
