import type {
  Connection,
  ConnectionAuthResponseParameters,
  CreateConnectionAuthRequestParameters,
} from "@aws-sdk/client-eventbridge";
import type { Context } from "../../kit/context.ts";
import { uuid } from "../../kit/ids.ts";
import { tooMany } from "./buses.ts";
import { events } from "./contract.ts";
import { namedPage } from "./lists.ts";
import { type ConnectionRow, connections } from "./tables.ts";

/** How EventBridge proves itself to an API destination. The secrets stay in the sealed row. */

const maxConnectionsPerRegion = 3_000;

export function connectionArn(account: string, region: string, name: string, id: string): string {
  return `arn:aws:events:${region}:${account}:connection/${name}/${id}`;
}

async function access(action: string, name: string, ctx: Context) {
  const row = await connections.get(ctx.tx, ctx.account, ctx.region, name);
  return {
    action: `events:${action}`,
    resource: connectionArn(ctx.account, ctx.region, name, row?.id ?? "*"),
    resourceType: "AWS::Events::Connection",
  };
}

async function existing(name: string, ctx: Context<"ResourceNotFoundException">): Promise<ConnectionRow> {
  const row = await connections.get(ctx.tx, ctx.account, ctx.region, name);
  if (row !== undefined) return row;
  throw ctx.error(
    "ResourceNotFoundException",
    `Failed to describe the connection(s). Connection '${name}' does not exist.`,
  );
}

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateConnection.html */
export const createConnection = events.operation("CreateConnection", {
  access: ({ Name }, ctx) => access("CreateConnection", Name, ctx),
  async handle({ Name, Description, AuthorizationType, AuthParameters }, ctx) {
    if ((await connections.get(ctx.tx, ctx.account, ctx.region, Name)) !== undefined)
      throw ctx.error("ResourceAlreadyExistsException", `Connection ${Name} already exists.`);
    const parts = [ctx.account, ctx.region];
    const standing = await connections.list(ctx.tx, parts, { limit: maxConnectionsPerRegion });
    if (standing.length >= maxConnectionsPerRegion) throw tooMany(ctx);
    const now = ctx.clock.now();
    const row: ConnectionRow = {
      id: uuid(),
      ...(Description !== undefined && { description: Description }),
      authorizationType: AuthorizationType as ConnectionRow["authorizationType"],
      auth: checkedAuth(AuthorizationType, AuthParameters, ctx),
      state: "AUTHORIZED",
      createdAt: now,
      changedAt: now,
      authorizedAt: now,
    };
    connections.put(ctx.tx, [ctx.account, ctx.region, Name], row);
    return summary(Name, row, ctx);
  },
});

const memberOf: Record<string, keyof CreateConnectionAuthRequestParameters> = {
  BASIC: "BasicAuthParameters",
  API_KEY: "ApiKeyAuthParameters",
  OAUTH_CLIENT_CREDENTIALS: "OAuthParameters",
};

/** The parameters of the type that was chosen must be there, and no others. */
function checkedAuth(type: string, auth: object, ctx: Context): Record<string, unknown> {
  const wanted = memberOf[type] as string;
  const given = Object.keys(auth).filter((name) => Object.values(memberOf).includes(name as never));
  if (given.length !== 1 || given[0] !== wanted) {
    throw ctx.error(
      "ValidationException",
      `Authorization parameters do not match the authorization type ${type}: ${wanted} must be specified.`,
    );
  }
  return { ...auth };
}

function summary(name: string, row: ConnectionRow, ctx: Context) {
  return {
    ConnectionArn: connectionArn(ctx.account, ctx.region, name, row.id),
    ConnectionState: row.state,
    CreationTime: new Date(row.createdAt),
    LastModifiedTime: new Date(row.changedAt),
  };
}

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_UpdateConnection.html */
export const updateConnection = events.operation("UpdateConnection", {
  access: ({ Name }, ctx) => access("UpdateConnection", Name, ctx),
  async handle({ Name, Description, AuthorizationType, AuthParameters }, ctx) {
    const known = await existing(Name, ctx);
    const type = AuthorizationType ?? known.authorizationType;
    const now = ctx.clock.now();
    const row: ConnectionRow = {
      ...known,
      ...(Description !== undefined && { description: Description }),
      ...(AuthParameters !== undefined && {
        authorizationType: type as ConnectionRow["authorizationType"],
        auth: checkedAuth(type, AuthParameters, ctx),
        state: "AUTHORIZED" as const,
        authorizedAt: now,
      }),
      changedAt: now,
    };
    connections.put(ctx.tx, [ctx.account, ctx.region, Name], row);
    return { ...summary(Name, row, ctx), LastAuthorizedTime: new Date(row.authorizedAt) };
  },
});

