import { uuid } from "../../kit/ids.ts";
import type { TokenSettings } from "../../kit/ports.ts";
import { table } from "../../kit/table.ts";
import type { Transaction } from "../../storage/store.ts";
import { iam } from "./contract.ts";

/** What an account sets for the tokens that STS issues. */

interface SettingsRow {
  /** Named once: switching it off and on again keeps it. */
  issuer?: string;
  outbound: boolean;
  globalEndpointTokenVersion: 1 | 2;
}

const settings = table<SettingsRow, [account: string]>("iam", "token-settings");
const initial: SettingsRow = { outbound: false, globalEndpointTokenVersion: 1 };

async function settingsOf(account: string, tx: Transaction): Promise<SettingsRow> {
  return (await settings.get(tx, account)) ?? initial;
}

export async function tokenSettings(account: string, tx: Transaction): Promise<TokenSettings> {
  const { outbound, issuer } = await settingsOf(account, tx);
  return outbound && issuer !== undefined ? { outboundIssuer: issuer } : {};
}

/** 1 or 2, as the account summary shows it. */
export async function globalEndpointTokenVersion(account: string, tx: Transaction): Promise<number> {
  return (await settingsOf(account, tx)).globalEndpointTokenVersion;
}

/**
 * Which form of session token the global endpoint gives. Here there is one form, valid in all Regions, so the
 * setting is kept and shown, and changes nothing else.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_SetSecurityTokenServicePreferences.html
 */
export const setSecurityTokenServicePreferences = iam.operation("SetSecurityTokenServicePreferences", {
  access: () => ({ action: "iam:SetSecurityTokenServicePreferences", resource: "*" }),
  async handle({ GlobalEndpointTokenVersion }, ctx) {
    settings.put(ctx.tx, [ctx.account], {
      ...(await settingsOf(ctx.account, ctx.tx)),
      globalEndpointTokenVersion: GlobalEndpointTokenVersion === "v2Token" ? 2 : 1,
    });
    return {};
  },
});

/**
 * From now on STS gives the account's principals web identity tokens.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_EnableOutboundWebIdentityFederation.html
 */
export const enableOutboundWebIdentityFederation = iam.operation("EnableOutboundWebIdentityFederation", {
  access: () => ({ action: "iam:EnableOutboundWebIdentityFederation", resource: "*" }),
  async handle(_input, ctx) {
    const row = await settingsOf(ctx.account, ctx.tx);
    if (row.outbound) {
      throw ctx.error(
        "FeatureEnabledException",
        "Outbound web identity federation is already enabled for this account.",
      );
    }
    const issuer = row.issuer ?? `https://${uuid()}.tokens.sts.global.api.aws`;
    settings.put(ctx.tx, [ctx.account], { ...row, issuer, outbound: true });
    return { IssuerIdentifier: issuer };
  },
});

const notEnabled = "Outbound web identity federation is not enabled for this account.";

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_DisableOutboundWebIdentityFederation.html */
export const disableOutboundWebIdentityFederation = iam.operation("DisableOutboundWebIdentityFederation", {
  access: () => ({ action: "iam:DisableOutboundWebIdentityFederation", resource: "*" }),
  async handle(_input, ctx) {
    const row = await settingsOf(ctx.account, ctx.tx);
    if (!row.outbound) throw ctx.error("FeatureDisabledException", notEnabled);
    settings.put(ctx.tx, [ctx.account], { ...row, outbound: false });
    return {};
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetOutboundWebIdentityFederationInfo.html */
export const getOutboundWebIdentityFederationInfo = iam.operation("GetOutboundWebIdentityFederationInfo", {
  access: () => ({ action: "iam:GetOutboundWebIdentityFederationInfo", resource: "*" }),
  async handle(_input, ctx) {
    const { outboundIssuer } = await tokenSettings(ctx.account, ctx.tx);
    if (outboundIssuer === undefined) throw ctx.error("FeatureDisabledException", notEnabled);
    return { IssuerIdentifier: outboundIssuer, JwtVendingEnabled: true };
  },
});
