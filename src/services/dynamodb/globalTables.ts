import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import type { Access } from "../../kit/service.ts";
import { accessTo } from "./access.ts";
import { dynamodb } from "./contract.ts";
import { locate, tableArn } from "./find.ts";
import { invalidParameter, validation } from "./words.ts";

/**
 * Global tables of the version 2017.11.29. As on AWS today none can be made, so that none is ever found; those of the
 * version 2019.11.21 (`replicas/`) are none of theirs.
 */

function onGlobalTable(action: string, name: string, ctx: Context): Access {
  return {
    action: `dynamodb:${action}`,
    resource: `arn:aws:dynamodb::${ctx.account}:global-table/${name}`,
    resourceAccount: ctx.account,
  };
}

function notSupported(): AwsError {
  return invalidParameter(
    "DynamoDB global tables version 2017.11.29 is not supported. We recommend using DynamoDB global tables version 2019.11.21, instead of version 2017.11.29 (Legacy).",
  );
}

function notFound(name: string): AwsError {
  return new AwsError("GlobalTableNotFoundException", `Global table with name: '${name}' does not exist.`);
}

/** Access to the global table, and to its tables in these Regions. */
async function onReplicas(
  action: string,
  name: string,
  regions: readonly (string | undefined)[],
  ctx: Context,
): Promise<Access[]> {
  const arns = regions.map((region) => tableArn(ctx.account, region || ctx.region, name));
  const named = await Promise.all(arns.map((arn) => locate(arn, ctx)));
  return [onGlobalTable(action, name, ctx), ...named.map((one) => accessTo(action, one))];
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateGlobalTable.html */
export const createGlobalTable = dynamodb.operation("CreateGlobalTable", {
  access: ({ GlobalTableName, ReplicationGroup }, ctx) =>
    onReplicas(
      "CreateGlobalTable",
      GlobalTableName,
      ReplicationGroup.map(({ RegionName }) => RegionName),
      ctx as Context,
    ),
  handle() {
    throw notSupported();
  },
});

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateGlobalTable.html */
export const updateGlobalTable = dynamodb.operation("UpdateGlobalTable", {
  access: ({ GlobalTableName, ReplicaUpdates }, ctx) =>
    onReplicas(
      "UpdateGlobalTable",
      GlobalTableName,
      ReplicaUpdates.map(({ Create, Delete }) => (Create ?? Delete)?.RegionName),
      ctx as Context,
    ),
  handle({ GlobalTableName, ReplicaUpdates }) {
    if (ReplicaUpdates.length === 0) throw validation("One or more parameter values were invalid");
    if (ReplicaUpdates.some(({ Create }) => Create !== undefined)) throw notSupported();
    throw notFound(GlobalTableName);
  },
});

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeGlobalTable.html */
export const describeGlobalTable = dynamodb.operation("DescribeGlobalTable", {
  access: ({ GlobalTableName }, ctx) => onGlobalTable("DescribeGlobalTable", GlobalTableName, ctx as Context),
  handle({ GlobalTableName }) {
    throw notFound(GlobalTableName);
  },
});

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ListGlobalTables.html */
export const listGlobalTables = dynamodb.operation("ListGlobalTables", {
  access: () => ({ action: "dynamodb:ListGlobalTables", resource: "*" }),
  handle: () => ({ GlobalTables: [] }),
});

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeGlobalTableSettings.html */
export const describeGlobalTableSettings = dynamodb.operation("DescribeGlobalTableSettings", {
  access: ({ GlobalTableName }, ctx) =>
    onGlobalTable("DescribeGlobalTableSettings", GlobalTableName, ctx as Context),
  handle({ GlobalTableName }) {
    throw notFound(GlobalTableName);
  },
});

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateGlobalTableSettings.html */
export const updateGlobalTableSettings = dynamodb.operation("UpdateGlobalTableSettings", {
  access: ({ GlobalTableName, ReplicaSettingsUpdate = [] }, ctx) =>
    onReplicas(
      "UpdateGlobalTableSettings",
      GlobalTableName,
      [ctx.region, ...ReplicaSettingsUpdate.map(({ RegionName }) => RegionName)],
      ctx as Context,
    ),
  handle({ GlobalTableName }) {
    throw notFound(GlobalTableName);
  },
});
