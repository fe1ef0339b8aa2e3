import type { Context } from "../../../kit/context.ts";
import { type Arn, parseArn } from "../../../kit/targets.ts";
import { sourceSession } from "./batch.ts";
import type { Mapping, PollScope } from "./pollers.ts";

/** Kinesis' and DynamoDB's streams, as pollers read them: shards, iterators, records. */

export interface Shard {
  id: string;
  parents: readonly string[];
}

export interface StreamRecord {
  sequenceNumber: string;
  /** Records of one key stay in order. */
  key: string;
  atMs: number;
  /** As the function gets it. */
  event: Record<string, unknown>;
  /** As filters see it. */
  filterable: Record<string, unknown>;
}

export interface RecordPage {
  records: StreamRecord[];
  /** Undefined where the shard has come to its end. */
  next: string | undefined;
}

export interface StreamReader {
  shards(): Promise<Shard[]>;
  /** An iterator behind a record, or at the mapping's own position. */
  iterator(shard: string, behind: string | undefined): Promise<string>;
  read(shard: string, iterator: string, limit: number): Promise<RecordPage>;
}

export function readerOf(scope: PollScope): StreamReader {
  return scope.mapping.row.kind === "kinesis" ? kinesisReader(scope) : dynamoReader(scope);
}

function caller(scope: PollScope, service: string) {
  const { account, region } = parseArn(scope.mapping.row.sourceArn) as Arn;
  return async (operation: string, input: Record<string, unknown>) =>
    await scope.act(async (ctx: Context) => {
      const { as, roleArn } = await sourceSession(scope.mapping, ctx);
      return { answer: await ctx.call(service, operation, input, { as, account, region }), roleArn };
    });
}

function position({ row }: Mapping, behind: string | undefined): Record<string, unknown> {
  if (behind !== undefined) return { ShardIteratorType: "AFTER_SEQUENCE_NUMBER", SequenceNumber: behind };
  // What came since the mapping was made is not passed over, though nothing was processed before a process ended.
  if (row.kind === "kinesis" && row.startingPosition === "LATEST" && row.createdAt !== undefined)
    return { ShardIteratorType: "AT_TIMESTAMP", Timestamp: new Date(row.createdAt) };
  return {
    ShardIteratorType: row.startingPosition,
    ...(row.startingAtMs !== undefined && { Timestamp: new Date(row.startingAtMs) }),
  };
}

