import type { Context } from "../../kit/context.ts";
import { BadMarker, markerOf, positionOf } from "../../kit/paging.ts";
import { accessTo } from "./access.ts";
import { dynamodb } from "./contract.ts";
import { existingTable, locate } from "./find.ts";
import { tables } from "./tables.ts";
import { checkTags, maxTags, tagsOf, tooManyTags } from "./tagRules.ts";
import { validation } from "./words.ts";

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Tagging.html */

const pageSize = 10;

function checkArn(arn: string): void {
  if (!/^arn:aws:dynamodb:[a-z0-9-]+:\d{12}:table\/[^/]+$/.test(arn))
    throw validation(`Invalid TableArn: Invalid ResourceArn provided as input ${arn}`);
}

async function taggedTable(arn: string, ctx: Context) {
  checkArn(arn);
  return await existingTable(arn, ctx);
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TagResource.html */
export const tagResource = dynamodb.operation("TagResource", {
  access: async ({ ResourceArn, Tags }, ctx) =>
    accessTo("TagResource", await locate(ResourceArn, ctx as Context), { requestTags: Tags }),
  async handle({ ResourceArn, Tags }, ctx) {
    const table = await taggedTable(ResourceArn, ctx as Context);
    if (Tags.length === 0) throw validation("Atleast one Tag needs to be provided as Input.");
    checkTags(Tags);
    const tags = { ...table.tags, ...tagsOf(Tags) };
    if (Object.keys(tags).length > maxTags) throw tooManyTags();
    tables.put(ctx.tx, [table.account, table.region, table.name], { ...table, tags });
    return {};
  },
});

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UntagResource.html */
export const untagResource = dynamodb.operation("UntagResource", {
  access: async ({ ResourceArn, TagKeys }, ctx) =>
    accessTo("UntagResource", await locate(ResourceArn, ctx as Context), {
      requestTags: TagKeys.map((Key) => ({ Key })),
    }),
  async handle({ ResourceArn, TagKeys }, ctx) {
    const table = await taggedTable(ResourceArn, ctx as Context);
    if (TagKeys.length === 0) throw validation("Atleast one Tag Key needs to be provided as Input.");
    const tags = Object.fromEntries(Object.entries(table.tags).filter(([key]) => !TagKeys.includes(key)));
    tables.put(ctx.tx, [table.account, table.region, table.name], { ...table, tags });
    return {};
  },
});

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ListTagsOfResource.html */
export const listTagsOfResource = dynamodb.operation("ListTagsOfResource", {
  access: async ({ ResourceArn }, ctx) =>
    accessTo("ListTagsOfResource", await locate(ResourceArn, ctx as Context)),
  async handle({ ResourceArn, NextToken }, ctx) {
    const { tags } = await taggedTable(ResourceArn, ctx as Context);
    const all = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
    const from = startOf(NextToken);
    const end = from + pageSize;
    return {
      Tags: all.slice(from, end),
      ...(end < all.length && { NextToken: markerOf([String(end)]) }),
    };
  },
});

function startOf(token: string | undefined): number {
  try {
    return token === undefined ? 0 : Number(positionOf(token)[0]);
  } catch (error) {
    if (!(error instanceof BadMarker)) throw error;
    throw validation("Invalid NextToken");
  }
}
