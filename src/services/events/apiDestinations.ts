import type { ApiDestination } from "@aws-sdk/client-eventbridge";
import type { Context } from "../../kit/context.ts";
import { uuid } from "../../kit/ids.ts";
import { parseArn } from "../../kit/targets.ts";
import { tooMany } from "./buses.ts";
import { connectionArn } from "./connections.ts";
import { events } from "./contract.ts";
import { namedPage } from "./lists.ts";
import { type ApiDestinationRow, apiDestinations, connections } from "./tables.ts";

/** HTTP endpoints as targets of rules. */

const maxDestinationsPerRegion = 3_000;
const defaultRatePerSecond = 300;

function destinationArn({ account, region }: Context, name: string, id: string): string {
  return `arn:aws:events:${region}:${account}:api-destination/${name}/${id}`;
}

async function access(action: string, name: string, ctx: Context) {
  const row = await apiDestinations.get(ctx.tx, ctx.account, ctx.region, name);
  return {
    action: `events:${action}`,
    resource: destinationArn(ctx, name, row?.id ?? "*"),
    resourceType: "AWS::Events::ApiDestination",
  };
}

async function existing(name: string, ctx: Context<"ResourceNotFoundException">): Promise<ApiDestinationRow> {
  const row = await apiDestinations.get(ctx.tx, ctx.account, ctx.region, name);
  if (row !== undefined) return row;
  throw ctx.error(
    "ResourceNotFoundException",
    `Failed to describe the api-destination(s). An api-destination '${name}' does not exist.`,
  );
}

/** The connection must be one of this account and Region. */
async function checkConnection(arn: string, ctx: Context<"ResourceNotFoundException">): Promise<void> {
  const [, name = "", id = ""] = parseArn(arn)?.resource.split("/") ?? [];
  const row = await connections.get(ctx.tx, ctx.account, ctx.region, name);
  if (row === undefined || connectionArn(ctx.account, ctx.region, name, id) !== arn || row.id !== id)
    throw ctx.error("ResourceNotFoundException", `Connection '${arn}' does not exist.`);
}

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateApiDestination.html */
export const createApiDestination = events.operation("CreateApiDestination", {
  access: ({ Name }, ctx) => access("CreateApiDestination", Name, ctx),
  async handle(input, ctx) {
    const { Name, Description, ConnectionArn, InvocationEndpoint, HttpMethod } = input;
    if ((await apiDestinations.get(ctx.tx, ctx.account, ctx.region, Name)) !== undefined)
      throw ctx.error("ResourceAlreadyExistsException", `An api-destination '${Name}' already exists.`);
    const parts = [ctx.account, ctx.region];
    const standing = await apiDestinations.list(ctx.tx, parts, { limit: maxDestinationsPerRegion });
    if (standing.length >= maxDestinationsPerRegion) throw tooMany(ctx);
    await checkConnection(ConnectionArn, ctx);
    const now = ctx.clock.now();
    const row: ApiDestinationRow = {
      id: uuid(),
      ...(Description !== undefined && { description: Description }),
      connectionArn: ConnectionArn,
      endpoint: InvocationEndpoint,
      method: HttpMethod,
      ratePerSecond: input.InvocationRateLimitPerSecond ?? defaultRatePerSecond,
      createdAt: now,
      changedAt: now,
    };
    apiDestinations.put(ctx.tx, [ctx.account, ctx.region, Name], row);
    return summary(Name, row, ctx);
  },
});

function summary(name: string, row: ApiDestinationRow, ctx: Context) {
  return {
    ApiDestinationArn: destinationArn(ctx, name, row.id),
    ApiDestinationState: "ACTIVE" as const,
    CreationTime: new Date(row.createdAt),
    LastModifiedTime: new Date(row.changedAt),
  };
}

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_UpdateApiDestination.html */
export const updateApiDestination = events.operation("UpdateApiDestination", {
  access: ({ Name }, ctx) => access("UpdateApiDestination", Name, ctx),
  async handle({ Name, ...changes }, ctx) {
    const known = await existing(Name, ctx);
    if (changes.ConnectionArn !== undefined) await checkConnection(changes.ConnectionArn, ctx);
    const row: ApiDestinationRow = {
      ...known,
      ...(changes.Description !== undefined && { description: changes.Description }),
      connectionArn: changes.ConnectionArn ?? known.connectionArn,
      endpoint: changes.InvocationEndpoint ?? known.endpoint,
      method: changes.HttpMethod ?? known.method,
      ratePerSecond: changes.InvocationRateLimitPerSecond ?? known.ratePerSecond,
      changedAt: ctx.clock.now(),
    };
    apiDestinations.put(ctx.tx, [ctx.account, ctx.region, Name], row);
    return summary(Name, row, ctx);
  },
});

function shown(name: string, row: ApiDestinationRow, ctx: Context): ApiDestination {
  return {
    ...summary(name, row, ctx),
    Name: name,
    ConnectionArn: row.connectionArn,
    InvocationEndpoint: row.endpoint,
    HttpMethod: row.method as ApiDestination["HttpMethod"],
    InvocationRateLimitPerSecond: row.ratePerSecond,
  };
}

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DescribeApiDestination.html */
export const describeApiDestination = events.operation("DescribeApiDestination", {
  access: ({ Name }, ctx) => access("DescribeApiDestination", Name, ctx),
  async handle({ Name }, ctx) {
    const row = await existing(Name, ctx);
    return {
      ...shown(Name, row, ctx),
      ...(row.description !== undefined && { Description: row.description }),
    };
  },
});

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListApiDestinations.html */
export const listApiDestinations = events.operation("ListApiDestinations", {
  access: () => ({ action: "events:ListApiDestinations", resource: "*" }),
  async handle({ ConnectionArn, ...input }, ctx) {
    const where = ({ connectionArn: arn }: ApiDestinationRow) =>
      ConnectionArn === undefined || arn === ConnectionArn;
    const { items, next } = await namedPage(apiDestinations, [ctx.account, ctx.region], input, ctx, where);
    return {
      ApiDestinations: items.map(({ name, row }) => shown(name, row, ctx)),
      ...(next && { NextToken: next }),
    };
  },
});

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DeleteApiDestination.html */
export const deleteApiDestination = events.operation("DeleteApiDestination", {
  access: ({ Name }, ctx) => access("DeleteApiDestination", Name, ctx),
  async handle({ Name }, ctx) {
    await existing(Name, ctx);
    apiDestinations.delete(ctx.tx, ctx.account, ctx.region, Name);
    return {};
  },
});
