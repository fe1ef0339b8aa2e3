import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { BadMarker, pageOf } from "../../kit/paging.ts";
import type { Access } from "../../kit/service.ts";
import { accessTo } from "./access.ts";
import { dynamodb } from "./contract.ts";
import { existingTable, indexNamed, locate } from "./find.ts";
import { type InsightsRow, insights } from "./insights.ts";
import { ensureRole } from "./serviceLinkedRole.ts";
import type { TableRow } from "./tables.ts";
import { validation } from "./words.ts";

/**
 * Contributor Insights: whose most accessed keys are to be told of. It is kept and shown; CloudWatch has no rules yet.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/contributorinsights_HowItWorks.html
 */

const role = {
  service: "contributorinsights.dynamodb.amazonaws.com",
  name: "AWSServiceRoleForDynamoDBCloudWatchContributorInsights",
};
const usualMode = "ACCESSED_AND_THROTTLED_KEYS";

interface Target {
  TableName: string;
  IndexName?: string | undefined;
}

/** Access to the table, and to the index where one is named. */
function onTarget(action: string) {
  return async ({ TableName, IndexName }: Target, ctx: Context): Promise<Access[]> => {
    const named = await locate(TableName, ctx);
    return [
      accessTo(action, named),
      ...(IndexName === undefined ? [] : [accessTo(action, named, { below: `/index/${IndexName}` })]),
    ];
  };
}

async function targetOf({ TableName, IndexName }: Target, ctx: Context) {
  const table = await existingTable(TableName, ctx);
  if (IndexName !== undefined && indexNamed(table, IndexName)?.kind !== "global") {
    throw new AwsError(
      "ResourceNotFoundException",
      `Requested resource not found: Index: ${IndexName} not found`,
    );
  }
  const { account, region, name } = table;
  const key: [string, string, string, string] = [account, region, name, IndexName ?? ""];
  return { table, key, row: await insights.get(ctx.tx, ...key) };
}

/** "DynamoDBContributorInsights-PKC-Music-1576629651520" */
function rulesOf({ name, key, indexes }: TableRow, row: InsightsRow): string[] {
  const { range } = indexes.find((one) => one.name === row.index)?.key ?? key;
  const kinds = [
    ...(row.mode === usualMode ? ["PKC", ...(range.length > 0 ? ["SKC"] : [])] : []),
    "PKT",
    ...(range.length > 0 ? ["SKT"] : []),
  ];
  const resource = row.index === undefined ? name : `${name}-${row.index}`;
  return kinds.map((kind) => `DynamoDBContributorInsights-${kind}-${resource}-${row.since}`);
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateContributorInsights.html */
export const updateContributorInsights = dynamodb.operation("UpdateContributorInsights", {
  access: onTarget("UpdateContributorInsights"),
  async handle(input, ctx) {
    const { IndexName: index, ContributorInsightsAction: action } = input;
    const { table, key, row } = await targetOf(input, ctx as Context);
    const answer = { TableName: table.name, ...(index !== undefined && { IndexName: index }) };
    const isOn = row?.status === "ENABLED";
    const now = Math.floor(ctx.clock.now());
    if (action === "DISABLE") {
      if (!isOn) {
        return {
          ...answer,
          ContributorInsightsStatus: "DISABLED" as const,
          ...(row && { ContributorInsightsMode: row.mode }),
        };
      }
      insights.put(ctx.tx, key, { ...row, status: "DISABLED", changed: now });
      return {
        ...answer,
        ContributorInsightsStatus: "DISABLING" as const,
        ContributorInsightsMode: row.mode,
      };
    }
    const mode = input.ContributorInsightsMode ?? usualMode;
    if (isOn && row.mode === mode) {
      return { ...answer, ContributorInsightsStatus: row.status, ContributorInsightsMode: mode };
    }
    await ensureRole(role, ctx as Context);
    insights.put(ctx.tx, key, {
      table: table.name,
      ...(index !== undefined && { index }),
      status: "ENABLED",
      mode,
      since: isOn ? row.since : now,
      changed: now,
    });
    return { ...answer, ContributorInsightsStatus: "ENABLING" as const, ContributorInsightsMode: mode };
  },
});

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeContributorInsights.html */
export const describeContributorInsights = dynamodb.operation("DescribeContributorInsights", {
  access: onTarget("DescribeContributorInsights"),
  async handle(input, ctx) {
    const { table, row } = await targetOf(input, ctx as Context);
    return {
      TableName: table.name,
      ...(input.IndexName !== undefined && { IndexName: input.IndexName }),
      ...(row?.status === "ENABLED" && { ContributorInsightsRuleList: rulesOf(table, row) }),
      ContributorInsightsStatus: row?.status ?? "DISABLED",
      ...(row && {
        LastUpdateDateTime: new Date(row.changed),
        ContributorInsightsMode: row.mode,
      }),
    };
  },
});

const maxListed = 100;

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ListContributorInsights.html */
export const listContributorInsights = dynamodb.operation("ListContributorInsights", {
  access: () => ({ action: "dynamodb:ListContributorInsights", resource: "*" }),
  async handle({ TableName, NextToken, MaxResults }, ctx) {
    const name = TableName === undefined ? undefined : (await existingTable(TableName, ctx)).name;
    const parts = [ctx.account, ctx.region, ...(name === undefined ? [] : [name])];
    try {
      const { items, next } = await pageOf(insights, ctx.tx, parts, {
        limit: MaxResults || maxListed,
        marker: NextToken,
        where: ({ status }) => status === "ENABLED",
      });
      return {
        ContributorInsightsSummaries: items.map(({ table, index, status, mode }) => ({
          TableName: table,
          ...(index !== undefined && { IndexName: index }),
          ContributorInsightsStatus: status,
          ContributorInsightsMode: mode,
        })),
        ...(next && { NextToken: next }),
      };
    } catch (error) {
      if (!(error instanceof BadMarker)) throw error;
      throw validation(`Invalid Request: Provided nextToken is invalid: ${NextToken}`);
    }
  },
});
