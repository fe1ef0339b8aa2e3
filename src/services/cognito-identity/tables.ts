import { table } from "../../kit/table.ts";
import type { IdentityRow } from "./identities/identityRow.ts";
import type { PoolRow } from "./pools/poolRow.ts";

/** Keys are in the clear, so nothing personal stands in one: a login is known by a keyed hash of provider and subject. */

type InPool = [account: string, region: string, poolId: string];

export const pools = table<PoolRow, InPool>("cognito-identity", "pools");

/** Where a pool or an identity is: what unsigned calls name. */
export interface PlaceRow {
  account: string;
  region: string;
  poolId: string;
}

export const places = table<PlaceRow, [id: string]>("cognito-identity", "places");

export const identities = table<IdentityRow, [...InPool, identityId: string]>(
  "cognito-identity",
  "identities",
);

/** Whose a login is. */
export const logins = table<{ identityId: string }, [...InPool, hash: string]>("cognito-identity", "logins");

/** The claims of a provider that become a session's tags: https://docs.aws.amazon.com/cognito/latest/developerguide/attributes-for-access-control.html */
export interface TagMapRow {
  useDefaults: boolean;
  /** Tag to claim. */
  tags: Record<string, string>;
}

export const tagMaps = table<TagMapRow, [...InPool, provider: string]>("cognito-identity", "tagMaps");

/** Keys: "login" (32 bytes in base64) for hashes, "token" (PKCS #8 PEM) for the tokens that pools issue. */
export const keys = table<{ key: string }, [use: "login" | "token"]>("cognito-identity", "keys");
