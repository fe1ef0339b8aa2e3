import { changeReserved, reservedTotal } from "./accounts.ts";
import { lambda } from "./contract.ts";
import { checkExists, resolve } from "./find.ts";
import { existingFunction, functionAccess, functionArn, latest, nameOf, wholeFunction } from "./names.ts";
import { invalid } from "./refusals.ts";
import { maxUnzippedBytes, maxZippedBytes } from "./runtime/archive.ts";
import { accountConcurrency, minUnreserved } from "./runtime/concurrency.ts";
import { runtimeVersionArn } from "./runtime/reports.ts";
import { functions, layerVersions, versions } from "./tables.ts";

/** Concurrency, and what else is set for a function apart from its configuration. */

const totalCodeBytes = 80_530_636_800;

/** https://docs.aws.amazon.com/lambda/latest/api/API_GetAccountSettings.html */
export const getAccountSettings = lambda.operation("GetAccountSettings", {
  access: () => ({ action: "lambda:GetAccountSettings", resource: "*" }),
  async handle(_input, ctx) {
    const parts = [ctx.account, ctx.region];
    const all = await functions.list(ctx.tx, parts);
    const published = await versions.list(ctx.tx, parts);
    let bytes = 0;
    for (const { row } of all) bytes += row.latest.code.bytes;
    for (const { row } of published) bytes += row.code.bytes;
    for (const { row } of await layerVersions.list(ctx.tx, parts)) bytes += row.code.bytes;
    return {
      AccountLimit: {
        TotalCodeSize: totalCodeBytes,
        CodeSizeUnzipped: maxUnzippedBytes,
        CodeSizeZipped: maxZippedBytes,
        ConcurrentExecutions: accountConcurrency,
        UnreservedConcurrentExecutions: accountConcurrency - (await reservedTotal(ctx)),
      },
      AccountUsage: { TotalCodeSize: bytes, FunctionCount: all.length },
    };
  },
});

/** https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionConcurrency.html */
export const putFunctionConcurrency = lambda.operation("PutFunctionConcurrency", {
  access: ({ FunctionName }, ctx) => functionAccess("PutFunctionConcurrency", FunctionName, ctx),
  async handle({ FunctionName, ReservedConcurrentExecutions: wanted }, ctx) {
    const named = wholeFunction(FunctionName, ctx);
    const row = await existingFunction({ ...named, qualifier: latest }, ctx);
    const change = wanted - (row.reserved ?? 0);
    if (accountConcurrency - ((await reservedTotal(ctx)) + change) < minUnreserved) {
      throw invalid(
        `Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [${minUnreserved}].`,
      );
    }
    const { provisioned = 0 } = row;
    if (wanted < provisioned) {
      throw invalid(
        ` ReservedConcurrentExecutions  ${wanted} should not be lower than function's total provisioned concurrency [${provisioned}].`,
      );
    }
    await changeReserved(change, ctx);
    functions.put(ctx.tx, [named.account, named.region, named.name], { ...row, reserved: wanted });
    return { ReservedConcurrentExecutions: wanted };
  },
});

/** https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConcurrency.html */
export const getFunctionConcurrency = lambda.operation("GetFunctionConcurrency", {
  access: ({ FunctionName }, ctx) => functionAccess("GetFunctionConcurrency", FunctionName, ctx),
  async handle({ FunctionName }, ctx) {
    const { reserved } = await existingFunction(wholeFunction(FunctionName, ctx), ctx);
    return reserved === undefined ? {} : { ReservedConcurrentExecutions: reserved };
  },
});

/** https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunctionConcurrency.html */
export const deleteFunctionConcurrency = lambda.operation("DeleteFunctionConcurrency", {
  access: ({ FunctionName }, ctx) => functionAccess("DeleteFunctionConcurrency", FunctionName, ctx),
  async handle({ FunctionName }, ctx) {
    const named = wholeFunction(FunctionName, ctx);
    const { reserved, ...row } = await existingFunction(named, ctx);
    if (reserved !== undefined) await changeReserved(-reserved, ctx);
    functions.put(ctx.tx, [named.account, named.region, named.name], row);
    return {};
  },
});

