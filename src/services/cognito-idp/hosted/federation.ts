import { AwsError } from "../../../kit/errors.ts";
import { uuid } from "../../../kit/ids.ts";
import { keysOf } from "../pools/poolKeys.ts";
import { keyOf } from "../pools/poolRow.ts";
import { open, seal } from "../tokens/sealed.ts";
import { useOnce } from "../tokens/spent.ts";
import { cookieOf, formSecret, type Header, hashOf, isSame } from "./cookies.ts";
import { arrivedUser, type Identity } from "./federatedUsers.ts";
import { finishNew } from "./finish.ts";
import { type OAuthRequest, oauthRequest, offers, Told, Untold } from "./oauthRequest.ts";
import { type ProviderRow, providerIdentifiers, providers } from "./tables.ts";
import { type Answer, tried, type Visit } from "./visit.ts";

/** Sign-in through another provider: the browser is sent there, and comes back with what proves who it is. */

/** https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html */
const validMs = 5 * 60_000;

/** What goes to the provider with the browser, sealed, and comes back with it. */
export interface Sent {
  id: string;
  provider: string;
  /** The request that the sign-in is part of. */
  query: string;
  /** Hash of the browser's own secret: who brings this back must have it. */
  browser: string;
  nonce: string;
  /** Of PKCE. */
  verifier: string;
  expiresMs: number;
}

/** The provider that a request names, if its client's users may come from there. */
export async function namedProvider(
  visit: Visit,
  { client, ...reply }: OAuthRequest,
): Promise<ProviderRow | undefined> {
  const { query, pool, ctx } = visit;
  const identifier = query.get("idp_identifier");
  const byIdentifier =
    identifier === null ? undefined : await providerIdentifiers.get(ctx.tx, ...keyOf(pool), identifier);
  const name =
    query.get("identity_provider") ?? (identifier === null ? undefined : (byIdentifier?.name ?? ""));
  if (name === undefined || name === "COGNITO") return undefined;
  const row = offers(client, name) ? await providers.get(ctx.tx, ...keyOf(pool), name) : undefined;
  if (row === undefined) throw new Told("invalid_request", reply, "The identity provider does not exist.");
  return row;
}

/** The only way to sign in, where that is another provider: nothing is asked. */
export async function onlyProvider(
  { pool, ctx }: Visit,
  { client }: OAuthRequest,
): Promise<ProviderRow | undefined> {
  const [only, ...others] = client.settings.SupportedIdentityProviders ?? [];
  if (only === undefined || only === "COGNITO" || others.length > 0) return undefined;
  return await providers.get(ctx.tx, ...keyOf(pool), only);
}

export interface Leaving {
  sent: Sent;
  /** Sealed, as the provider gets it. */
  state: string;
  headers: Header[];
}

export async function leave(
  visit: Visit,
  provider: ProviderRow,
  secrets: Pick<Sent, "nonce" | "verifier">,
): Promise<Leaving> {
  const { pool, ctx, query } = visit;
  const { secret, headers } = formSecret(visit);
  const sent: Sent = {
    id: `_${uuid()}`,
    provider: provider.name,
    query: query.toString(),
    browser: hashOf(secret),
    ...secrets,
    expiresMs: ctx.clock.now() + validMs,
  };
  const content = Buffer.from(JSON.stringify(sent));
  return { sent, state: seal("federation", pool.poolId, await keysOf(pool, ctx), content), headers };
}

/** What was sent, come back in time; the visit and the request that it belongs to. */
export async function returned(
  visit: Visit,
  state: string | null,
  type: ProviderRow["type"],
): Promise<{ sent: Sent; before: Visit; request: OAuthRequest; provider: ProviderRow }> {
  const { pool, ctx } = visit;
  const content =
    state === null ? undefined : open("federation", pool.poolId, await keysOf(pool, ctx), state);
  if (content === undefined) throw new Untold("invalid_request: the state is not valid.");
  const sent = JSON.parse(content.toString()) as Sent;
  if (sent.expiresMs <= ctx.clock.now()) throw new Untold("invalid_request: the state has expired.");
  const before = { ...visit, query: new URLSearchParams(sent.query) };
  const request = await oauthRequest(before);
  const provider = offers(request.client, sent.provider)
    ? await providers.get(ctx.tx, ...keyOf(pool), sent.provider)
    : undefined;
  if (provider?.type !== type) throw new Untold("The identity provider does not exist.");
  return { sent, before, request, provider };
}

/** Whoever comes back is the browser that was sent: otherwise somebody is being signed in as another. */
export function checkBrowser(visit: Visit, browser: string): void {
  const secret = cookieOf(visit, "form");
  if (secret === undefined || !isSame(hashOf(secret), browser))
    throw new Untold("invalid_request: the sign-in was begun in another browser.");
}

/** Each leave counts for one return. */
export async function checkFirst({ pool, ctx }: Visit, { id, expiresMs }: Sent): Promise<void> {
  if (!(await useOnce(pool, `federation/${id}`, expiresMs, ctx)))
    throw new Untold("invalid_request: the state was used before.");
}

/** Who has come back is signed in, as the user of the pool that it is or is linked to. */
export async function arrive(
  visit: Visit,
  request: OAuthRequest,
  provider: ProviderRow,
  identity: Identity,
): Promise<Answer> {
  const found = await tried(visit.ctx, () => arrivedUser(visit, request.client, provider, identity));
  if (found instanceof AwsError) throw new Told("invalid_request", request, found.message);
  const authMs = visit.ctx.clock.now();
  return await finishNew(visit, request, { ...found, authMs, provider: provider.name });
}
