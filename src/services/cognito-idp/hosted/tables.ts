import type { AssetType, RoutingType } from "@aws-sdk/client-cognito-identity-provider";
import type { SelfSigned } from "../../../kit/selfSigned.ts";
import { table } from "../../../kit/table.ts";

/** Tables of the hosted pages. Codes and sessions stand under the hash of what opens them. */

type InPool = [account: string, region: string, poolId: string];

/** A domain, and the pool whose pages are there: a prefix within its Region, or a name of the customer's own. */
export interface DomainRow {
  domain: string;
  account: string;
  region: string;
  poolId: string;
  managedLoginVersion: number;
  /** Of a name of the customer's own. */
  certificateArn?: string;
  securityPolicy?: string;
  /** Of multi-Region pools: kept. */
  routing?: RoutingType;
  createdMs: number;
}

export const domains = table<DomainRow, [region: string, domain: string]>("cognito-idp", "domains");

export interface ScopeRow {
  name: string;
  description: string;
}

export interface ResourceServerRow {
  identifier: string;
  name: string;
  scopes: ScopeRow[];
}

export const resourceServers = table<ResourceServerRow, [...InPool, identifier: string]>(
  "cognito-idp",
  "resourceServers",
);

/** An authorization code: kept until it would have expired, so that its second use is noticed. */
export interface CodeRow {
  clientId: string;
  redirectUri: string;
  /** Of PKCE: S256 of the verifier. */
  challenge?: string;
  userKey: string;
  sub: string;
  scopes: string[];
  nonce?: string;
  authMs: number;
  expiresMs: number;
  /** The tokens that came of it; set once it was used. */
  usedFor?: { originJti: string; expiresMs: number };
}

export const codes = table<CodeRow, [...InPool, hash: string]>("cognito-idp", "oauthCodes");

/** A browser's session with the hosted pages of a pool: it signs in to further clients without asking. */
export interface BrowserSessionRow {
  userKey: string;
  sub: string;
  authMs: number;
  expiresMs: number;
  /** The provider through which the user came; left out, the pool's own. */
  provider?: string;
}

export const browserSessions = table<BrowserSessionRow, [...InPool, hash: string]>(
  "cognito-idp",
  "browserSessions",
);

export interface ProviderRow {
  name: string;
  type: "SAML" | "Facebook" | "Google" | "LoginWithAmazon" | "SignInWithApple" | "OIDC";
  details: Record<string, string>;
  /** Attribute of the pool: name with the provider. */
  mapping: Record<string, string>;
  identifiers: string[];
  /** Metadata of a SAML provider that says it at an address. */
  fetched?: { text: string; atMs: number };
  createdMs: number;
  modifiedMs: number;
}

export const providers = table<ProviderRow, [...InPool, name: string]>("cognito-idp", "providers");

/** What else a provider is called: the domains of its users' addresses, as a rule. */
export const providerIdentifiers = table<{ name: string }, [...InPool, identifier: string]>(
  "cognito-idp",
  "providerIdentifiers",
);

/** Looks of the classic pages: of a client, or "ALL". */
export interface LooksRow {
  css?: string;
  /** A logo, in base64. */
  image?: string | undefined;
  createdMs: number;
  modifiedMs: number;
}

export const looks = table<LooksRow, [...InPool, clientId: string]>("cognito-idp", "looks");

/** A style of managed login, from the branding designer. */
export interface BrandingRow {
  brandingId: string;
  clientId: string;
  usesDefaults: boolean;
  /** The designer's document, as far as it differs from the defaults. */
  settings: Record<string, unknown>;
  /** Images; their bytes stand in a table of their own. */
  assets: BrandingAsset[];
  createdMs: number;
  modifiedMs: number;
}

export type BrandingAsset = Pick<AssetType, "Category" | "ColorMode" | "Extension" | "ResourceId"> & {
  id: string;
};

export const brandings = table<BrandingRow, [...InPool, clientId: string]>("cognito-idp", "brandings");
export const brandingClients = table<{ clientId: string }, [...InPool, brandingId: string]>(
  "cognito-idp",
  "brandingClients",
);
/** In base64. */
export const brandingImages = table<{ bytes: string }, [...InPool, clientId: string, assetId: string]>(
  "cognito-idp",
  "brandingImages",
);

export interface TermsRow {
  termsId: string;
  clientId: string;
  name: string;
  enforcement: "NONE";
  links: Record<string, string>;
  createdMs: number;
  modifiedMs: number;
}

export const terms = table<TermsRow, [...InPool, termsId: string]>("cognito-idp", "terms");

export interface SamlKeysRow {
  signing: SelfSigned;
  encryption: SelfSigned;
}

export const samlKeys = table<SamlKeysRow, InPool>("cognito-idp", "samlKeys");

/** Who has come back from a SAML provider, until the browser shows that it is the one that was sent there. */
export interface ArrivalRow {
  provider: string;
  subject: string;
  attributes: Record<string, string>;
  /** The request that the sign-in is part of. */
  query: string;
  /** Hash of the browser's own secret. */
  browser: string;
  expiresMs: number;
}

export const arrivals = table<ArrivalRow, [...InPool, hash: string]>("cognito-idp", "samlArrivals");
