import { AwsError } from "../../../kit/errors.ts";
import { beginRegistration, completeRegistration } from "../passkeys/passkeys.ts";
import { type SignedIn, signedIn } from "./browserSessions.ts";
import { passkeyPage } from "./choiceViews.ts";
import { hasFormToken } from "./cookies.ts";
import { addsPasskey, finish } from "./finish.ts";
import { errorPage, redirect } from "./html.ts";
import { type OAuthRequest, oauthRequest } from "./oauthRequest.ts";
import { addPasskeyPath, linkTo } from "./views.ts";
import { type Answer, isForeign, tried, type Visit } from "./visit.ts";
import { problemOf } from "./words.ts";

/** Where users who have signed in add passkeys; then they go on to the app. https://docs.aws.amazon.com/cognito/latest/developerguide/managed-login-endpoints.html */

export async function addPasskey(visit: Visit): Promise<Answer> {
  const { words, method, form, ctx } = visit;
  if (visit.domain.managedLoginVersion !== 2) return errorPage(visit, "The page does not exist.", 404);
  const request = await oauthRequest(visit);
  const known = await signedIn(visit);
  if (known === undefined) return redirect(linkTo(visit, "/login", { [addsPasskey]: "true" }));
  if (method === "GET") return await asked(visit, request, known);
  if (isForeign(visit) || !hasFormToken(visit)) return await asked(visit, request, known, words.expired);
  const credential = parsed(form.get("credential") ?? "");
  if (credential === undefined) return await asked(visit, request, known, words.passkeyScript);
  const owner = { ...known, pool: visit.pool };
  const refused = await tried(ctx, () => completeRegistration(owner, credential, ctx));
  if (!(refused instanceof AwsError)) return await finish(visit, request, known);
  return await asked(visit, request, known, problemOf(words, refused));
}

async function asked(
  visit: Visit,
  request: OAuthRequest,
  known: SignedIn,
  problem?: string,
): Promise<Answer> {
  const { words, pool, ctx } = visit;
  const options = await tried(ctx, () => beginRegistration({ ...known, pool }, ctx));
  if (options instanceof AwsError) return errorPage(visit, options.message);
  return passkeyPage(
    visit,
    request,
    {
      heading: words.passkeyAddHeading,
      hint: words.passkeyAddHint,
      path: addPasskeyPath,
      step: "passkey",
      hidden: {},
      kind: "create",
      options: JSON.stringify(options),
      otherwise: { to: linkTo(visit, "/oauth2/authorize"), label: words.notNow },
    },
    problem,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