/** Forgets the secrets. https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DeauthorizeConnection.html */
export const deauthorizeConnection = events.operation("DeauthorizeConnection", {
  access: ({ Name }, ctx) => access("DeauthorizeConnection", Name, ctx),
  async handle({ Name }, ctx) {
    const known = await existing(Name, ctx);
    const row: ConnectionRow = { ...known, auth: {}, state: "DEAUTHORIZED", changedAt: ctx.clock.now() };
    connections.put(ctx.tx, [ctx.account, ctx.region, Name], row);
    return { ...summary(Name, row, ctx), LastAuthorizedTime: new Date(row.authorizedAt) };
  },
});

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DescribeConnection.html */
export const describeConnection = events.operation("DescribeConnection", {
  access: ({ Name }, ctx) => access("DescribeConnection", Name, ctx),
  async handle({ Name }, ctx) {
    const row = await existing(Name, ctx);
    return {
      ...shown(Name, row, ctx),
      ...(row.description !== undefined && { Description: row.description }),
      AuthParameters: shownAuth(row.auth as CreateConnectionAuthRequestParameters),
    };
  },
});

/** What may be shown of the parameters: names, never secrets. */
function shownAuth(auth: CreateConnectionAuthRequestParameters): ConnectionAuthResponseParameters {
  const { BasicAuthParameters, ApiKeyAuthParameters, OAuthParameters, InvocationHttpParameters } = auth;
  return {
    ...(BasicAuthParameters && { BasicAuthParameters: { Username: BasicAuthParameters.Username } }),
    ...(ApiKeyAuthParameters && { ApiKeyAuthParameters: { ApiKeyName: ApiKeyAuthParameters.ApiKeyName } }),
    ...(OAuthParameters && {
      OAuthParameters: {
        ClientParameters: { ClientID: OAuthParameters.ClientParameters?.ClientID },
        AuthorizationEndpoint: OAuthParameters.AuthorizationEndpoint,
        HttpMethod: OAuthParameters.HttpMethod,
        ...(OAuthParameters.OAuthHttpParameters && {
          OAuthHttpParameters: withoutSecrets(OAuthParameters.OAuthHttpParameters),
        }),
      },
    }),
    ...(InvocationHttpParameters && { InvocationHttpParameters: withoutSecrets(InvocationHttpParameters) }),
  };
}

interface HttpParameter {
  Key?: string;
  Value?: string;
  IsValueSecret?: boolean;
}
type HttpParameters = NonNullable<CreateConnectionAuthRequestParameters["InvocationHttpParameters"]>;

function withoutSecrets(parameters: HttpParameters): HttpParameters {
  const lists = Object.entries(parameters).map(([name, list]) => [
    name,
    (list as HttpParameter[] | undefined)?.map(({ Key, Value, IsValueSecret = false }) =>
      IsValueSecret ? { Key, IsValueSecret } : { Key, Value, IsValueSecret },
    ),
  ]);
  return Object.fromEntries(lists) as HttpParameters;
}

function shown(name: string, row: ConnectionRow, ctx: Context): Connection {
  return {
    ...summary(name, row, ctx),
    Name: name,
    AuthorizationType: row.authorizationType,
    LastAuthorizedTime: new Date(row.authorizedAt),
  };
}

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListConnections.html */
export const listConnections = events.operation("ListConnections", {
  access: () => ({ action: "events:ListConnections", resource: "*" }),
  async handle({ ConnectionState, ...input }, ctx) {
    const where = ({ state }: ConnectionRow) => ConnectionState === undefined || state === ConnectionState;
    const { items, next } = await namedPage(connections, [ctx.account, ctx.region], input, ctx, where);
    return {
      Connections: items.map(({ name, row }) => shown(name, row, ctx)),
      ...(next && { NextToken: next }),
    };
  },
});

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DeleteConnection.html */
export const deleteConnection = events.operation("DeleteConnection", {
  access: ({ Name }, ctx) => access("DeleteConnection", Name, ctx),
  async handle({ Name }, ctx) {
    const row = await existing(Name, ctx);
    connections.delete(ctx.tx, ctx.account, ctx.region, Name);
    const { ConnectionState: _, ...rest } = summary(Name, row, ctx);
    return { ...rest, ConnectionState: "DELETING" as const, LastAuthorizedTime: new Date(row.authorizedAt) };
  },
});
