import type { Context } from "../../kit/context.ts";
import { BadMarker, markerOf, positionOf } from "../../kit/paging.ts";
import { existingStream, findStream, missingStream, onStream, shardsOf } from "./access.ts";
import { kinesis } from "./contract.ts";
import { hourMs, tokenLifeMs } from "./limits.ts";
import { namedStream, shardNumber } from "./names.ts";
import { shownShard } from "./shards.ts";
import type { ShardRow, StreamRow } from "./tables.ts";

/** Lists of shards, and their filters. */

interface Filter {
  Type: string | undefined;
  ShardId?: string | undefined;
  Timestamp?: Date | undefined;
}

interface Listing {
  name: string;
  streamId: string;
  filter?: Filter;
  /** Only shards with greater numbers. */
  after: number;
}

type ListErrors = "InvalidArgumentException" | "ExpiredNextTokenException" | "ResourceNotFoundException";

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListShards.html */
export const listShards = kinesis.operation("ListShards", {
  access: (input, ctx) =>
    onStream("ListShards")({ ...input, StreamName: input.StreamName ?? streamIn(input.NextToken) }, ctx),
  async handle(input, ctx) {
    const { stream, listing } = await asked(input, ctx);
    const { shards } = await shardsOf(stream, ctx);
    const wanted = filterOf(listing.filter, stream, ctx);
    const rest = shards.filter((shard) => shard.number > listing.after && wanted(shard));
    const { MaxResults = 1_000 } = input;
    const shown = rest.slice(0, MaxResults);
    const last = shown.at(-1);
    return {
      Shards: shown.map(shownShard),
      ...(rest.length > MaxResults &&
        last && { NextToken: tokenOf({ ...listing, after: last.number }, ctx) }),
    };
  },
});

interface Input {
  StreamName?: string | undefined;
  StreamARN?: string | undefined;
  NextToken?: string | undefined;
  ExclusiveStartShardId?: string | undefined;
  StreamCreationTimestamp?: Date | undefined;
  ShardFilter?: Filter | undefined;
}

async function asked(
  input: Input,
  ctx: Context<ListErrors>,
): Promise<{ stream: StreamRow; listing: Listing }> {
  const { NextToken, StreamName, ExclusiveStartShardId } = input;
  if (NextToken === undefined) {
    const stream = await existingStream(input, ctx);
    checkCreation(stream, input, ctx);
    const { name, streamId } = stream;
    const after = ExclusiveStartShardId === undefined ? -1 : (shardNumber(ExclusiveStartShardId) ?? -1);
    return {
      stream,
      listing: { name, streamId, after, ...(input.ShardFilter && { filter: input.ShardFilter }) },
    };
  }
  if (
    StreamName !== undefined ||
    ExclusiveStartShardId !== undefined ||
    input.StreamCreationTimestamp !== undefined
  ) {
    throw ctx.error("InvalidArgumentException", "NextToken and StreamName cannot be provided together.");
  }
  const listing = listingOf(NextToken, ctx);
  const named = namedStream({ StreamName: listing.name, StreamARN: input.StreamARN }, ctx);
  const stream = await findStream(named, ctx);
  if (stream?.streamId !== listing.streamId)
    throw ctx.error("ResourceNotFoundException", missingStream(named));
  return { stream, listing };
}

/** A stream of the same name may have been made since. */
export function checkCreation(
  { created, name, account }: StreamRow,
  { StreamCreationTimestamp }: Pick<Input, "StreamCreationTimestamp">,
  ctx: Context<"ResourceNotFoundException">,
): void {
  if (StreamCreationTimestamp === undefined) return;
  if (Math.floor(StreamCreationTimestamp.getTime() / 1000) === Math.floor(created / 1000)) return;
  throw ctx.error("ResourceNotFoundException", missingStream({ name, account }));
}

function tokenOf({ name, streamId, filter, after }: Listing, ctx: Context): string {
  const filtered = JSON.stringify({ ...filter, Timestamp: filter?.Timestamp?.getTime() });
  return markerOf([name, streamId, String(after), filtered, String(Math.floor(ctx.clock.now()))]);
}

/** The name of the stream that a token is of. */
function streamIn(token: string | undefined): string | undefined {
  try {
    return token === undefined ? undefined : positionOf(token)[0];
  } catch (error) {
    if (error instanceof BadMarker) return undefined;
    throw error;
  }
}

function listingOf(token: string, ctx: Context<ListErrors>): Listing {
  const [name, streamId, after, filtered, made] = partsOf(token, ctx);
  if (ctx.clock.now() - Number(made) > tokenLifeMs) {
    throw ctx.error("ExpiredNextTokenException", "The NextToken has expired.");
  }
  const { Type, ShardId, Timestamp } = JSON.parse(filtered) as {
    Type?: string;
    ShardId?: string;
    Timestamp?: number;
  };
  const filter = { Type, ShardId, ...(Timestamp !== undefined && { Timestamp: new Date(Timestamp) }) };
  return { name, streamId, after: Number(after), ...(Type !== undefined && { filter }) };
}

function partsOf(token: string, ctx: Context<ListErrors>): [string, string, string, string, string] {
  try {
    const parts = positionOf(token);
    const [, , after = "", filtered = "", made = ""] = parts;
    const whole =
      parts.length === 5 && /^-?\d+$/.test(after) && /^\d+$/.test(made) && filtered.startsWith("{");
    if (whole && typeof JSON.parse(filtered) === "object")
      return parts as [string, string, string, string, string];
  } catch (error) {
    if (!(error instanceof BadMarker || error instanceof SyntaxError)) throw error;
  }
  throw ctx.error("InvalidArgumentException", "Invalid NextToken.");
}

type Wanted = (shard: ShardRow) => boolean;

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ShardFilter.html */
function filterOf(filter: Filter | undefined, stream: StreamRow, ctx: Context<ListErrors>): Wanted {
  const oldest = ctx.clock.now() - stream.retentionHours * hourMs;
  switch (filter?.Type) {
    case undefined:
      return () => true;
    case "AFTER_SHARD_ID": {
      const number = shardNumber(filter.ShardId ?? "");
      if (number === undefined) throw missing("ShardId", filter, ctx);
      return (shard) => shard.number > number;
    }
    case "AT_LATEST":
      return ({ closed }) => closed === undefined;
    case "AT_TRIM_HORIZON":
      return openAt(oldest);
    case "FROM_TRIM_HORIZON":
      return openSince(oldest);
    default: {
      const time = filter?.Timestamp?.getTime();
      if (time === undefined) throw missing("Timestamp", filter as Filter, ctx);
      checkTime(time, stream, ctx);
      const from = Math.max(time, oldest);
      return filter?.Type === "AT_TIMESTAMP" ? openAt(from) : openSince(from);
    }
  }
}

/** Shards that were open then; before the stream was made, those that it began with. */
function openAt(time: number): Wanted {
  return ({ created, closed, parent }) =>
    (created <= time || parent === undefined) && (closed === undefined || closed >= time);
}

function openSince(time: number): Wanted {
  return ({ closed }) => closed === undefined || closed >= time;
}

function missing(member: string, { Type }: Filter, ctx: Context<ListErrors>): Error {
  return ctx.error(
    "InvalidArgumentException",
    `${member} must be provided in the request when ShardFilterType is ${Type}.`,
  );
}

function checkTime(time: number, { created }: StreamRow, ctx: Context<ListErrors>): void {
  if (time <= ctx.clock.now() && time >= Math.floor(created / 1000) * 1000) return;
  throw ctx.error(
    "InvalidArgumentException",
    "The timestamp of a ShardFilter must be between the creation of the stream and now.",
  );
}
