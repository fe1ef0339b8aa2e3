import type { CodeSigningConfig as Shown } from "@aws-sdk/client-lambda";
import type { Context } from "../../kit/context.ts";
import { randomText } from "../../kit/ids.ts";
import { codeSigningAccess, codeSigningArn, existingCodeSigning } from "./codeSigningNames.ts";
import { timeText } from "./configuration.ts";
import { lambda } from "./contract.ts";
import { keyedPageOf } from "./lists.ts";
import { conflict } from "./refusals.ts";
import { type CodeSigningConfigRow, codeSigningConfigs, codeSigningUses } from "./tables.ts";
import { checkTags } from "./tagRules.ts";

/** Code signing configurations. */

function shown(
  home: Pick<Context, "account" | "region">,
  id: string,
  { publishers, policy, description, modifiedAt }: CodeSigningConfigRow,
): Shown {
  return {
    CodeSigningConfigId: id,
    CodeSigningConfigArn: codeSigningArn(home, id),
    ...(description !== undefined && { Description: description }),
    AllowedPublishers: { SigningProfileVersionArns: [...publishers] },
    CodeSigningPolicies: { UntrustedArtifactOnDeployment: policy },
    LastModified: timeText(modifiedAt),
  };
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_CreateCodeSigningConfig.html */
export const createCodeSigningConfig = lambda.operation("CreateCodeSigningConfig", {
  access: ({ Tags }) => ({
    action: "lambda:CreateCodeSigningConfig",
    resource: "*",
    requestTags: Object.entries(Tags ?? {}).map(([Key, Value]) => ({ Key, Value })),
  }),
  handle({ AllowedPublishers, CodeSigningPolicies, Description, Tags = {} }, ctx) {
    checkTags(Tags);
    const id = `csc-${randomText(17, "lower36")}`;
    const row: CodeSigningConfigRow = {
      publishers: [...(AllowedPublishers?.SigningProfileVersionArns ?? [])],
      policy: CodeSigningPolicies?.UntrustedArtifactOnDeployment ?? "Warn",
      ...(Description !== undefined && { description: Description }),
      modifiedAt: ctx.clock.now(),
      tags: { ...Tags },
    };
    codeSigningConfigs.put(ctx.tx, [ctx.account, ctx.region, id], row);
    return { CodeSigningConfig: shown(ctx, id, row) };
  },
});

/** https://docs.aws.amazon.com/lambda/latest/api/API_GetCodeSigningConfig.html */
export const getCodeSigningConfig = lambda.operation("GetCodeSigningConfig", {
  access: ({ CodeSigningConfigArn }, ctx) =>
    codeSigningAccess("GetCodeSigningConfig", CodeSigningConfigArn, ctx),
  async handle({ CodeSigningConfigArn }, ctx) {
    const { account, id, row } = await existingCodeSigning(CodeSigningConfigArn, ctx);
    return { CodeSigningConfig: shown({ account, region: ctx.region }, id, row) };
  },
});

/** https://docs.aws.amazon.com/lambda/latest/api/API_UpdateCodeSigningConfig.html */
export const updateCodeSigningConfig = lambda.operation("UpdateCodeSigningConfig", {
  access: ({ CodeSigningConfigArn }, ctx) =>
    codeSigningAccess("UpdateCodeSigningConfig", CodeSigningConfigArn, ctx),
  async handle({ CodeSigningConfigArn, AllowedPublishers, CodeSigningPolicies, Description }, ctx) {
    const { account, id, row } = await existingCodeSigning(CodeSigningConfigArn, ctx);
    const changed: CodeSigningConfigRow = {
      ...row,
      publishers: [...(AllowedPublishers?.SigningProfileVersionArns ?? row.publishers)],
      policy: CodeSigningPolicies?.UntrustedArtifactOnDeployment ?? row.policy,
      ...(Description !== undefined && { description: Description }),
      modifiedAt: ctx.clock.now(),
    };
    codeSigningConfigs.put(ctx.tx, [account, ctx.region, id], changed);
    return { CodeSigningConfig: shown({ account, region: ctx.region }, id, changed) };
  },
});

/** https://docs.aws.amazon.com/lambda/latest/api/API_DeleteCodeSigningConfig.html */
export const deleteCodeSigningConfig = lambda.operation("DeleteCodeSigningConfig", {
  access: ({ CodeSigningConfigArn }, ctx) =>
    codeSigningAccess("DeleteCodeSigningConfig", CodeSigningConfigArn, ctx),
  async handle({ CodeSigningConfigArn }, ctx) {
    const { account, id } = await existingCodeSigning(CodeSigningConfigArn, ctx);
    const [use] = await codeSigningUses.list(ctx.tx, [account, ctx.region, id], { limit: 1 });
    if (use !== undefined) {
      throw conflict(
        `The code signing configuration ${CodeSigningConfigArn} cannot be deleted: functions are using it.`,
      );
    }
    codeSigningConfigs.delete(ctx.tx, account, ctx.region, id);
    return {};
  },
});

const maxPage = 50;

/** https://docs.aws.amazon.com/lambda/latest/api/API_ListCodeSigningConfigs.html */
export const listCodeSigningConfigs = lambda.operation("ListCodeSigningConfigs", {
  access: () => ({ action: "lambda:ListCodeSigningConfigs", resource: "*" }),
  async handle({ Marker, MaxItems = maxPage }, ctx) {
    const page = await keyedPageOf(codeSigningConfigs, ctx.tx, [ctx.account, ctx.region], {
      limit: Math.min(MaxItems, maxPage),
      marker: Marker,
    });
    return {
      CodeSigningConfigs: page.items.map(({ key: [, , id], row }) => shown(ctx, id, row)),
      ...(page.next !== undefined && { NextMarker: page.next }),
    };
  },
});
