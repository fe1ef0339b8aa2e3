import type { QueryDefinition } from "@aws-sdk/client-cloudwatch-logs";
import type { Context } from "../../kit/context.ts";
import { uuid } from "../../kit/ids.ts";
import { pageOf } from "../../kit/paging.ts";
import { logs } from "./contract.ts";
import { maxQueryDefinitions } from "./limits.ts";
import { logsPage } from "./pages.ts";
import { type QueryDefinitionRow, queryDefinitions } from "./tables.ts";

/** Queries that are kept under a name. */

const missing = "The specified query definition does not exist.";

async function findDefinition(id: string, ctx: Context): Promise<QueryDefinitionRow | undefined> {
  const wellFormed = (id as string & { isWellFormed(): boolean }).isWellFormed();
  return wellFormed ? await queryDefinitions.get(ctx.tx, ctx.account, ctx.region, id) : undefined;
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutQueryDefinition.html */
export const putQueryDefinition = logs.operation("PutQueryDefinition", {
  access: () => ({ action: "logs:PutQueryDefinition", resource: "*" }),
  async handle(input, ctx) {
    const { name, queryString, queryDefinitionId, logGroupNames = [], queryLanguage = "CWLI" } = input;
    const scope = [ctx.account, ctx.region] as const;
    const held = queryDefinitionId === undefined ? undefined : await findDefinition(queryDefinitionId, ctx);
    if (queryDefinitionId !== undefined && held === undefined) {
      throw ctx.error("ResourceNotFoundException", missing);
    }
    if (held === undefined) {
      const rows = await queryDefinitions.list(ctx.tx, scope, { limit: maxQueryDefinitions });
      if (rows.length >= maxQueryDefinitions)
        throw ctx.error("LimitExceededException", "Resource limit exceeded.");
    }
    const parameters = input.parameters?.map(({ name: parameter = "", defaultValue, description }) => ({
      name: parameter,
      ...(defaultValue !== undefined && { defaultValue }),
      ...(description !== undefined && { description }),
    }));
    const id = held?.queryDefinitionId ?? uuid();
    queryDefinitions.put(ctx.tx, [...scope, id], {
      queryDefinitionId: id,
      name,
      queryString,
      lastModified: ctx.clock.now(),
      logGroupNames,
      queryLanguage,
      ...(parameters && { parameters }),
    });
    return { queryDefinitionId: id };
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteQueryDefinition.html */
export const deleteQueryDefinition = logs.operation("DeleteQueryDefinition", {
  access: () => ({ action: "logs:DeleteQueryDefinition", resource: "*" }),
  async handle({ queryDefinitionId }, ctx) {
    if ((await findDefinition(queryDefinitionId, ctx)) === undefined) {
      throw ctx.error("ResourceNotFoundException", missing);
    }
    queryDefinitions.delete(ctx.tx, ctx.account, ctx.region, queryDefinitionId);
    return { success: true };
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeQueryDefinitions.html */
export const describeQueryDefinitions = logs.operation("DescribeQueryDefinitions", {
  access: () => ({ action: "logs:DescribeQueryDefinitions", resource: "*" }),
  async handle({ queryDefinitionNamePrefix: prefix = "", queryLanguage, maxResults = 1000, nextToken }, ctx) {
    const { items, end } = await logsPage(ctx, () =>
      pageOf(queryDefinitions, ctx.tx, [ctx.account, ctx.region], {
        limit: maxResults,
        marker: nextToken,
        where: (row) =>
          row.name.startsWith(prefix) && (queryLanguage === undefined || row.queryLanguage === queryLanguage),
      }),
    );
    return { queryDefinitions: items.map(shown), ...end };
  },
});

function shown(row: QueryDefinitionRow): QueryDefinition {
  const { queryDefinitionId, name, queryString, lastModified, logGroupNames, queryLanguage, parameters } =
    row;
  return {
    queryDefinitionId,
    name,
    queryString,
    lastModified,
    logGroupNames,
    queryLanguage: queryLanguage as "CWLI",
    ...(parameters && { parameters }),
  };
}
