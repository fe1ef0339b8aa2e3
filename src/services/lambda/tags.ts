import type { Context } from "../../kit/context.ts";
import type { Access } from "../../kit/service.ts";
import {
  codeSigningAccess,
  existingCodeSigning,
  isCodeSigningArn,
  putCodeSigningTags,
} from "./codeSigningNames.ts";
import { lambda } from "./contract.ts";
import { findMapping, mappingAccess, putMappingTags } from "./mappingTags.ts";
import { existingFunction, type FunctionName, functionAccess, nameOf, readName } from "./names.ts";
import { invalid } from "./refusals.ts";
import { functions } from "./tables.ts";
import { checkTags } from "./tagRules.ts";

/** Tags of functions, event source mappings and code signing configurations. */

const mappingForm = /:event-source-mapping:([0-9a-fA-F-]{36})$/;

async function tagAccess(
  action: string,
  arn: string,
  ctx: Context,
  tags: { Key: string; Value?: string }[] = [],
) {
  return { ...(await ownerAccess(action, arn, ctx)), requestTags: tags };
}

async function ownerAccess(action: string, arn: string, ctx: Context): Promise<Access> {
  if (isCodeSigningArn(arn)) return await codeSigningAccess(action, arn, ctx);
  const uuid = mappingForm.exec(arn)?.[1];
  return uuid === undefined ? await functionAccess(action, arn, ctx) : await mappingAccess(action, uuid, ctx);
}

function functionOf(arn: string, ctx: Context): FunctionName {
  if (readName(arn, ctx) === undefined) throw invalid(`Cloudkeep has no tags of ${arn}.`);
  const named = nameOf(arn, ctx);
  if (named.qualifier !== undefined) {
    throw invalid("Tags on function aliases and versions are not supported. Please specify a function ARN.");
  }
  return named;
}

async function change(
  arn: string,
  ctx: Context,
  by: (tags: Readonly<Record<string, string>>) => Record<string, string>,
): Promise<void> {
  if (isCodeSigningArn(arn)) return await putCodeSigningTags(arn, by, ctx);
  const uuid = mappingForm.exec(arn)?.[1];
  if (uuid !== undefined) return await putMappingTags(uuid, by, ctx);
  const named = functionOf(arn, ctx);
  const row = await existingFunction(named, ctx);
  const tags = by(row.tags);
  checkTags(tags);
  functions.put(ctx.tx, [named.account, named.region, named.name], { ...row, tags });
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_TagResource.html */
export const tagResource = lambda.operation("TagResource", {
  access: ({ Resource, Tags }, ctx) =>
    tagAccess(
      "TagResource",
      Resource,
      ctx,
      Object.entries(Tags).map(([Key, Value]) => ({ Key, Value })),
    ),
  async handle({ Resource, Tags }, ctx) {
    if (Object.keys(Tags).length === 0)
      throw invalid("An error occurred and the request cannot be processed.");
    await change(Resource, ctx, (tags) => ({ ...tags, ...Tags }));
    return {};
  },
});

/** https://docs.aws.amazon.com/lambda/latest/api/API_UntagResource.html */
export const untagResource = lambda.operation("UntagResource", {
  access: ({ Resource, TagKeys }, ctx) =>
    tagAccess(
      "UntagResource",
      Resource,
      ctx,
      TagKeys.map((Key) => ({ Key })),
    ),
  async handle({ Resource, TagKeys }, ctx) {
    await change(Resource, ctx, (tags) =>
      Object.fromEntries(Object.entries(tags).filter(([key]) => !TagKeys.includes(key))),
    );
    return {};
  },
});

/** https://docs.aws.amazon.com/lambda/latest/api/API_ListTags.html */
export const listTags = lambda.operation("ListTags", {
  access: ({ Resource }, ctx) => tagAccess("ListTags", Resource, ctx),
  async handle({ Resource }, ctx) {
    if (isCodeSigningArn(Resource))
      return { Tags: { ...(await existingCodeSigning(Resource, ctx)).row.tags } };
    const uuid = mappingForm.exec(Resource)?.[1];
    if (uuid !== undefined) return { Tags: { ...(await findMapping(uuid, ctx)).tags } };
    const { tags } = await existingFunction(functionOf(Resource, ctx), ctx);
    return { Tags: { ...tags } };
  },
});
