import type { Context } from "../../kit/context.ts";
import { keyOf } from "./keys.ts";
import { sequenceAt } from "./records.ts";
import { recoverables, type TableRow } from "./tables.ts";
import { type Item, itemBytes } from "./values.ts";
import type { Vault } from "./vault.ts";

/**
 * Point-in-time recovery: each write leaves what was there before it. To restore, a copy of the items is taken back,
 * write by write. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery.html
 */

let counter = 0;

export function noteRecoverable(
  table: TableRow,
  before: Item | undefined,
  after: Item | undefined,
  vault: Vault,
  ctx: Context,
): void {
  const at = ctx.clock.now();
  counter = (counter + 1) % 1_000_000_000;
  recoverables.put(ctx.tx, [table.account, table.region, table.store, sequenceAt(at, counter)], {
    keys: keyOf(table.key, (before ?? after) as Item),
    at,
    ...(before !== undefined && { before: vault.seal(before, itemBytes(before)) }),
  });
}
