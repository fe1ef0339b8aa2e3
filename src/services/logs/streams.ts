import type { LogStream } from "@aws-sdk/client-cloudwatch-logs";
import type { Context } from "../../kit/context.ts";
import { randomText } from "../../kit/ids.ts";
import { markerOf, pageOf, positionOf } from "../../kit/paging.ts";
import {
  checkOneName,
  existingGroup,
  groupAccess,
  groupOf,
  missingStream,
  namedGroup,
  streamAccess,
} from "./access.ts";
import { logs } from "./contract.ts";
import { ownerOf } from "./encryption.ts";
import { logsPage } from "./pages.ts";
import { purgeStream } from "./purge.ts";
import { type GroupRow, type StreamRow, streamFacts, streams, streamsByLast, timeKey } from "./tables.ts";

/** Log streams. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html */

/** The stream, or ResourceNotFoundException. */
export async function existingStream(
  group: GroupRow,
  name: string,
  ctx: Context<"ResourceNotFoundException">,
): Promise<StreamRow> {
  const { account, region } = ownerOf(group);
  const row = isWellFormed(name)
    ? await streams.get(ctx.tx, account, region, group.groupId, name)
    : undefined;
  if (row === undefined) throw ctx.error("ResourceNotFoundException", missingStream);
  return row;
}

/** Half a surrogate pair has no UTF-8 form, so it is in no key. */
export function isWellFormed(name: string): boolean {
  return (name as string & { isWellFormed(): boolean }).isWellFormed();
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogStream.html */
export const createLogStream = logs.operation("CreateLogStream", {
  access: ({ logGroupName, logStreamName }, ctx) =>
    streamAccess("CreateLogStream", namedGroup(logGroupName, ctx), logStreamName, ctx),
  async handle({ logGroupName, logStreamName: name }, ctx) {
    if (!isWellFormed(name)) throw ctx.error("InvalidParameterException", "The name is not valid UTF-8.");
    const group = await existingGroup(namedGroup(logGroupName, ctx), ctx);
    const key = [ctx.account, ctx.region, group.groupId, name] as const;
    if ((await streams.get(ctx.tx, ...key)) !== undefined) {
      throw ctx.error("ResourceAlreadyExistsException", "The specified log stream already exists");
    }
    streams.put(ctx.tx, [...key], {
      streamId: randomText(20, "lower36"),
      name,
      creationTime: ctx.clock.now(),
      classes: 0,
    });
    streamsByLast.put(ctx.tx, [ctx.account, ctx.region, group.groupId, timeKey(0), name], {});
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteLogStream.html */
export const deleteLogStream = logs.operation("DeleteLogStream", {
  access: ({ logGroupName, logStreamName }, ctx) =>
    streamAccess("DeleteLogStream", namedGroup(logGroupName, ctx), logStreamName, ctx),
  async handle({ logGroupName, logStreamName }, ctx) {
    const { tx, account, region } = ctx;
    const group = await existingGroup(namedGroup(logGroupName, ctx), ctx);
    const { streamId, name } = await existingStream(group, logStreamName, ctx);
    const facts = await streamFacts.get(tx, account, region, group.groupId, name);
    streams.delete(tx, account, region, group.groupId, name);
    streamFacts.delete(tx, account, region, group.groupId, name);
    streamsByLast.delete(tx, account, region, group.groupId, timeKey(facts?.lastEvent ?? 0), name);
    await purgeStream({ groupId: group.groupId, streamId }, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogStreams.html */
export const describeLogStreams = logs.operation("DescribeLogStreams", {
  access: (input, ctx) => groupAccess("DescribeLogStreams", groupOf(input, ctx), ctx),
  async handle(input, ctx) {
    const { logStreamNamePrefix: prefix, orderBy, descending = false, nextToken, limit = 50 } = input;
    checkOneName(input, ctx);
    if (orderBy === "LastEventTime" && prefix !== undefined) {
      throw ctx.error(
        "InvalidParameterException",
        "Cannot order by LastEventTime with a logStreamNamePrefix.",
      );
    }
    if (prefix !== undefined && !isWellFormed(prefix)) return { logStreams: [] };
    const group = await existingGroup(groupOf(input, ctx), ctx);
    const { items, end } = await logsPage(ctx, () =>
      orderBy === "LastEventTime"
        ? byLastEvent(group, { limit, descending, nextToken }, ctx)
        : byName(group, { limit, descending, nextToken, prefix }, ctx),
    );
    return { logStreams: await Promise.all(items.map((stream) => shown(group, stream, ctx))), ...end };
  },
});

interface Paging {
  limit: number;
  descending: boolean;
  nextToken: string | undefined;
  prefix?: string | undefined;
}

function byName(group: GroupRow, { limit, descending, nextToken, prefix }: Paging, ctx: Context) {
  const { account, region } = ownerOf(group);
  return pageOf(streams, ctx.tx, [account, region, group.groupId], {
    limit,
    marker: nextToken,
    startsWith: prefix,
    reverse: descending,
  });
}

async function byLastEvent(group: GroupRow, { limit, descending, nextToken }: Paging, ctx: Context) {
  const { account, region } = ownerOf(group);
  const scope = [account, region, group.groupId] as const;
  const after = nextToken === undefined ? undefined : positionOf(nextToken);
  const rows = await streamsByLast.list(ctx.tx, scope, {
    limit: limit + 1,
    reverse: descending,
    ...(after && { after }),
  });
  const shownRows = rows.slice(0, limit);
  const found = await Promise.all(shownRows.map(({ key }) => streams.get(ctx.tx, ...scope, key[4])));
  const last = shownRows.at(-1);
  return {
    items: found.filter((row) => row !== undefined),
    ...(rows.length > limit && last && { next: markerOf([last.key[3], last.key[4]]) }),
  };
}

async function shown(group: GroupRow, { name, creationTime }: StreamRow, ctx: Context): Promise<LogStream> {
  const { account, region } = ownerOf(group);
  const facts = await streamFacts.get(ctx.tx, account, region, group.groupId, name);
  return {
    logStreamName: name,
    creationTime,
    ...(facts && {
      firstEventTimestamp: facts.firstEvent,
      lastEventTimestamp: facts.lastEvent,
      lastIngestionTime: facts.lastIngestion,
    }),
    arn: `${group.arn}:log-stream:${name}`,
    // AWS has shown 0 since 2019. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogStream.html
    storedBytes: 0,
  };
}
