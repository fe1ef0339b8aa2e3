import type { Context } from "../../kit/context.ts";
import { draw, randomText } from "../../kit/ids.ts";
import { existingGroup, missingStream, namedGroup, streamAccess } from "./access.ts";
import { accountFilters } from "./accountFilters.ts";
import { BatchViews } from "./batchViews.ts";
import { logs } from "./contract.ts";
import { GroupKeys } from "./encryption.ts";
import {
  eventOverheadBytes,
  expiredBefore,
  maxBatchBytes,
  maxBatchSpanMs,
  maxEventAgeMs,
  maxEventLeadMs,
} from "./limits.ts";
import { showLive } from "./liveTail.ts";
import { publishMatches } from "./metricValues.ts";
import { protectedEvents } from "./protection/findings.ts";
import { writeJournal } from "./settle.ts";
import { encodeBatch, sealChunk } from "./store/chunk.ts";
import { putChunk } from "./store/chunkRows.ts";
import { noteClass } from "./store/classes.ts";
import { classOf, formatPlace } from "./store/place.ts";
import { forwardMatches } from "./subscriptions.ts";
import {
  type GroupRow,
  index,
  type StreamRow,
  streamFacts,
  streams,
  streamsByLast,
  timeKey,
} from "./tables.ts";
import { transformOf } from "./transform/versions.ts";

interface Event {
  timestamp: number;
  message: string;
}

/**
 * Takes a batch of lines. Sequence tokens are taken and not needed, as on AWS since 2023. One row for all of the
 * batch, and rows of a few bytes to find and to count it by; none that another batch also reads, so any number of
 * writers share a group or a stream.
 * https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
 */
export const putLogEvents = logs.operation("PutLogEvents", {
  access: ({ logGroupName, logStreamName }, ctx) =>
    streamAccess("PutLogEvents", namedGroup(logGroupName, ctx), logStreamName, ctx),
  async handle({ logGroupName, logStreamName, logEvents }, ctx) {
    const events = logEvents as Event[];
    checkBatch(events, ctx);
    const group = await existingGroup(namedGroup(logGroupName, ctx), ctx);
    const stream = await streamOf(group, logStreamName, ctx);
    const now = ctx.clock.now();
    const { first, end, rejectedLogEventsInfo } = accepted(events, expiredBefore(group, ctx), now);
    if (first < end) {
      const taken = first === 0 && end === events.length ? events : events.slice(first, end);
      await store({ group, stream, events: taken, firstItem: first, now }, ctx);
    }
    return {
      nextSequenceToken: `49${randomText(54, "digits")}`,
      ...(rejectedLogEventsInfo && { rejectedLogEventsInfo }),
    };
  },
  record: {
    data: true,
    // Lines may hold anything: the record names where they went.
    request: (_, input) => {
      const { logGroupName, logStreamName } = input;
      return { logGroupName, logStreamName };
    },
  },
});

async function streamOf(
  { groupId }: GroupRow,
  name: string,
  ctx: Context<"ResourceNotFoundException">,
): Promise<StreamRow> {
  const wellFormed = (name as string & { isWellFormed(): boolean }).isWellFormed();
  const row = wellFormed && (await streams.get(ctx.tx, ctx.account, ctx.region, groupId, name));
  if (!row) throw ctx.error("ResourceNotFoundException", missingStream);
  return row;
}

function checkBatch(events: readonly Event[], ctx: Context<"InvalidParameterException">): void {
  let bytes = events.length * eventOverheadBytes;
  let before = 0;
  for (const { timestamp, message } of events) {
    if (timestamp < before) {
      throw ctx.error(
        "InvalidParameterException",
        "Log events in a single PutLogEvents request must be in chronological order.",
      );
    }
    before = timestamp;
    bytes += Buffer.byteLength(message);
  }
  if (bytes > maxBatchBytes) {
    throw ctx.error(
      "InvalidParameterException",
      `Upload too large: ${bytes} bytes exceeds limit of ${maxBatchBytes}`,
    );
  }
  const [first] = events;
  if (first !== undefined && before - first.timestamp > maxBatchSpanMs) {
    throw ctx.error(
      "InvalidParameterException",
      "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
    );
  }
}

