import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import type { RecordRow } from "../../kit/record.ts";
import type { DeliveryScope } from "../../kit/service.ts";
import { parseArn } from "../../kit/targets.ts";
import { buffer, isFull } from "./buffer.ts";
import { metric } from "./metrics.ts";
import { asRole } from "./names.ts";
import type { PendingRecord } from "./pendingRows.ts";
import { type DeliveryStreamRow, deliveryStreams, type PositionRow, positions, sources } from "./tables.ts";

/**
 * Reading a Kinesis stream, as a session of the role that the source's configuration names. The record tells that
 * something was put into it; then its shards are read to their ends, each page moved into the buffer in the transaction
 * that moves the reader's place: each record once.
 */

interface Poll {
  name: string;
  streamId: string;
  /** How often it was refused since it last read anything. */
  refusals?: number;
  [member: string]: unknown;
}

/** Records of one read: about as much as a shard gives in a second. */
const recordsPerRead = 2_000;
const firstRetryMs = 1_000;
const longestRetryMs = 15 * 60_000;

export async function followSource(stream: DeliveryStreamRow, ctx: Context): Promise<void> {
  const { source, name, streamId, account, region } = stream;
  if (source === undefined) return;
  sources.put(ctx.tx, [source.streamArn, streamId], { name, streamId, account, region });
  await ctx.followRecord(true);
}

export async function forgetSource(stream: DeliveryStreamRow, ctx: Context): Promise<void> {
  const { source, streamId, account, region } = stream;
  if (source === undefined) return;
  sources.delete(ctx.tx, source.streamArn, streamId);
  const kept = await positions.list(ctx.tx, [account, region, streamId]);
  for (const { key } of kept) positions.delete(ctx.tx, ...key);
  if ((await sources.list(ctx.tx, [], { limit: 1 })).length === 0) await ctx.followRecord(false);
}

const puts = new Set(["PutRecord", "PutRecords"]);

/** New events of the record: whoever put into a stream that is read has it read. */
export async function followsRecord(entries: readonly RecordRow[], ctx: Context): Promise<void> {
  const touched = new Set<string>();
  for (const { event } of entries) {
    if (event.eventSource !== "kinesis.amazonaws.com" || !puts.has(event.eventName)) continue;
    for (const { ARN } of event.resources ?? []) if (ARN !== undefined) touched.add(ARN);
  }
  for (const arn of touched) {
    for (const { row } of await sources.list(ctx.tx, [arn])) {
      const { name, streamId, account, region } = row;
      pollSoon({ name, streamId }, ctx, { account, region });
    }
  }
}

function pollSoon(
  poll: Poll,
  ctx: Context,
  at: { account?: string; region?: string; delayMs?: number } = {},
): void {
  const group = `poll/${poll.streamId}`;
  ctx.outbox.put("poll", { ...poll }, { ...at, group, peer: `firehose/${poll.streamId}` });
}

interface Page {
  shardId: string;
  records: (PendingRecord & { number: string })[];
  ended: boolean;
  behindMs: number;
}

interface Polled {
  pages: Page[];
  /** More is to be read at once. */
  more: boolean;
  /** A read was refused, and is tried again in a while. */
  refused: boolean;
}

interface Shard {
  ShardId: string;
  ParentShardId?: string;
  AdjacentParentShardId?: string;
}

