import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { shownKeySchema } from "../describe.ts";
import { retentionMs } from "../tableStreams.ts";
import { streams } from "../tables.ts";
import { dynamodbstreams } from "./contract.ts";
import { existingStream, shardIdOf, streamAccess, streamName } from "./find.ts";

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_DescribeStream.html */
export const describeStream = dynamodbstreams.operation("DescribeStream", {
  access: ({ StreamArn }, ctx) => streamAccess("DescribeStream", StreamArn, ctx as Context),
  async handle({ StreamArn, ExclusiveStartShardId: start, ShardFilter: filter }, ctx) {
    const stream = await existingStream(StreamArn, ctx as Context);
    if (filter !== undefined && (filter.Type === undefined || filter.ShardId === undefined)) {
      throw new AwsError("ValidationException", "ShardFilter must have both Type and ShardId");
    }
    const ShardId = shardIdOf(stream);
    const shard = {
      ShardId,
      SequenceNumberRange: {
        StartingSequenceNumber: stream.starting,
        ...(stream.ending !== undefined && { EndingSequenceNumber: stream.ending }),
      },
    };
    // The one shard has no children, and comes before whatever is named behind it.
    const isShown = filter === undefined && (start === undefined || start < ShardId);
    return {
      StreamDescription: {
        StreamArn: stream.arn,
        StreamLabel: stream.label,
        StreamStatus: stream.status,
        StreamViewType: stream.view,
        CreationRequestDateTime: new Date(stream.created),
        TableName: stream.tableName,
        KeySchema: shownKeySchema(stream.key),
        Shards: isShown ? [shard] : [],
      },
    };
  },
});

const maxListed = 100;

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_ListStreams.html */
export const listStreams = dynamodbstreams.operation("ListStreams", {
  access: () => ({ action: "dynamodb:ListStreams", resource: "*" }),
  async handle({ TableName, Limit = maxListed, ExclusiveStartStreamArn: start }, ctx) {
    const table = TableName?.startsWith("arn:") ? TableName.slice(TableName.lastIndexOf("/") + 1) : TableName;
    const after = start === undefined ? undefined : streamName(start);
    if (start !== undefined && after === undefined)
      throw new AwsError("ValidationException", "Invalid ExclusiveStartStreamArn");
    const now = ctx.clock.now();
    const rows = await streams.list(
      ctx.tx,
      table === undefined ? [ctx.account, ctx.region] : [ctx.account, ctx.region, table],
      {
        limit: Limit + 1,
        ...(after && { after: table === undefined ? [after.table, after.label] : [after.label] }),
      },
    );
    const live = rows.filter(({ row }) => row.endedAt === undefined || row.endedAt + retentionMs > now);
    const shown = live.slice(0, Limit).map(({ row }) => row);
    const last = shown.at(-1);
    return {
      Streams: shown.map(({ arn, label, tableName }) => ({
        StreamArn: arn,
        StreamLabel: label,
        TableName: tableName,
      })),
      ...(live.length > Limit && last && { LastEvaluatedStreamArn: last.arn }),
    };
  },
});
