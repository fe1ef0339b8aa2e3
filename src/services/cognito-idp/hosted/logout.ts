import { endSession } from "./browserSessions.ts";
import { setCookie } from "./cookies.ts";
import { redirect } from "./html.ts";
import { clientOf, oauthRequest, Untold, withParameters } from "./oauthRequest.ts";
import type { Answer, Visit } from "./visit.ts";

/** The browser signs out, and goes on to the app, or to sign in anew. https://docs.aws.amazon.com/cognito/latest/developerguide/logout-endpoint.html */
export async function logout(visit: Visit): Promise<Answer> {
  const { query, base } = visit;
  const client = await clientOf(visit, query.get("client_id") ?? undefined);
  if (client === undefined) throw new Untold("Client does not exist.");
  const to = query.get("logout_uri");
  if (to === null) {
    // As if it were a request to sign in: an address that is not the app's leads nowhere.
    await oauthRequest(visit);
    await endSession(visit);
    return redirect(`${base}/login?${query}`, [setCookie(visit, "session", "")]);
  }
  if (!client.settings.LogoutURLs?.includes(to)) throw new Untold("redirect_mismatch");
  await endSession(visit);
  const state = query.get("state") ?? undefined;
  const target = state === undefined ? to : withParameters(to, { state });
  return redirect(target, [setCookie(visit, "session", "")]);
}
