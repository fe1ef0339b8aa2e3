import { hash } from "node:crypto";
import type { Context } from "../../kit/context.ts";
import { uuid } from "../../kit/ids.ts";
import { keyedPageOf } from "../../kit/paging.ts";
import { tellApp } from "./appEvents.ts";
import {
  type AppEndpointName,
  type AppName,
  appEndpointArn,
  appKey,
  endpointKey,
  endpointOfArn,
  existingApp,
  existingEndpoint,
  findEndpoint,
} from "./appNames.ts";
import { sns } from "./contract.ts";
import { tokenPage } from "./pages.ts";
import { type AppEndpointRow, appEndpoints, byToken } from "./tables.ts";

/** Apps on devices, by the tokens that their platforms gave them. */

const pageSize = 100;
const maxUserDataBytes = 2048;
const maxTokenCharacters = 4096;

type Invalid = Context<"InvalidParameterException">;

/** Tokens let anybody send to a device: they stand in no key. */
export function tokenHash(token: string): string {
  return hash("sha256", token);
}

function refused(reason: string, ctx: Invalid): Error {
  return ctx.error("InvalidParameterException", `Invalid parameter: Attributes Reason: ${reason}`);
}

function checkAttributes(given: Readonly<Record<string, string>>, ctx: Invalid): void {
  for (const [name, value] of Object.entries(given)) {
    if (name !== "Enabled" && name !== "Token" && name !== "CustomUserData")
      throw refused(`Invalid attribute name: ${name}`, ctx);
    if (name === "Enabled" && !/^(?:true|false)$/i.test(value))
      throw refused("Invalid value for attribute: Enabled: must be true or false", ctx);
    if (name === "Token") checkToken(value, ctx);
    if (name === "CustomUserData" && Buffer.byteLength(value) > maxUserDataBytes) {
      throw refused(
        `Invalid value for attribute: CustomUserData: must be at most ${maxUserDataBytes} bytes long in UTF-8 encoding`,
        ctx,
      );
    }
  }
}

function checkToken(token: string, ctx: Invalid): void {
  if (token !== "" && token.length <= maxTokenCharacters) return;
  const reason = token === "" ? "cannot be empty" : `must be at most ${maxTokenCharacters} characters long`;
  throw ctx.error("InvalidParameterException", `Invalid parameter: Token Reason: ${reason}`);
}

function takenBy(endpoint: AppEndpointName, ctx: Invalid): Error {
  return ctx.error(
    "InvalidParameterException",
    `Invalid parameter: Token Reason: Endpoint ${appEndpointArn(endpoint)} already exists with the same Token, but different attributes.`,
  );
}

/** The endpoint that has a token, if it is still there. */
async function withToken(app: AppName, token: string, ctx: Context) {
  const known = await byToken.get(ctx.tx, ...appKey(app), tokenHash(token));
  return known && (await findEndpoint({ ...app, id: known.id }, ctx));
}

/** A device that is known with the same attributes is answered as it is. https://docs.aws.amazon.com/sns/latest/api/API_CreatePlatformEndpoint.html */
export const createPlatformEndpoint = sns.operation("CreatePlatformEndpoint", {
  access: () => ({ action: "sns:CreatePlatformEndpoint", resource: "*" }),
  async handle({ PlatformApplicationArn, Token, CustomUserData, Attributes = {} }, ctx) {
    const given: Record<string, string> = {
      ...(Attributes as Record<string, string>),
      ...(CustomUserData !== undefined && { CustomUserData }),
    };
    checkToken(Token, ctx);
    checkAttributes(given, ctx);
    const { app, row: appRow } = await existingApp(PlatformApplicationArn, ctx);
    const known = await withToken(app, Token, ctx);
    if (known !== undefined) {
      const enabled = given.Enabled?.toLowerCase();
      const sameState = enabled === undefined || enabled === String(known.row.enabled);
      if (!sameState || (given.CustomUserData ?? "") !== (known.row.userData ?? ""))
        throw takenBy(known.endpoint, ctx);
      return { EndpointArn: appEndpointArn(known.endpoint) };
    }
    const endpoint = { ...app, id: uuid() };
    const row: AppEndpointRow = {
      appId: appRow.id,
      token: Token,
      enabled: given.Enabled?.toLowerCase() !== "false",
      ...(given.CustomUserData && { userData: given.CustomUserData }),
      createdAt: ctx.clock.now(),
    };
    putEndpoint(endpoint, row, ctx);
    tellApp("EventEndpointCreated", endpoint, appRow, {}, ctx);
    return { EndpointArn: appEndpointArn(endpoint) };
  },
});

