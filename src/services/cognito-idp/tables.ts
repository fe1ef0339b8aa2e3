import { table } from "../../kit/table.ts";
import type { ClientRow } from "./clients/clientRow.ts";
import type { DeviceRow } from "./devices/deviceRow.ts";
import type { GroupRow } from "./groups/groupRow.ts";
import type { PoolRow } from "./pools/poolRow.ts";
import type { UserRow } from "./users/userRow.ts";

/**
 * Cognito's tables. Keys are in the clear, so nothing personal stands in one: users are known by a keyed hash of
 * their name (`pools/poolKeys.ts`), and what they are found by is hashed the same way.
 */

type InPool = [account: string, region: string, poolId: string];

/** Where a pool or a client is: what unsigned calls name. */
export interface PlaceRow {
  account: string;
  region: string;
  poolId: string;
}

export const places = table<PlaceRow, [kind: "pool" | "client", id: string]>("cognito-idp", "places");
export const pools = table<PoolRow, InPool>("cognito-idp", "pools");
export const clients = table<ClientRow, [...InPool, clientId: string]>("cognito-idp", "clients");

/** Keys of a pool: for hashing what users are found by, for what it seals, and for its tokens. */
export interface PoolKeysRow {
  /** 32 bytes each, in base64. */
  index: string;
  seal: string;
}

export const poolKeys = table<PoolKeysRow, InPool>("cognito-idp", "poolKeys");

/** RSA keys, made when the first token is: one signs ID tokens, the other access tokens, as on AWS. */
export interface SigningKeysRow {
  /** Private keys as PKCS #8 PEM, with their names. */
  id: { kid: string; privateKey: string };
  access: { kid: string; privateKey: string };
}

export const signingKeys = table<SigningKeysRow, InPool>("cognito-idp", "signingKeys");

export const users = table<UserRow, [...InPool, userKey: string]>("cognito-idp", "users");

/** An alias that one user has: a verified e-mail address or telephone number, a preferred name, a sub, an identity. */
export const aliases = table<{ userKey: string }, [...InPool, hash: string]>("cognito-idp", "aliases");

/** What ListUsers filters by: hash of attribute and value (or its beginning), then the user. */
export const userIndex = table<Record<string, never>, [...InPool, hash: string, userKey: string]>(
  "cognito-idp",
  "userIndex",
);

export const groups = table<GroupRow, [...InPool, group: string]>("cognito-idp", "groups");
export const members = table<Record<string, never>, [...InPool, group: string, userKey: string]>(
  "cognito-idp",
  "members",
);

export const devices = table<DeviceRow, [...InPool, userKey: string, deviceKey: string]>(
  "cognito-idp",
  "devices",
);

/** What counts once and was used (sessions, codes, rotated tokens), until it would have expired: "001790000000000". */
export const spent = table<{ usedMs: number }, [...InPool, expires: string, id: string]>(
  "cognito-idp",
  "spent",
);

/** Families of tokens that were revoked (`origin_jti`), until the last of them would have expired. */
export interface RevokedRow {
  expiresMs: number;
}

export const revoked = table<RevokedRow, [...InPool, originJti: string]>("cognito-idp", "revoked");
/** The same, in the order in which they can be forgotten. */
export const revokedUntil = table<{ originJti: string }, [...InPool, expires: string, originJti: string]>(
  "cognito-idp",
  "revokedUntil",
);
