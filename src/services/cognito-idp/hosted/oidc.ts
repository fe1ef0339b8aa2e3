import { createHash, randomBytes } from "node:crypto";
import type { JWTPayload } from "jose";
import { soundKeys, tokenAlgorithms } from "../../../kit/jwks.ts";
import { arrive, checkBrowser, checkFirst, leave, returned, type Sent } from "./federation.ts";
import { redirect } from "./html.ts";
import { type OAuthRequest, Told, withParameters } from "./oauthRequest.ts";
import { BadProvider, fetchJson, outside } from "./outside.ts";
import type { ProviderRow } from "./tables.ts";
import type { Answer, Visit } from "./visit.ts";

/** Providers that speak OpenID Connect. https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth */

const responsePath = "/oauth2/idpresponse";
/** Clocks of providers may be off by this. */
const toleranceSeconds = 60;

interface Addresses {
  authorize: string;
  token: string;
  keys: string;
  userInfo: string | undefined;
}

/** What the pool's settings say, or else the provider's own document. */
async function addressesOf({ details }: ProviderRow): Promise<Addresses> {
  const { authorize_url, token_url, jwks_uri, attributes_url, oidc_issuer = "" } = details;
  if (authorize_url && token_url && jwks_uri)
    return { authorize: authorize_url, token: token_url, keys: jwks_uri, userInfo: attributes_url };
  const url = `${oidc_issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const found = await fetchJson({ url });
  if (found.issuer !== oidc_issuer) throw new BadProvider("The discovery document is not the issuer's.");
  const said = (name: string) => (typeof found[name] === "string" ? found[name] : "");
  return {
    authorize: authorize_url ?? said("authorization_endpoint"),
    token: token_url ?? said("token_endpoint"),
    keys: jwks_uri ?? said("jwks_uri"),
    userInfo: attributes_url ?? (said("userinfo_endpoint") || undefined),
  };
}

function told(error: unknown, request: OAuthRequest): unknown {
  return error instanceof BadProvider ? new Told("invalid_request", request, error.message) : error;
}

export async function toOidc(visit: Visit, request: OAuthRequest, provider: ProviderRow): Promise<Answer> {
  const { ctx, self, query } = visit;
  const addresses = await outside(ctx, "discover", () => addressesOf(provider)).catch((error: unknown) => {
    throw told(error, request);
  });
  const secret = () => randomBytes(32).toString("base64url");
  const { sent, state, headers } = await leave(visit, provider, { nonce: secret(), verifier: secret() });
  const { client_id, authorize_scopes } = provider.details;
  const to = withParameters(addresses.authorize, {
    client_id,
    redirect_uri: `${self}${responsePath}`,
    response_type: "code",
    scope: authorize_scopes,
    state,
    nonce: sent.nonce,
    code_challenge: createHash("sha256").update(sent.verifier).digest("base64url"),
    code_challenge_method: "S256",
    login_hint: query.get("login_hint") ?? undefined,
  });
  return redirect(to, headers);
}

/** The browser comes back, with a code. */
export async function fromOidc(visit: Visit): Promise<Answer> {
  const { query } = visit;
  const { sent, before, request, provider } = await returned(visit, query.get("state"), "OIDC");
  checkBrowser(visit, sent.browser);
  await checkFirst(visit, sent);
  const refused = query.get("error");
  if (refused !== null) {
    const code = /^[\w.]{1,64}$/.test(refused) ? refused : "invalid_request";
    throw new Told(code, request, query.get("error_description")?.slice(0, 256) ?? code);
  }
  const code = query.get("code");
  const issuer = query.get("iss");
  // https://www.rfc-editor.org/rfc/rfc9207: an answer of another provider than the one that was asked.
  if (code === null || (issuer !== null && issuer !== provider.details.oidc_issuer))
    throw new Told("invalid_request", request, "The answer is not of the identity provider.");
  const nowMs = visit.ctx.clock.now();
  const claims = await outside(visit.ctx, "exchange", () =>
    claimsFor(code, sent, provider, `${visit.self}${responsePath}`, nowMs),
  ).catch((error: unknown) => {
    throw told(error, request);
  });
  const { sub = "", ...others } = claims;
  return await arrive(before, request, provider, { subject: sub, attributes: textsOf({ sub, ...others }) });
}

async function claimsFor(
  code: string,
  { nonce, verifier }: Sent,
  provider: ProviderRow,
  redirectUri: string,
  nowMs: number,
): Promise<JWTPayload> {
  const { client_id = "", client_secret, attributes_request_method } = provider.details;
  const addresses = await addressesOf(provider);
  const form = new URLSearchParams({
    grant_type: "authorization_code",
    code,
    redirect_uri: redirectUri,
    client_id,
    ...(client_secret && { client_secret }),
    code_verifier: verifier,
  });
  const tokens = await fetchJson({
    url: addresses.token,
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded", accept: "application/json" },
    body: form.toString(),
  });
  if (typeof tokens.id_token !== "string") throw new BadProvider("The provider gave no ID token.");
  const claims = await proven(tokens.id_token, provider, addresses.keys, nonce, nowMs);
  if (addresses.userInfo === undefined || typeof tokens.access_token !== "string") return claims;
  const more = await fetchJson({
    url: addresses.userInfo,
    method: attributes_request_method === "POST" ? "POST" : "GET",
    headers: { authorization: `Bearer ${tokens.access_token}` },
  });
  // https://openid.net/specs/openid-connect-core-1_0.html#UserInfoResponse
  if (more.sub !== claims.sub) throw new BadProvider("The provider's attributes are of another user.");
  return { ...more, ...claims };
}

async function proven(
  token: string,
  { details }: ProviderRow,
  keysUrl: string,
  nonce: string,
  nowMs: number,
): Promise<JWTPayload> {
  const { createLocalJWKSet, errors, jwtVerify } = await import("jose");
  const { client_id = "", oidc_issuer = "" } = details;
  const keys = soundKeys(await fetchJson({ url: keysUrl }));
  if (keys === undefined) throw new BadProvider("The provider's keys are no key set.");
  try {
    const { payload } = await jwtVerify(token, createLocalJWKSet(keys), {
      algorithms: tokenAlgorithms,
      issuer: oidc_issuer,
      audience: client_id,
      currentDate: new Date(nowMs),
      clockTolerance: toleranceSeconds,
      requiredClaims: ["exp", "iat", "sub", "nonce"],
    });
    const isForMany = Array.isArray(payload.aud) && payload.aud.length > 1;
    const isParty = payload.azp === undefined ? !isForMany : payload.azp === client_id;
    if (payload.nonce !== nonce || !isParty || payload.sub === "" || typeof payload.sub !== "string")
      throw new BadProvider("The ID token is not for this sign-in.");
    return payload;
  } catch (error) {
    if (error instanceof BadProvider) throw error;
    if (error instanceof errors.JOSEError || error instanceof TypeError)
      throw new BadProvider("The ID token is not valid.");
    throw error;
  }
}

/** Values of attributes are texts. */
function textsOf(claims: JWTPayload): Record<string, string> {
  return Object.fromEntries(
    Object.entries(claims)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([name, value]) => [name, typeof value === "object" ? JSON.stringify(value) : String(value)]),
  );
}