interface Rejected {
  tooOldLogEventEndIndex?: number;
  expiredLogEventEndIndex?: number;
  tooNewLogEventStartIndex?: number;
}

/** Events first <= i < end are taken; what is too old, expired or too new is told by AWS's indexes. */
function accepted(
  events: readonly Event[],
  expired: number,
  now: number,
): { first: number; end: number; rejectedLogEventsInfo?: Rejected } {
  const countBefore = (time: number) => {
    const found = events.findIndex(({ timestamp }) => timestamp >= time);
    return found < 0 ? events.length : found;
  };
  const tooOld = countBefore(now - maxEventAgeMs);
  const beforeRetention = countBefore(expired);
  const tooNew = countBefore(now + maxEventLeadMs + 1);
  const info: Rejected = {
    ...(tooOld > 0 && { tooOldLogEventEndIndex: tooOld }),
    ...(beforeRetention > tooOld && { expiredLogEventEndIndex: beforeRetention }),
    ...(tooNew < events.length && { tooNewLogEventStartIndex: tooNew }),
  };
  return {
    first: Math.max(tooOld, beforeRetention),
    end: tooNew,
    ...(Object.keys(info).length > 0 && { rejectedLogEventsInfo: info }),
  };
}

interface Taken {
  group: GroupRow;
  stream: StreamRow;
  /** In order of time; at least one. */
  events: Event[];
  /** Index of the first in the call. */
  firstItem: number;
  now: number;
}

async function store({ group, stream, events, firstItem, now }: Taken, ctx: Context): Promise<void> {
  const { tx, account, region } = ctx;
  const { groupId } = group;
  const min = (events[0] as Event).timestamp;
  const max = (events.at(-1) as Event).timestamp;
  const number = classOf(min, max);
  const place = formatPlace({ class: number, min, max, id: randomText(10, "lower36") });
  await noteClass(group, stream, number, ctx);
  const name = { at: now, number: draw(6).readUIntBE(0, 6) };
  const encoded = await encodeBatch(events, name, firstItem);
  const key = group.encryption && (await new GroupKeys(group, ctx).current());
  const { streamId, name: streamName } = stream;
  putChunk(tx, { account, region, streamId }, place, sealChunk(encoded, place, key));
  const bytes = events.reduce((sum, { message }) => sum + Buffer.byteLength(message), 0);
  const counted = { streamId, streamName, lines: events.length, bytes };
  index.put(tx, [account, region, groupId, place], counted);
  writeJournal(group, { ...counted, place, lastIngestion: now }, ctx);
  await noteFirst(group, stream, { firstEvent: min, lastEvent: max, lastIngestion: now }, ctx);
  const seen = await protectedEvents(group, events, ctx);
  const transform = await transformOf(group, ctx.tx);
  const views = new BatchViews(seen, transform, { ingestedMs: now, stream: streamName });
  if (group.metricFilters > 0) await publishMatches(group, views, ctx);
  const ofAccount = await accountFilters(group, ctx);
  if (group.subscriptionFilters || ofAccount.length > 0) {
    await forwardMatches(group, { streamName, views, ...name, firstItem }, ofAccount, ctx);
  }
  showLive(group, streamName, seen, ctx);
  const dimensions = { LogGroupName: group.name };
  ctx.metric({ namespace: "AWS/Logs", name: "IncomingBytes", dimensions, value: bytes, unit: "Bytes" });
  ctx.metric({ namespace: "AWS/Logs", name: "IncomingLogEvents", dimensions, value: events.length });
}

/** A stream's first batch is told of at once; later ones with a delay, in which batches are counted together. */
async function noteFirst(
  { groupId }: GroupRow,
  { name }: StreamRow,
  facts: { firstEvent: number; lastEvent: number; lastIngestion: number },
  ctx: Context,
): Promise<void> {
  const scope = [ctx.account, ctx.region, groupId] as const;
  if ((await streamFacts.get(ctx.tx, ...scope, name)) !== undefined) return;
  streamFacts.put(ctx.tx, [...scope, name], facts);
  streamsByLast.delete(ctx.tx, ...scope, timeKey(0), name);
  streamsByLast.put(ctx.tx, [...scope, timeKey(facts.lastEvent), name], {});
}
