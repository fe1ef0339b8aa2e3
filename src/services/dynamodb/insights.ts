import type { Context } from "../../kit/context.ts";
import { table } from "../../kit/table.ts";
import type { TableRow } from "./tables.ts";

/** Whose most accessed keys CloudWatch is to tell of: a table, or an index of it. */
export interface InsightsRow {
  table: string;
  index?: string;
  status: "ENABLED" | "DISABLED";
  mode: "ACCESSED_AND_THROTTLED_KEYS" | "THROTTLED_KEYS";
  /** When it was first enabled since it was disabled: rules are named by it. */
  since: number;
  changed: number;
}

/** The index is "" for the table itself. */
export const insights = table<InsightsRow, [account: string, region: string, table: string, index: string]>(
  "dynamodb",
  "insights",
);

/** Tables and indexes that are gone have no insights. */
export async function forgetInsights(
  { account, region, name }: TableRow,
  ctx: Context,
  index?: string,
): Promise<void> {
  for (const { key } of await insights.list(ctx.tx, [account, region, name]))
    if (index === undefined || key[3] === index) insights.delete(ctx.tx, ...key);
}
