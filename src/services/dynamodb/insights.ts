import type { Context } from "../../kit/context.ts";
import { insights, type TableRow } from "./tables.ts";

/** Tables and indexes that are gone have no insights. */
export async function forgetInsights(
  { account, region, name }: TableRow,
  ctx: Context,
  index?: string,
): Promise<void> {
  for (const { key } of await insights.list(ctx.tx, [account, region, name]))
    if (index === undefined || key[3] === index) insights.delete(ctx.tx, ...key);
}
