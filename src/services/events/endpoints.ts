import type { EndpointEventBus, RoutingConfig } from "@aws-sdk/client-eventbridge";
import type { Context } from "../../kit/context.ts";
import { randomText } from "../../kit/ids.ts";
import { BadMarker, keyedPageOf } from "../../kit/paging.ts";
import { passRole } from "../../kit/passRole.ts";
import { parseArn } from "../../kit/targets.ts";
import { tooMany } from "./buses.ts";
import { events } from "./contract.ts";
import { type BusName, busArn, busNamed, findBus } from "./names.ts";
import { type EndpointRow, endpoints, endpointsById } from "./tables.ts";

/** Buses in two Regions under one name. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-global-endpoints.html */

const pageSize = 100;
const maxEndpoints = 100;
const idCharacters = 10;

interface Place {
  account: string;
  region: string;
}

function endpointArn(name: string, { account, region }: Place): string {
  return `arn:aws:events:${region}:${account}:endpoint/${name}`;
}

function endpointAccess(
  action: string,
  { Name, EventBuses }: { Name: string; EventBuses?: readonly EndpointEventBus[] | undefined },
  place: Place,
) {
  return {
    action: `events:${action}`,
    resource: endpointArn(Name, place),
    resourceType: "AWS::Events::Endpoint",
    ...(EventBuses && {
      context: { "events:EventBusArn": EventBuses.map(({ EventBusArn = "" }) => EventBusArn) },
    }),
  };
}

interface Settings {
  Description?: string | undefined;
  RoutingConfig?: RoutingConfig | undefined;
  ReplicationConfig?: { State?: string | undefined } | undefined;
  EventBuses?: readonly EndpointEventBus[] | undefined;
  RoleArn?: string | undefined;
}

type Kept = Omit<EndpointRow, "id" | "createdAt" | "changedAt">;

/** What is kept of the settings, laid over those that stand. */
async function settings(given: Settings, held: EndpointRow | undefined, ctx: Context): Promise<Kept> {
  const invalid = (message: string) => ctx.error("ValidationException", message);
  const { Primary, Secondary } = given.RoutingConfig?.FailoverConfig ?? {};
  const healthCheck = Primary?.HealthCheck ?? held?.healthCheck ?? "";
  const secondary = Secondary?.Route ?? held?.secondary ?? "";
  const replicates =
    given.ReplicationConfig?.State === undefined
      ? (held?.replicates ?? true)
      : given.ReplicationConfig.State === "ENABLED";
  const roleArn = given.RoleArn ?? held?.roleArn;
  if (secondary === ctx.region) throw invalid("The secondary Region must differ from the primary Region.");
  if (replicates && roleArn === undefined)
    throw invalid("RoleArn is required when event replication is enabled.");
  if (given.RoleArn !== undefined) await passRole(ctx, given.RoleArn, "events.amazonaws.com");
  const busName =
    given.EventBuses === undefined
      ? (held?.busName ?? "")
      : await busOf(given.EventBuses, [ctx.region, secondary], ctx);
  const description = given.Description ?? held?.description;
  return {
    ...(description !== undefined && { description }),
    healthCheck,
    secondary,
    busName,
    replicates,
    ...(roleArn !== undefined && { roleArn }),
  };
}

/** The one name of two buses, one in each Region. */
async function busOf(
  given: readonly EndpointEventBus[],
  regions: readonly string[],
  ctx: Context,
): Promise<string> {
  const invalid = (message: string) => ctx.error("ValidationException", message);
  const named = given.map(({ EventBusArn = "" }) => busNamed(EventBusArn, ctx));
  const found = regions.map((region) => named.find((bus) => bus.region === region));
  const [first, second] = found;
  if (first === undefined || second === undefined)
    throw invalid("EventBuses must name a bus in the primary Region and one in the secondary Region.");
  if (first.name !== second.name)
    throw invalid("The names of the event buses must be identical in each Region.");
  for (const bus of [first, second]) {
    if (bus.account !== ctx.account) throw invalid("The event buses must be in the account of the endpoint.");
    if ((await findBus(bus, ctx)) === undefined) throw invalid(`Event bus ${busArn(bus)} does not exist.`);
  }
  return first.name;
}

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEndpoint.html */
export const createEndpoint = events.operation("CreateEndpoint", {
  access: (input, ctx) => endpointAccess("CreateEndpoint", input, ctx),
  async handle({ Name, ...given }, ctx) {
    const { tx, account, region } = ctx;
    if ((await endpoints.get(tx, account, region, Name)) !== undefined)
      throw ctx.error("ResourceAlreadyExistsException", `Endpoint ${Name} already exists.`);
    const standing = await endpoints.list(tx, [account, region], { limit: maxEndpoints });
    if (standing.length >= maxEndpoints) throw tooMany(ctx);
    const now = ctx.clock.now();
    const row: EndpointRow = {
      id: `${randomText(idCharacters, "lower36")}.veo`,
      ...(await settings(given, undefined, ctx as Context)),
      createdAt: now,
      changedAt: now,
    };
    endpoints.put(tx, [account, region, Name], row);
    endpointsById.put(tx, [row.id], { account, region, name: Name });
    const { EndpointId: _, EndpointUrl: __, ...answer } = shown(Name, row, ctx);
    return answer;
  },
});