interface KinesisRecord {
  SequenceNumber: string;
  PartitionKey: string;
  Data: Uint8Array;
  ApproximateArrivalTimestamp: Date;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html */
function kinesisReader(scope: PollScope): StreamReader {
  const { sourceArn: StreamARN } = scope.mapping.row;
  const call = caller(scope, "kinesis");
  const shown =
    (shard: string, roleArn: string) =>
    (record: KinesisRecord): StreamRecord => {
      const bytes = Buffer.from(record.Data);
      const data = bytes.toString("base64");
      const kinesis = {
        kinesisSchemaVersion: "1.0",
        partitionKey: record.PartitionKey,
        sequenceNumber: record.SequenceNumber,
        data,
        approximateArrivalTimestamp: record.ApproximateArrivalTimestamp.getTime() / 1_000,
      };
      return {
        sequenceNumber: record.SequenceNumber,
        key: record.PartitionKey,
        atMs: record.ApproximateArrivalTimestamp.getTime(),
        filterable: { ...kinesis, data: parsed(bytes.toString()) },
        event: {
          kinesis,
          eventSource: "aws:kinesis",
          eventVersion: "1.0",
          eventID: `${shard}:${record.SequenceNumber}`,
          eventName: "aws:kinesis:record",
          invokeIdentityArn: roleArn,
          awsRegion: scope.mapping.region,
          eventSourceARN: StreamARN,
        },
      };
    };
  return {
    async shards() {
      const { answer } = await call("ListShards", { StreamARN });
      return (
        (answer.Shards ?? []) as { ShardId: string; ParentShardId?: string; AdjacentParentShardId?: string }[]
      ).map(({ ShardId, ParentShardId, AdjacentParentShardId }) => ({
        id: ShardId,
        parents: [ParentShardId, AdjacentParentShardId].filter((one) => one !== undefined),
      }));
    },
    async iterator(shard, behind) {
      const { ShardIteratorType, SequenceNumber, Timestamp } = position(scope.mapping, behind);
      const input = {
        StreamARN,
        ShardId: shard,
        ShardIteratorType,
        ...(SequenceNumber !== undefined && { StartingSequenceNumber: SequenceNumber }),
        ...(Timestamp !== undefined && { Timestamp }),
      };
      return String((await call("GetShardIterator", input)).answer.ShardIterator);
    },
    async read(shard, ShardIterator, Limit) {
      const { answer, roleArn } = await call("GetRecords", { ShardIterator, Limit, StreamARN });
      return {
        records: ((answer.Records ?? []) as KinesisRecord[]).map(shown(shard, roleArn)),
        next: answer.NextShardIterator as string | undefined,
      };
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

interface DynamoRecord {
  eventID: string;
  eventName: string;
  eventVersion: string;
  awsRegion: string;
  userIdentity?: unknown;
  dynamodb: {
    SequenceNumber: string;
    ApproximateCreationDateTime: Date;
    Keys: unknown;
    [member: string]: unknown;
  };
}

/** Bytes in base64, as JSON has them. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item)]));
}

/** https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html */
function dynamoReader(scope: PollScope): StreamReader {
  const { sourceArn: StreamArn } = scope.mapping.row;
  const call = caller(scope, "dynamodbstreams");
  const sinceMs = latestSince(scope.mapping);
  const shown = (record: DynamoRecord): StreamRecord => {
    const atMs = new Date(record.dynamodb.ApproximateCreationDateTime).getTime();
    const event = {
      eventID: record.eventID,
      eventName: record.eventName,
      eventVersion: record.eventVersion,
      eventSource: "aws:dynamodb",
      awsRegion: record.awsRegion,
      dynamodb: {
        ...(plain(record.dynamodb) as Record<string, unknown>),
        ApproximateCreationDateTime: Math.floor(atMs / 1_000),
      },
      ...(record.userIdentity !== undefined && { userIdentity: record.userIdentity }),
      eventSourceARN: StreamArn,
    };
    return {
      sequenceNumber: record.dynamodb.SequenceNumber,
      key: JSON.stringify(plain(record.dynamodb.Keys)),
      atMs,
      event,
      filterable: event,
    };
  };
  return {
    async shards() {
      const { answer } = await call("DescribeStream", { StreamArn });
      const { Shards = [] } = answer.StreamDescription as {
        Shards?: { ShardId: string; ParentShardId?: string }[];
      };
      return Shards.map(({ ShardId, ParentShardId }) => ({
        id: ShardId,
        parents: ParentShardId === undefined ? [] : [ParentShardId],
      }));
    },
    async iterator(shard, behind) {
      const { ShardIteratorType, SequenceNumber } = position(scope.mapping, behind);
      const input = {
        StreamArn,
        ShardId: shard,
        ShardIteratorType: behind === undefined && sinceMs !== undefined ? "TRIM_HORIZON" : ShardIteratorType,
        ...(SequenceNumber !== undefined && { SequenceNumber }),
      };
      return String((await call("GetShardIterator", input)).answer.ShardIterator);
    },
    async read(_shard, ShardIterator, limit) {
      const { answer } = await call("GetRecords", {
        ShardIterator,
        Limit: Math.min(limit, maxDynamoRecords),
      });
      return {
        records: ((answer.Records ?? []) as DynamoRecord[])
          .map(shown)
          .filter(({ atMs }) => sinceMs === undefined || atMs >= sinceMs),
        next: answer.NextShardIterator as string | undefined,
      };
    },
  };
}

/**
 * Streams of DynamoDB have no iterator by time. A mapping's first poller takes up what is the latest then; those that
 * follow read from the beginning and leave out what is older than the mapping. Records tell their second alone.
 */
function latestSince({ row, isNew }: Mapping): number | undefined {
  if (row.startingPosition !== "LATEST" || row.createdAt === undefined || isNew === true) return undefined;
  return Math.floor(row.createdAt / 1_000) * 1_000;
}

const maxDynamoRecords = 1_000;
