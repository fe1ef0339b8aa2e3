import type { Shard } from "@aws-sdk/client-kinesis";
import { decimalOf } from "./hashKeys.ts";
import { shardId } from "./names.ts";
import type { ShardRow, ShardsRow } from "./tables.ts";

export function isOpen(shard: ShardRow): boolean {
  return shard.end === undefined;
}

export function openShards({ shards }: ShardsRow): ShardRow[] {
  return shards.filter(isOpen).sort((a, b) => (a.from < b.from ? -1 : 1));
}

/** Open shards by their hash keys; rows are shared and frozen, so each is sorted once. */
const routers = new WeakMap<ShardsRow, ShardRow[]>();

/** The open shard for a hash key (32 hexadecimal digits). */
export function shardFor(row: ShardsRow, hashKey: string): ShardRow {
  let sorted = routers.get(row);
  if (sorted === undefined) {
    sorted = openShards(row);
    routers.set(row, sorted);
  }
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((sorted[middle] as ShardRow).from <= hashKey) low = middle;
    else high = middle - 1;
  }
  return sorted[low] as ShardRow;
}

export function shardNumbered({ shards }: ShardsRow, number: number | undefined): ShardRow | undefined {
  return number === undefined ? undefined : shards.find((shard) => shard.number === number);
}

export function childrenOf({ shards }: ShardsRow, { number }: ShardRow): ShardRow[] {
  return shards.filter(({ parent, adjacentParent }) => parent === number || adjacentParent === number);
}

export function shownShard({ number, parent, adjacentParent, from, to, start, end }: ShardRow): Shard {
  return {
    ShardId: shardId(number),
    ...(parent !== undefined && { ParentShardId: shardId(parent) }),
    ...(adjacentParent !== undefined && { AdjacentParentShardId: shardId(adjacentParent) }),
    HashKeyRange: shownRange({ from, to }),
    SequenceNumberRange: {
      StartingSequenceNumber: start,
      ...(end !== undefined && { EndingSequenceNumber: end }),
    },
  };
}

export function shownRange({ from, to }: Pick<ShardRow, "from" | "to">) {
  return { StartingHashKey: decimalOf(from), EndingHashKey: decimalOf(to) };
}

export function shownChild({ number, parent, adjacentParent, from, to }: ShardRow) {
  const parents = [parent, adjacentParent].filter((one) => one !== undefined);
  return {
    ShardId: shardId(number),
    ParentShards: parents.map(shardId),
    HashKeyRange: shownRange({ from, to }),
  };
}
