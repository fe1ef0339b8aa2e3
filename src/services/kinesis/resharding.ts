import type { Context } from "../../kit/context.ts";
import { existingStream, onStream, putStream, shardsOf } from "./access.ts";
import { kinesis } from "./contract.ts";
import { decimalOf, hexOf, largestHashKey, numberOf } from "./hashKeys.ts";
import { knownMemory, memoryOf, shardKey } from "./memory.ts";
import { shardId, shardNumber } from "./names.ts";
import { newShard } from "./newShard.ts";
import { lastSequenceNumber, timeOf } from "./positions.ts";
import { checkShardLimit, totalsOf } from "./quotas.ts";
import { setTrim } from "./retention.ts";
import { isOpen, openShards, shardNumbered } from "./shards.ts";
import { type ShardRow, type ShardsRow, type StreamRow, shardLists } from "./tables.ts";

/** Splitting and merging: shards are closed, and others opened in their place. */

type ReshardErrors =
  | "InvalidArgumentException"
  | "ResourceInUseException"
  | "ResourceNotFoundException"
  | "LimitExceededException"
  | "ValidationException";

export interface NewRange {
  from: string;
  to: string;
  parent: number;
  adjacentParent?: number;
}

/**
 * Closes shards and opens others. At the commit, since no record may come into a closed shard behind its end: the
 * calls that put records have read the same list.
 */
export async function reshard(
  stream: StreamRow,
  row: ShardsRow,
  closing: ReadonlySet<number>,
  opening: readonly NewRange[],
  ctx: Context,
): Promise<StreamRow> {
  const { account, region, streamId } = stream;
  for (const number of closing) await knownMemory(shardKey(stream, number), ctx);
  ctx.tx.atCommit(() => {
    const lasts = [...closing].map((number) => timeOf(memoryOf(ctx.host, { streamId, shard: number }).last));
    const nowMs = Math.floor(Math.max(ctx.clock.now(), ...lasts));
    const shards = row.shards.map((shard) =>
      closing.has(shard.number)
        ? { ...shard, closed: nowMs, end: lastSequenceNumber(nowMs, shard.number) }
        : shard,
    );
    const opened = opening.map(({ from, to, ...parents }, i) =>
      newShard(row.next + i, { from, to }, nowMs, parents),
    );
    shardLists.put(ctx.tx, [account, region, streamId], {
      shards: [...shards, ...opened],
      next: row.next + opened.length,
    });
  });
  ctx.afterCommit(() => {
    for (const number of closing) memoryOf(ctx.host, { streamId, shard: number }).wake();
  });
  const changed = { ...stream, openShards: stream.openShards - closing.size + opening.length };
  putStream(changed, ctx);
  setTrim(stream, ctx);
  return changed;
}

function openShard(
  stream: StreamRow,
  row: ShardsRow,
  id: string,
  operation: string,
  ctx: Context<ReshardErrors>,
): ShardRow {
  const { name, account } = stream;
  const shard = shardNumbered(row, shardNumber(id));
  if (shard === undefined) {
    throw ctx.error(
      "ResourceNotFoundException",
      `Could not find shard ${id} in stream ${name} under account ${account}.`,
    );
  }
  if (!isOpen(shard)) {
    throw ctx.error(
      "InvalidArgumentException",
      `Shard ${shardId(shard.number)} in stream ${name} under account ${account} has already been merged or split, and thus is not eligible for ${operation}.`,
    );
  }
  return shard;
}

function checkMode({ mode, name, account }: StreamRow, operation: string, ctx: Context<ReshardErrors>): void {
  if (mode === "PROVISIONED") return;
  throw ctx.error(
    "ValidationException",
    `Request is invalid. Stream ${name} under account ${account} is in On-Demand mode and does not support ${operation}.`,
  );
}

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SplitShard.html */
export const splitShard = kinesis.operation("SplitShard", {
  access: onStream("SplitShard"),
  async handle(input, ctx) {
    const stream = await existingStream(input, ctx);
    checkMode(stream, "SplitShard", ctx);
    const row = await shardsOf(stream, ctx);
    const shard = openShard(stream, row, input.ShardToSplit, "splitting", ctx);
    const at = BigInt(input.NewStartingHashKey);
    if (at > largestHashKey || at <= numberOf(shard.from) + 1n || at >= numberOf(shard.to)) {
      throw ctx.error(
        "InvalidArgumentException",
        `NewStartingHashKey ${input.NewStartingHashKey} used in SplitShard() on shard ${shardId(shard.number)} in stream ${stream.name} under account ${stream.account} is not both greater than one plus the shard's StartingHashKey ${decimalOf(shard.from)} and less than the shard's EndingHashKey ${decimalOf(shard.to)}.`,
      );
    }
    checkShardLimit((await totalsOf(ctx)).openShards, 1, ctx);
    const opening = [
      { from: shard.from, to: hexOf(at - 1n), parent: shard.number },
      { from: hexOf(at), to: shard.to, parent: shard.number },
    ];
    await reshard(stream, row, new Set([shard.number]), opening, ctx as Context);
    return {};
  },
});

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_MergeShards.html */
export const mergeShards = kinesis.operation("MergeShards", {
  access: onStream("MergeShards"),
  async handle(input, ctx) {
    const stream = await existingStream(input, ctx);
    checkMode(stream, "MergeShards", ctx);
    const row = await shardsOf(stream, ctx);
    const one = openShard(stream, row, input.ShardToMerge, "merging", ctx);
    const other = openShard(stream, row, input.AdjacentShardToMerge, "merging", ctx);
    const [low, high] = one.from < other.from ? [one, other] : [other, one];
    if (one === other || numberOf(low.to) + 1n !== numberOf(high.from)) {
      throw ctx.error(
        "InvalidArgumentException",
        `Shards ${shardId(one.number)} and ${shardId(other.number)} in stream ${stream.name} under account ${stream.account} are not an adjacent pair of shards eligible for merging`,
      );
    }
    const merged = { from: low.from, to: high.to, parent: one.number, adjacentParent: other.number };
    await reshard(stream, row, new Set([one.number, other.number]), [merged], ctx as Context);
    return {};
  },
});

/** The fewest splits and merges that give a stream even shards. */
export function evenly(row: ShardsRow, ranges: readonly { from: string; to: string }[]) {
  const open = openShards(row);
  const closing = new Set<number>();
  const opening: NewRange[] = [];
  for (const { from, to } of ranges) {
    const overlapping = open.filter((shard) => shard.from <= to && shard.to >= from);
    const [first, second] = overlapping;
    if (first === undefined) continue;
    if (overlapping.length === 1 && first.from === from && first.to === to) continue;
    for (const { number } of overlapping) closing.add(number);
    opening.push({ from, to, parent: first.number, ...(second && { adjacentParent: second.number }) });
  }
  return { closing, opening };
}
