import { positionOf, sequenceNumber } from "./positions.ts";
import type { ShardRow } from "./tables.ts";

export function newShard(
  number: number,
  { from, to }: { from: string; to: string },
  createdMs: number,
  parents: Pick<ShardRow, "parent" | "adjacentParent"> = {},
): ShardRow {
  const start = sequenceNumber(positionOf(Math.floor(createdMs), 0), number);
  return { number, from, to, start, created: createdMs, ...parents };
}
