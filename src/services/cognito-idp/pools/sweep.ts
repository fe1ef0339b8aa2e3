import type { Context } from "../../../kit/context.ts";
import {
  arrivals,
  brandingClients,
  brandingImages,
  brandings,
  browserSessions,
  codes,
  looks,
  providerIdentifiers,
  providers,
  resourceServers,
  terms,
} from "../hosted/tables.ts";
import { type JobRow, jobs, removeFile } from "../imports/tables.ts";
import { authEvents, eventPlaces, risks } from "../risk/tables.ts";
import {
  aliases,
  devices,
  groups,
  members,
  revoked,
  revokedUntil,
  spent,
  userIndex,
  users,
} from "../tables.ts";

/** What a deleted pool leaves is deleted in pieces. */

const rowsAtOnce = 500;

const tables = [
  users,
  aliases,
  userIndex,
  groups,
  members,
  devices,
  spent,
  revoked,
  revokedUntil,
  jobs,
  risks,
  authEvents,
  eventPlaces,
  codes,
  browserSessions,
  resourceServers,
  providers,
  providerIdentifiers,
  looks,
  terms,
  arrivals,
  brandings,
  brandingClients,
  brandingImages,
] as const;

export const sweepPool = {
  async settle({ poolId }: { poolId: string }, ctx: Context): Promise<void> {
    for (const one of tables) {
      const rows = await one.list(ctx.tx, [ctx.account, ctx.region, poolId], { limit: rowsAtOnce });
      if (one === jobs) for (const { row } of rows) await removeFile(row as JobRow, ctx);
      for (const { key } of rows)
        (one.delete as (tx: Context["tx"], ...key: readonly string[]) => void)(ctx.tx, ...key);
      if (rows.length === rowsAtOnce)
        return ctx.outbox.put("sweepPool", { poolId }, { group: `sweep/${poolId}` });
    }
  },
};