function putEndpoint(endpoint: AppEndpointName, row: AppEndpointRow, ctx: Context): void {
  appEndpoints.put(ctx.tx, endpointKey(endpoint), row);
  byToken.put(ctx.tx, [...appKey(endpoint), tokenHash(row.token)], { id: endpoint.id, appId: row.appId });
}

function shown({ token, enabled, userData }: AppEndpointRow): Record<string, string> {
  return {
    Enabled: String(enabled),
    Token: token,
    ...(userData !== undefined && { CustomUserData: userData }),
  };
}

/** https://docs.aws.amazon.com/sns/latest/api/API_GetEndpointAttributes.html */
export const getEndpointAttributes = sns.operation("GetEndpointAttributes", {
  access: () => ({ action: "sns:GetEndpointAttributes", resource: "*" }),
  async handle({ EndpointArn }, ctx) {
    const { row } = await existingEndpoint(EndpointArn, ctx);
    return { Attributes: shown(row) };
  },
});

/** https://docs.aws.amazon.com/sns/latest/api/API_SetEndpointAttributes.html */
export const setEndpointAttributes = sns.operation("SetEndpointAttributes", {
  access: () => ({ action: "sns:SetEndpointAttributes", resource: "*" }),
  async handle({ EndpointArn, Attributes }, ctx) {
    const given = Attributes as Record<string, string>;
    const found = endpointOfArn(EndpointArn, ctx);
    checkAttributes(given, ctx);
    const { endpoint, row, app } = await existingEndpoint(EndpointArn, ctx);
    const token = given.Token ?? row.token;
    if (token !== row.token) {
      const other = await withToken(found, token, ctx);
      if (other !== undefined) throw takenBy(other.endpoint, ctx);
      byToken.delete(ctx.tx, ...appKey(endpoint), tokenHash(row.token));
    }
    const { userData: before, ...others } = row;
    const userData = given.CustomUserData ?? before;
    const enabled = given.Enabled === undefined ? row.enabled : given.Enabled.toLowerCase() === "true";
    putEndpoint(endpoint, { ...others, token, enabled, ...(userData && { userData }) }, ctx);
    tellApp("EventEndpointUpdated", endpoint, app, {}, ctx);
    return {};
  },
});

/** Subscriptions of the endpoint stay, as on AWS. https://docs.aws.amazon.com/sns/latest/api/API_DeleteEndpoint.html */
export const deleteEndpoint = sns.operation("DeleteEndpoint", {
  access: () => ({ action: "sns:DeleteEndpoint", resource: "*" }),
  async handle({ EndpointArn }, ctx) {
    const endpoint = endpointOfArn(EndpointArn, ctx);
    const found = endpoint.account === ctx.account ? await findEndpoint(endpoint, ctx) : undefined;
    if (found === undefined) return {};
    appEndpoints.delete(ctx.tx, ...endpointKey(endpoint));
    byToken.delete(ctx.tx, ...appKey(endpoint), tokenHash(found.row.token));
    tellApp("EventEndpointDeleted", endpoint, found.app, {}, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/sns/latest/api/API_ListEndpointsByPlatformApplication.html */
export const listEndpointsByPlatformApplication = sns.operation("ListEndpointsByPlatformApplication", {
  access: () => ({ action: "sns:ListEndpointsByPlatformApplication", resource: "*" }),
  async handle({ PlatformApplicationArn, NextToken }, ctx) {
    const { app, row } = await existingApp(PlatformApplicationArn, ctx);
    const options = {
      limit: pageSize,
      marker: NextToken,
      where: ({ appId }: AppEndpointRow) => appId === row.id,
    };
    const { items, next } = await tokenPage(
      () => keyedPageOf(appEndpoints, ctx.tx, appKey(app), options),
      ctx,
    );
    return {
      Endpoints: items.map((item) => ({
        EndpointArn: appEndpointArn({ ...app, id: item.key[4] }),
        Attributes: shown(item.row),
      })),
      ...(next && { NextToken: next }),
    };
  },
});
