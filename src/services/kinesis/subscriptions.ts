import { setTimeout as sleep } from "node:timers/promises";
import type { SubscribeToShardEventStream } from "@aws-sdk/client-kinesis";
import type { Context, Host } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { shardsOf } from "./access.ts";
import { accessToConsumer, findConsumer, missingConsumer } from "./consumerAccess.ts";
import { kinesis } from "./contract.ts";
import { keyOfFrame } from "./encryption.ts";
import { existingShard, positionFor } from "./iterators.ts";
import { readBytesPerSecond, subscriptionGuardMs, subscriptionMs } from "./limits.ts";
import { knownMemory, memoryOf, type ShardMemory, shardKey } from "./memory.ts";
import { metric } from "./metrics.ts";
import { consumerOfArn, namedStream, shardNumber } from "./names.ts";
import { type Position, sequenceNumber } from "./positions.ts";
import { Bucket } from "./rates.ts";
import { millisBehind, type ReadResult, readShard } from "./reading.ts";
import { childrenOf, shardNumbered, shownChild } from "./shards.ts";
import { type StreamRow, streams } from "./tables.ts";

/**
 * Records pushed to a consumer as they come: one subscription for each consumer and shard, for five minutes, at up to
 * 2 MB a second that no other reader shares.
 * https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShard.html
 */

/** AWS's events hold at most so much. */
const maxEventBytes = 2 ** 20;
const maxEventRecords = 10_000;
/** Without records, an event tells from time to time where the consumer stands. */
const idleEventMs = 5_000;

interface Subscription {
  consumerArn: string;
  stream: StreamRow;
  shard: number;
  after: Position;
  /** ms of real time. */
  begunMs: number;
  /** Another has taken over, or nobody listens. */
  over: boolean;
}

/** Subscriptions live with their connections, in memory. */
const subscriptions = new WeakMap<Host, Map<string, Subscription>>();

function activeOf(host: Host): Map<string, Subscription> {
  let known = subscriptions.get(host);
  if (known === undefined) {
    known = new Map();
    subscriptions.set(host, known);
  }
  return known;
}

export const subscribeToShard = kinesis.operation("SubscribeToShard", {
  access: ({ ConsumerARN }, ctx) => {
    const stream = namedStream({}, ctx);
    const { account, region } = ctx;
    const unknown = { account, region, stream, name: "", arn: ConsumerARN };
    return accessToConsumer("SubscribeToShard", consumerOfArn(ConsumerARN) ?? unknown, ctx);
  },
  async handle({ ConsumerARN, ShardId, StartingPosition }, ctx) {
    const named = consumerOfArn(ConsumerARN);
    const found = named && (await findConsumer(named, ctx));
    if (found === undefined) throw ctx.error("ResourceNotFoundException", missingConsumer(ConsumerARN));
    const { stream } = found;
    const shard = await existingShard(stream, ShardId, ctx);
    const { Type: type, SequenceNumber: number, Timestamp: timestamp } = StartingPosition;
    if (type === undefined) throw ctx.error("InvalidArgumentException", "StartingPosition must have a Type.");
    const after = await positionFor({ type, sequenceNumber: number, timestamp }, stream, shard, ctx);
    await knownMemory(shardKey(stream, shard.number), ctx);
    const begunMs = performance.now();
    const subscription = {
      consumerArn: ConsumerARN,
      stream,
      shard: shard.number,
      after,
      begunMs,
      over: false,
    };
    begin(subscription, ctx);
    metric(stream, "SubscribeToShard.Success", 1, ctx, "Count", { ConsumerName: found.row.name });
    return { EventStream: eventsOf(subscription, found.row.name, ctx as Context) };
  },
  record: { data: true, readOnly: true },
});

/** Takes over from an earlier subscription, unless that has only just begun. */
function begin(subscription: Subscription, ctx: Context<"ResourceInUseException">): void {
  const { consumerArn, shard } = subscription;
  const active = activeOf(ctx.host);
  const key = `${consumerArn}/${shard}`;
  const earlier = active.get(key);
  if (
    earlier !== undefined &&
    !earlier.over &&
    subscription.begunMs - earlier.begunMs < subscriptionGuardMs
  ) {
    throw ctx.error(
      "ResourceInUseException",
      `Another active subscription exists for this consumer: ${consumerArn} on shard ${shardNumber(String(shard))}.`,
    );
  }
  ctx.afterCommit(() => {
    const before = active.get(key);
    active.set(key, subscription);
    if (before === undefined) return;
    before.over = true;
    memoryOf(ctx.host, { streamId: before.stream.streamId, shard }).wake();
  });
}

