import { AwsError } from "../../../kit/errors.ts";
import { timedUuid } from "../../../kit/ids.ts";
import { exchange, openRefreshToken } from "../auth/refresh.ts";
import type { ClientRow } from "../clients/clientRow.ts";
import { validityOf } from "../clients/settings.ts";
import { issueTokens, newJti } from "../tokens/issue.ts";
import { issuerOf, signed, signingKeysOf } from "../tokens/signingKeys.ts";
import { isRecord } from "../triggers/invoke.ts";
import { machineChanges } from "../triggers/preToken.ts";
import { findByKey } from "../users/find.ts";
import { once, provenClient } from "./clientAuth.ts";
import { useCode } from "./codes.ts";
import { source } from "./finish.ts";
import { json, OAuthError, refusal } from "./json.ts";
import { isOpenId, machineScopes } from "./oauthRequest.ts";
import { type Answer, tried, type Visit } from "./visit.ts";

/** Tokens for codes, refresh tokens and secrets. https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html */

type Grant = (visit: Visit, client: ClientRow) => Promise<Answer>;

const grants: Record<string, Grant> = {
  authorization_code: codeGrant,
  refresh_token: refreshGrant,
  client_credentials: machineGrant,
};

export async function tokenEndpoint(visit: Visit): Promise<Answer> {
  if (visit.method !== "POST") throw new OAuthError("invalid_request", "", 405);
  const client = await provenClient(visit);
  const name = once(visit.form, "grant_type") ?? "";
  const grant = Object.hasOwn(grants, name) ? grants[name] : undefined;
  if (grant === undefined) throw new OAuthError(name === "" ? "invalid_request" : "unsupported_grant_type");
  return await grant(visit, client);
}

async function codeGrant(visit: Visit, client: ClientRow): Promise<Answer> {
  const { pool, form, ctx } = visit;
  const code = once(form, "code");
  if (code === undefined) throw new OAuthError("invalid_request");
  const { clientId } = client;
  const originJti = newJti(ctx);
  const expiresMs = ctx.clock.now() + validityOf(client.settings).refresh * 1_000;
  const presented = {
    code,
    clientId,
    redirectUri: once(form, "redirect_uri"),
    verifier: once(form, "code_verifier"),
  };
  const row = await useCode(pool, presented, { originJti, expiresMs }, ctx);
  // Answered, not thrown: what a second use voids, stays void.
  if (row instanceof OAuthError) return refusal(row);
  const found = await findByKey(pool, row.userKey, ctx);
  const { signedOutMs = 0 } = found?.user ?? {};
  const isHolder = found?.user.sub === row.sub && found.user.enabled && row.authMs > signedOutMs;
  if (found === undefined || !isHolder) return refusal(new OAuthError("invalid_grant"));
  ctx.event.additionalEventData = { sub: found.user.sub };
  const { scopes, nonce, authMs } = row;
  const tokens = await tried(ctx, () =>
    issueTokens(
      { pool, client, ...found, authMs, scopes, nonce, originJti, eventId: ctx.requestId, source },
      ctx,
    ),
  );
  // A function of the pool may refuse.
  if (tokens instanceof AwsError) return refusal(new OAuthError("invalid_request", tokens.message));
  return json({
    ...(isOpenId(scopes) && { id_token: tokens.IdToken }),
    access_token: tokens.AccessToken,
    refresh_token: tokens.RefreshToken,
    expires_in: tokens.ExpiresIn,
    token_type: "Bearer",
  });
}

async function refreshGrant(visit: Visit, client: ClientRow): Promise<Answer> {
  const { pool, form, ctx } = visit;
  const token = once(form, "refresh_token");
  if (token === undefined) throw new OAuthError("invalid_request");
  const tokens = await tried(ctx, async () => {
    const refreshed = await openRefreshToken({ pool, client }, token, ctx);
    const { scopes } = refreshed.content;
    return { scopes, ...(await exchange({ pool, client }, refreshed, undefined, ctx)) };
  });
  if (tokens instanceof AwsError) return refusal(new OAuthError("invalid_grant"));
  return json({
    ...((tokens.scopes === undefined || isOpenId(tokens.scopes)) && { id_token: tokens.IdToken }),
    access_token: tokens.AccessToken,
    ...(tokens.RefreshToken !== undefined && { refresh_token: tokens.RefreshToken }),
    expires_in: tokens.ExpiresIn,
    token_type: "Bearer",
  });
}

/** A client on its own behalf. https://www.rfc-editor.org/rfc/rfc6749#section-4.4 */
async function machineGrant(visit: Visit, client: ClientRow): Promise<Answer> {
  const { pool, form, ctx } = visit;
  const { settings, clientId, secrets } = client;
  const isAllowed =
    settings.AllowedOAuthFlowsUserPoolClient && settings.AllowedOAuthFlows?.includes("client_credentials");
  if (!isAllowed || secrets.length === 0) throw new OAuthError("unauthorized_client");
  const asked = machineScopes(client, once(form, "scope"));
  const metadata = metadataOf(once(form, "aws_client_metadata"));
  const changes = await tried(ctx, () => machineChanges({ pool, client }, asked, metadata, ctx));
  if (changes instanceof AwsError) throw new OAuthError("invalid_request", changes.message);
  const { access: claimed, scopesToAdd, scopesToSuppress } = changes;
  const scope = [...new Set([...asked, ...scopesToAdd])]
    .filter((one) => !scopesToSuppress.includes(one))
    .join(" ");
  const seconds = Math.floor(ctx.clock.now() / 1_000);
  const { access } = validityOf(settings);
  const claims: Record<string, unknown> = {
    ...claimed.add,
    sub: clientId,
    token_use: "access",
    scope,
    auth_time: seconds,
    iss: issuerOf(pool),
    exp: seconds + access,
    iat: seconds,
    version: 2,
    jti: timedUuid(ctx.clock.now()),
    client_id: clientId,
  };
  for (const claim of claimed.suppress) delete claims[claim];
  const access_token = await signed(await signingKeysOf(pool, ctx), "access", claims);
  return json({ access_token, expires_in: access, token_type: "Bearer" });
}

/** What an app tells the pool's function: a JSON document of texts. */
function metadataOf(text: string | undefined): Record<string, string> | undefined {
  if (text === undefined) return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    if (isRecord(parsed))
      return Object.fromEntries(Object.entries(parsed).map(([name, value]) => [name, String(value)]));
  } catch {
    // Falls through: what cannot be parsed is refused as what is no document of texts.
  }
  throw new OAuthError("invalid_request", "aws_client_metadata is not valid");
}
