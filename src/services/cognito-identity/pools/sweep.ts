import type { Context } from "../../../kit/context.ts";
import { identities, logins, places, tagMaps } from "../tables.ts";

/** What a deleted pool leaves is deleted in pieces. */

const rowsAtOnce = 500;

export const sweepPool = {
  async settle({ poolId }: { poolId: string }, ctx: Context): Promise<void> {
    const parts = [ctx.account, ctx.region, poolId];
    const again = () => ctx.outbox.put("sweepPool", { poolId }, { group: `sweep/${poolId}` });
    const held = await identities.list(ctx.tx, parts, { limit: rowsAtOnce });
    for (const { key, row } of held) {
      identities.delete(ctx.tx, ...key);
      places.delete(ctx.tx, row.identityId);
    }
    if (held.length === rowsAtOnce) return again();
    const linked = await logins.list(ctx.tx, parts, { limit: rowsAtOnce });
    for (const { key } of linked) logins.delete(ctx.tx, ...key);
    if (linked.length === rowsAtOnce) return again();
    for (const { key } of await tagMaps.list(ctx.tx, parts)) tagMaps.delete(ctx.tx, ...key);
  },
};
