import type { EventSourceMappingConfiguration } from "@aws-sdk/client-lambda";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { uuid } from "../../kit/ids.ts";
import { parseArn, queueUrl } from "../../kit/targets.ts";
import { lambda } from "./contract.ts";
import { resolve } from "./find.ts";
import { keyedPageOf } from "./lists.ts";
import { kindOf, positionOf, settingsOf } from "./mappingInput.ts";
import { mappedFunctionArn, mappingAccess, mappingArn } from "./mappingTags.ts";
import { type FunctionName, functionArn, nameOf, readName } from "./names.ts";
import { pollersOf } from "./polling/pollers.ts";
import { conflict, invalid, notFound } from "./refusals.ts";
import { roleSession } from "./runtime/journal.ts";
import { checkpoints, type MappingRow, mappings } from "./tables.ts";
import { checkTags } from "./tagRules.ts";

/** Event sources that functions are to be invoked for. */

type State = "Creating" | "Enabled" | "Disabled" | "Enabling" | "Disabling" | "Updating" | "Deleting";

function shown(row: MappingRow, ctx: Context, state: State): EventSourceMappingConfiguration {
  const isStream = row.kind !== "sqs";
  const functionResponseTypes = row.partial ? (["ReportBatchItemFailures"] as const) : [];
  return {
    UUID: row.uuid,
    BatchSize: row.batchSize,
    MaximumBatchingWindowInSeconds: row.windowSeconds,
    EventSourceArn: row.sourceArn,
    EventSourceMappingArn: mappingArn(ctx, row.uuid),
    FunctionArn: mappedFunctionArn(row, ctx),
    FunctionResponseTypes: [...functionResponseTypes],
    LastModified: new Date(row.modifiedAt),
    State: state,
    StateTransitionReason: row.reason,
    ...(row.filters.length > 0 && {
      FilterCriteria: { Filters: row.filters.map((Pattern) => ({ Pattern })) },
    }),
    ...(row.maxConcurrency !== undefined && { ScalingConfig: { MaximumConcurrency: row.maxConcurrency } }),
    ...(row.kmsKeyArn !== undefined && { KMSKeyArn: row.kmsKeyArn }),
    ...(isStream && {
      LastProcessingResult: row.lastResult,
      BisectBatchOnFunctionError: row.bisect,
      DestinationConfig: { OnFailure: row.onFailure === undefined ? {} : { Destination: row.onFailure } },
      MaximumRecordAgeInSeconds: row.maxAgeSeconds,
      MaximumRetryAttempts: row.maxRetries,
      ParallelizationFactor: row.parallelization,
      StartingPosition: row.startingPosition as "LATEST",
      ...(row.startingAtMs !== undefined && { StartingPositionTimestamp: new Date(row.startingAtMs) }),
      TumblingWindowInSeconds: row.tumblingSeconds ?? 0,
    }),
  };
}

function settled(row: MappingRow, ctx: Context): EventSourceMappingConfiguration {
  return shown(row, ctx, row.enabled ? "Enabled" : "Disabled");
}

const userAction = (kind: MappingRow["kind"]) => (kind === "sqs" ? "USER_INITIATED" : "User action");

/** The function of a mapping must be there. */
async function mappedFunction(text: string, ctx: Context): Promise<FunctionName> {
  const named = nameOf(text, ctx);
  try {
    await resolve(named, ctx);
  } catch (error) {
    if (error instanceof AwsError && error.code === "ResourceNotFoundException")
      throw invalid("Function does not exist");
    throw error;
  }
  return named;
}

/** The source must be there, and the function's role allowed to read it. */
async function checkSource(kind: MappingRow["kind"], sourceArn: string, named: FunctionName, ctx: Context) {
  const { configuration } = await resolve(named, ctx);
  const role = { roleArn: configuration.role, functionName: named.name };
  const as = await roleSession({ ...role, functionArn: functionArn(named), account: named.account }, ctx);
  const arn = parseArn(sourceArn);
  if (arn === undefined) throw invalid("Unrecognized event source.");
  const options = { as, account: arn.account, region: arn.region };
  try {
    if (kind === "sqs")
      await ctx.call(
        "sqs",
        "GetQueueAttributes",
        { QueueUrl: queueUrl(arn), AttributeNames: ["QueueArn"] },
        options,
      );
    else if (kind === "kinesis")
      await ctx.call("kinesis", "DescribeStreamSummary", { StreamARN: sourceArn }, options);
    else await ctx.call("dynamodbstreams", "DescribeStream", { StreamArn: sourceArn, Limit: 1 }, options);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw sourceProblem(kind, sourceArn, error);
  }
}

function sourceProblem(kind: MappingRow["kind"], sourceArn: string, { code, message }: AwsError): AwsError {
  if (/^AccessDenied/.test(code)) {
    const what = {
      sqs: "ReceiveMessage on SQS",
      kinesis: "GetRecords on Kinesis",
      dynamodb: "GetRecords on DynamoDB",
    };
    return invalid(`The function execution role does not have permissions to call ${what[kind]}`);
  }
  if (kind !== "sqs") {
    return code === "ResourceNotFoundException"
      ? invalid(`Stream not found: ${sourceArn}`)
      : invalid(message);
  }
  const shownCode = /NonExistentQueue|QueueDoesNotExist/.test(code)
    ? "AWS.SimpleQueueService.NonExistentQueue"
    : code;
  return invalid(
    `Error occurred while ReceiveMessage. SQS Error Code: ${shownCode}. SQS Error Message: ${message}`,
  );
}

