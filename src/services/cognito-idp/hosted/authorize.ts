import { signedIn } from "./browserSessions.ts";
import { namedProvider, onlyProvider } from "./federation.ts";
import { finish } from "./finish.ts";
import { redirect } from "./html.ts";
import { type OAuthRequest, oauthRequest, offers, Told } from "./oauthRequest.ts";
import { toOidc } from "./oidc.ts";
import { toSaml } from "./saml.ts";
import type { ProviderRow } from "./tables.ts";
import { linkTo } from "./views.ts";
import type { Answer, Visit } from "./visit.ts";

/** Where apps send their users. https://docs.aws.amazon.com/cognito/latest/developerguide/authorization-endpoint.html */
export async function authorize(visit: Visit): Promise<Answer> {
  const request = await oauthRequest(visit);
  const prompts = (visit.query.get("prompt") ?? "").split(" ");
  const named = await namedProvider(visit, request);
  const known = prompts.includes("login") ? undefined : await signedIn(visit);
  const isAsNamed = named === undefined || named.name === known?.provider;
  // Who came from where this client's users do not come from, has not signed in to it.
  const isOffered = offers(request.client, known?.provider ?? "COGNITO");
  if (known !== undefined && isAsNamed && isOffered) return await finish(visit, request, known);
  if (prompts.includes("none")) throw new Told("login_required", request, "login_required");
  const provider = named ?? (await onlyProvider(visit, request));
  return provider === undefined
    ? redirect(linkTo(visit, "/login"))
    : await leaveFor(visit, request, provider);
}

async function leaveFor(visit: Visit, request: OAuthRequest, provider: ProviderRow): Promise<Answer> {
  if (provider.type === "OIDC") return await toOidc(visit, request, provider);
  if (provider.type === "SAML") return await toSaml(visit, request, provider);
  throw new Told("invalid_request", request, `Providers of type ${provider.type} are not reached from here.`);
}