function shown(name: string, row: EndpointRow, place: Place) {
  const { account, region } = place;
  const buses = [region, row.secondary].map((one) => busArn({ account, region: one, name: row.busName }));
  return {
    Name: name,
    Arn: endpointArn(name, place),
    RoutingConfig: {
      FailoverConfig: { Primary: { HealthCheck: row.healthCheck }, Secondary: { Route: row.secondary } },
    },
    ReplicationConfig: { State: row.replicates ? ("ENABLED" as const) : ("DISABLED" as const) },
    EventBuses: buses.map((EventBusArn) => ({ EventBusArn })),
    ...(row.roleArn !== undefined && { RoleArn: row.roleArn }),
    EndpointId: row.id,
    EndpointUrl: `https://${row.id}.endpoint.events.amazonaws.com`,
    State: "ACTIVE" as const,
  };
}

function described(name: string, row: EndpointRow, place: Place) {
  return {
    ...shown(name, row, place),
    ...(row.description !== undefined && { Description: row.description }),
    CreationTime: new Date(row.createdAt),
    LastModifiedTime: new Date(row.changedAt),
  };
}

/** Endpoints of the caller's account that have a Region for their first; left out, that of the call. */
function placeOf(homeRegion: string | undefined, { account, region }: Place): Place {
  return { account, region: homeRegion ?? region };
}

async function existing(
  name: string,
  region: string,
  ctx: Context<"ResourceNotFoundException">,
): Promise<EndpointRow> {
  const row = await endpoints.get(ctx.tx, ctx.account, region, name);
  if (row === undefined) throw ctx.error("ResourceNotFoundException", `Endpoint ${name} does not exist.`);
  return row;
}

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_UpdateEndpoint.html */
export const updateEndpoint = events.operation("UpdateEndpoint", {
  access: (input, ctx) => endpointAccess("UpdateEndpoint", input, ctx),
  async handle({ Name, ...given }, ctx) {
    const held = await existing(Name, ctx.region, ctx);
    const row: EndpointRow = {
      id: held.id,
      ...(await settings(given, held, ctx as Context)),
      createdAt: held.createdAt,
      changedAt: ctx.clock.now(),
    };
    endpoints.put(ctx.tx, [ctx.account, ctx.region, Name], row);
    return shown(Name, row, ctx);
  },
});

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DescribeEndpoint.html */
export const describeEndpoint = events.operation("DescribeEndpoint", {
  access: ({ Name, HomeRegion }, ctx) =>
    endpointAccess("DescribeEndpoint", { Name }, placeOf(HomeRegion, ctx)),
  async handle({ Name, HomeRegion }, ctx) {
    const place = placeOf(HomeRegion, ctx);
    return described(Name, await existing(Name, place.region, ctx), place);
  },
});

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListEndpoints.html */
export const listEndpoints = events.operation("ListEndpoints", {
  access: () => ({ action: "events:ListEndpoints", resource: "*" }),
  async handle({ NamePrefix, HomeRegion, NextToken, MaxResults = pageSize }, ctx) {
    const place = placeOf(HomeRegion, ctx);
    const options = { limit: MaxResults, marker: NextToken, startsWith: NamePrefix };
    try {
      const { items, next } = await keyedPageOf(endpoints, ctx.tx, [place.account, place.region], options);
      return {
        Endpoints: items.map(({ key, row }) => described(key[2], row, place)),
        ...(next && { NextToken: next }),
      };
    } catch (error) {
      if (error instanceof BadMarker)
        throw (ctx as Context).error("ValidationException", "The token is invalid.");
      throw error;
    }
  },
});

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DeleteEndpoint.html */
export const deleteEndpoint = events.operation("DeleteEndpoint", {
  access: ({ Name }, ctx) => endpointAccess("DeleteEndpoint", { Name }, ctx),
  async handle({ Name }, ctx) {
    const row = await existing(Name, ctx.region, ctx);
    endpoints.delete(ctx.tx, ctx.account, ctx.region, Name);
    endpointsById.delete(ctx.tx, row.id);
    return {};
  },
});

/** Where events go that are put by way of an endpoint. */
export interface Route {
  bus: BusName;
  /** Where they go, too. */
  replica?: { bus: BusName; roleArn: string; endpointArn: string };
}

/**
 * The way of an endpoint to a bus; undefined where there is no such endpoint, or the bus is none of its. Events go to
 * the primary Region: there is no Route 53 here whose health check could report it unhealthy.
 */
export async function routeOf(
  id: string,
  busNameOrArn: string | undefined,
  ctx: Context,
): Promise<Route | undefined> {
  const found = await endpointsById.get(ctx.tx, id);
  const row = found && (await endpoints.get(ctx.tx, found.account, found.region, found.name));
  if (found === undefined || row === undefined) return undefined;
  const { account, region } = found;
  const arn = busNameOrArn === undefined ? undefined : parseArn(busNameOrArn);
  const asked = busNamed(busNameOrArn, { account, region });
  const isOwn = asked.name === row.busName && asked.account === account;
  if (!isOwn || (arn !== undefined && arn.region !== region && arn.region !== row.secondary))
    return undefined;
  const bus = { account, region, name: row.busName };
  if (!row.replicates || row.roleArn === undefined) return { bus };
  const replica = { ...bus, region: row.secondary };
  return {
    bus,
    replica: { bus: replica, roleArn: row.roleArn, endpointArn: endpointArn(found.name, found) },
  };
}
