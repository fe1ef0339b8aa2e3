import type { DestinationConfig, FunctionEventInvokeConfig } from "@aws-sdk/client-lambda";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { parseArn } from "../../kit/targets.ts";
import { lambda } from "./contract.ts";
import { checkExists } from "./find.ts";
import { keyedPageOf } from "./lists.ts";
import { type FunctionName, findFunction, functionAccess, functionArn, latest, nameOf } from "./names.ts";
import { invalid, notFound } from "./refusals.ts";
import { type EventInvokeRow, eventInvokes } from "./tables.ts";

/** What becomes of asynchronous invocations. */

function keyOf({ account, region, name, qualifier }: FunctionName): [string, string, string, string] {
  return [account, region, name, qualifier ?? latest];
}

function shown(named: FunctionName, row: EventInvokeRow): FunctionEventInvokeConfig {
  const destination = (arn: string | undefined) => (arn === undefined ? {} : { Destination: arn });
  return {
    LastModified: new Date(row.modifiedAt),
    FunctionArn: functionArn(named, named.qualifier ?? latest),
    ...(row.maxRetries !== undefined && { MaximumRetryAttempts: row.maxRetries }),
    ...(row.maxAgeSeconds !== undefined && { MaximumEventAgeInSeconds: row.maxAgeSeconds }),
    DestinationConfig: { OnSuccess: destination(row.onSuccess), OnFailure: destination(row.onFailure) },
  };
}

interface Settings {
  MaximumRetryAttempts?: number | undefined;
  MaximumEventAgeInSeconds?: number | undefined;
  DestinationConfig?: DestinationConfig | undefined;
}

const destinationServices = new Set(["sqs", "sns", "lambda", "events", "s3"]);

/** As AWS's own errors show the configuration. */
function written({ OnSuccess, OnFailure }: DestinationConfig): string {
  const one = (kind: string, given: { Destination?: string | undefined } | undefined) =>
    given?.Destination === undefined ? "null" : `${kind}(destination=${given.Destination})`;
  return `DestinationConfig(onSuccess=${one("OnSuccess", OnSuccess)}, onFailure=${one("OnFailure", OnFailure)})`;
}

async function checkDestinations(
  named: FunctionName,
  config: DestinationConfig,
  ctx: Context,
): Promise<void> {
  for (const { Destination: arn } of [config.OnSuccess ?? {}, config.OnFailure ?? {}]) {
    if (arn === undefined || arn === "") continue;
    const parsed = parseArn(arn);
    if (parsed === undefined || !destinationServices.has(parsed.service))
      throw invalid(`The provided destination config ${written(config)} is invalid.`);
    if (parsed.service !== "lambda") continue;
    const target = nameOf(arn, { account: ctx.account, region: parsed.region });
    if (target.name === named.name && target.account === named.account)
      throw invalid("You can't specify the function as a destination for itself.");
    if ((await findFunction(target, ctx)) === undefined)
      throw invalid(`The destination ARN ${arn} is invalid.`);
  }
}

async function settings(
  named: FunctionName,
  input: Settings,
  present: EventInvokeRow | undefined,
  ctx: Context,
): Promise<EventInvokeRow> {
  const { MaximumRetryAttempts, MaximumEventAgeInSeconds, DestinationConfig } = input;
  if (
    MaximumRetryAttempts === undefined &&
    MaximumEventAgeInSeconds === undefined &&
    DestinationConfig === undefined
  )
    throw invalid("You must specify at least one of error handling or destination setting.");
  if (DestinationConfig !== undefined) await checkDestinations(named, DestinationConfig, ctx);
  const maxRetries = MaximumRetryAttempts ?? present?.maxRetries;
  const maxAgeSeconds = MaximumEventAgeInSeconds ?? present?.maxAgeSeconds;
  const onSuccess = DestinationConfig?.OnSuccess
    ? DestinationConfig.OnSuccess.Destination
    : present?.onSuccess;
  const onFailure = DestinationConfig?.OnFailure
    ? DestinationConfig.OnFailure.Destination
    : present?.onFailure;
  return {
    ...(maxRetries !== undefined && { maxRetries }),
    ...(maxAgeSeconds !== undefined && { maxAgeSeconds }),
    ...(onSuccess !== undefined && onSuccess !== "" && { onSuccess }),
    ...(onFailure !== undefined && onFailure !== "" && { onFailure }),
    modifiedAt: ctx.clock.now(),
  };
}

