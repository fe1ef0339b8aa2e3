import type { IdentityDirectory } from "../../kit/ports.ts";
import { redeemDelegation } from "./delegationDecisions.ts";
import {
  deleteDelegationTemplate,
  listDelegationTemplates,
  putDelegationTemplate,
  putPartnerBoundary,
} from "./delegationTemplates.ts";
import { useMfaCode } from "./mfaDevices.ts";
import { policyDocument, principalPolicies } from "./principals.ts";
import { oidcProviders, samlProviders } from "./providerTables.ts";
import { rootAccessFeatures } from "./rootAccess.ts";
import { samlFacts } from "./samlProviders.ts";
import { accountNamed, completeSignIn, judgePassword } from "./signIn.ts";
import { accessKeys, roles } from "./tables.ts";
import { tokenSettings } from "./tokenSettings.ts";

/** What IAM tells the services that make sessions of its roles and providers. */
export const directory: IdentityDirectory = {
  async findRole(arn, tx) {
    const match = /^arn:aws:iam::(\d{12}):role\/(?:.*\/)?([^/]+)$/.exec(arn);
    const role = match && (await roles.get(tx, match[1] as string, (match[2] as string).toLowerCase()));
    if (!role || role.arn !== arn) return undefined;
    const { roleName, roleId, trustPolicy, maxSessionDuration, tags } = role;
    const account = match[1] as string;
    return {
      arn,
      account,
      roleName,
      roleId,
      trustPolicy,
      maxSessionDurationSeconds: maxSessionDuration,
      tags,
    };
  },
  async findProvider(arn, tx) {
    const [, account = "", kind, name = ""] =
      /^arn:aws:iam::(\d{12}):(saml|oidc)-provider\/(.+)$/.exec(arn) ?? [];
    if (kind === "saml") {
      const row = await samlProviders.get(tx, account, name);
      const saml = row && samlFacts(row.metadata);
      return saml && { arn, saml };
    }
    const row = await oidcProviders.get(tx, account, name);
    return row && { arn, issuer: row.url, clientIds: row.clientIds };
  },
  async findOidcProvider(account, issuer, tx) {
    const row = await oidcProviders.get(tx, account, issuer);
    return row && { arn: row.arn, issuer: row.url, clientIds: row.clientIds };
  },
  useMfaCode,
  accountNamed,
  judgePassword,
  completeSignIn,
  putDelegationTemplate,
  delegationTemplates: listDelegationTemplates,
  deleteDelegationTemplate,
  putPartnerBoundary,
  redeemDelegation,
  policyDocument,
  principalTags: async (caller, tx) => (await principalPolicies(caller, tx))?.tags ?? {},
  tokenSettings,
  rootAccessFeatures,
  async accountOfKey(accessKeyId, tx) {
    return (await accessKeys.get(tx, accessKeyId))?.account;
  },
};
