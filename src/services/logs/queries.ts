import type { QueryInfo } from "@aws-sdk/client-cloudwatch-logs";
import type { Context } from "../../kit/context.ts";
import { uuid } from "../../kit/ids.ts";
import { BadMarker, markerOf, pageOf, positionOf } from "../../kit/paging.ts";
import type { Access } from "../../kit/service.ts";
import { groupAccess, type NamedGroup, namedGroup } from "./access.ts";
import { logs } from "./contract.ts";
import { unmasks } from "./insights/compile.ts";
import { compilePipeline } from "./insights/pipeline.ts";
import { type Command, QueryError } from "./insights/syntax.ts";
import { dayMs, maxGroupsPerQuery } from "./limits.ts";
import { invalidToken, logsPage } from "./pages.ts";
import { commandsOf, factsOf } from "./queryRun.ts";
import { groups, type QueryRow, queries, queriesByTime, queryResults, timeKey } from "./tables.ts";

/** Logs Insights. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AnalyzingLogData.html */

/** Answers are kept for a week. */
const keptMs = 7 * dayMs;
/** Rows in one answer of GetQueryResults. */
const maxRowsPerAnswer = 10_000;

interface Sources {
  logGroupName?: string | undefined;
  logGroupNames?: string[] | undefined;
  logGroupIdentifiers?: string[] | undefined;
}

