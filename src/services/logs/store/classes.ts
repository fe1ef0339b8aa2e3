import type { Context } from "../../../kit/context.ts";
import { type GroupRow, groups, type StreamRow, streams } from "../tables.ts";
import { spansMs } from "./place.ts";

/** Which classes of chunks a stream and its group have: most have one or two. */

/** Notes that there are chunks of a class; the rows are written the first time only. */
export async function noteClass(
  group: Pick<GroupRow, "name" | "groupId">,
  stream: StreamRow,
  number: number,
  ctx: Context,
): Promise<void> {
  const { tx, account, region } = ctx;
  const bit = 1 << number;
  const row = await groups.get(tx, account, region, group.name);
  if (row !== undefined && (row.classes & bit) === 0) {
    groups.put(tx, [account, region, row.name], { ...row, classes: row.classes | bit });
  }
  const key = [account, region, group.groupId, stream.name] as const;
  const held = await streams.get(tx, ...key);
  if (held !== undefined && (held.classes & bit) === 0) {
    streams.put(tx, [...key], { ...held, classes: held.classes | bit });
  }
}

export function classesIn(bits: number): number[] {
  return [...spansMs.keys()].filter((number) => (bits & (1 << number)) !== 0);
}
