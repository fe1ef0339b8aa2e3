import type { Context } from "../../../kit/context.ts";
import { type ReplicaRow, type TableRow, tables } from "../tables.ts";

/** The tables of a global table know each other. */

export function putTable(table: TableRow, ctx: Context): void {
  tables.put(ctx.tx, [table.account, table.region, table.name], table);
}

/** The tables of the other Regions. */
export async function othersOf(table: TableRow, ctx: Context): Promise<TableRow[]> {
  const others: TableRow[] = [];
  for (const { region, tableId } of table.replicas ?? []) {
    const other = await tables.get(ctx.tx, table.account, region, table.name);
    if (other?.id === tableId) others.push(other);
  }
  return others;
}

/** A table without replicas is one of a single Region again. */
export function withReplicas(table: TableRow, replicas: readonly ReplicaRow[]): TableRow {
  const { replicas: _, ...rest } = table;
  return replicas.length === 0 ? rest : { ...rest, replicas };
}

/** The table, with what it knows of one of the others changed. */
export function withReplica(
  table: TableRow,
  region: string,
  change: (held: ReplicaRow) => ReplicaRow,
): TableRow {
  const replicas = table.replicas?.map((one) => (one.region === region ? change(one) : one)) ?? [];
  return { ...table, replicas };
}
