import type { FunctionConfiguration } from "@aws-sdk/client-lambda";
import type { Context } from "../../kit/context.ts";
import { uuid } from "../../kit/ids.ts";
import { markerOf } from "../../kit/paging.ts";
import { codeLocation } from "./codeLocation.ts";
import { codeSigningFor, linkCodeSigning } from "./codeSigningNames.ts";
import { configurationFor, listedConfiguration } from "./configuration.ts";
import { lambda } from "./contract.ts";
import { removeFunction, removeVersion } from "./deletion.ts";
import { resolve } from "./find.ts";
import { checkPackage, configured } from "./input.ts";
import { keyedPageOf } from "./lists.ts";
import { functionAccess, functionArn, latest, nameOf } from "./names.ts";
import { keepPackage, takePackage } from "./packageInput.ts";
import { conflict } from "./refusals.ts";
import { checkSignatures } from "./signatures.ts";
import { type ConfigurationRow, functions, versions } from "./tables.ts";
import { checkTags } from "./tagRules.ts";
import { publish } from "./versions.ts";

/** Functions: made, found, listed, deleted. */

/** https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html */
export const createFunction = lambda.operation("CreateFunction", {
  access: async ({ FunctionName, Tags, Layers, VpcConfig, CodeSigningConfigArn }, ctx) => ({
    ...(await functionAccess("CreateFunction", FunctionName, ctx, { unqualified: true })),
    requestTags: Object.entries(Tags ?? {}).map(([Key, Value]) => ({ Key, Value })),
    context: {
      "lambda:Layer": Layers,
      "lambda:SubnetIds": VpcConfig?.SubnetIds,
      "lambda:SecurityGroupIds": VpcConfig?.SecurityGroupIds,
      "lambda:CodeSigningConfigArn": CodeSigningConfigArn,
    },
  }),
  async handle(input, ctx) {
    const named = nameOf(input.FunctionName, ctx);
    const { account, region, name } = named;
    checkPackage(input);
    checkTags(input.Tags ?? {});
    if ((await functions.get(ctx.tx, account, region, name)) !== undefined)
      throw conflict(`Function already exist: ${name}`);
    const signing = await codeSigningFor(named, input.CodeSigningConfigArn, ctx);
    const rest = await configured(named, input, undefined, ctx);
    const taken = await takePackage(input.Code ?? {}, ctx);
    checkSignatures(named, input.FunctionName, signing?.row, ctx);
    const code = keepPackage(taken, ctx);
    const now = ctx.clock.now();
    const row: ConfigurationRow = {
      ...rest,
      version: latest,
      architectures: [...(input.Architectures ?? ["x86_64"])],
      code,
      revisionId: uuid(),
      modifiedAt: now,
    };
    const shown = await configurationFor(named, row, { under: "creation" }, ctx);
    const settled = { ...row, revisionId: uuid() };
    functions.put(ctx.tx, [account, region, name], {
      id: uuid(),
      latest: settled,
      nextVersion: 1,
      tags: { ...input.Tags },
      createdAt: now,
      ...(signing && { codeSigning: signing.id }),
    });
    if (signing) linkCodeSigning(named, signing.id, ctx);
    if (!input.Publish) return shown;
    const published = await publish(named, {}, ctx, "creation");
    return { ...published, FunctionArn: functionArn(named) };
  },
  record: { resources: ({ FunctionName }) => [{ type: "AWS::Lambda::Function", name: FunctionName }] },
});

/** https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html */
export const getFunction = lambda.operation("GetFunction", {
  access: ({ FunctionName, Qualifier }, ctx) =>
    functionAccess("GetFunction", FunctionName, ctx, { qualifier: Qualifier }),
  async handle({ FunctionName, Qualifier }, ctx) {
    const named = nameOf(FunctionName, ctx, Qualifier);
    const { row, configuration } = await resolve(named, ctx);
    return {
      Configuration: await configurationFor(named, configuration, { qualifier: named.qualifier }, ctx),
      Code: { RepositoryType: "S3", Location: await codeLocation(configuration.code, ctx) },
      ...(Object.keys(row.tags).length > 0 && { Tags: { ...row.tags } }),
      ...(row.reserved !== undefined && { Concurrency: { ReservedConcurrentExecutions: row.reserved } }),
    };
  },
});

