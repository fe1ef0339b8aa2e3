import { invalid } from "../refusals.ts";
import type { PoolRow } from "./poolRow.ts";

/** What a pool is told, checked, and as it is shown. */

export interface PoolInput {
  IdentityPoolName: string;
  AllowUnauthenticatedIdentities: boolean;
  AllowClassicFlow?: boolean | undefined;
  SupportedLoginProviders?: Readonly<Record<string, string>> | undefined;
  DeveloperProviderName?: string | undefined;
  OpenIdConnectProviderARNs?: readonly string[] | undefined;
  SamlProviderARNs?: readonly string[] | undefined;
  CognitoIdentityProviders?:
    | readonly {
        ProviderName?: string | undefined;
        ClientId?: string | undefined;
        ServerSideTokenCheck?: boolean | undefined;
      }[]
    | undefined;
}

/** https://docs.aws.amazon.com/cognito/latest/developerguide/external-identity-providers.html */
const publicProviders: ReadonlySet<string> = new Set([
  "graph.facebook.com",
  "accounts.google.com",
  "www.amazon.com",
  "api.twitter.com",
  "www.digits.com",
  "appleid.apple.com",
]);
const userPoolForm = /^cognito-idp\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?\/[\w-]+_[0-9A-Za-z]+$/;
const oidcForm = /^arn:aws:iam::\d{12}:oidc-provider\/.+$/;
const samlForm = /^arn:aws:iam::\d{12}:saml-provider\/[\w._-]+$/;
/** https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html */
const maxUserPools = 50;
const maxProviders = 50;

type Settings = Omit<PoolRow, "poolId" | "tags" | "roles" | "mappings">;

export function settingsOf(input: PoolInput): Settings {
  const { SupportedLoginProviders: given = {}, OpenIdConnectProviderARNs: oidc = [] } = input;
  const { SamlProviderARNs: saml = [], CognitoIdentityProviders: userPools = [] } = input;
  for (const name of Object.keys(given)) {
    if (!publicProviders.has(name)) throw invalid(`${name} is not a supported login provider`);
  }
  for (const arn of oidc) if (!oidcForm.test(arn)) throw invalid(`Invalid OpenIdConnectProviderARN: ${arn}`);
  for (const arn of saml) if (!samlForm.test(arn)) throw invalid(`Invalid SamlProviderARN: ${arn}`);
  if (userPools.length > maxUserPools || oidc.length + saml.length > maxProviders)
    throw invalid("Too many identity providers.");
  return {
    name: input.IdentityPoolName,
    allowUnauthenticated: input.AllowUnauthenticatedIdentities,
    ...(input.AllowClassicFlow !== undefined && { allowClassic: input.AllowClassicFlow }),
    ...(input.DeveloperProviderName !== undefined && { developerProvider: input.DeveloperProviderName }),
    ...(Object.keys(given).length > 0 && { loginProviders: { ...given } }),
    ...(oidc.length > 0 && { oidcArns: [...oidc] }),
    ...(saml.length > 0 && { samlArns: [...saml] }),
    ...(userPools.length > 0 && { userPools: userPools.map(userPoolOf) }),
  };
}

function userPoolOf({
  ProviderName = "",
  ClientId = "",
  ServerSideTokenCheck = false,
}: NonNullable<PoolInput["CognitoIdentityProviders"]>[number]) {
  if (!userPoolForm.test(ProviderName) || ClientId === "")
    throw invalid("Invalid Cognito Identity Provider: a provider name and a client id are needed.");
  return { provider: ProviderName, clientId: ClientId, checksUser: ServerSideTokenCheck };
}

export function shown(pool: PoolRow) {
  return {
    IdentityPoolId: pool.poolId,
    IdentityPoolName: pool.name,
    AllowUnauthenticatedIdentities: pool.allowUnauthenticated,
    ...(pool.allowClassic !== undefined && { AllowClassicFlow: pool.allowClassic }),
    ...(pool.loginProviders && { SupportedLoginProviders: pool.loginProviders }),
    ...(pool.developerProvider !== undefined && { DeveloperProviderName: pool.developerProvider }),
    ...(pool.oidcArns && { OpenIdConnectProviderARNs: pool.oidcArns }),
    ...(pool.samlArns && { SamlProviderARNs: pool.samlArns }),
    ...(pool.userPools && {
      CognitoIdentityProviders: pool.userPools.map(({ provider, clientId, checksUser }) => ({
        ProviderName: provider,
        ClientId: clientId,
        ServerSideTokenCheck: checksUser,
      })),
    }),
    IdentityPoolTags: pool.tags,
  };
}
