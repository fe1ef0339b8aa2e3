import type { UserPoolClientType } from "@aws-sdk/client-cognito-identity-provider";
import type { Context } from "../../../kit/context.ts";
import { randomText } from "../../../kit/ids.ts";
import { pageOf } from "../../../kit/paging.ts";
import { idp } from "../contract.ts";
import { dropBranding } from "../hosted/branding.ts";
import { existingPool, onPool } from "../pools/find.ts";
import { keyOf } from "../pools/poolRow.ts";
import { page } from "../pools/pools.ts";
import { invalid } from "../refusals.ts";
import { clients, places } from "../tables.ts";
import type { ClientRow } from "./clientRow.ts";
import { existingClient } from "./find.ts";
import { newSecret } from "./secrets.ts";
import { clientSettingsOf } from "./settings.ts";

/** Apps that sign users of a pool in. */

const idLength = 26;
const defaultPageSize = 60;

function shown(client: ClientRow): UserPoolClientType {
  const [secret] = client.secrets;
  return {
    UserPoolId: client.poolId,
    ClientName: client.name,
    ClientId: client.clientId,
    ...(secret && { ClientSecret: secret.value }),
    LastModifiedDate: new Date(client.modifiedMs),
    CreationDate: new Date(client.createdMs),
    ...client.settings,
  };
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html */
export const createUserPoolClient = idp.operation("CreateUserPoolClient", {
  access: onPool("CreateUserPoolClient"),
  async handle(input, ctx) {
    const pool = await existingPool(input.UserPoolId, ctx);
    if (input.GenerateSecret && input.ClientSecret !== undefined)
      throw invalid("ClientSecret cannot be provided when GenerateSecret is true.");
    const now = ctx.clock.now();
    const client: ClientRow = {
      clientId: randomText(idLength, "lower36"),
      name: input.ClientName,
      poolId: pool.poolId,
      createdMs: now,
      modifiedMs: now,
      settings: await clientSettingsOf(input, { pool }, ctx as Context),
      secrets: [],
    };
    if (input.GenerateSecret || input.ClientSecret !== undefined)
      client.secrets.push(newSecret(client.clientId, input.ClientSecret, now));
    clients.put(ctx.tx, [...keyOf(pool), client.clientId], client);
    places.put(ctx.tx, ["client", client.clientId], {
      account: ctx.account,
      region: ctx.region,
      poolId: pool.poolId,
    });
    return { UserPoolClient: shown(client) };
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DescribeUserPoolClient.html */
export const describeUserPoolClient = idp.operation("DescribeUserPoolClient", {
  access: onPool("DescribeUserPoolClient"),
  async handle({ UserPoolId, ClientId }, ctx) {
    await existingPool(UserPoolId, ctx);
    return { UserPoolClient: shown(await existingClient(UserPoolId, ClientId, ctx)) };
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserPoolClient.html */
export const updateUserPoolClient = idp.operation("UpdateUserPoolClient", {
  access: onPool("UpdateUserPoolClient"),
  async handle(input, ctx) {
    const pool = await existingPool(input.UserPoolId, ctx);
    const client = await existingClient(input.UserPoolId, input.ClientId, ctx);
    const changed: ClientRow = {
      ...client,
      name: input.ClientName ?? client.name,
      modifiedMs: ctx.clock.now(),
      settings: await clientSettingsOf(input, { pool, client }, ctx as Context),
    };
    clients.put(ctx.tx, [...keyOf(pool), client.clientId], changed);
    return { UserPoolClient: shown(changed) };
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DeleteUserPoolClient.html */
export const deleteUserPoolClient = idp.operation("DeleteUserPoolClient", {
  access: onPool("DeleteUserPoolClient"),
  async handle({ UserPoolId, ClientId }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    await existingClient(UserPoolId, ClientId, ctx);
    clients.delete(ctx.tx, ...keyOf(pool), ClientId);
    await dropBranding(pool, ClientId, ctx as Context);
    places.delete(ctx.tx, "client", ClientId);
    return {};
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUserPoolClients.html */
export const listUserPoolClients = idp.operation("ListUserPoolClients", {
  access: onPool("ListUserPoolClients"),
  async handle({ UserPoolId, MaxResults = defaultPageSize, NextToken }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    const { items, next } = await page(() =>
      pageOf(clients, ctx.tx, keyOf(pool), { limit: MaxResults, marker: NextToken }),
    );
    return {
      UserPoolClients: items.map(({ clientId, name }) => ({
        ClientId: clientId,
        UserPoolId,
        ClientName: name,
      })),
      ...(next && { NextToken: next }),
    };
  },
});
