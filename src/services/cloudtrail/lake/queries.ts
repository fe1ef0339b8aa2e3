import type { Context } from "../../../kit/context.ts";
import { uuid } from "../../../kit/ids.ts";
import { BadMarker, markerOf, pageOf, positionOf } from "../../../kit/paging.ts";
import type { Access } from "../../../kit/service.ts";
import { cloudtrail } from "../contract.ts";
import { existingStore, storeAccess, usableStore } from "./names.ts";
import { dayMs, type LakeQueryRow, lakeAnswers, lakeQueries, lakeQueriesByTime } from "./rows.ts";
import { parseSelect } from "./sql/parser.ts";
import { planOf } from "./sql/plan.ts";
import { SqlError } from "./sql/syntax.ts";

/** Queries of event data stores. https://docs.aws.amazon.com/awscloudtrail/latest/userguide/query-lake.html */

/** Answers are kept for a week. */
const keptMs = 7 * dayMs;
const maxRunning = 10;
const maxRowsPerAnswer = 1_000;

/** The store that a statement names, as far as access needs it: what cannot be read is asked for without a name. */
function storeIn(statement: string | undefined): string {
  return /\bfrom\s+"?([0-9a-f-]{36})/i.exec(statement ?? "")?.[1] ?? "";
}

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_StartQuery.html */
export const startQuery = cloudtrail.operation("StartQuery", {
  access: ({ QueryStatement }, ctx) => storeAccess("StartQuery", storeIn(QueryStatement), ctx),
  async handle({ QueryStatement: statement, QueryParameters: parameters = [], ...input }, ctx) {
    if (statement === undefined || input.QueryAlias !== undefined) {
      throw ctx.error("InvalidParameterException", "QueryStatement must be given: there are no dashboards.");
    }
    if (input.DeliveryS3Uri !== undefined) {
      throw ctx.error("UnsupportedOperationException", "Delivery of answers to S3 is not built.");
    }
    const storeId = checkStatement(statement, parameters, ctx as Context<StatementErrors>);
    if (storeId !== storeIn(statement)) {
      throw ctx.error("InvalidQueryStatementException", "FROM must name one event data store by its id.");
    }
    const store = await usableStore(storeId, ctx as Context<never>);
    const queryId = uuid();
    const scope = [ctx.account, ctx.region] as const;
    const newest = await lakeQueriesByTime.list(ctx.tx, [...scope, store.id], { limit: maxRunning });
    const rows = await Promise.all(newest.map(({ row }) => lakeQueries.get(ctx.tx, ...scope, row.queryId)));
    if (rows.filter((row) => row?.status === "QUEUED").length === maxRunning) {
      throw ctx.error("MaxConcurrentQueriesException", `${maxRunning} queries are running already.`);
    }
    const createdAt = ctx.clock.now();
    const row: LakeQueryRow = { queryId, storeId, statement, parameters, status: "QUEUED", createdAt };
    lakeQueries.put(ctx.tx, [...scope, queryId], row);
    lakeQueriesByTime.put(ctx.tx, [...scope, storeId, newestFirst(createdAt), queryId], { queryId });
    ctx.outbox.put("runLakeQuery", { queryId });
    ctx.timers.set(`lakeQuery/${queryId}`, "dropLakeQuery", createdAt + keptMs, { queryId });
    return { QueryId: queryId };
  },
  record: { readOnly: true },
});

type StatementErrors = "InvalidQueryStatementException";

function checkStatement(
  statement: string,
  parameters: readonly string[],
  ctx: Context<StatementErrors>,
): string {
  try {
    const select = parseSelect(statement, parameters);
    planOf(select);
    return select.from;
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    throw ctx.error("InvalidQueryStatementException", `Incorrect syntax near: ${error.message}`);
  }
}

function newestFirst(ms: number): string {
  return String(10 ** 15 - 1 - ms).padStart(15, "0");
}

/** Timer: a query and its answer have been kept long enough. */
export async function dropLakeQuery({ queryId }: { queryId: string }, ctx: Context): Promise<void> {
  const scope = [ctx.account, ctx.region] as const;
  const row = await lakeQueries.get(ctx.tx, ...scope, queryId);
  if (row === undefined) return;
  lakeQueries.delete(ctx.tx, ...scope, queryId);
  lakeQueriesByTime.delete(ctx.tx, ...scope, row.storeId, newestFirst(row.createdAt), queryId);
  for (const { key } of await lakeAnswers.list(ctx.tx, [...scope, queryId])) {
    lakeAnswers.delete(ctx.tx, ...key);
  }
}

interface NamedQuery {
  QueryId?: string | undefined;
  EventDataStore?: string | undefined;
}

/** A query is seen by those who may ask it of its store. */
const onQuery =
  (action: string) =>
  async ({ QueryId = "", EventDataStore }: NamedQuery, ctx: Context): Promise<Access> => {
    const row = await lakeQueries.get(ctx.tx, ctx.account, ctx.region, QueryId);
    return await storeAccess(action, row?.storeId ?? EventDataStore ?? "", ctx);
  };

