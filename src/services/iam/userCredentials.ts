import type { Transaction } from "../../storage/store.ts";

/** What still stands in the way of deleting a user, in AWS's words ("login profile"). */
export async function blockingCredential(
  _account: string,
  _userName: string,
  _tx: Transaction,
): Promise<string | undefined> {
  return undefined;
}

/** Follows a change of the user's name. */
export async function moveCredentials(
  _account: string,
  _from: string,
  _to: string,
  _tx: Transaction,
): Promise<void> {}

/** How many credentials the account has, by their names in GetAccountSummary. */
export async function countCredentials(_account: string, _tx: Transaction): Promise<Record<string, number>> {
  return {
    AccountMFAEnabled: 0,
    AccountPasswordPresent: 0,
    AccountSigningCertificatesPresent: 0,
    MFADevices: 0,
    MFADevicesInUse: 0,
    Providers: 0,
    ServerCertificates: 0,
  };
}