async function checkUnique(kind: MappingRow["kind"], sourceArn: string, named: FunctionName, ctx: Context) {
  const all = await mappings.list(ctx.tx, [ctx.account, ctx.region]);
  const same = all.find(
    ({ row }) =>
      row.sourceArn === sourceArn && row.functionName === named.name && row.qualifier === named.qualifier,
  );
  if (same === undefined) return;
  const behind = `Please update or delete the existing mapping with UUID ${same.row.uuid}`;
  throw conflict(
    kind === "sqs"
      ? `An event source mapping with SQS arn (" ${sourceArn} ") and function (" ${named.name} ") already exists. ${behind}`
      : `The event source arn (" ${sourceArn} ") and function (" ${named.name} ") provided mapping already exists. ${behind}`,
  );
}

function put(row: MappingRow, ctx: Context, isNew = false): void {
  mappings.put(ctx.tx, [ctx.account, ctx.region, row.uuid], row);
  const { account, region } = ctx;
  ctx.afterCommit(() => pollersOf(ctx.host).changed({ account, region, row, isNew }));
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html */
export const createEventSourceMapping = lambda.operation("CreateEventSourceMapping", {
  access: ({ FunctionName, Tags }, ctx) => {
    const named = readName(FunctionName, ctx);
    return {
      action: "lambda:CreateEventSourceMapping",
      resource: "*",
      requestTags: Object.entries(Tags ?? {}).map(([Key, Value]) => ({ Key, Value })),
      context: { "lambda:FunctionArn": named && functionArn(named, named.qualifier) },
    };
  },
  async handle(input, ctx) {
    if (input.SelfManagedEventSource !== undefined)
      throw invalid("Cloudkeep polls no self-managed event sources.");
    const sourceArn = input.EventSourceArn ?? "";
    const kind = kindOf(input.EventSourceArn);
    const named = await mappedFunction(input.FunctionName, ctx);
    const position = positionOf(kind, input);
    const settings = settingsOf(kind, sourceArn, input, undefined);
    checkTags(input.Tags ?? {});
    const now = ctx.clock.now();
    await checkSource(kind, sourceArn, named, ctx);
    await checkUnique(kind, sourceArn, named, ctx);
    const row: MappingRow = {
      uuid: uuid(),
      functionName: named.name,
      qualifier: named.qualifier,
      kind,
      sourceArn,
      ...position,
      ...settings,
      lastResult: "No records processed",
      reason: userAction(kind),
      createdAt: now,
      modifiedAt: now,
      tags: { ...input.Tags },
    };
    put(row, ctx, true);
    return shown(row, ctx, row.enabled ? "Creating" : "Disabled");
  },
});

async function existing(id: string, ctx: Context): Promise<MappingRow> {
  const row = await mappings.get(ctx.tx, ctx.account, ctx.region, id);
  if (row === undefined) throw notFound("The resource you requested does not exist.");
  return row;
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_GetEventSourceMapping.html */
export const getEventSourceMapping = lambda.operation("GetEventSourceMapping", {
  access: ({ UUID }, ctx) => mappingAccess("GetEventSourceMapping", UUID, ctx),
  async handle({ UUID }, ctx) {
    return settled(await existing(UUID, ctx), ctx);
  },
});

/** https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html */
export const updateEventSourceMapping = lambda.operation("UpdateEventSourceMapping", {
  access: ({ UUID }, ctx) => mappingAccess("UpdateEventSourceMapping", UUID, ctx),
  async handle(input, ctx) {
    const row = await existing(input.UUID, ctx);
    const named =
      input.FunctionName === undefined ? undefined : await mappedFunction(input.FunctionName, ctx);
    const { onFailure, maxConcurrency, kmsKeyArn, ...rest } = row;
    const changed: MappingRow = {
      ...rest,
      ...settingsOf(row.kind, row.sourceArn, input, row),
      ...(named && { functionName: named.name, qualifier: named.qualifier }),
      reason: userAction(row.kind),
      modifiedAt: ctx.clock.now(),
    };
    put(changed, ctx);
    const state = changed.enabled === row.enabled ? "Updating" : changed.enabled ? "Enabling" : "Disabling";
    return shown(changed, ctx, state);
  },
});

/** https://docs.aws.amazon.com/lambda/latest/api/API_DeleteEventSourceMapping.html */
export const deleteEventSourceMapping = lambda.operation("DeleteEventSourceMapping", {
  access: ({ UUID }, ctx) => mappingAccess("DeleteEventSourceMapping", UUID, ctx),
  async handle({ UUID }, ctx) {
    const row = await existing(UUID, ctx);
    mappings.delete(ctx.tx, ctx.account, ctx.region, UUID);
    for (const { key } of await checkpoints.list(ctx.tx, [ctx.account, ctx.region, UUID]))
      checkpoints.delete(ctx.tx, ...key);
    ctx.afterCommit(() => pollersOf(ctx.host).removed(UUID));
    return shown(row, ctx, "Deleting");
  },
});

const maxPage = 100;

/** https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html */
export const listEventSourceMappings = lambda.operation("ListEventSourceMappings", {
  access: () => ({ action: "lambda:ListEventSourceMappings", resource: "*" }),
  async handle({ EventSourceArn, FunctionName, Marker, MaxItems = maxPage }, ctx) {
    const named = FunctionName === undefined ? undefined : nameOf(FunctionName, ctx);
    const page = await keyedPageOf(mappings, ctx.tx, [ctx.account, ctx.region], {
      limit: Math.min(MaxItems, maxPage),
      marker: Marker,
      where: (row) =>
        (EventSourceArn === undefined || row.sourceArn === EventSourceArn) &&
        (named === undefined || (row.functionName === named.name && row.qualifier === named.qualifier)),
    });
    return {
      EventSourceMappings: page.items.map(({ row }) => settled(row, ctx)),
      ...(page.next !== undefined && { NextMarker: page.next }),
    };
  },
});