export const poll = {
  async send({ name, streamId }: Poll, scope: DeliveryScope): Promise<Polled | undefined> {
    return await scope.act(async (ctx) => {
      const stream = await deliveryStreams.get(ctx.tx, scope.account, scope.region, name);
      if (stream?.streamId !== streamId || stream.source === undefined) return undefined;
      const held = await positions.list(ctx.tx, [stream.account, stream.region, streamId]);
      const places = new Map(held.map(({ key, row }) => [key[3], row]));
      const polled: Polled = { pages: [], more: false, refused: false };
      if (await isFull(stream, ctx)) return { ...polled, refused: true };
      try {
        const call = await callerOf(stream, ctx);
        const { Shards } = (await call("ListShards", {})) as { Shards: Shard[] };
        const known = new Set(Shards.map(({ ShardId }) => ShardId));
        // A child is read once its parents are: records of one key stay in order.
        const isRead = (id: string | undefined) =>
          id === undefined || !known.has(id) || places.get(id)?.ended === true;
        const ready = Shards.filter(
          ({ ShardId, ParentShardId, AdjacentParentShardId }) =>
            places.get(ShardId)?.ended !== true && isRead(ParentShardId) && isRead(AdjacentParentShardId),
        );
        for (const { ShardId } of ready) await readPage(ShardId, places.get(ShardId), stream, call, polled);
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        polled.refused = true;
      }
      return polled;
    });
  },

  async settle(job: Poll, ctx: Context, polled: Polled | undefined): Promise<void> {
    if (polled === undefined) return;
    const stream = await deliveryStreams.get(ctx.tx, ctx.account, ctx.region, job.name);
    if (stream?.streamId !== job.streamId) return;
    for (const page of polled.pages) await keepPage(stream, page, ctx);
    const { refusals: before = 0, ...rest } = job;
    const refusals = polled.pages.length > 0 ? 0 : before + 1;
    const delayMs = Math.min(longestRetryMs, firstRetryMs * 2 ** refusals);
    if (polled.refused) pollSoon({ ...rest, refusals }, ctx, { delayMs });
    else if (polled.more) pollSoon(rest, ctx);
  },
};

type Call = (operation: string, input: Record<string, unknown>) => Promise<Record<string, unknown>>;

async function callerOf(stream: DeliveryStreamRow, ctx: Context): Promise<Call> {
  const { streamArn = "", roleArn = "" } = stream.source ?? {};
  const as = await asRole(stream, roleArn, ctx);
  const { account = stream.account, region = stream.region } = parseArn(streamArn) ?? {};
  return (operation, input) =>
    ctx.call("kinesis", operation, { StreamARN: streamArn, ...input }, { as, account, region });
}

interface Answer {
  Records: { SequenceNumber: string; ApproximateArrivalTimestamp: Date; Data: Uint8Array }[];
  NextShardIterator?: string;
  MillisBehindLatest: number;
}

/** Reads one page of a shard. One that its limits refuse is read later; the others of the poll are kept. */
async function readPage(
  shardId: string,
  place: PositionRow | undefined,
  stream: DeliveryStreamRow,
  call: Call,
  polled: Polled,
): Promise<void> {
  const start =
    place?.after === undefined
      ? { ShardIteratorType: "AT_TIMESTAMP", Timestamp: new Date(stream.source?.startMs ?? 0) }
      : { ShardIteratorType: "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber: place.after };
  try {
    const { ShardIterator } = await call("GetShardIterator", { ShardId: shardId, ...start });
    const answer = (await call("GetRecords", { ShardIterator, Limit: recordsPerRead })) as unknown as Answer;
    const ended = answer.NextShardIterator === undefined;
    const records = answer.Records.map(({ SequenceNumber, ApproximateArrivalTimestamp, Data }) => ({
      number: SequenceNumber,
      arrivalMs: ApproximateArrivalTimestamp.getTime(),
      data: Data,
    }));
    if (records.length > 0 || ended) {
      polled.pages.push({ shardId, records, ended, behindMs: answer.MillisBehindLatest });
    }
    if (ended || answer.MillisBehindLatest > 0) polled.more = true;
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    polled.refused = true;
  }
}

async function keepPage(
  stream: DeliveryStreamRow,
  { shardId, records, ended, behindMs }: Page,
  ctx: Context,
): Promise<void> {
  const key = [stream.account, stream.region, stream.streamId, shardId] as const;
  const held = await positions.get(ctx.tx, ...key);
  const after = records.at(-1)?.number ?? held?.after;
  positions.put(ctx.tx, [...key], { ...(after !== undefined && { after }), ...(ended && { ended }) });
  metric(stream, "KinesisMillisBehindLatest", behindMs, ctx, "Milliseconds");
  if (records.length === 0) return;
  await buffer(stream, records, ctx);
  const bytes = records.reduce((sum, { data }) => sum + data.byteLength, 0);
  metric(stream, "DataReadFromKinesisStream.Bytes", bytes, ctx, "Bytes");
  metric(stream, "DataReadFromKinesisStream.Records", records.length, ctx);
}
