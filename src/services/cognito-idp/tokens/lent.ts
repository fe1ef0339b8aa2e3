import { AwsError } from "../../../kit/errors.ts";
import type { UserPools } from "../../../kit/ports.ts";
import { findPool } from "../pools/find.ts";
import { clients, places } from "../tables.ts";
import { claimsOf, holderOf } from "./verify.ts";

/** What identity pools ask: whether an ID token is what it says. */
export const userPools: UserPools = {
  async verifyIdToken(token, { poolId, clientId, checksUser }, { tx, clock }) {
    const place = await places.get(tx, "pool", poolId);
    const pool = place && (await findPool(poolId, { ...place, tx }));
    if (place === undefined || pool === undefined) return { problem: "invalid" };
    const claims = await claimsOf(pool, token, "id", { tx, clock });
    if (typeof claims === "string") return { problem: claims };
    const client = await clients.get(tx, place.account, place.region, poolId, clientId);
    if (client === undefined || claims.aud !== clientId) return { problem: "invalid" };
    if (!checksUser) return { claims };
    try {
      await holderOf(pool, claims, { tx });
      return { claims };
    } catch (error) {
      if (error instanceof AwsError) return { problem: "revoked" };
      throw error;
    }
  },
};
