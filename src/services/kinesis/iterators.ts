import type { Context } from "../../kit/context.ts";
import { existingStream, onStream, shardsOf } from "./access.ts";
import { kinesis } from "./contract.ts";
import { knownMemory, shardKey } from "./memory.ts";
import { type NamedStream, shardId, shardNumber, streamArn } from "./names.ts";
import {
  beforeTime,
  countOf,
  type Position,
  parseSequenceNumber,
  positionOf,
  start,
  timeOf,
} from "./positions.ts";
import { shardNumbered } from "./shards.ts";
import type { ShardRow, StreamRow } from "./tables.ts";

/** Where a reader stands: opaque to clients, and good for five minutes. */
export interface Iterator extends NamedStream {
  streamId: string;
  shard: number;
  /** Records behind this are still to be read. */
  after: Position;
  created: number;
}

export function iteratorText(
  { account, region, name, streamId }: Pick<StreamRow, "account" | "region" | "name" | "streamId">,
  shard: number,
  after: Position,
  created: number,
): string {
  const parts = ["1", account, region, name, streamId, shard, after, Math.floor(created)];
  return Buffer.from(parts.join("/")).toString("base64");
}

/** Undefined for what is no iterator of ours. */
export function parseIterator(text: string): Iterator | undefined {
  const form =
    /^1\/(\d{12})\/([a-z0-9-]+)\/([a-zA-Z0-9_.-]{1,128})\/([a-z0-9]+)\/(\d{1,12})\/(\d{30})\/(\d{1,15})$/;
  const match = form.exec(Buffer.from(text, "base64").toString("latin1"));
  if (match === null) return undefined;
  const [account, region, name, streamId, shard, after, created] = match.slice(1) as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const arn = streamArn({ account, region }, name);
  return { account, region, name, arn, streamId, shard: Number(shard), after, created: Number(created) };
}

export interface StartingPoint {
  type: string;
  sequenceNumber?: string | undefined;
  timestamp?: Date | undefined;
}

type PointErrors = "InvalidArgumentException" | "ResourceNotFoundException";

/** The shard that an input names, or ResourceNotFoundException in AWS's words. */
export async function existingShard(
  stream: StreamRow,
  id: string,
  ctx: Context<PointErrors>,
): Promise<ShardRow> {
  const shard = shardNumbered(await shardsOf(stream, ctx), shardNumber(id));
  if (shard !== undefined) return shard;
  throw ctx.error(
    "ResourceNotFoundException",
    `Shard ${id} in stream ${stream.name} under account ${stream.account} does not exist`,
  );
}

/** The position behind which reading starts. */
export async function positionFor(
  point: StartingPoint,
  stream: StreamRow,
  shard: ShardRow,
  ctx: Context<PointErrors>,
): Promise<Position> {
  switch (point.type) {
    case "TRIM_HORIZON":
      return start;
    case "LATEST": {
      const memory = await knownMemory(shardKey(stream, shard.number), ctx);
      return memory.last;
    }
    case "AT_TIMESTAMP":
      return positionAtTime(point.timestamp, ctx);
    default:
      return positionAtNumber(point, stream, shard, ctx);
  }
}

function positionAtTime(timestamp: Date | undefined, ctx: Context<PointErrors>): Position {
  if (timestamp === undefined) {
    throw ctx.error(
      "InvalidArgumentException",
      "Timestamp must be provided in the request when ShardIteratorType is AT_TIMESTAMP.",
    );
  }
  const now = ctx.clock.now();
  const time = timestamp.getTime();
  if (time > now) {
    throw ctx.error(
      "InvalidArgumentException",
      `The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. timestampInMillis: ${time}, currentTimestampInMillis: ${Math.floor(now)}`,
    );
  }
  return beforeTime(time);
}

function positionAtNumber(
  { type, sequenceNumber }: StartingPoint,
  { name, account }: StreamRow,
  { number, start: first }: ShardRow,
  ctx: Context<PointErrors>,
): Position {
  if (sequenceNumber === undefined) {
    throw ctx.error(
      "InvalidArgumentException",
      `StartingSequenceNumber must be provided in the request when ShardIteratorType is ${type}.`,
    );
  }
  const parsed = parseSequenceNumber(sequenceNumber);
  if (parsed === undefined || parsed.shard !== number || sequenceNumber < first) {
    throw ctx.error(
      "InvalidArgumentException",
      `StartingSequenceNumber ${sequenceNumber} used in GetShardIterator on shard ${shardId(number)} in stream ${name} under account ${account} is invalid because it did not come from this stream.`,
    );
  }
  return type === "AFTER_SEQUENCE_NUMBER" ? parsed.position : before(parsed.position);
}

function before(position: Position): Position {
  const count = countOf(position);
  return count > 0 ? positionOf(timeOf(position), count - 1) : beforeTime(timeOf(position));
}

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetShardIterator.html */
export const getShardIterator = kinesis.operation("GetShardIterator", {
  access: onStream("GetShardIterator"),
  async handle(input, ctx) {
    const stream = await existingStream(input, ctx);
    const shard = await existingShard(stream, input.ShardId, ctx);
    const point = {
      type: input.ShardIteratorType,
      sequenceNumber: input.StartingSequenceNumber,
      timestamp: input.Timestamp,
    };
    const after = await positionFor(point, stream, shard, ctx);
    return { ShardIterator: iteratorText(stream, shard.number, after, ctx.clock.now()) };
  },
  record: { data: true, readOnly: true },
});