function sourcesOf({ logGroupName, logGroupNames, logGroupIdentifiers }: Sources, ctx: Context) {
  const names = logGroupIdentifiers ?? logGroupNames ?? (logGroupName === undefined ? [] : [logGroupName]);
  return [...new Set(names)].map((name) => namedGroup(name, ctx));
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StartQuery.html */
export const startQuery = logs.operation("StartQuery", {
  access: async (input, ctx): Promise<Access[]> => {
    const sources = sourcesOf(input, ctx as Context);
    const asked = sources.length === 0 ? [undefined] : sources;
    return await Promise.all(asked.map((group) => groupAccess("StartQuery", group, ctx as Context)));
  },
  async handle(input, ctx) {
    const { queryString, queryLanguage = "CWLI", limit } = input;
    const sources = [input.logGroupName, input.logGroupNames, input.logGroupIdentifiers];
    if (sources.filter((one) => one !== undefined).length !== 1) {
      throw ctx.error(
        "InvalidParameterException",
        "Exactly one of logGroupName, logGroupNames and logGroupIdentifiers must be specified.",
      );
    }
    if (queryLanguage !== "CWLI") {
      throw ctx.error("InvalidParameterException", `Cloudkeep does not read queries in ${queryLanguage}.`);
    }
    const startTime = msOf(input.startTime);
    const endTime = msOf(input.endTime) + (inSeconds(input.endTime) ? 999 : 0);
    if (startTime > endTime) {
      throw ctx.error("InvalidParameterException", "startTime must be before endTime.");
    }
    const found = await findSources(sourcesOf(input, ctx as Context), ctx);
    const query: QueryRow = {
      queryId: uuid(),
      queryString,
      shown: shownQuery(queryString, found, startTime, endTime),
      status: "Scheduled",
      createTime: ctx.clock.now(),
      startTime,
      endTime,
      groups: found,
      ...(limit !== undefined && { limit }),
    };
    const commands = await checkQuery(query, ctx);
    if (unmasks(commands)) query.unmasks = true;
    if (query.unmasks) for (const one of await unmaskAccess(query, ctx as Context)) await ctx.authorize(one);
    keepQuery(query, ctx as Context);
    return { queryId: query.queryId };
  },
  record: { readOnly: false },
});

/** Times are seconds; AWS takes milliseconds, too. Seconds reach this number in the year 5138. */
const firstMilliseconds = 10 ** 11;
const inSeconds = (time: number) => time < firstMilliseconds;
const msOf = (time: number) => (inSeconds(time) ? time * 1000 : time);

function shownQuery(
  queryString: string,
  found: readonly { name: string }[],
  from: number,
  to: number,
): string {
  const sources = found.map(({ name }) => `"${name}"`).join(", ");
  return `SOURCE ${sources} START=${from} END=${to} | ${queryString}`;
}

async function findSources(
  sources: readonly (NamedGroup | undefined)[],
  ctx: Context<"InvalidParameterException" | "ResourceNotFoundException" | "LimitExceededException">,
) {
  if (sources.length > maxGroupsPerQuery) {
    throw ctx.error(
      "InvalidParameterException",
      `At most ${maxGroupsPerQuery} log groups can be queried at once.`,
    );
  }
  return await Promise.all(
    sources.map(async (named) => {
      if (named === undefined) throw ctx.error("InvalidParameterException", "Invalid log group identifier.");
      const own = named.account === ctx.account && named.region === ctx.region;
      const row = own ? await groups.get(ctx.tx, named.account, named.region, named.name) : undefined;
      if (row !== undefined) return { name: row.name, groupId: row.groupId, arn: row.arn };
      // AWS's own words, with the error of the service behind it.
      throw ctx.error(
        "ResourceNotFoundException",
        `Log group '${named.name}' does not exist for account ID '${ctx.account}' (Service: AWSLogs; Status Code: 400; Error Code: ResourceNotFoundException; Request ID: ${ctx.requestId}; Proxy: null)`,
      );
    }),
  );
}

function unmaskAccess(query: QueryRow, ctx: Context): Promise<Access[]> {
  return Promise.all(query.groups.map(({ arn }) => groupAccess("Unmask", namedGroup(arn, ctx), ctx)));
}

async function checkQuery(query: QueryRow, ctx: Context<"MalformedQueryException">): Promise<Command[]> {
  try {
    const commands = commandsOf(query.queryString, query.groups.length);
    await compilePipeline(commands, factsOf(query), query.limit);
    return commands;
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    const { message, start, end } = error;
    const location = { startCharOffset: start, endCharOffset: end };
    const before = query.queryString.slice(0, start).split("\n");
    const where = `${message} at line ${before.length} and position ${(before.at(-1) ?? "").length + 1}`;
    throw ctx.error("MalformedQueryException", where, { queryCompileError: { location, message: where } });
  }
}

function newestFirst(ms: number): string {
  return timeKey(10 ** 15 - 1 - ms);
}

function keepQuery(query: QueryRow, ctx: Context): void {
  const { queryId, createTime } = query;
  queries.put(ctx.tx, [ctx.account, ctx.region, queryId], query);
  queriesByTime.put(ctx.tx, [ctx.account, ctx.region, newestFirst(createTime), queryId], { queryId });
  ctx.outbox.put("runQuery", { queryId });
  ctx.timers.set(`query/${queryId}`, "dropQuery", createTime + keptMs, { queryId });
}

/** Timer: a query and its answer have been kept long enough. */
export async function dropQuery({ queryId }: { queryId: string }, ctx: Context): Promise<void> {
  const { tx, account, region } = ctx;
  const query = await queries.get(tx, account, region, queryId);
  if (query === undefined) return;
  queries.delete(tx, account, region, queryId);
  queriesByTime.delete(tx, account, region, newestFirst(query.createTime), queryId);
  const pages = await queryResults.list(tx, [account, region, queryId]);
  for (const { key } of pages) queryResults.delete(tx, ...key);
}

async function existingQuery(queryId: string, ctx: Context<"ResourceNotFoundException">): Promise<QueryRow> {
  const query = await findQuery(queryId, ctx);
  if (query === undefined) {
    throw ctx.error("ResourceNotFoundException", `Query ID (${queryId}) cannot be found.`);
  }
  return query;
}

async function findQuery(queryId: string, ctx: Context): Promise<QueryRow | undefined> {
  const wellFormed = (queryId as string & { isWellFormed(): boolean }).isWellFormed();
  return wellFormed ? await queries.get(ctx.tx, ctx.account, ctx.region, queryId) : undefined;
}

/** An answer is shown to those who may ask it of the query's groups. */
async function resultAccess(queryId: string, ctx: Context): Promise<Access[]> {
  const query = await findQuery(queryId, ctx);
  const asked = query === undefined ? [undefined] : query.groups.map(({ arn }) => namedGroup(arn, ctx));
  const shown = await Promise.all(asked.map((group) => groupAccess("GetQueryResults", group, ctx)));
  return query?.unmasks ? [...shown, ...(await unmaskAccess(query, ctx))] : shown;
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetQueryResults.html */
export const getQueryResults = logs.operation("GetQueryResults", {
  access: ({ queryId }, ctx) => resultAccess(queryId, ctx),
  async handle({ queryId, maxItems, nextToken }, ctx) {
    const query = await existingQuery(queryId, ctx);
    const { status, statistics } = query;
    const limit = maxItems === undefined || maxItems === 0 ? maxRowsPerAnswer : maxItems;
    const { rows, next } = await readAnswer(query, limit, nextToken, ctx);
    return {
      queryLanguage: "CWLI",
      results: rows.map((row) => row.map(([field, value]) => ({ field, value }))),
      statistics: {
        recordsMatched: statistics?.recordsMatched ?? 0,
        recordsScanned: statistics?.recordsScanned ?? 0,
        estimatedRecordsSkipped: 0,
        bytesScanned: statistics?.bytesScanned ?? 0,
        estimatedBytesSkipped: 0,
        logGroupsScanned: statistics?.logGroupsScanned ?? 0,
      },
      status,
      ...(next !== undefined && { nextToken: next }),
    };
  },
});

async function readAnswer(
  { queryId, pages = 0 }: QueryRow,
  limit: number,
  token: string | undefined,
  ctx: Context<"InvalidParameterException">,
): Promise<{ rows: [string, string][][]; next?: string }> {
  let [page, skip] = token === undefined ? [0, 0] : placeIn(token, ctx);
  const rows: [string, string][][] = [];
  for (; page < pages; page += 1, skip = 0) {
    const key = String(page).padStart(6, "0");
    const held = await queryResults.get(ctx.tx, ctx.account, ctx.region, queryId, key);
    const wanted = held?.rows.slice(skip, skip + limit - rows.length) ?? [];
    rows.push(...wanted);
    const left = (held?.rows.length ?? 0) - skip - wanted.length;
    if (rows.length < limit) continue;
    if (left > 0) return { rows, next: markerOf([String(page), String(skip + wanted.length)]) };
    return page + 1 < pages ? { rows, next: markerOf([String(page + 1), "0"]) } : { rows };
  }
  return { rows };
}

function placeIn(token: string, ctx: Context<"InvalidParameterException">): [page: number, skip: number] {
  try {
    const [page = Number.NaN, skip = Number.NaN] = positionOf(token).map(Number);
    if (Number.isSafeInteger(page) && Number.isSafeInteger(skip) && page >= 0 && skip >= 0)
      return [page, skip];
  } catch (error) {
    if (!(error instanceof BadMarker)) throw error;
  }
  throw ctx.error("InvalidParameterException", invalidToken);
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_StopQuery.html */
export const stopQuery = logs.operation("StopQuery", {
  access: () => ({ action: "logs:StopQuery", resource: "*" }),
  async handle({ queryId }, ctx) {
    const query = await existingQuery(queryId, ctx);
    if (query.status !== "Scheduled" && query.status !== "Running") {
      throw ctx.error(
        "InvalidParameterException",
        `Provided query ${queryId} has already ended with status: ${query.status}`,
      );
    }
    queries.put(ctx.tx, [ctx.account, ctx.region, queryId], {
      ...query,
      status: "Cancelled",
      endedTime: ctx.clock.now(),
    });
    return { success: true };
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeQueries.html */
export const describeQueries = logs.operation("DescribeQueries", {
  access: () => ({ action: "logs:DescribeQueries", resource: "*" }),
  async handle({ logGroupName, status, queryLanguage = "CWLI", maxResults = 1000, nextToken }, ctx) {
    if (queryLanguage !== "CWLI") return { queries: [] };
    const scope = [ctx.account, ctx.region] as const;
    const found: QueryInfo[] = [];
    let marker = nextToken;
    do {
      const limit = maxResults - found.length;
      const { items, end } = await logsPage(ctx, () =>
        pageOf(queriesByTime, ctx.tx, scope, { limit, marker }),
      );
      const rows = await Promise.all(items.map(({ queryId }) => queries.get(ctx.tx, ...scope, queryId)));
      for (const row of rows) {
        const asked = logGroupName === undefined || row?.groups.some(({ name }) => name === logGroupName);
        if (row && asked && (status === undefined || row.status === status)) found.push(shownInfo(row));
      }
      marker = end.nextToken;
    } while (marker !== undefined && found.length < maxResults);
    return { queries: found, ...(marker !== undefined && { nextToken: marker }) };
  },
});

function shownInfo({ queryId, shown, status, createTime, groups: sources }: QueryRow): QueryInfo {
  return {
    queryLanguage: "CWLI",
    queryId,
    queryString: shown,
    status,
    createTime,
    logGroupName: sources[0]?.name,
  };
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_ListLogGroupsForQuery.html */
export const listLogGroupsForQuery = logs.operation("ListLogGroupsForQuery", {
  access: () => ({ action: "logs:ListLogGroupsForQuery", resource: "*" }),
  async handle({ queryId }, ctx) {
    // A query has no more groups than the smallest page.
    const query = await existingQuery(queryId, ctx);
    return { logGroupIdentifiers: query.groups.map(({ arn }) => arn) };
  },
});
