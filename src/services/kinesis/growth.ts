import type { Context } from "../../kit/context.ts";
import { shardsOf } from "./access.ts";
import { evenRanges } from "./hashKeys.ts";
import { dayMs, maxOnDemandShards, onDemandGrowthMs } from "./limits.ts";
import { evenly, reshard } from "./resharding.ts";
import { type StreamRow, streams } from "./tables.ts";

/**
 * On-demand streams grow with what they are given: a stream whose shards are used by more than half has its shards
 * doubled, no more often than every fifteen minutes.
 * https://docs.aws.amazon.com/streams/latest/dev/how-do-i-size-a-stream.html
 */

interface Growth {
  name: string;
  streamId: string;
}

/** Takes note that an on-demand stream's shards are busy. */
export function noteBusy({ name, streamId, openShards, scalings }: StreamRow, ctx: Context): void {
  const nowMs = ctx.clock.now();
  if (openShards >= maxOnDemandShards || nowMs - (scalings.at(-1) ?? 0) < onDemandGrowthMs) return;
  ctx.timers.set(`grow/${streamId}`, "grow", nowMs, { name, streamId } satisfies Growth);
}

/** Timer: doubles an on-demand stream's shards. */
export async function grow({ name, streamId }: Growth, ctx: Context): Promise<void> {
  const nowMs = ctx.clock.now();
  const stream = await streams.get(ctx.tx, ctx.account, ctx.region, name);
  if (stream?.streamId !== streamId || stream.mode !== "ON_DEMAND") return;
  if (nowMs - (stream.scalings.at(-1) ?? 0) < onDemandGrowthMs) return;
  await scaleTo(stream, Math.min(maxOnDemandShards, stream.openShards * 2), ctx);
}

/** Gives a stream even shards, as many as are asked for. */
export async function scaleTo(stream: StreamRow, target: number, ctx: Context): Promise<void> {
  const nowMs = ctx.clock.now();
  const scalings = [...stream.scalings.filter((at) => at > nowMs - dayMs), nowMs];
  const row = await shardsOf(stream, ctx);
  const { closing, opening } = evenly(row, evenRanges(target));
  await reshard({ ...stream, scalings }, row, closing, opening, ctx);
}
