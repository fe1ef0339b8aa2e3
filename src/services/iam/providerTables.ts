import { table } from "../../kit/table.ts";

export interface OidcProviderRow {
  arn: string;
  /** Without "https://". */
  url: string;
  clientIds: string[];
  thumbprints: string[];
  createDate: number;
  tags: Record<string, string>;
}

export interface SamlProviderRow {
  arn: string;
  name: string;
  id: string;
  metadata: string;
  createDate: number;
  validUntil: number;
  tags: Record<string, string>;
}

export const oidcProviders = table<OidcProviderRow, [account: string, url: string]>("iam", "oidc-providers");
export const samlProviders = table<SamlProviderRow, [account: string, name: string]>("iam", "saml-providers");
