import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { uniqueId } from "./kit/ids.ts";

/** Credentials of the first account's root. */
export interface RootCredentials {
  accountId: string;
  accessKeyId: string;
  secretAccessKey: string;
}

export const defaultAccountId = "000000000000";

/**
 * The root credentials: from the environment, or made at random on a first start and kept in a file that only
 * its owner may read, outside of the data directory.
 */
export function rootCredentials(file: string | undefined, accountId?: string): RootCredentials {
  const known =
    file !== undefined && existsSync(file)
      ? (JSON.parse(readFileSync(file, "utf8")) as RootCredentials)
      : undefined;
  const {
    CLOUDKEEP_ROOT_ACCESS_KEY_ID: accessKeyId,
    CLOUDKEEP_ROOT_SECRET_ACCESS_KEY: secretAccessKey,
    CLOUDKEEP_ACCOUNT_ID: environmentAccount,
  } = process.env;
  const account = accountId ?? environmentAccount ?? known?.accountId ?? defaultAccountId;
  if (!/^\d{12}$/.test(account)) throw new Error(`An account id has 12 digits; got '${account}'.`);
  if (known !== undefined && account !== known.accountId) {
    throw new Error(`This data directory belongs to account ${known.accountId}, not ${account}.`);
  }
  if (Boolean(accessKeyId) !== Boolean(secretAccessKey)) {
    throw new Error(
      "Set both CLOUDKEEP_ROOT_ACCESS_KEY_ID and CLOUDKEEP_ROOT_SECRET_ACCESS_KEY, or neither.",
    );
  }
  if (accessKeyId !== undefined && !/^\w{16,128}$/.test(accessKeyId)) {
    throw new Error("CLOUDKEEP_ROOT_ACCESS_KEY_ID must have 16 to 128 letters and digits.");
  }
  const credentials =
    accessKeyId && secretAccessKey
      ? { accountId: account, accessKeyId, secretAccessKey }
      : (known ?? {
          accountId: account,
          accessKeyId: uniqueId("AKIA").slice(0, 20),
          secretAccessKey: randomBytes(30).toString("base64"),
        });
  if (file !== undefined && JSON.stringify(credentials) !== JSON.stringify(known)) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, `${JSON.stringify(credentials)}\n`, { mode: 0o600 });
  }
  return credentials;
}
