import type { Context } from "../../kit/context.ts";
import { events } from "./contract.ts";
import { type BusName, busNamed, existingBus, existingRule, findBus, ruleOfArn, tagsOf } from "./names.ts";
import { buses, rules } from "./tables.ts";

/** Tags of rules and buses. */

const maxTags = 50;

/** What an ARN names, its tags, and how to change them. */
interface Tagged {
  tags: Record<string, string>;
  put(tags: Record<string, string>): void;
}

async function tagged(arn: string, ctx: Context<"ResourceNotFoundException">): Promise<Tagged> {
  const named = ruleOfArn(arn);
  if (named !== undefined) {
    const { account, region, name } = named.bus;
    const row = await existingRule(named.bus, named.rule, ctx);
    return {
      tags: row.tags,
      put: (tags) => rules.put(ctx.tx, [account, region, name, named.rule], { ...row, tags }),
    };
  }
  const bus = busNamed(arn, ctx);
  const row = await existingBus(bus, ctx);
  return {
    tags: row.tags,
    put: (tags) => buses.put(ctx.tx, [bus.account, bus.region, bus.name], { ...row, tags }),
  };
}

async function access(action: string, arn: string, ctx: Context) {
  const named = ruleOfArn(arn);
  const bus: BusName = named?.bus ?? busNamed(arn, ctx);
  const row = named
    ? await rules.get(ctx.tx, bus.account, bus.region, bus.name, named.rule)
    : await findBus(bus, ctx);
  return { action: `events:${action}`, resource: arn, resourceTags: row?.tags ?? {} };
}

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_TagResource.html */
export const tagResource = events.operation("TagResource", {
  access: async ({ ResourceARN, Tags }, ctx) => ({
    ...(await access("TagResource", ResourceARN, ctx)),
    requestTags: Tags,
  }),
  async handle({ ResourceARN, Tags }, ctx) {
    const { tags, put } = await tagged(ResourceARN, ctx);
    const all = { ...tags, ...tagsOf(Tags) };
    if (Object.keys(all).length > maxTags)
      throw ctx.error("ValidationException", `A resource may have ${maxTags} tags at the most.`);
    put(all);
    return {};
  },
});

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_UntagResource.html */
export const untagResource = events.operation("UntagResource", {
  access: async ({ ResourceARN, TagKeys }, ctx) => ({
    ...(await access("UntagResource", ResourceARN, ctx)),
    context: { "aws:TagKeys": TagKeys },
  }),
  async handle({ ResourceARN, TagKeys }, ctx) {
    const { tags, put } = await tagged(ResourceARN, ctx);
    put(Object.fromEntries(Object.entries(tags).filter(([key]) => !TagKeys.includes(key))));
    return {};
  },
});

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListTagsForResource.html */
export const listTagsForResource = events.operation("ListTagsForResource", {
  access: ({ ResourceARN }, ctx) => access("ListTagsForResource", ResourceARN, ctx),
  async handle({ ResourceARN }, ctx) {
    const { tags } = await tagged(ResourceARN, ctx);
    return { Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
  },
});
