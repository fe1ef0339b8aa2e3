import type { Context, Host } from "../../kit/context.ts";
import { existingStream, onStream, putStream, shardsOf } from "./access.ts";
import { kinesis } from "./contract.ts";
import { hourMs, maxRetentionHours, minRetentionHours } from "./limits.ts";
import { shardKey } from "./memory.ts";
import { trimHorizon } from "./reading.ts";
import { dropFrames, lastPosition } from "./recordRows.ts";
import { isOpen } from "./shards.ts";
import { type ShardRow, type StreamRow, shardLists, streams } from "./tables.ts";

/** How long records are kept. Expired ones are not shown from the moment that they expire; once an hour they are dropped. */

type Input = {
  RetentionPeriodHours: number;
  StreamName?: string | undefined;
  StreamARN?: string | undefined;
};

async function checkedStream(
  input: Input,
  ctx: Context<"InvalidArgumentException" | "ResourceNotFoundException">,
): Promise<StreamRow> {
  const stream = await existingStream(input, ctx);
  const { RetentionPeriodHours: hours } = input;
  if (hours < minRetentionHours) {
    throw ctx.error(
      "InvalidArgumentException",
      `Minimum allowed retention period is ${minRetentionHours} hours. Requested retention period (${hours} hours) is too short.`,
    );
  }
  if (hours > maxRetentionHours) {
    throw ctx.error(
      "InvalidArgumentException",
      `Maximum allowed retention period is ${maxRetentionHours} hours. Requested retention period (${hours} hours) is too long.`,
    );
  }
  return stream;
}

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_IncreaseStreamRetentionPeriod.html */
export const increaseStreamRetentionPeriod = kinesis.operation("IncreaseStreamRetentionPeriod", {
  access: onStream("IncreaseStreamRetentionPeriod"),
  async handle(input, ctx) {
    const stream = await checkedStream(input, ctx);
    const { RetentionPeriodHours: hours } = input;
    if (hours < stream.retentionHours) {
      throw ctx.error(
        "InvalidArgumentException",
        `Requested retention period (${hours} hours) for stream ${stream.name} can not be shorter than existing retention period (${stream.retentionHours} hours). Use DecreaseRetentionPeriod API.`,
      );
    }
    putStream({ ...stream, retentionHours: hours }, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DecreaseStreamRetentionPeriod.html */
export const decreaseStreamRetentionPeriod = kinesis.operation("DecreaseStreamRetentionPeriod", {
  access: onStream("DecreaseStreamRetentionPeriod"),
  async handle(input, ctx) {
    const stream = await checkedStream(input, ctx);
    const { RetentionPeriodHours: hours } = input;
    if (hours > stream.retentionHours) {
      throw ctx.error(
        "InvalidArgumentException",
        `Requested retention period (${hours} hours) for stream ${stream.name} can not be longer than existing retention period (${stream.retentionHours} hours). Use IncreaseRetentionPeriod API.`,
      );
    }
    putStream({ ...stream, retentionHours: hours }, ctx);
    return {};
  },
});

interface Trim {
  streamId: string;
  name: string;
}

/** When each stream's timer is due, as far as this process knows: it is set once an hour, by the first that needs it. */
const due = new WeakMap<Host, Map<string, number>>();

/** Has what expires of a stream dropped: there is something that will. At the next full hour, by one timer. */
export function setTrim({ streamId, name }: Trim, ctx: Context): void {
  const known = due.get(ctx.host) ?? new Map<string, number>();
  due.set(ctx.host, known);
  const nowMs = ctx.clock.now();
  if ((known.get(streamId) ?? 0) > nowMs) return;
  const at = Math.floor(nowMs / hourMs + 1) * hourMs;
  ctx.timers.set(`trim/${streamId}`, "trim", at, { streamId, name } satisfies Trim);
  ctx.afterCommit(() => {
    known.set(streamId, at);
  });
}

/** Frames that one transaction drops. */
const maxDropped = 1_000;

/** Timer: drops what expired of a stream, records and closed shards. */
export async function trim({ streamId, name }: Trim, ctx: Context): Promise<void> {
  const { tx, account, region } = ctx;
  const stream = await streams.get(tx, account, region, name);
  if (stream?.streamId !== streamId) return;
  const row = await shardsOf(stream, ctx);
  const horizon = trimHorizon(stream, ctx.clock.now());
  let room = maxDropped;
  for (const { number } of row.shards) {
    if (room > 0) room -= await dropFrames(tx, shardKey(stream, number), horizon, room);
  }
  if (room <= 0) {
    ctx.timers.set(`trim/${streamId}/more`, "trim", ctx.clock.now(), { streamId, name } satisfies Trim);
    return;
  }
  const expired = ctx.clock.now() - stream.retentionHours * hourMs;
  const shards = row.shards.filter(({ closed }) => closed === undefined || closed >= expired);
  if (shards.length < row.shards.length) shardLists.put(tx, [account, region, streamId], { ...row, shards });
  if (shards.some((shard) => !isOpen(shard)) || (await holdsRecords(stream, shards, ctx))) {
    setTrim({ streamId, name }, ctx);
  }
}

/** Records that are to expire, in any shard. */
async function holdsRecords(stream: StreamRow, shards: readonly ShardRow[], ctx: Context): Promise<boolean> {
  return await ctx.peek(async (tx) => {
    for (const { number } of shards) {
      if ((await lastPosition(tx, shardKey(stream, number))) !== undefined) return true;
    }
    return false;
  });
}

interface Purge {
  streamId: string;
  shards: number[];
}

/** Timer: drops the records of a stream that is deleted. */
export async function purge({ streamId, shards }: Purge, ctx: Context): Promise<void> {
  const { tx, account, region } = ctx;
  let room = maxDropped;
  const left: number[] = [];
  for (const shard of shards) {
    if (room > 0) room -= await dropFrames(tx, { account, region, streamId, shard }, "~", room);
    if (room <= 0) left.push(shard);
  }
  if (left.length > 0) {
    ctx.timers.set(`purge/${streamId}`, "purge", ctx.clock.now(), { streamId, shards: left } satisfies Purge);
  }
}
