import type { Context } from "../../kit/context.ts";
import { organizations } from "./contract.ts";
import { asManagement, asReader, findNode, onNode } from "./membership.ts";
import { pageOfRows } from "./pages.ts";
import { accessToPolicy } from "./policies.ts";
import { type OrganizationRow, policies } from "./tables.ts";
import { tagsOf } from "./tagRules.ts";
import { saveNode } from "./units.ts";

/** Tags of accounts, units, the root and policies. */

interface Tagged {
  tags: Record<string, string>;
  save(tags: Record<string, string>): void;
}

async function findTagged(
  organization: OrganizationRow,
  id: string,
  ctx: Context<"TargetNotFoundException">,
): Promise<Tagged> {
  const node = await findNode(organization, id, ctx);
  if (node !== undefined)
    return { tags: node.tags, save: (tags) => saveNode(organization, { ...node, tags }, ctx) };
  const policy = await policies.get(ctx.tx, organization.id, id);
  if (policy === undefined)
    throw ctx.error("TargetNotFoundException", "You specified a target that doesn't exist.");
  return {
    tags: policy.tags,
    save: (tags) => policies.put(ctx.tx, [organization.id, id], { ...policy, tags }),
  };
}

async function access(action: string, id: string, ctx: Context) {
  return id.startsWith("p-")
    ? await accessToPolicy(action, id, ctx)
    : await onNode<string>(action, (one) => one)(id, ctx);
}

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_TagResource.html */
export const tagResource = organizations.operation("TagResource", {
  access: async ({ ResourceId, Tags }, ctx) => ({
    ...(await access("TagResource", ResourceId, ctx)),
    requestTags: Tags,
  }),
  async handle({ ResourceId, Tags }, ctx) {
    const { tags, save } = await findTagged(await asManagement(ctx), ResourceId, ctx);
    save(tagsOf(Tags, tags, ctx));
    return {};
  },
});

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_UntagResource.html */
export const untagResource = organizations.operation("UntagResource", {
  access: async ({ ResourceId, TagKeys }, ctx) => ({
    ...(await access("UntagResource", ResourceId, ctx)),
    requestTags: TagKeys.map((Key) => ({ Key })),
  }),
  async handle({ ResourceId, TagKeys }, ctx) {
    const { tags, save } = await findTagged(await asManagement(ctx), ResourceId, ctx);
    save(Object.fromEntries(Object.entries(tags).filter(([key]) => !TagKeys.includes(key))));
    return {};
  },
});

/** https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListTagsForResource.html */
export const listTagsForResource = organizations.operation("ListTagsForResource", {
  access: ({ ResourceId }, ctx) => access("ListTagsForResource", ResourceId, ctx),
  async handle({ ResourceId, NextToken }, ctx) {
    const { tags } = await findTagged(await asReader(ctx), ResourceId, ctx);
    const all = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
    const { items, end } = pageOfRows(all, { NextToken }, ctx);
    return { Tags: items, ...end };
  },
});
