import { dynamodb } from "./contract.ts";
import { tables } from "./tables.ts";

/** Tables of the account and Region, and what the service itself says. */

const maxListed = 100;

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ListTables.html */
export const listTables = dynamodb.operation("ListTables", {
  access: () => ({ action: "dynamodb:ListTables", resource: "*" }),
  async handle({ ExclusiveStartTableName: start, Limit = maxListed }, ctx) {
    const rows = await tables.list(ctx.tx, [ctx.account, ctx.region], {
      limit: Limit + 1,
      ...(start !== undefined && { after: [start] }),
    });
    const names = rows.map(({ row: { name } }) => name);
    const shown = names.slice(0, Limit);
    const last = shown.at(-1);
    return {
      TableNames: shown,
      ...(names.length > Limit && last !== undefined && { LastEvaluatedTableName: last }),
    };
  },
});

/** The quotas of a new account. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeLimits.html */
export const describeLimits = dynamodb.operation("DescribeLimits", {
  access: () => ({ action: "dynamodb:DescribeLimits", resource: "*" }),
  handle: () => ({
    AccountMaxReadCapacityUnits: 80_000,
    AccountMaxWriteCapacityUnits: 80_000,
    TableMaxReadCapacityUnits: 40_000,
    TableMaxWriteCapacityUnits: 40_000,
  }),
});

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeEndpoints.html */
export const describeEndpoints = dynamodb.operation("DescribeEndpoints", {
  access: () => ({ action: "dynamodb:DescribeEndpoints", resource: "*" }),
  handle: (_, ctx) => ({
    Endpoints: [
      {
        Address: ctx.request.host || `dynamodb.${ctx.region}.amazonaws.com`,
        CachePeriodInMinutes: 1440,
      },
    ],
  }),
});