/** The function, and the version or alias if one is named, must be there. */
async function checkTarget(named: FunctionName, ctx: Context): Promise<void> {
  try {
    await checkExists(named, ctx);
  } catch (error) {
    throw error instanceof AwsError ? notFound("The function doesn't exist.") : error;
  }
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html */
export const putFunctionEventInvokeConfig = lambda.operation("PutFunctionEventInvokeConfig", {
  access: ({ FunctionName, Qualifier }, ctx) =>
    functionAccess("PutFunctionEventInvokeConfig", FunctionName, ctx, { qualifier: Qualifier }),
  async handle({ FunctionName, Qualifier, ...input }, ctx) {
    const named = nameOf(FunctionName, ctx, Qualifier);
    if (Object.values(input).every((value) => value === undefined))
      throw invalid("You must specify at least one of error handling or destination setting.");
    await checkTarget(named, ctx);
    const row = await settings(named, input, undefined, ctx);
    eventInvokes.put(ctx.tx, keyOf(named), row);
    return shown(named, row);
  },
});

async function existing(named: FunctionName, ctx: Context): Promise<EventInvokeRow> {
  const row = await eventInvokes.get(ctx.tx, ...keyOf(named));
  if (row === undefined) {
    const arn = functionArn(named, named.qualifier ?? latest);
    throw notFound(`The function ${arn} doesn't have an EventInvokeConfig`);
  }
  return row;
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionEventInvokeConfig.html */
export const updateFunctionEventInvokeConfig = lambda.operation("UpdateFunctionEventInvokeConfig", {
  access: ({ FunctionName, Qualifier }, ctx) =>
    functionAccess("UpdateFunctionEventInvokeConfig", FunctionName, ctx, { qualifier: Qualifier }),
  async handle({ FunctionName, Qualifier, ...input }, ctx) {
    const named = nameOf(FunctionName, ctx, Qualifier);
    await checkTarget(named, ctx);
    const present = await existing(named, ctx);
    const row = await settings(named, input, present, ctx);
    eventInvokes.put(ctx.tx, keyOf(named), row);
    return shown(named, row);
  },
});

/** https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionEventInvokeConfig.html */
export const getFunctionEventInvokeConfig = lambda.operation("GetFunctionEventInvokeConfig", {
  access: ({ FunctionName, Qualifier }, ctx) =>
    functionAccess("GetFunctionEventInvokeConfig", FunctionName, ctx, { qualifier: Qualifier }),
  async handle({ FunctionName, Qualifier }, ctx) {
    const named = nameOf(FunctionName, ctx, Qualifier);
    return shown(named, await existing(named, ctx));
  },
});

/** https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunctionEventInvokeConfig.html */
export const deleteFunctionEventInvokeConfig = lambda.operation("DeleteFunctionEventInvokeConfig", {
  access: ({ FunctionName, Qualifier }, ctx) =>
    functionAccess("DeleteFunctionEventInvokeConfig", FunctionName, ctx, { qualifier: Qualifier }),
  async handle({ FunctionName, Qualifier }, ctx) {
    const named = nameOf(FunctionName, ctx, Qualifier);
    await existing(named, ctx);
    eventInvokes.delete(ctx.tx, ...keyOf(named));
    return {};
  },
});

const maxPage = 50;

/** https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctionEventInvokeConfigs.html */
export const listFunctionEventInvokeConfigs = lambda.operation("ListFunctionEventInvokeConfigs", {
  access: ({ FunctionName }, ctx) => functionAccess("ListFunctionEventInvokeConfigs", FunctionName, ctx),
  async handle({ FunctionName, Marker, MaxItems = maxPage }, ctx) {
    const named = nameOf(FunctionName, ctx);
    if ((await findFunction(named, ctx)) === undefined) throw notFound("The function doesn't exist.");
    const parts = [named.account, named.region, named.name];
    const page = await keyedPageOf(eventInvokes, ctx.tx, parts, {
      limit: Math.min(MaxItems, maxPage),
      marker: Marker,
    });
    return {
      FunctionEventInvokeConfigs: page.items.map(({ key, row }) =>
        shown({ ...named, qualifier: key[3] }, row),
      ),
      ...(page.next !== undefined && { NextMarker: page.next }),
    };
  },
});
