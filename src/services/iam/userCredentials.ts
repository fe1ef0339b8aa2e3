import type { Transaction } from "../../storage/store.ts";
import {
  loginProfiles,
  mfaDevices,
  ownedDevices,
  serverCertificates,
  serviceCredentials,
  signingCertificates,
  sshKeys,
} from "./credentialTables.ts";
import { oidcProviders, samlProviders } from "./providerTables.ts";
import { users } from "./tables.ts";

/** What still stands in the way of deleting a user, in AWS's words ("login profile"). */
export async function blockingCredential(
  account: string,
  userName: string,
  tx: Transaction,
): Promise<string | undefined> {
  const user = await users.get(tx, account, userName.toLowerCase());
  if (user === undefined) return undefined;
  if ((await loginProfiles.get(tx, account, user.userId)) !== undefined) return "login profile";
  const holds = async (rows: { list: typeof sshKeys.list | typeof ownedDevices.list }) =>
    (await rows.list(tx, [account, user.userId], { limit: 1 })).length > 0;
  if (await holds(ownedDevices)) return "MFA device";
  if ((await signingCertificates.list(tx, [account, user.userId], { limit: 1 })).length > 0)
    return "signing certificates";
  const others =
    (await holds(sshKeys)) ||
    (await serviceCredentials.list(tx, [account, user.userId], { limit: 1 })).length > 0;
  return others ? "referenced objects" : undefined;
}

/** How many credentials the account has, by their names in GetAccountSummary. */
export async function countCredentials(account: string, tx: Transaction): Promise<Record<string, number>> {
  const devices = await mfaDevices.list(tx, [account]);
  return {
    AccountMFAEnabled: devices.some(({ row }) => row.owner === account) ? 1 : 0,
    AccountPasswordPresent: 0,
    AccountSigningCertificatesPresent: 0,
    MFADevices: devices.length,
    MFADevicesInUse: devices.filter(({ row }) => row.owner !== undefined).length,
    Providers:
      (await oidcProviders.list(tx, [account])).length + (await samlProviders.list(tx, [account])).length,
    ServerCertificates: (await serverCertificates.list(tx, [account])).length,
  };
}
