import type { Context } from "../../../kit/context.ts";
import type { ReplicaRow, TableRow } from "../tables.ts";
import { validation } from "../words.ts";
import { othersOf, putTable, withReplicas } from "./members.ts";

/** From a table another was filled, it cannot be deleted so long while the other is there. */
const sourceMs = 24 * 3_600_000;

function isRecentSource({ replicas = [] }: { replicas?: readonly ReplicaRow[] }, now: number): boolean {
  return replicas.some(({ sourcedAt = Number.NEGATIVE_INFINITY }) => sourcedAt > now - sourceMs);
}

/** A table of a global table is about to be deleted: the others no longer know it. */
export async function leaveGlobalTable(table: TableRow, ctx: Context): Promise<void> {
  if (table.replicas === undefined) return;
  const now = ctx.clock.now();
  if (isRecentSource(table, now)) {
    throw validation(
      "Replica cannot be deleted because it has acted as a source region for new replica(s) being added to the table in the last 24 hours.",
    );
  }
  for (const other of await othersOf(table, ctx)) {
    const replicas = other.replicas?.filter(({ region }) => region !== table.region) ?? [];
    putTable(withReplicas(other, replicas), ctx);
    enterExpiriesAnew(other, ctx);
  }
}

/** What the Region that is gone would have let expire. */
function enterExpiriesAnew({ account, region, name, store, timeToLive }: TableRow, ctx: Context): void {
  if (timeToLive === undefined) return;
  const options = { account, region, group: `expiries/${store}` };
  ctx.outbox.put("enterExpiries", { account, region, name, store }, options);
}
