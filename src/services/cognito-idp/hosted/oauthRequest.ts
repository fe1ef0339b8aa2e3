import type { ClientRow } from "../clients/clientRow.ts";
import { keyOf } from "../pools/poolRow.ts";
import { clients } from "../tables.ts";
import { ownScope } from "../tokens/claims.ts";
import { redirect } from "./html.ts";
import { OAuthError } from "./json.ts";
import type { Answer, Visit } from "./visit.ts";

/**
 * What an app asks for, held against what its client may have. It comes with every page of a sign-in and is judged anew
 * each time: nothing of it is kept. https://docs.aws.amazon.com/cognito/latest/developerguide/authorization-endpoint.html
 */

export interface OAuthRequest {
  client: ClientRow;
  redirectUri: string;
  responseType: "code" | "token";
  scopes: string[];
  state: string | undefined;
  nonce: string | undefined;
  /** Of PKCE, by S256. */
  challenge: string | undefined;
}

const maxChars = { state: 2_048, nonce: 2_048 };
const challengeForm = /^[\w-]{43}$/;
export const openIdScopes = ["openid", "email", "phone", "profile"];

/** The app does not get to know of it: whom a redirect would reach is not certain. */
export class Untold extends Error {}

/** The app is told, at its own address. */
export class Told extends Error {
  readonly code: string;
  readonly request: Pick<OAuthRequest, "redirectUri" | "responseType" | "state">;

  constructor(code: string, request: Told["request"], message: string) {
    super(message);
    this.code = code;
    this.request = request;
  }
}

/** A parameter that stands once at most: what stands twice means two things. */
function single(query: URLSearchParams, name: string): string | undefined {
  const values = query.getAll(name);
  if (values.length > 1) throw new Untold(`The parameter ${name} stands more than once.`);
  return values[0] || undefined;
}

export async function clientOf(
  { pool, ctx }: Pick<Visit, "pool" | "ctx">,
  clientId: string | undefined,
): Promise<ClientRow | undefined> {
  return clientId === undefined ? undefined : await clients.get(ctx.tx, ...keyOf(pool), clientId);
}

export async function oauthRequest(visit: Visit): Promise<OAuthRequest> {
  const { query } = visit;
  const client = await clientOf(visit, single(query, "client_id"));
  if (client === undefined) throw new Untold("Client does not exist.");
  const redirectUri = single(query, "redirect_uri");
  // Exactly one of those that are registered: no prefix, no other port, no further parameter.
  if (redirectUri === undefined || !client.settings.CallbackURLs?.includes(redirectUri))
    throw new Untold("redirect_mismatch");
  const asked = single(query, "response_type");
  const state = single(query, "state");
  const responseType = asked === "token" ? "token" : "code";
  const reply = { redirectUri, responseType, state } as const;
  if (asked !== "code" && asked !== "token")
    throw new Told("invalid_request", reply, "invalid response_type");
  if (state !== undefined && state.length > maxChars.state)
    throw new Told("invalid_request", { ...reply, state: undefined }, "state is too long");
  checkFlow(client, responseType, reply);
  const nonce = single(query, "nonce");
  if (nonce !== undefined && nonce.length > maxChars.nonce)
    throw new Told("invalid_request", reply, "nonce is too long");
  return {
    client,
    ...reply,
    scopes: scopesOf(client, single(query, "scope"), reply),
    nonce,
    challenge: challengeOf(visit, reply),
  };
}

function checkFlow({ settings }: ClientRow, responseType: string, reply: Told["request"]): void {
  const flow = responseType === "code" ? "code" : "implicit";
  if (!settings.AllowedOAuthFlowsUserPoolClient || !settings.AllowedOAuthFlows?.includes(flow))
    throw new Told("unauthorized_client", reply, `${flow} flow is not enabled for this client`);
}

/** All of the client's where none are asked for. */
function scopesOf({ settings }: ClientRow, asked: string | undefined, reply: Told["request"]): string[] {
  const allowed = settings.AllowedOAuthScopes ?? [];
  const scopes = asked === undefined ? allowed : [...new Set(asked.split(" ").filter((one) => one !== ""))];
  if (scopes.length === 0 || !scopes.every((scope) => allowed.includes(scope)))
    throw new Told("invalid_scope", reply, "invalid_scope");
  const needsOpenId = scopes.some((scope) => scope !== "openid" && openIdScopes.includes(scope));
  if (needsOpenId && !scopes.includes("openid") && !scopes.includes(ownScope))
    throw new Told("invalid_scope", reply, "The scope openid is required.");
  return scopes;
}

function challengeOf({ query }: Visit, reply: Told["request"]): string | undefined {
  const challenge = single(query, "code_challenge");
  const method = single(query, "code_challenge_method");
  if (challenge === undefined && method === undefined) return undefined;
  // "plain" is what a challenge without a method means, and it protects nothing.
  if (method !== "S256") throw new Told("invalid_request", reply, "code_challenge_method must be S256");
  if (challenge === undefined || !challengeForm.test(challenge))
    throw new Told("invalid_request", reply, "code_challenge is not valid");
  return challenge;
}

/** An address of an app with more to say: in its query, or behind its fragment's mark for implicit flows. */
export function withParameters(
  uri: string,
  parameters: Record<string, string | undefined>,
  inFragment = false,
): string {
  const said = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined) said.append(name, value);
  if (inFragment) return `${uri.split("#")[0]}#${said}`;
  const [address = "", fragment] = uri.split("#");
  const mark = address.includes("?") ? "&" : "?";
  return `${address}${mark}${said}${fragment === undefined ? "" : `#${fragment}`}`;
}

export function toldAnswer({ code, message, request }: Told): Answer {
  const { redirectUri, responseType, state } = request;
  return redirect(
    withParameters(
      redirectUri,
      { error: code, ...(message !== code && { error_description: message }), state },
      responseType === "token",
    ),
  );
}

/** The scopes of resource servers that a client without a user may have. */
export function machineScopes({ settings }: ClientRow, asked: string | undefined): string[] {
  const isCustom = (scope: string) => !openIdScopes.includes(scope) && scope !== ownScope;
  const allowed = (settings.AllowedOAuthScopes ?? []).filter(isCustom);
  const scopes = asked ? [...new Set(asked.split(" ").filter((one) => one !== ""))] : allowed;
  if (scopes.length === 0 || !scopes.every((scope) => allowed.includes(scope)))
    throw new OAuthError("invalid_scope");
  return scopes;
}

/** Providers that a client's users may come from: "COGNITO", and names of others. */
export function offers({ settings }: ClientRow, provider: string): boolean {
  return settings.SupportedIdentityProviders?.includes(provider) ?? false;
}

export function isOpenId(scopes: readonly string[] | undefined): boolean {
  return scopes?.includes("openid") ?? false;
}