/** https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html */
export const getFunctionConfiguration = lambda.operation("GetFunctionConfiguration", {
  access: ({ FunctionName, Qualifier }, ctx) =>
    functionAccess("GetFunctionConfiguration", FunctionName, ctx, { qualifier: Qualifier }),
  async handle({ FunctionName, Qualifier }, ctx) {
    const named = nameOf(FunctionName, ctx, Qualifier);
    const { configuration } = await resolve(named, ctx);
    return await configurationFor(named, configuration, { qualifier: named.qualifier }, ctx);
  },
});

const maxPage = 50;

/** https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html */
export const listFunctions = lambda.operation("ListFunctions", {
  access: () => ({ action: "lambda:ListFunctions", resource: "*" }),
  async handle({ FunctionVersion, Marker, MaxItems = maxPage }, ctx) {
    const limit = Math.min(MaxItems, maxPage);
    const options = { limit, marker: Marker };
    if (FunctionVersion === "ALL") return await listAll(options, ctx);
    const page = await keyedPageOf(functions, ctx.tx, [ctx.account, ctx.region], options);
    const shown = page.items.map(({ key, row }) => shownIn(key[2], row.latest, ctx));
    return { Functions: await Promise.all(shown), ...(page.next !== undefined && { NextMarker: page.next }) };
  },
});

/** Every version of every function: $LATEST of each, then those that were published. */
async function listAll(
  { limit, marker }: { limit: number; marker: string | undefined },
  ctx: Context,
): Promise<{ Functions: FunctionConfiguration[]; NextMarker?: string }> {
  const home = [ctx.account, ctx.region];
  const found: { name: string; row: ConfigurationRow }[] = [];
  const page = await keyedPageOf(functions, ctx.tx, home, { limit: maxPage, marker });
  for (const { key, row } of page.items) {
    const published = await versions.list(ctx.tx, [...home, key[2]]);
    const all = [row.latest, ...published.map((one) => one.row)];
    // A function's versions stand on one page, so that a marker never lies within them.
    if (found.length > 0 && found.length + all.length > limit) {
      const last = found.at(-1) as { name: string };
      return { Functions: await shownAll(found, ctx), NextMarker: markerOf([last.name]) };
    }
    found.push(...all.map((one) => ({ name: key[2], row: one })));
  }
  return { Functions: await shownAll(found, ctx), ...(page.next !== undefined && { NextMarker: page.next }) };
}

function shownAll(
  found: { name: string; row: ConfigurationRow }[],
  ctx: Context,
): Promise<FunctionConfiguration[]> {
  return Promise.all(found.map(({ name, row }) => shownIn(name, row, ctx, row.version)));
}

async function shownIn(
  name: string,
  row: ConfigurationRow,
  ctx: Context,
  qualifier?: string,
): Promise<FunctionConfiguration> {
  const named = { account: ctx.account, region: ctx.region, name, qualifier };
  return await listedConfiguration(named, row, ctx);
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html */
export const deleteFunction = lambda.operation("DeleteFunction", {
  access: ({ FunctionName, Qualifier }, ctx) =>
    functionAccess("DeleteFunction", FunctionName, ctx, { qualifier: Qualifier }),
  async handle({ FunctionName, Qualifier }, ctx) {
    const named = nameOf(FunctionName, ctx, Qualifier);
    if (named.qualifier === undefined) await removeFunction(named, ctx);
    else await removeVersion(named, named.qualifier, ctx);
    return { StatusCode: 204 };
  },
  record: {
    resources: ({ FunctionName }) => [{ type: "AWS::Lambda::Function", name: FunctionName }],
  },
});
