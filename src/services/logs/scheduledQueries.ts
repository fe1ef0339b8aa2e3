import type { GetScheduledQueryResponse } from "@aws-sdk/client-cloudwatch-logs";
import type { Context } from "../../kit/context.ts";
import { uuid } from "../../kit/ids.ts";
import { type Page, pageOf } from "../../kit/paging.ts";
import { passRole } from "../../kit/passRole.ts";
import { isTimeZone, parseSchedule } from "../../kit/schedule.ts";
import type { Access } from "../../kit/service.ts";
import { requestTags } from "./access.ts";
import { logs } from "./contract.ts";
import { QueryError } from "./insights/syntax.ts";
import { logsPage } from "./pages.ts";
import { commandsOf } from "./queryRun.ts";
import { cancelSchedule, schedule } from "./scheduledRuns.ts";
import {
  type RunRow,
  type ScheduledQueryRow,
  scheduledByName,
  scheduledQueries,
  scheduledRuns,
} from "./scheduledTables.ts";
import { checkTags } from "./tags.ts";

/** Queries that run by a schedule. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/ScheduledQueries.html */

const arnForm = /^arn:aws:logs:[a-z0-9-]+:\d{12}:scheduled-query:(.+)$/;

/** By ARN, or by name. */
async function find(identifier: string, ctx: Context): Promise<ScheduledQueryRow | undefined> {
  const named = arnForm.exec(identifier)?.[1];
  const id = named ?? (await scheduledByName.get(ctx.tx, ctx.account, ctx.region, identifier))?.id;
  const row = id === undefined ? undefined : await scheduledQueries.get(ctx.tx, ctx.account, ctx.region, id);
  return named !== undefined && row?.arn !== identifier ? undefined : row;
}

async function access(action: string, identifier: string, ctx: Context): Promise<Access> {
  const row = await find(identifier, ctx);
  const named = arnForm.test(identifier) ? identifier : arnOf(identifier, ctx);
  return {
    action: `logs:${action}`,
    resource: row?.arn ?? named,
    ...(row && { resourceTags: row.tags }),
  };
}

function arnOf(id: string, { account, region }: Context): string {
  return `arn:aws:logs:${region}:${account}:scheduled-query:${id}`;
}

async function existing(
  identifier: string,
  ctx: Context<"ResourceNotFoundException">,
): Promise<ScheduledQueryRow> {
  const row = await find(identifier, ctx);
  if (row === undefined) {
    throw ctx.error("ResourceNotFoundException", "The specified scheduled query does not exist.");
  }
  return row;
}

function shown(row: ScheduledQueryRow): GetScheduledQueryResponse {
  const { arn, destination, lastStatus, lastTriggeredTime, id: _, dueMs: __, tags: ___, ...rest } = row;
  return {
    ...rest,
    scheduledQueryArn: arn,
    queryLanguage: "CWLI",
    scheduleType: "CUSTOMER_MANAGED",
    ...(destination && { destinationConfiguration: destination }),
    ...(lastTriggeredTime !== undefined && { lastTriggeredTime }),
    ...(lastStatus && { lastExecutionStatus: lastStatus }),
  };
}

type Errors = "ValidationException" | "ResourceNotFoundException" | "ConflictException";

interface Input {
  queryLanguage: string;
  queryString: string;
  scheduleExpression: string;
  executionRoleArn: string;
  description?: string | undefined;
  logGroupIdentifiers?: string[] | undefined;
  timezone?: string | undefined;
  startTimeOffset?: number | undefined;
  endTimeOffset?: number | undefined;
  destinationConfiguration?: ScheduledQueryRow["destination"] | undefined;
  scheduleStartTime?: number | undefined;
  scheduleEndTime?: number | undefined;
  state?: "ENABLED" | "DISABLED" | undefined;
}

type Settings = Omit<ScheduledQueryRow, "id" | "name" | "arn" | "creationTime" | "lastUpdatedTime" | "tags">;

/** What the caller says of a query, checked. */
async function settingsOf(input: Input, ctx: Context<Errors>): Promise<Settings> {
  const { queryString, scheduleExpression, executionRoleArn, timezone = "UTC" } = input;
  const invalid = (reason: string) => ctx.error("ValidationException", reason);
  if (input.queryLanguage !== "CWLI") {
    throw invalid(`Cloudkeep does not read queries in ${input.queryLanguage}.`);
  }
  if (parseSchedule(scheduleExpression)?.kind !== "cron") throw invalid("Invalid schedule expression.");
  if (!isTimeZone(timezone)) throw invalid(`Invalid time zone: ${timezone}`);
  const { logGroupIdentifiers = [], startTimeOffset = 3_600, endTimeOffset = 0 } = input;
  if (startTimeOffset <= endTimeOffset) {
    throw invalid("startTimeOffset must be greater than endTimeOffset.");
  }
  if (logGroupIdentifiers.length === 0) throw invalid("Log groups must be specified.");
  checkQuery(queryString, ctx);
  const { description, destinationConfiguration: destination, scheduleStartTime, scheduleEndTime } = input;
  await passRole(ctx, executionRoleArn, "logs.amazonaws.com");
  const role = destination?.s3Configuration?.roleArn;
  if (role !== undefined && role !== executionRoleArn) await passRole(ctx, role, "logs.amazonaws.com");
  return {
    queryString,
    scheduleExpression,
    executionRoleArn,
    timezone,
    logGroupIdentifiers,
    startTimeOffset,
    endTimeOffset,
    state: input.state ?? "ENABLED",
    ...(description !== undefined && { description }),
    ...(destination && { destination }),
    ...(scheduleStartTime !== undefined && { scheduleStartTime }),
    ...(scheduleEndTime !== undefined && { scheduleEndTime }),
  };
}