async function existingQuery(
  { QueryId = "" }: NamedQuery,
  ctx: Context<"QueryIdNotFoundException">,
): Promise<LakeQueryRow> {
  const row = await lakeQueries.get(ctx.tx, ctx.account, ctx.region, QueryId);
  if (row === undefined) throw ctx.error("QueryIdNotFoundException", `Query ${QueryId} was not found.`);
  return row;
}

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DescribeQuery.html */
export const describeQuery = cloudtrail.operation("DescribeQuery", {
  access: (input, ctx) => onQuery("DescribeQuery")(input, ctx as Context),
  async handle(input, ctx) {
    if (input.QueryId === undefined) {
      throw ctx.error("InvalidParameterException", "QueryId must be given: there are no dashboards.");
    }
    const { queryId, statement, status, createdAt, statistics, error } = await existingQuery(input, ctx);
    return {
      QueryId: queryId,
      QueryString: statement,
      QueryStatus: status,
      QueryStatistics: {
        EventsMatched: statistics?.matched ?? 0,
        EventsScanned: statistics?.scanned ?? 0,
        BytesScanned: statistics?.bytes ?? 0,
        ExecutionTimeInMillis: statistics?.ms ?? 0,
        CreationTime: new Date(createdAt),
      },
      ...(error !== undefined && { ErrorMessage: error }),
    };
  },
});

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetQueryResults.html */
export const getQueryResults = cloudtrail.operation("GetQueryResults", {
  access: (input, ctx) => onQuery("GetQueryResults")(input, ctx as Context),
  async handle({ NextToken, MaxQueryResults: limit = maxRowsPerAnswer, ...input }, ctx) {
    const query = await existingQuery(input, ctx);
    const { rows, next } = await readAnswer(query, limit, NextToken, ctx as Context<TokenErrors>);
    return {
      QueryStatus: query.status,
      QueryStatistics: {
        ResultsCount: rows.length,
        TotalResultsCount: query.statistics?.rows ?? 0,
        BytesScanned: query.statistics?.bytes ?? 0,
      },
      QueryResultRows: rows.map((row) => row.map(([name, value]) => ({ [name]: value }))),
      ...(next !== undefined && { NextToken: next }),
      ...(query.error !== undefined && { ErrorMessage: query.error }),
    };
  },
});

type TokenErrors = "InvalidNextTokenException";

async function readAnswer(
  { queryId, pages = 0 }: LakeQueryRow,
  limit: number,
  token: string | undefined,
  ctx: Context<TokenErrors>,
): Promise<{ rows: [string, string][][]; next?: string }> {
  const [from = 0, skipped = 0] = token === undefined ? [] : placeIn(token, ctx);
  const rows: [string, string][][] = [];
  for (let page = from, skip = skipped; page < pages; page += 1, skip = 0) {
    const key = String(page).padStart(6, "0");
    const held = await lakeAnswers.get(ctx.tx, ctx.account, ctx.region, queryId, key);
    const wanted = held?.rows.slice(skip, skip + limit - rows.length) ?? [];
    rows.push(...wanted);
    if (rows.length < limit) continue;
    const left = (held?.rows.length ?? 0) - skip - wanted.length;
    if (left > 0) return { rows, next: markerOf([String(page), String(skip + wanted.length)]) };
    return page + 1 < pages ? { rows, next: markerOf([String(page + 1), "0"]) } : { rows };
  }
  return { rows };
}

function placeIn(token: string, ctx: Context<TokenErrors>): number[] {
  try {
    const place = positionOf(token).map(Number);
    if (place.length === 2 && place.every((one) => Number.isSafeInteger(one) && one >= 0)) return place;
  } catch (error) {
    if (!(error instanceof BadMarker)) throw error;
  }
  throw ctx.error("InvalidNextTokenException", "The token is invalid.");
}

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CancelQuery.html */
export const cancelQuery = cloudtrail.operation("CancelQuery", {
  access: (input, ctx) => onQuery("CancelQuery")(input, ctx as Context),
  async handle(input, ctx) {
    const row = await existingQuery(input, ctx);
    if (row.status !== "QUEUED") {
      throw ctx.error("InactiveQueryException", `The query has ended: its status is ${row.status}.`);
    }
    lakeQueries.put(ctx.tx, [ctx.account, ctx.region, row.queryId], { ...row, status: "CANCELLED" });
    return { QueryId: row.queryId, QueryStatus: "CANCELLED" };
  },
});

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_ListQueries.html */
export const listQueries = cloudtrail.operation("ListQueries", {
  access: ({ EventDataStore }, ctx) => storeAccess("ListQueries", EventDataStore, ctx),
  async handle({ EventDataStore, MaxResults = 50, NextToken, StartTime, EndTime, QueryStatus }, ctx) {
    if (StartTime !== undefined && EndTime !== undefined && StartTime > EndTime) {
      throw ctx.error("InvalidDateRangeException", "StartTime must be before EndTime.");
    }
    const store = await existingStore(EventDataStore, ctx);
    const scope = [ctx.account, ctx.region] as const;
    const found: LakeQueryRow[] = [];
    let marker = NextToken;
    do {
      const limit = MaxResults - found.length;
      const page = await pageOf(lakeQueriesByTime, ctx.tx, [...scope, store.id], { limit, marker }).catch(
        (error: unknown) => {
          if (!(error instanceof BadMarker)) throw error;
          throw ctx.error("InvalidNextTokenException", "The token is invalid.");
        },
      );
      const rows = await Promise.all(
        page.items.map(({ queryId }) => lakeQueries.get(ctx.tx, ...scope, queryId)),
      );
      const since = StartTime?.getTime() ?? 0;
      const until = EndTime?.getTime() ?? Number.POSITIVE_INFINITY;
      const fits = ({ createdAt, status }: LakeQueryRow) =>
        createdAt >= since && createdAt <= until && (QueryStatus === undefined || status === QueryStatus);
      found.push(...rows.filter((row) => row !== undefined && fits(row)).map((row) => row as LakeQueryRow));
      marker = page.next;
    } while (marker !== undefined && found.length < MaxResults);
    return {
      Queries: found.map(({ queryId, status, createdAt }) => ({
        QueryId: queryId,
        QueryStatus: status,
        CreationTime: new Date(createdAt),
      })),
      ...(marker !== undefined && { NextToken: marker }),
    };
  },
});
