import type { Context } from "../../../kit/context.ts";
import { enqueue } from "../changes.ts";
import { sameItems } from "../compare.ts";
import { keyOf, type Place } from "../keys.ts";
import type { DestinationRow, TableRow } from "../tables.ts";
import type { Item } from "../values.ts";

/** The destination that a table's changes go to; a table has one at a time. */
function destinationOf({ destinations }: TableRow): DestinationRow | undefined {
  return destinations?.find(({ status }) => status === "ACTIVE" || status === "UPDATING");
}

/** Leaves what has become of an item for the table's Kinesis stream. */
export function captureChange(
  table: TableRow,
  place: Place,
  { before, after, byService }: { before: Item | undefined; after: Item | undefined; byService?: true },
  ctx: Context,
): void {
  const destination = destinationOf(table);
  if (destination === undefined || sameItems(before, after)) return;
  const { account, region, name } = table;
  const { queue, streamArn, precision } = destination;
  enqueue(
    { account, region, queue, delivery: "putIntoKinesis", about: { name, streamArn } },
    {
      at: ctx.clock.now(),
      ...place,
      keys: keyOf(table.key, (after ?? before) as Item),
      ...(before && { before }),
      ...(after && { after }),
      ...(byService && { byService }),
      ...(precision && { precision }),
    },
    ctx,
  );
}
