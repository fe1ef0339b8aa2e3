import type { Context } from "../../../kit/context.ts";
import type { RecordRow } from "../../../kit/record.ts";
import { isSelected } from "../selectors.ts";
import { ingesting, logOf, type StoreRow, stores } from "./rows.ts";

/** What event data stores take of the record: each event that they ask for, once, in a log of their own. */
export async function ingest(entries: readonly RecordRow[], ctx: Context): Promise<void> {
  const keys = await ingesting.list(ctx.tx, []);
  if (keys.length === 0) return;
  const byAccount = new Map<string, { region: string; row: StoreRow }[]>();
  for (const { key } of keys) {
    const row = await stores.get(ctx.tx, ...key);
    if (row === undefined) continue;
    const [account, region] = key;
    byAccount.set(account, [...(byAccount.get(account) ?? []), { region, row }]);
  }
  for (const { account, event } of entries) {
    for (const { region, row } of byAccount.get(account) ?? []) {
      if (!row.multiRegion && event.awsRegion !== region) continue;
      if (!isSelected(row.selectors, event)) continue;
      ctx.tx.append(logOf(row), { at: Date.parse(event.eventTime), text: JSON.stringify(event) });
    }
  }
}
