import type { Context } from "../../../kit/context.ts";
import type { IndexRow, ReplicaOverrides, TableRow } from "../tables.ts";
import { type IndexesInput, withIndexes } from "../updateIndexes.ts";
import { othersOf, putTable } from "./members.ts";
import { withOverrides } from "./overrides.ts";

/** Settings that are those of the global table: what changes them in one Region changes them in all. */

export interface SharedInput extends IndexesInput {
  BillingMode?: string | undefined;
  ProvisionedThroughput?: unknown;
  TableClass?: string | undefined;
}

/** What a replica has for itself, as any of the others knows it. */
async function ownSettings(replica: TableRow, table: TableRow): Promise<ReplicaOverrides> {
  return table.replicas?.find(({ tableId }) => tableId === replica.id)?.overrides ?? {};
}

function withThroughput(indexes: readonly IndexRow[], changed: TableRow): IndexRow[] {
  return indexes.map((index) => {
    const throughput = changed.indexes.find(({ name }) => name === index.name)?.throughput;
    return throughput === undefined ? index : { ...index, throughput };
  });
}

/** Changes the other tables as one of them was changed. */
export async function shareSettings(changed: TableRow, input: SharedInput, ctx: Context): Promise<void> {
  if (changed.replicas === undefined) return;
  for (const replica of await othersOf(changed, ctx)) {
    const indexed = await withIndexes(replica, input, ctx);
    const isBilled = input.BillingMode !== undefined || input.ProvisionedThroughput !== undefined;
    const billed: TableRow = isBilled
      ? {
          ...indexed,
          billing: changed.billing,
          throughput: changed.throughput,
          indexes: withThroughput(indexed.indexes, changed),
        }
      : indexed;
    const classed =
      input.TableClass !== undefined && changed.tableClass
        ? { ...billed, tableClass: changed.tableClass }
        : billed;
    putTable(withOverrides(classed, await ownSettings(replica, changed), changed), ctx);
  }
}