async function* eventsOf(
  subscription: Subscription,
  consumerName: string,
  ctx: Context,
): AsyncGenerator<SubscribeToShardEventStream> {
  const { stream, shard } = subscription;
  const memory = memoryOf(ctx.host, { streamId: stream.streamId, shard });
  const rate = new Bucket(readBytesPerSecond);
  let { after } = subscription;
  let toldMs = Number.NEGATIVE_INFINITY;
  try {
    while (!subscription.over && performance.now() - subscription.begunMs < subscriptionMs) {
      // Registered before reading, so that nothing that comes in between is missed.
      const woken = nextRecords(memory);
      const next = await nextEvent(subscription, after, consumerName, ctx);
      if (next === undefined) return;
      after = next.after;
      const idle = next.event.Records?.length === 0;
      if (!idle || next.ended || performance.now() - toldMs >= idleEventMs) {
        toldMs = performance.now();
        yield { SubscribeToShardEvent: next.event };
      }
      if (next.ended) return;
      rate.take(next.bytes);
      const owed = -rate.left(performance.now());
      if (owed > 0) await sleep((owed / readBytesPerSecond) * 1000, undefined, { ref: false });
      if (idle) await Promise.race([woken, sleep(idleEventMs, undefined, { ref: false })]);
    }
  } catch (error) {
    yield exceptionOf(error);
  } finally {
    subscription.over = true;
    const active = activeOf(ctx.host);
    const key = `${subscription.consumerArn}/${shard}`;
    if (active.get(key) === subscription) active.delete(key);
  }
}

function nextRecords(memory: ShardMemory): Promise<void> {
  return new Promise((resolve) => memory.waiting.add(resolve));
}

type Event = SubscribeToShardEventStream.SubscribeToShardEventMember["SubscribeToShardEvent"];

interface Next {
  event: Event;
  after: Position;
  bytes: number;
  /** The shard is closed, and all of it was told. */
  ended: boolean;
}

/** What comes next; undefined once stream or consumer is gone. Keys are asked for, and metrics told of, as the caller. */
async function nextEvent(
  { consumerArn, stream: begunWith, shard }: Subscription,
  from: Position,
  consumerName: string,
  outer: Context,
): Promise<Next | undefined> {
  return await outer.apart(async (ctx) => {
    const { account, region, name, streamId } = begunWith;
    const stream = await streams.get(ctx.tx, account, region, name);
    if (stream?.streamId !== streamId) return undefined;
    const named = consumerOfArn(consumerArn);
    if (named === undefined || (await findConsumer(named, ctx)) === undefined) return undefined;
    const limits = { records: maxEventRecords, bytes: maxEventBytes };
    const read = await readShard(stream, shard, from, limits, ctx, (frame) => keyOfFrame(stream, frame, ctx));
    const children = await childrenAtEnd(stream, shard, read, ctx);
    const behind = millisBehind(read, ctx.clock.now());
    if (read.records.length > 0) count(stream, consumerName, read, behind, ctx);
    return {
      event: {
        Records: read.records,
        // At the end of a closed shard there is nothing to continue at, by which AWS's own library knows it.
        ContinuationSequenceNumber:
          children === undefined ? sequenceNumber(read.after, shard) : (undefined as never),
        MillisBehindLatest: behind,
        ...(children !== undefined && { ChildShards: children.map(shownChild) }),
      },
      after: read.after,
      bytes: read.bytes,
      ended: children !== undefined,
    };
  });
}

async function childrenAtEnd(stream: StreamRow, number: number, { atEnd }: ReadResult, ctx: Context) {
  const row = await shardsOf(stream, ctx);
  const shard = shardNumbered(row, number);
  return atEnd && shard?.end !== undefined ? childrenOf(row, shard) : undefined;
}

function count(
  stream: StreamRow,
  ConsumerName: string,
  { bytes, records }: ReadResult,
  behind: number,
  ctx: Context,
): void {
  const dimensions = { ConsumerName };
  metric(stream, "SubscribeToShardEvent.Bytes", bytes, ctx, "Bytes", dimensions);
  metric(stream, "SubscribeToShardEvent.Records", records.length, ctx, "Count", dimensions);
  metric(stream, "SubscribeToShardEvent.MillisBehindLatest", behind, ctx, "Milliseconds", dimensions);
  metric(stream, "SubscribeToShardEvent.Success", 1, ctx, "Count", dimensions);
}

/** Errors that a subscription can end with, beside those of the call. */
const modelled = new Set([
  "KMSAccessDeniedException",
  "KMSDisabledException",
  "KMSInvalidStateException",
  "KMSNotFoundException",
  "KMSThrottlingException",
  "ResourceNotFoundException",
]);

function exceptionOf(error: unknown): SubscribeToShardEventStream {
  const known = error instanceof AwsError && modelled.has(error.code);
  if (!known) throw error;
  return { [error.code]: { message: error.message } } as unknown as SubscribeToShardEventStream;
}
