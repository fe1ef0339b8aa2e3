import { issueTokens, newJti } from "../tokens/issue.ts";
import { beginSession, type SignedIn } from "./browserSessions.ts";
import { newCode } from "./codes.ts";
import type { Header } from "./cookies.ts";
import { redirect } from "./html.ts";
import { isOpenId, type OAuthRequest, withParameters } from "./oauthRequest.ts";
import { addPasskeyPath, linkTo } from "./views.ts";
import type { Answer, Visit } from "./visit.ts";

/** The end of a sign-in on the pages: the app gets what it has asked for. */

/** Says that a sign-in is for adding a passkey, and leads there. */
export const addsPasskey = "adds_passkey";

/** Who has just proved it: a session begins, too. */
export async function finishNew(visit: Visit, request: OAuthRequest, signedIn: SignedIn): Promise<Answer> {
  const headers = [await beginSession(visit, signedIn)];
  if (visit.query.has(addsPasskey) && signedIn.provider === undefined) {
    const query = new URLSearchParams(visit.query);
    query.delete(addsPasskey);
    return redirect(linkTo({ ...visit, query }, addPasskeyPath), headers);
  }
  return await finish(visit, request, signedIn, headers);
}

export async function finish(
  visit: Visit,
  request: OAuthRequest,
  signedIn: SignedIn,
  headers: readonly Header[] = [],
): Promise<Answer> {
  const { redirectUri, responseType, state } = request;
  if (responseType === "token") {
    const said = await implicitTokens(visit, request, signedIn);
    return redirect(withParameters(redirectUri, { ...said, state }, true), headers);
  }
  const code = newCode(
    visit.pool,
    {
      clientId: request.client.clientId,
      redirectUri,
      ...(request.challenge !== undefined && { challenge: request.challenge }),
      userKey: signedIn.userKey,
      sub: signedIn.user.sub,
      scopes: request.scopes,
      ...(request.nonce !== undefined && { nonce: request.nonce }),
      authMs: signedIn.authMs,
    },
    visit.ctx,
  );
  return redirect(withParameters(redirectUri, { code, state }), headers);
}

async function implicitTokens(
  visit: Visit,
  { client, scopes, nonce }: OAuthRequest,
  { user, userKey, authMs }: SignedIn,
): Promise<Record<string, string | undefined>> {
  const { pool, ctx } = visit;
  const basis = { pool, client, user, userKey, authMs, scopes, nonce, eventId: ctx.requestId };
  const tokens = await issueTokens({ ...basis, originJti: newJti(ctx), source, refresh: "none" }, ctx);
  return {
    ...(isOpenId(scopes) && { id_token: tokens.IdToken }),
    access_token: tokens.AccessToken,
    expires_in: String(tokens.ExpiresIn),
    token_type: "Bearer",
  };
}

/** How functions of a pool know tokens of the hosted pages. */
export const source = "HostedAuth";
