import { uuid } from "../../kit/ids.ts";
import { codeSigningOf } from "./codeSigningNames.ts";
import { configurationFor } from "./configuration.ts";
import { lambda } from "./contract.ts";
import { checkRuntime, configured } from "./input.ts";
import { existingFunction, functionAccess, functionArn, nameOf } from "./names.ts";
import { keepPackage, takePackage } from "./packageInput.ts";
import { checkRevision, invalid } from "./refusals.ts";
import { engineFor } from "./runtime/engine.ts";
import { checkSignatures } from "./signatures.ts";
import { functions } from "./tables.ts";
import { publish } from "./versions.ts";

/** Changes of $LATEST. */

/** https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html */
export const updateFunctionCode = lambda.operation("UpdateFunctionCode", {
  access: ({ FunctionName }, ctx) => functionAccess("UpdateFunctionCode", FunctionName, ctx),
  async handle(input, ctx) {
    const named = { ...nameOf(input.FunctionName, ctx), qualifier: undefined };
    const row = await existingFunction(named, ctx);
    checkRevision(input.RevisionId, row.latest.revisionId, "GetFunction/GetAlias");
    if (input.ImageUri !== undefined)
      throw invalid("Please don't provide ImageUri when updating a function with packageType Zip.");
    const taken = await takePackage(input, ctx);
    const signing = await codeSigningOf(named, row, ctx);
    checkSignatures(named, input.FunctionName, signing, ctx, { dryRun: input.DryRun === true });
    const wanted = {
      ...row.latest,
      architectures: [...(input.Architectures ?? row.latest.architectures)],
      revisionId: uuid(),
      modifiedAt: ctx.clock.now(),
    };
    if (input.DryRun) {
      const code = { bodyId: "", sha256: taken.sha256, bytes: taken.bytes.length };
      return await configurationFor(named, { ...wanted, code }, {}, ctx);
    }
    await ctx.bytes.remove(row.latest.code.bodyId);
    const changed = { ...wanted, code: keepPackage(taken, ctx) };
    functions.put(ctx.tx, [named.account, named.region, named.name], {
      ...row,
      latest: { ...changed, revisionId: uuid() },
    });
    ctx.afterCommit(() => engineFor(ctx).retire(functionArn(named)));
    if (input.Publish) return await publish(named, {}, ctx, "creation");
    return await configurationFor(named, changed, { under: "update" }, ctx);
  },
});

/** https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html */
export const updateFunctionConfiguration = lambda.operation("UpdateFunctionConfiguration", {
  access: async ({ FunctionName, Layers, VpcConfig }, ctx) => ({
    ...(await functionAccess("UpdateFunctionConfiguration", FunctionName, ctx)),
    context: {
      "lambda:Layer": Layers,
      "lambda:SubnetIds": VpcConfig?.SubnetIds,
      "lambda:SecurityGroupIds": VpcConfig?.SecurityGroupIds,
    },
  }),
  async handle(input, ctx) {
    const named = { ...nameOf(input.FunctionName, ctx), qualifier: undefined };
    checkRuntime(input.Runtime);
    const row = await existingFunction(named, ctx);
    checkRevision(input.RevisionId, row.latest.revisionId, "GetFunction/GetAlias");
    const rest = await configured(named, input, row.latest, ctx);
    // Layers that the function has already are not deployed anew.
    if (rest.layers.some(({ arn }) => !row.latest.layers.some((present) => present.arn === arn)))
      checkSignatures(named, input.FunctionName, await codeSigningOf(named, row, ctx), ctx);
    for (const { bodyId } of row.latest.layers) {
      if (!rest.layers.some((layer) => layer.bodyId === bodyId)) await ctx.bytes.remove(bodyId);
    }
    const changed = {
      ...rest,
      version: row.latest.version,
      architectures: row.latest.architectures,
      code: row.latest.code,
      revisionId: uuid(),
      modifiedAt: ctx.clock.now(),
    };
    functions.put(ctx.tx, [named.account, named.region, named.name], {
      ...row,
      latest: { ...changed, revisionId: uuid() },
    });
    ctx.afterCommit(() => engineFor(ctx).retire(functionArn(named)));
    return await configurationFor(named, changed, { under: "update" }, ctx);
  },
});