function checkQuery(queryString: string, ctx: Context<Errors>): void {
  try {
    commandsOf(queryString, 1);
  } catch (error) {
    if (error instanceof QueryError) throw ctx.error("ValidationException", error.message);
    throw error;
  }
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateScheduledQuery.html */
export const createScheduledQuery = logs.operation("CreateScheduledQuery", {
  access: ({ tags }, ctx) => ({
    action: "logs:CreateScheduledQuery",
    resource: arnOf("*", ctx as Context),
    requestTags: requestTags(tags),
  }),
  async handle({ name, tags, ...input }, ctx) {
    if ((await scheduledByName.get(ctx.tx, ctx.account, ctx.region, name)) !== undefined) {
      throw ctx.error("ConflictException", "A scheduled query of this name exists already.");
    }
    const id = uuid();
    const now = ctx.clock.now();
    const row: ScheduledQueryRow = {
      id,
      name,
      arn: arnOf(id, ctx as Context),
      ...(await settingsOf(input as Input, ctx as Context<Errors>)),
      creationTime: now,
      lastUpdatedTime: now,
      tags: checkTags(tags ?? {}, {}, ctx as Context),
    };
    scheduledByName.put(ctx.tx, [ctx.account, ctx.region, name], { id });
    schedule(row, ctx as Context);
    return { scheduledQueryArn: row.arn, state: row.state };
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetScheduledQuery.html */
export const getScheduledQuery = logs.operation("GetScheduledQuery", {
  access: ({ identifier }, ctx) => access("GetScheduledQuery", identifier, ctx as Context),
  async handle({ identifier }, ctx) {
    return shown(await existing(identifier, ctx));
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_UpdateScheduledQuery.html */
export const updateScheduledQuery = logs.operation("UpdateScheduledQuery", {
  access: ({ identifier }, ctx) => access("UpdateScheduledQuery", identifier, ctx as Context),
  async handle({ identifier, ...input }, ctx) {
    const held = await existing(identifier, ctx);
    const { logGroupIdentifiers = held.logGroupIdentifiers } = input;
    const settings = await settingsOf({ ...input, logGroupIdentifiers } as Input, ctx as Context<Errors>);
    const { id, name, arn, creationTime, lastTriggeredTime, lastStatus, tags } = held;
    cancelSchedule(held, ctx as Context);
    const row: ScheduledQueryRow = {
      id,
      name,
      arn,
      creationTime,
      tags,
      ...settings,
      lastUpdatedTime: ctx.clock.now(),
      ...(lastTriggeredTime !== undefined && { lastTriggeredTime }),
      ...(lastStatus && { lastStatus }),
    };
    schedule(row, ctx as Context);
    return shown(row);
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteScheduledQuery.html */
export const deleteScheduledQuery = logs.operation("DeleteScheduledQuery", {
  access: ({ identifier }, ctx) => access("DeleteScheduledQuery", identifier, ctx as Context),
  async handle({ identifier }, ctx) {
    const row = await existing(identifier, ctx);
    cancelSchedule(row, ctx as Context);
    const scope = [ctx.account, ctx.region] as const;
    scheduledQueries.delete(ctx.tx, ...scope, row.id);
    scheduledByName.delete(ctx.tx, ...scope, row.name);
    for (const { key } of await scheduledRuns.list(ctx.tx, [...scope, row.id])) {
      scheduledRuns.delete(ctx.tx, ...key);
    }
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_ListScheduledQueries.html */
export const listScheduledQueries = logs.operation("ListScheduledQueries", {
  access: () => ({ action: "logs:ListScheduledQueries", resource: "*" }),
  async handle({ maxResults: limit = 50, nextToken: marker, state }, ctx) {
    const where = (row: ScheduledQueryRow) => state === undefined || row.state === state;
    const { items, end } = await logsPage(ctx as never, () =>
      pageOf(scheduledQueries, ctx.tx, [ctx.account, ctx.region], { limit, marker, where }),
    );
    return { scheduledQueries: items.map(shown), ...end };
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetScheduledQueryHistory.html */
export const getScheduledQueryHistory = logs.operation("GetScheduledQueryHistory", {
  access: ({ identifier }, ctx) => access("GetScheduledQueryHistory", identifier, ctx as Context),
  async handle(
    { identifier, startTime, endTime, executionStatuses, maxResults: limit = 50, nextToken },
    ctx,
  ) {
    const { id, name, arn } = await existing(identifier, ctx);
    const where = ({ triggeredAt, status }: RunRow) =>
      triggeredAt >= startTime && triggeredAt <= endTime && (executionStatuses?.includes(status) ?? true);
    const scope = [ctx.account, ctx.region, id];
    const { items, end } = await logsPage(
      ctx as never,
      (): Promise<Page<RunRow>> =>
        pageOf(scheduledRuns, ctx.tx, scope, { limit, marker: nextToken, where, reverse: true }),
    );
    return { name, scheduledQueryArn: arn, triggerHistory: items.map(shownRun), ...end };
  },
});

function shownRun({ queryId, status, triggeredAt, errorMessage, delivered }: RunRow) {
  return {
    ...(queryId !== undefined && { queryId }),
    executionStatus: status,
    triggeredTimestamp: triggeredAt,
    ...(errorMessage !== undefined && { errorMessage }),
    ...(delivered && {
      destinations: [
        {
          destinationType: "S3" as const,
          destinationIdentifier: delivered.uri,
          status: delivered.status,
          ...(delivered.key !== undefined && { processedIdentifier: delivered.key }),
          ...(delivered.errorMessage !== undefined && { errorMessage: delivered.errorMessage }),
        },
      ],
    }),
  };
}