/** https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionRecursionConfig.html */
export const getFunctionRecursionConfig = lambda.operation("GetFunctionRecursionConfig", {
  access: ({ FunctionName }, ctx) => functionAccess("GetFunctionRecursionConfig", FunctionName, ctx),
  async handle({ FunctionName }, ctx) {
    const { recursion = "Terminate" } = await existingFunction(nameOf(FunctionName, ctx), ctx);
    return { RecursiveLoop: recursion };
  },
});

/** https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionRecursionConfig.html */
export const putFunctionRecursionConfig = lambda.operation("PutFunctionRecursionConfig", {
  access: ({ FunctionName }, ctx) => functionAccess("PutFunctionRecursionConfig", FunctionName, ctx),
  async handle({ FunctionName, RecursiveLoop }, ctx) {
    const named = nameOf(FunctionName, ctx);
    const row = await existingFunction(named, ctx);
    const recursion = RecursiveLoop === "Allow" ? "Allow" : "Terminate";
    functions.put(ctx.tx, [named.account, named.region, named.name], { ...row, recursion });
    return { RecursiveLoop: recursion };
  },
});

/** https://docs.aws.amazon.com/lambda/latest/api/API_GetRuntimeManagementConfig.html */
export const getRuntimeManagementConfig = lambda.operation("GetRuntimeManagementConfig", {
  access: ({ FunctionName, Qualifier }, ctx) =>
    functionAccess("GetRuntimeManagementConfig", FunctionName, ctx, { qualifier: Qualifier }),
  async handle({ FunctionName, Qualifier }, ctx) {
    const named = nameOf(FunctionName, ctx, Qualifier);
    const { row, configuration } = await resolve(named, ctx);
    const { mode = "Auto", arn } = row.runtimeUpdates?.[configuration.version] ?? {};
    return {
      UpdateRuntimeOn: mode as "Auto",
      FunctionArn: functionArn(named, configuration.version),
      ...(arn !== undefined && { RuntimeVersionArn: arn }),
    };
  },
});

/** https://docs.aws.amazon.com/lambda/latest/api/API_PutRuntimeManagementConfig.html */
export const putRuntimeManagementConfig = lambda.operation("PutRuntimeManagementConfig", {
  access: ({ FunctionName, Qualifier }, ctx) =>
    functionAccess("PutRuntimeManagementConfig", FunctionName, ctx, { qualifier: Qualifier }),
  async handle({ FunctionName, Qualifier, UpdateRuntimeOn, RuntimeVersionArn }, ctx) {
    const named = nameOf(FunctionName, ctx, Qualifier);
    await checkExists(named, ctx);
    const { row, configuration } = await resolve(named, ctx);
    const isManual = UpdateRuntimeOn === "Manual";
    if (isManual !== (RuntimeVersionArn !== undefined))
      throw invalid("RuntimeVersionArn must be specified with UpdateRuntimeOn Manual, and only then.");
    // The machine's runtime is the only one: pinning another would be a promise that cannot be kept.
    const own = runtimeVersionArn({ region: named.region, runtime: configuration.runtime });
    if (isManual && RuntimeVersionArn !== own)
      throw invalid(`Cloudkeep runs ${own} only: ${RuntimeVersionArn} is not available.`);
    const update = {
      mode: UpdateRuntimeOn,
      ...(RuntimeVersionArn !== undefined && { arn: RuntimeVersionArn }),
    };
    functions.put(ctx.tx, [named.account, named.region, named.name], {
      ...row,
      runtimeUpdates: { ...row.runtimeUpdates, [configuration.version]: update },
    });
    return {
      UpdateRuntimeOn,
      FunctionArn: functionArn(named, configuration.version),
      ...(RuntimeVersionArn !== undefined && { RuntimeVersionArn }),
    };
  },
});
