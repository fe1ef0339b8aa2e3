import type { Context } from "../../kit/context.ts";
import type { Table } from "../../kit/table.ts";
import { onTable } from "./access.ts";
import { dynamodb } from "./contract.ts";
import { shownTable } from "./describe.ts";
import { retireGrants } from "./encryption.ts";
import { checkNotCreating, existingTable } from "./find.ts";
import { forgetInsights } from "./insights.ts";
import { leaveGlobalTable } from "./replicas/leave.ts";
import { endStream } from "./tableStreams.ts";
import { entries, expiries, items, recoverables, type TableRow, tables, tombstones } from "./tables.ts";
import { changedItems } from "./transfer/tables.ts";
import { validation } from "./words.ts";

/** Rows that one transaction deletes. */
const sweepRows = 1_000;

interface Stores {
  account: string;
  region: string;
  stores: string[];
}

/** Leaves the rows of stores that nothing has any more to be deleted, a few at a time. */
export function abandon({ account, region }: TableRow, stores: string[], ctx: Context): void {
  ctx.outbox.put("sweep", { account, region, stores }, { account, region });
}

const rowsOfStore = [items, entries, expiries, recoverables, tombstones, changedItems] as unknown as Table<
  unknown,
  readonly string[]
>[];

export async function sweep({ account, region, stores }: Stores, ctx: Context): Promise<void> {
  let left = sweepRows;
  for (const store of stores) {
    for (const rows of rowsOfStore) {
      const page = await ctx.peek((tx) => rows.list(tx, [account, region, store], { limit: left }));
      for (const { key } of page) rows.delete(ctx.tx, ...key);
      left -= page.length;
      if (left <= 0) return ctx.outbox.put("sweep", { account, region, stores });
    }
  }
}

/** Takes a table away, with all that belongs to it. */
export async function dropTable(table: TableRow, ctx: Context): Promise<void> {
  endStream(table, ctx);
  await forgetInsights(table, ctx);
  await retireGrants(table, ctx);
  tables.delete(ctx.tx, table.account, table.region, table.name);
  abandon(table, [table.store, ...table.indexes.map(({ store }) => store)], ctx);
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteTable.html */
export const deleteTable = dynamodb.operation("DeleteTable", {
  access: onTable("DeleteTable"),
  async handle({ TableName }, ctx) {
    const table = await existingTable(TableName, ctx);
    checkNotCreating(table);
    if (table.deletionProtected) {
      throw validation(
        `Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.`,
      );
    }
    await leaveGlobalTable(table, ctx as Context);
    await dropTable(table, ctx as Context);
    const { TableName: name, TableId, TableArn, ...shown } = shownTable(table, { status: "DELETING" });
    return {
      TableDescription: {
        TableName: name,
        TableStatus: shown.TableStatus,
        ProvisionedThroughput: shown.ProvisionedThroughput,
        TableSizeBytes: shown.TableSizeBytes,
        ItemCount: shown.ItemCount,
        TableArn,
        TableId,
        ...("BillingModeSummary" in shown && { BillingModeSummary: shown.BillingModeSummary }),
        DeletionProtectionEnabled: shown.DeletionProtectionEnabled,
      },
    };
  },
});
