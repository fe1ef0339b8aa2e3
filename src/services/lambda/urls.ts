import type { FunctionUrlConfig } from "@aws-sdk/client-lambda";
import type { Context } from "../../kit/context.ts";
import { randomText } from "../../kit/ids.ts";
import { timeText } from "./configuration.ts";
import { lambda } from "./contract.ts";
import { keyedPageOf } from "./lists.ts";
import {
  type FunctionName,
  findAlias,
  findFunction,
  functionAccess,
  functionArn,
  latest,
  nameOf,
} from "./names.ts";
import { conflict, invalid, notFound } from "./refusals.ts";
import { type CorsRow, type UrlRow, urlIds, urls } from "./tables.ts";

/** Addresses of functions: see functionUrl.ts for what is asked there. */

const idLength = 32;

function keyOf({ account, region, name, qualifier }: FunctionName): [string, string, string, string] {
  return [account, region, name, qualifier ?? ""];
}

/** Named as AWS's are, at the port at which Cloudkeep listens. */
export function urlOf(urlId: string, region: string, ctx: Pick<Context, "host">): string {
  const { protocol, port } = new URL(ctx.host.endpoint());
  return `${protocol}//${urlId}.lambda-url.${region}.localhost${port === "" ? "" : `:${port}`}/`;
}

function shown(named: FunctionName, row: UrlRow, ctx: Context): FunctionUrlConfig {
  return {
    FunctionUrl: urlOf(row.urlId, named.region, ctx),
    FunctionArn: functionArn(named, named.qualifier),
    AuthType: row.authType,
    ...(row.cors && { Cors: { ...row.cors } as never }),
    CreationTime: timeText(row.createdAt),
    LastModifiedTime: timeText(row.modifiedAt),
    InvokeMode: row.invokeMode ?? "BUFFERED",
  };
}

/** A URL leads to $LATEST or to an alias. */
function urlName(text: string, qualifier: string | undefined, ctx: Context): FunctionName {
  const named = nameOf(text, ctx, qualifier);
  if (named.qualifier === latest || (named.qualifier !== undefined && /^\d+$/.test(named.qualifier)))
    throw invalid("Function URLs are supported for $LATEST without a qualifier, and for aliases.");
  return named;
}

/** The function, and the alias if one is named, must be there. */
async function checkTarget(named: FunctionName, ctx: Context): Promise<void> {
  const isThere =
    (await findFunction(named, ctx)) !== undefined &&
    (named.qualifier === undefined || (await findAlias(named, named.qualifier, ctx)) !== undefined);
  if (!isThere) throw notFound("Function does not exist");
}

const none = () => notFound("The resource you requested does not exist.");

async function existing(named: FunctionName, ctx: Context): Promise<UrlRow> {
  const row = await urls.get(ctx.tx, ...keyOf(named));
  if (row === undefined) throw none();
  return row;
}

function modeOf(mode: string | undefined): Pick<UrlRow, "invokeMode"> {
  if (mode === undefined) return {};
  return { invokeMode: mode === "RESPONSE_STREAM" ? "RESPONSE_STREAM" : "BUFFERED" };
}

type Action = "Create" | "Get" | "Update" | "Delete";

async function urlAccess(
  action: Action,
  text: string,
  qualifier: string | undefined,
  authType: string | undefined,
  ctx: Context,
) {
  return await functionAccess(`${action}FunctionUrlConfig`, text, ctx, {
    qualifier,
    context: { "lambda:FunctionUrlAuthType": authType },
  });
}

type Cors = { [name in keyof CorsRow]?: CorsRow[name] | readonly string[] | undefined };

