import { table } from "../../kit/table.ts";
import type { IdentityRow } from "./identityRow.ts";
import type { PoolRow } from "./poolRow.ts";

/**
 * Tables of identity pools. Keys are in the clear: whom an identity belongs to is known by a keyed hash of the
 * provider and the subject (`hashOf` in poolRow.ts).
 */

type InPool = [account: string, region: string, poolId: string];

/** Where a pool or an identity is: what unsigned calls name. */
export interface PlaceRow {
  account: string;
  region: string;
  poolId: string;
}

export const places = table<PlaceRow, [id: string]>("cognito-identity", "places");
export const pools = table<PoolRow, InPool>("cognito-identity", "pools");
export const identities = table<IdentityRow, [...InPool, identityId: string]>(
  "cognito-identity",
  "identities",
);

/** Whose identity a login is. */
export const logins = table<{ identityId: string }, [...InPool, hash: string]>("cognito-identity", "logins");

/** The key that signs tokens, made when the first is: PKCS #8 PEM. */
export const signingKeys = table<{ kid: string; privateKey: string }, [which: "current"]>(
  "cognito-identity",
  "signingKeys",
);
