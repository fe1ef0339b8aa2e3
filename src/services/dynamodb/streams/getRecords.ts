import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { sequenceAt, settledBefore } from "../records.ts";
import { type RecordRow, records, type StreamRow } from "../tables.ts";
import { horizonAt } from "../trim.ts";
import { dynamodbstreams } from "./contract.ts";
import { existingStream, scopeOf, shardIdOf, streamAccess } from "./find.ts";

/** Where reading of a shard goes on, and until when that can be asked. */
interface Position {
  arn: string;
  /** Records behind this number, or from it on. */
  sequence: string;
  inclusive: boolean;
  /** ms since the epoch, by the clock: when the iterator was made. */
  at: number;
}

const iteratorMs = 15 * 60_000;
const maxRecords = 1_000;
/** Of the model there is only the lower bound. */
function checkLimit(limit: number): void {
  if (limit <= maxRecords) return;
  throw new AwsError(
    "ValidationException",
    `1 validation error detected: Value '${limit}' at 'limit' failed to satisfy constraint: Member must have value less than or equal to ${maxRecords}`,
  );
}

const maxPageBytes = 2 ** 20;

function iteratorOf({ arn, sequence, inclusive, at }: Position): string {
  const text = JSON.stringify([sequence, inclusive ? 1 : 0, Math.floor(at)]);
  return `${arn}|1|${Buffer.from(text).toString("base64")}`;
}

function positionOf(iterator: string): Position | undefined {
  const [arn, version, encoded] = iterator.split("|");
  if (arn === undefined || version !== "1" || encoded === undefined) return undefined;
  try {
    const [sequence, inclusive, at] = JSON.parse(Buffer.from(encoded, "base64").toString()) as unknown[];
    if (typeof sequence !== "string" || !/^\d{1,40}$/.test(sequence) || typeof at !== "number")
      return undefined;
    return { arn, sequence, inclusive: inclusive === 1, at };
  } catch {
    return undefined;
  }
}

function trimmed(): AwsError {
  return new AwsError(
    "TrimmedDataAccessException",
    "The operation attempted to read past the oldest stream record in a shard: The requested sequence number is past the trim horizon.",
  );
}

/** Sequence numbers are compared as numbers, however many zeros stand before them. */
function normalSequence(given: string): string {
  return given.replace(/^0+(?=\d)/, "").padStart(sequenceAt(10 ** 12).length, "0");
}

interface Asked {
  ShardIteratorType: string;
  SequenceNumber?: string | undefined;
}

function startOf(stream: StreamRow, { ShardIteratorType: type, SequenceNumber: given }: Asked, now: number) {
  const horizon = horizonAt(now);
  const isByNumber = type === "AT_SEQUENCE_NUMBER" || type === "AFTER_SEQUENCE_NUMBER";
  if (given !== undefined && !isByNumber) {
    throw new AwsError(
      "ValidationException",
      `Invalid Parameter: SequenceNumber can not be specified when ShardIteratorType is ${type}`,
    );
  }
  const oldest = [horizon, stream.starting].sort().at(-1) as string;
  switch (type) {
    case "TRIM_HORIZON":
      // Whatever the oldest record is by the time that it is asked for.
      return { sequence: stream.starting, inclusive: true };
    case "LATEST":
      return { sequence: stream.ending ?? settledBefore(now), inclusive: true };
    default: {
      if (given === undefined) {
        throw new AwsError(
          "ValidationException",
          `Invalid Parameter: SequenceNumber must be specified when ShardIteratorType is ${type}`,
        );
      }
      if (!/^\d{1,40}$/.test(given)) throw new AwsError("ValidationException", "Invalid SequenceNumber");
      const sequence = normalSequence(given);
      if (sequence < oldest) throw trimmed();
      return { sequence, inclusive: type === "AT_SEQUENCE_NUMBER" };
    }
  }
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetShardIterator.html */
export const getShardIterator = dynamodbstreams.operation("GetShardIterator", {
  access: ({ StreamArn }, ctx) => streamAccess("GetShardIterator", StreamArn, ctx as Context),
  async handle(input, ctx) {
    const stream = await existingStream(input.StreamArn, ctx as Context);
    if (input.ShardId !== shardIdOf(stream)) {
      throw ctx.error(
        "ResourceNotFoundException",
        `Requested resource not found: Shard does not exist: ${input.ShardId}`,
      );
    }
    const now = ctx.clock.now();
    return { ShardIterator: iteratorOf({ arn: stream.arn, at: now, ...startOf(stream, input, now) }) };
  },
});

function shownRecord(stream: StreamRow, sequence: string, row: RecordRow, region: string) {
  return {
    eventID: row.id,
    eventName: row.event,
    eventVersion: "1.1",
    eventSource: "aws:dynamodb",
    awsRegion: region,
    dynamodb: {
      // AWS tells whole seconds.
      ApproximateCreationDateTime: new Date(Math.floor(row.at / 1000) * 1000),
      Keys: row.keys as never,
      ...(row.after && { NewImage: row.after as never }),
      ...(row.before && { OldImage: row.before as never }),
      SequenceNumber: sequence,
      SizeBytes: row.bytes,
      StreamViewType: stream.view,
    },
    ...(row.byService && {
      userIdentity: { PrincipalId: "dynamodb.amazonaws.com", Type: "Service" },
    }),
  };
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetRecords.html */
export const getRecords = dynamodbstreams.operation("GetRecords", {
  access: ({ ShardIterator }, ctx) =>
    streamAccess("GetRecords", positionOf(ShardIterator)?.arn ?? "", ctx as Context),
  async handle({ ShardIterator, Limit = maxRecords }, ctx) {
    checkLimit(Limit);
    const position = positionOf(ShardIterator);
    if (position === undefined) throw new AwsError("ValidationException", "Invalid ShardIterator");
    const stream = await existingStream(position.arn, ctx as Context);
    const now = ctx.clock.now();
    if (position.at + iteratorMs <= now) {
      throw ctx.error(
        "ExpiredIteratorException",
        `The shard iterator has expired. Shard iterators are valid for ${iteratorMs / 60_000} minutes.`,
      );
    }
    const horizon = horizonAt(now);
    if (position.sequence < horizon && position.sequence > stream.starting) throw trimmed();
    // Looked at before the records are: what is given out later has a higher number.
    const settled = settledBefore(now);
    const found = await ctx.peek((tx) =>
      records.list(tx, scopeOf(stream), {
        limit: Limit,
        within: {
          from:
            position.sequence < horizon
              ? { part: horizon, inclusive: true }
              : { part: position.sequence, inclusive: position.inclusive },
          to: { part: settled, inclusive: false },
        },
      }),
    );
    let bytes = 0;
    const shown = found.filter(({ row }, i) => {
      bytes += row.bytes;
      return i === 0 || bytes <= maxPageBytes;
    });
    const last = shown.at(-1)?.key[3];
    const isOver = stream.ending !== undefined && shown.length === found.length && found.length < Limit;
    const next: Position =
      last === undefined
        ? { ...position, at: now }
        : { arn: stream.arn, sequence: last, inclusive: false, at: now };
    return {
      Records: shown.map(({ key, row }) => shownRecord(stream, key[3], row, scopeOf(stream)[1])),
      ...(!isOver && { NextShardIterator: iteratorOf(next) }),
    };
  },
  record: {
    data: true,
    requestOnly: ({ ShardIterator }) => ({ streamArn: positionOf(ShardIterator ?? "")?.arn }),
  },
});