function corsOf(given: Cors | undefined): CorsRow | undefined {
  return given && (JSON.parse(JSON.stringify(given)) as CorsRow);
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunctionUrlConfig.html */
export const createFunctionUrlConfig = lambda.operation("CreateFunctionUrlConfig", {
  access: ({ FunctionName, Qualifier, AuthType }, ctx) =>
    urlAccess("Create", FunctionName, Qualifier, AuthType, ctx),
  async handle({ FunctionName, Qualifier, AuthType, Cors, InvokeMode }, ctx) {
    const named = urlName(FunctionName, Qualifier, ctx);
    await checkTarget(named, ctx);
    if ((await urls.get(ctx.tx, ...keyOf(named))) !== undefined) {
      throw conflict(
        `Failed to create function url config for [functionArn = ${functionArn(named, named.qualifier)}]. Error message:  FunctionUrlConfig exists for this Lambda function`,
      );
    }
    const now = ctx.clock.now();
    const cors = corsOf(Cors);
    const row: UrlRow = {
      urlId: randomText(idLength, "lower36"),
      authType: AuthType === "NONE" ? "NONE" : "AWS_IAM",
      ...modeOf(InvokeMode),
      ...(cors && { cors }),
      createdAt: now,
      modifiedAt: now,
    };
    urls.put(ctx.tx, keyOf(named), row);
    const { account, region, name, qualifier = "" } = named;
    urlIds.put(ctx.tx, [row.urlId], { account, region, name, qualifier });
    const { LastModifiedTime, InvokeMode: mode, ...made } = shown(named, row, ctx);
    return { ...made, ...(InvokeMode !== undefined && { InvokeMode: mode }) };
  },
});

/** https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionUrlConfig.html */
export const getFunctionUrlConfig = lambda.operation("GetFunctionUrlConfig", {
  access: ({ FunctionName, Qualifier }, ctx) => urlAccess("Get", FunctionName, Qualifier, undefined, ctx),
  async handle({ FunctionName, Qualifier }, ctx) {
    const named = urlName(FunctionName, Qualifier, ctx);
    return shown(named, await existing(named, ctx), ctx);
  },
});

/** https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionUrlConfig.html */
export const updateFunctionUrlConfig = lambda.operation("UpdateFunctionUrlConfig", {
  access: ({ FunctionName, Qualifier, AuthType }, ctx) =>
    urlAccess("Update", FunctionName, Qualifier, AuthType, ctx),
  async handle({ FunctionName, Qualifier, AuthType, Cors, InvokeMode }, ctx) {
    const named = urlName(FunctionName, Qualifier, ctx);
    await checkTarget(named, ctx);
    const row = await existing(named, ctx);
    const cors = corsOf(Cors) ?? row.cors;
    const changed: UrlRow = {
      ...row,
      authType: AuthType === undefined ? row.authType : AuthType === "NONE" ? "NONE" : "AWS_IAM",
      ...modeOf(InvokeMode),
      ...(cors && { cors }),
      modifiedAt: ctx.clock.now(),
    };
    urls.put(ctx.tx, keyOf(named), changed);
    const { InvokeMode: mode, ...made } = shown(named, changed, ctx);
    // What was never said is not shown here, as on AWS.
    return { ...made, ...(changed.invokeMode !== undefined && { InvokeMode: mode }) };
  },
});

/** https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunctionUrlConfig.html */
export const deleteFunctionUrlConfig = lambda.operation("DeleteFunctionUrlConfig", {
  access: ({ FunctionName, Qualifier }, ctx) => urlAccess("Delete", FunctionName, Qualifier, undefined, ctx),
  async handle({ FunctionName, Qualifier }, ctx) {
    const named = urlName(FunctionName, Qualifier, ctx);
    const row = await existing(named, ctx);
    urls.delete(ctx.tx, ...keyOf(named));
    urlIds.delete(ctx.tx, row.urlId);
    return {};
  },
});

const maxPage = 50;

/** https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctionUrlConfigs.html */
export const listFunctionUrlConfigs = lambda.operation("ListFunctionUrlConfigs", {
  access: ({ FunctionName }, ctx) => functionAccess("ListFunctionUrlConfigs", FunctionName, ctx),
  async handle({ FunctionName, Marker, MaxItems = maxPage }, ctx) {
    const named = nameOf(FunctionName, ctx);
    if ((await findFunction(named, ctx)) === undefined) throw notFound("Function does not exist");
    const parts = [named.account, named.region, named.name];
    const options = { limit: Math.min(MaxItems, maxPage), marker: Marker };
    const page = await keyedPageOf(urls, ctx.tx, parts, options);
    return {
      FunctionUrlConfigs: page.items.map(({ key, row }) =>
        shown({ ...named, qualifier: key[3] === "" ? undefined : key[3] }, row, ctx),
      ),
      ...(page.next !== undefined && { NextMarker: page.next }),
    };
  },
});
