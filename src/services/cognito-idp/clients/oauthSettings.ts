import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { providers, resourceServers } from "../hosted/tables.ts";
import { keyOf, type PoolRow } from "../pools/poolRow.ts";
import { invalid } from "../refusals.ts";
import type { ClientSettings } from "./clientRow.ts";

/** What of a client's OAuth settings goes together, in AWS's words. */

const ownProvider = "COGNITO";
const signInScopes = ["openid", "email", "phone", "profile"];
const ownScopes = new Set([...signInScopes, "aws.cognito.signin.user.admin"]);

/** Plain HTTP is for apps under development, on the user's own machine. */
const ownMachine = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?([/?]|$)/i;

export interface Judged {
  pool: PoolRow;
  settings: ClientSettings;
  hasSecret: boolean;
}

export async function checkOAuth({ pool, settings, hasSecret }: Judged, ctx: Context): Promise<void> {
  checkFlows(settings, hasSecret);
  const { CallbackURLs = [], LogoutURLs = [], DefaultRedirectURI } = settings;
  for (const url of [...CallbackURLs, ...LogoutURLs]) checkUrl(url);
  if (DefaultRedirectURI !== undefined && !CallbackURLs.includes(DefaultRedirectURI))
    throw invalid(`The default redirect URI ${DefaultRedirectURI} is not in the callback URIs list.`);
  for (const scope of settings.AllowedOAuthScopes ?? []) await checkScope(scope, pool, ctx);
  for (const name of settings.SupportedIdentityProviders ?? []) await checkProvider(name, pool, ctx);
}

function checkFlows(settings: ClientSettings, hasSecret: boolean): void {
  const {
    AllowedOAuthFlows: flows = [],
    AllowedOAuthScopes: scopes = [],
    CallbackURLs: urls = [],
  } = settings;
  if (settings.AllowedOAuthFlowsUserPoolClient && (flows.length === 0 || scopes.length === 0))
    throw badFlow(
      "AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use OAuth flows.",
    );
  if (!flows.includes("client_credentials")) {
    if (flows.length > 0 && urls.length === 0)
      throw badFlow("CallbackUrls can not be empty when code flow or implicit flow is selected");
    return;
  }
  if (flows.some((flow) => flow !== "client_credentials"))
    throw badFlow("client_credentials flow can not be selected along with code flow or implicit flow.");
  if (!hasSecret)
    throw badFlow("client_credentials flow can not be selected if client does not have a client secret.");
  const ofUsers = scopes.find((scope) => ownScopes.has(scope));
  if (ofUsers !== undefined) throw badFlow(`${ofUsers} is not supported with client_credentials flow`);
}

function badFlow(message: string): AwsError {
  return new AwsError("InvalidOAuthFlowException", message);
}

/** Apps of telephones have schemes of their own. https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html */
function checkUrl(url: string): void {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined || scheme === "javascript" || scheme === "data" || !isUrl(url, scheme))
    throw invalid(`${url} is not a valid URI.`);
  if (url.includes("#")) throw invalid(`${url} cannot contain a fragment.`);
  if (scheme === "http" && !ownMachine.test(url)) throw invalid(`${url} cannot use the HTTP protocol.`);
}

function isUrl(url: string, scheme: string): boolean {
  return scheme === "http" || scheme === "https" ? URL.canParse(url) : url.length > scheme.length + 1;
}

async function checkScope(scope: string, pool: PoolRow, { tx }: Context): Promise<void> {
  if (ownScopes.has(scope)) return;
  const end = scope.lastIndexOf("/");
  const server = end > 0 ? await resourceServers.get(tx, ...keyOf(pool), scope.slice(0, end)) : undefined;
  if (!server?.scopes.some(({ name }) => name === scope.slice(end + 1)))
    throw new AwsError("ScopeDoesNotExistException", `Invalid scope requested: ${scope}`);
}

async function checkProvider(name: string, pool: PoolRow, { tx }: Context): Promise<void> {
  if (name === ownProvider || (await providers.get(tx, ...keyOf(pool), name)) !== undefined) return;
  throw invalid(`The provider ${name} does not exist for User Pool ${pool.poolId}.`);
}
