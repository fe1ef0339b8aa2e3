import type { LookupTable } from "@aws-sdk/client-cloudwatch-logs";
import type { Context } from "../../kit/context.ts";
import { pageOf } from "../../kit/paging.ts";
import type { Access } from "../../kit/service.ts";
import { requestTags } from "./access.ts";
import { logs } from "./contract.ts";
import { type LookupTableRow, lookupBodies, lookupTables } from "./lookupRows.ts";
import { logsPage } from "./pages.ts";
import { checkTags } from "./tags.ts";

/** Tables of CSV that queries may look values up in. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatchLogs-Lookup-Tables.html */

const maxTables = 100;
const arnForm = /^arn:aws:logs:[a-z0-9-]+:\d{12}:lookup-table:(.+)$/;

function arnOf(name: string, { account, region }: Context): string {
  return `arn:aws:logs:${region}:${account}:lookup-table:${name}`;
}

async function find(arn: string, ctx: Context): Promise<LookupTableRow | undefined> {
  const row = await lookupTables.get(ctx.tx, ctx.account, ctx.region, arnForm.exec(arn)?.[1] ?? "");
  return row?.arn === arn ? row : undefined;
}

async function access(action: string, arn: string, ctx: Context): Promise<Access> {
  const row = await find(arn, ctx);
  return {
    action: `logs:${action}`,
    resource: arnForm.test(arn) ? arn : arnOf(arn, ctx),
    ...(row && { resourceTags: row.tags }),
  };
}

async function existing(arn: string, ctx: Context<"ResourceNotFoundException">): Promise<LookupTableRow> {
  const row = await find(arn, ctx);
  if (row === undefined) {
    throw ctx.error("ResourceNotFoundException", "The specified lookup table does not exist.");
  }
  return row;
}

type Errors = "ValidationException" | "InvalidParameterException";

/** The first line names the fields; every other has as many values. */
function factsOf(body: string, ctx: Context<Errors>) {
  const [head = "", ...rows] = body.trim().split(/\r?\n/);
  const fields = head.split(",").map((name) => name.trim());
  if (fields.some((name) => name === "") || new Set(fields).size < fields.length) {
    throw ctx.error("ValidationException", "The first line of the table must name its fields.");
  }
  return { fields, records: rows.length, sizeBytes: Buffer.byteLength(body) };
}

/** What would not be done is refused rather than kept. */
function checkSource(queryId: string | undefined, kmsKeyId: string | undefined, ctx: Context<Errors>): void {
  if (kmsKeyId !== undefined) {
    throw ctx.error("InvalidParameterException", "Cloudkeep does not seal lookup tables under KMS keys.");
  }
  if (queryId !== undefined) {
    throw ctx.error("InvalidParameterException", "Cloudkeep does not make lookup tables of queries.");
  }
}

function shown(row: LookupTableRow): LookupTable {
  const { arn, name, description, fields, records, sizeBytes, lastUpdatedTime } = row;
  return {
    lookupTableArn: arn,
    lookupTableName: name,
    ...(description !== undefined && { description }),
    tableFields: fields,
    recordsCount: records,
    sizeBytes,
    lastUpdatedTime,
  };
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLookupTable.html */
export const createLookupTable = logs.operation("CreateLookupTable", {
  access: ({ lookupTableName, tags }, ctx) => ({
    action: "logs:CreateLookupTable",
    resource: arnOf(lookupTableName, ctx as Context),
    requestTags: requestTags(tags),
  }),
  async handle({ lookupTableName: name, tableBody: body = "", description, kmsKeyId, tags, queryId }, ctx) {
    checkSource(queryId, kmsKeyId, ctx as Context<Errors>);
    const scope = [ctx.account, ctx.region] as const;
    if ((await lookupTables.get(ctx.tx, ...scope, name)) !== undefined) {
      throw ctx.error("ResourceAlreadyExistsException", "The specified lookup table already exists.");
    }
    const held = await lookupTables.list(ctx.tx, scope, { limit: maxTables });
    if (held.length === maxTables) throw ctx.error("LimitExceededException", "Resource limit exceeded.");
    const now = ctx.clock.now();
    const row: LookupTableRow = {
      name,
      arn: arnOf(name, ctx as Context),
      ...(description !== undefined && { description }),
      ...factsOf(body, ctx as Context<Errors>),
      createdAt: now,
      lastUpdatedTime: now,
      tags: checkTags(tags ?? {}, {}, ctx as Context),
    };
    lookupTables.put(ctx.tx, [...scope, name], row);
    lookupBodies.put(ctx.tx, [...scope, name], { body });
    return { lookupTableArn: row.arn, createdAt: now };
  },
  record: { request: ({ tableBody: _, ...rest }) => rest },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_UpdateLookupTable.html */
export const updateLookupTable = logs.operation("UpdateLookupTable", {
  access: ({ lookupTableArn }, ctx) => access("UpdateLookupTable", lookupTableArn, ctx as Context),
  async handle({ lookupTableArn, tableBody: body = "", description, kmsKeyId, queryId }, ctx) {
    checkSource(queryId, kmsKeyId, ctx as Context<Errors>);
    const row = await existing(lookupTableArn, ctx);
    const key: [string, string, string] = [ctx.account, ctx.region, row.name];
    const lastUpdatedTime = ctx.clock.now();
    lookupTables.put(ctx.tx, key, {
      ...row,
      ...(description !== undefined && { description }),
      ...factsOf(body, ctx as Context<Errors>),
      lastUpdatedTime,
    });
    lookupBodies.put(ctx.tx, key, { body });
    return { lookupTableArn, lastUpdatedTime };
  },
  record: { request: ({ tableBody: _, ...rest }) => rest },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLookupTable.html */
export const getLookupTable = logs.operation("GetLookupTable", {
  access: ({ lookupTableArn }, ctx) => access("GetLookupTable", lookupTableArn, ctx as Context),
  async handle({ lookupTableArn }, ctx) {
    const row = await existing(lookupTableArn, ctx);
    const held = await lookupBodies.get(ctx.tx, ctx.account, ctx.region, row.name);
    const { tableFields: _, recordsCount: __, ...rest } = shown(row);
    return { ...rest, tableBody: held?.body };
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteLookupTable.html */
export const deleteLookupTable = logs.operation("DeleteLookupTable", {
  access: ({ lookupTableArn }, ctx) => access("DeleteLookupTable", lookupTableArn, ctx as Context),
  async handle({ lookupTableArn }, ctx) {
    const { name } = await existing(lookupTableArn, ctx);
    lookupTables.delete(ctx.tx, ctx.account, ctx.region, name);
    lookupBodies.delete(ctx.tx, ctx.account, ctx.region, name);
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLookupTables.html */
export const describeLookupTables = logs.operation("DescribeLookupTables", {
  access: () => ({ action: "logs:DescribeLookupTables", resource: "*" }),
  async handle({ lookupTableNamePrefix: startsWith, maxResults = 50, nextToken: marker }, ctx) {
    // AWS's model gives it no lower bound.
    const limit = Math.max(1, maxResults);
    const { items, end } = await logsPage(ctx as never, () =>
      pageOf(lookupTables, ctx.tx, [ctx.account, ctx.region], { limit, marker, startsWith }),
    );
    return { lookupTables: items.map(shown), ...end };
  },
});
