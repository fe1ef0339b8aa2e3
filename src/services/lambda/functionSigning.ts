import {
  codeSigningAccess,
  codeSigningArn,
  codeSigningFor,
  existingCodeSigning,
  linkCodeSigning,
  unlinkCodeSigning,
} from "./codeSigningNames.ts";
import { lambda } from "./contract.ts";
import { keyedPageOf } from "./lists.ts";
import { existingFunction, functionAccess, functionArn, wholeFunction } from "./names.ts";
import { codeSigningUses, functions } from "./tables.ts";

/** Which code signing configuration a function has. */

/** https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionCodeSigningConfig.html */
export const putFunctionCodeSigningConfig = lambda.operation("PutFunctionCodeSigningConfig", {
  access: async ({ FunctionName, CodeSigningConfigArn }, ctx) => {
    const action = "PutFunctionCodeSigningConfig";
    const context = { "lambda:CodeSigningConfigArn": CodeSigningConfigArn };
    return [
      await functionAccess(action, FunctionName, ctx, { context }),
      { ...(await codeSigningAccess(action, CodeSigningConfigArn, ctx)), context },
    ];
  },
  async handle({ FunctionName, CodeSigningConfigArn }, ctx) {
    const named = wholeFunction(FunctionName, ctx);
    // Where neither is there, AWS misses the configuration.
    const { id } = await codeSigningFor(named, CodeSigningConfigArn, ctx);
    const row = await existingFunction(named, ctx);
    unlinkCodeSigning(named, row, ctx);
    linkCodeSigning(named, id, ctx);
    functions.put(ctx.tx, [named.account, named.region, named.name], { ...row, codeSigning: id });
    return { CodeSigningConfigArn, FunctionName: named.name };
  },
});

/** https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionCodeSigningConfig.html */
export const getFunctionCodeSigningConfig = lambda.operation("GetFunctionCodeSigningConfig", {
  access: ({ FunctionName }, ctx) => functionAccess("GetFunctionCodeSigningConfig", FunctionName, ctx),
  async handle({ FunctionName }, ctx) {
    const named = wholeFunction(FunctionName, ctx);
    const { codeSigning } = await existingFunction(named, ctx);
    // Of a function without one, AWS answers nothing at all.
    if (codeSigning === undefined) return { CodeSigningConfigArn: undefined, FunctionName: undefined };
    return { CodeSigningConfigArn: codeSigningArn(named, codeSigning), FunctionName: named.name };
  },
});

/** https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunctionCodeSigningConfig.html */
export const deleteFunctionCodeSigningConfig = lambda.operation("DeleteFunctionCodeSigningConfig", {
  access: ({ FunctionName }, ctx) => functionAccess("DeleteFunctionCodeSigningConfig", FunctionName, ctx),
  async handle({ FunctionName }, ctx) {
    const named = wholeFunction(FunctionName, ctx);
    const row = await existingFunction(named, ctx);
    if (row.codeSigning === undefined) return {};
    unlinkCodeSigning(named, row, ctx);
    const { codeSigning: _, ...rest } = row;
    functions.put(ctx.tx, [named.account, named.region, named.name], rest);
    return {};
  },
});

const maxPage = 50;

/** https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctionsByCodeSigningConfig.html */
export const listFunctionsByCodeSigningConfig = lambda.operation("ListFunctionsByCodeSigningConfig", {
  access: ({ CodeSigningConfigArn }, ctx) =>
    codeSigningAccess("ListFunctionsByCodeSigningConfig", CodeSigningConfigArn, ctx),
  async handle({ CodeSigningConfigArn, Marker, MaxItems = maxPage }, ctx) {
    const { account, id } = await existingCodeSigning(CodeSigningConfigArn, ctx);
    const page = await keyedPageOf(codeSigningUses, ctx.tx, [account, ctx.region, id], {
      limit: Math.min(MaxItems, maxPage),
      marker: Marker,
    });
    return {
      FunctionArns: page.items.map(({ key: [, region, , name] }) => functionArn({ account, region, name })),
      ...(page.next !== undefined && { NextMarker: page.next }),
    };
  },
});
