import type { Context } from "../../kit/context.ts";
import { keyedPageOf } from "../../kit/paging.ts";
import { effectivePolicy, keptPolicy, topicAttributes } from "./attributes.ts";
import { sns } from "./contract.ts";
import { existingTopic, type TopicName, topicAccess, topicArn, topicOfArn } from "./names.ts";
import { tokenPage } from "./pages.ts";
import { checkPolicy, defaultPolicy } from "./policy.ts";
import { checkProtection } from "./protection.ts";
import { removeSubscription } from "./subscriptions.ts";
import { subscriptions, type TopicRow, topics } from "./tables.ts";
import { checkTags } from "./tags.ts";

const pageSize = 100;
const nameShape = /^[A-Za-z0-9_-]{1,256}$/;

/** Makes a topic; one that stands with the same attributes is answered as it is. https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html */
export const createTopic = sns.operation("CreateTopic", {
  access: async ({ Name, Tags, DataProtectionPolicy }, ctx) => {
    const topic = { account: ctx.account, region: ctx.region, name: Name };
    const access = { ...(await topicAccess("CreateTopic", topicArn(topic), ctx)), resourcePolicy: undefined };
    const accesses = [{ ...access, requestTags: Tags ?? [] }];
    if (Tags?.length) accesses.push({ ...access, action: "sns:TagResource", requestTags: Tags });
    if (DataProtectionPolicy)
      accesses.push({ ...access, action: "sns:PutDataProtectionPolicy", requestTags: [] });
    return accesses;
  },
  async handle({ Name, Attributes = {}, Tags = [], DataProtectionPolicy: protection }, ctx) {
    const fifo = Attributes.FifoTopic?.toLowerCase() === "true";
    const invalid = (reason: string) =>
      ctx.error("InvalidParameterException", `Invalid parameter: ${reason}`);
    if (!nameShape.test(fifo ? Name.replace(/\.fifo$/, "") : Name) || fifo !== Name.endsWith(".fifo"))
      throw invalid("Topic Name");
    const topic = { account: ctx.account, region: ctx.region, name: Name };
    const tags = checkTags(Tags, {}, ctx);
    const { Policy, FifoTopic: _, ...attributes } = Attributes as Record<string, string>;
    if (Policy) checkPolicy(Policy, ctx);
    for (const [name, value] of Object.entries(attributes))
      attributes[name] = checkedAttribute(name, value, fifo, ctx);
    if (protection) await checkProtection(protection, ctx);
    const known = await topics.get(ctx.tx, ctx.account, ctx.region, Name);
    if (known !== undefined) {
      checkSame(known, attributes, Policy, Tags.length > 0 ? tags : undefined, ctx);
      return { TopicArn: topicArn(topic) };
    }
    topics.put(ctx.tx, [ctx.account, ctx.region, Name], {
      fifo,
      attributes: fifo ? { ContentBasedDeduplication: "false", ...attributes } : attributes,
      ...(Policy && { policy: Policy }),
      ...(protection && { protection }),
      tags,
      createdAt: ctx.clock.now(),
    });
    return { TopicArn: topicArn(topic) };
  },
});

function checkSame(
  known: TopicRow,
  attributes: Record<string, string>,
  policy: string | undefined,
  tags: Record<string, string> | undefined,
  ctx: Context<"InvalidParameterException">,
): void {
  const differs = Object.entries(attributes).some(([name, value]) => known.attributes[name] !== value);
  if (differs || (policy !== undefined && policy !== known.policy)) {
    throw ctx.error(
      "InvalidParameterException",
      "Invalid parameter: Attributes Reason: Topic already exists with different attributes",
    );
  }
  const same = (a: Record<string, string>, b: Record<string, string>) =>
    Object.entries(a).every(([key, value]) => b[key] === value);
  if (tags !== undefined && !same(tags, known.tags)) {
    throw ctx.error(
      "InvalidParameterException",
      "Invalid parameter: Tags Reason: Topic already exists with different tags",
    );
  }
}

/** An attribute as it is kept. */
function checkedAttribute(
  name: string,
  value: string,
  fifo: boolean,
  ctx: Context<"InvalidParameterException">,
): string {
  const invalid = (reason: string) => ctx.error("InvalidParameterException", `Invalid parameter: ${reason}`);
  if (!topicAttributes.has(name)) throw invalid("AttributeName");
  if (name === "DeliveryPolicy" && value !== "") {
    try {
      return keptPolicy(value);
    } catch {
      throw invalid("DeliveryPolicy: failed to parse JSON.");
    }
  }
  if (name === "ContentBasedDeduplication" && !fifo)
    throw invalid("Attributes Reason: ContentBasedDeduplication is valid for FIFO topics only");
  if (name === "SignatureVersion" && !/^[12]$/.test(value)) throw invalid("SignatureVersion");
  return value;
}

/** https://docs.aws.amazon.com/sns/latest/api/API_DeleteTopic.html */
export const deleteTopic = sns.operation("DeleteTopic", {
  access: ({ TopicArn }, ctx) => topicAccess("DeleteTopic", TopicArn, ctx),
  async handle({ TopicArn }, ctx) {
    const topic = topicOfArn(TopicArn, ctx);
    const { account, region, name } = topic;
    if ((await topics.get(ctx.tx, account, region, name)) === undefined) return {};
    for (const { key, row } of await subscriptions.list(ctx.tx, [account, region, name]))
      removeSubscription({ ...topic, id: key[3] }, row, ctx);
    topics.delete(ctx.tx, account, region, name);
    return {};
  },
});

/** https://docs.aws.amazon.com/sns/latest/api/API_ListTopics.html */
export const listTopics = sns.operation("ListTopics", {
  access: () => ({ action: "sns:ListTopics", resource: "*" }),
  async handle({ NextToken }, ctx) {
    const parts = [ctx.account, ctx.region];
    const options = { limit: pageSize, marker: NextToken };
    const { items, next } = await tokenPage(() => keyedPageOf(topics, ctx.tx, parts, options), ctx);
    return {
      Topics: items.map(({ key: [account, region, name] }) => ({
        TopicArn: topicArn({ account, region, name }),
      })),
      ...(next && { NextToken: next }),
    };
  },
});

/** https://docs.aws.amazon.com/sns/latest/api/API_GetTopicAttributes.html */
export const getTopicAttributes = sns.operation("GetTopicAttributes", {
  access: ({ TopicArn }, ctx) => topicAccess("GetTopicAttributes", TopicArn, ctx),
  async handle({ TopicArn }, ctx) {
    const { topic, row } = await existingTopic(TopicArn, ctx);
    const { confirmed, pending } = await counts(topic, ctx);
    const { DisplayName = "", ...rest } = row.attributes;
    return {
      Attributes: {
        TopicArn: topicArn(topic),
        Owner: topic.account,
        DisplayName,
        Policy: row.policy ?? defaultPolicy(topic),
        EffectiveDeliveryPolicy: JSON.stringify({ http: effectivePolicy(row.attributes.DeliveryPolicy) }),
        SubscriptionsConfirmed: String(confirmed),
        SubscriptionsPending: String(pending),
        SubscriptionsDeleted: "0",
        ...(row.fifo && { FifoTopic: "true" }),
        ...rest,
      },
    };
  },
});

async function counts({ account, region, name }: TopicName, ctx: Context) {
  const all = await subscriptions.list(ctx.tx, [account, region, name]);
  const confirmed = all.filter(({ row }) => row.confirmed).length;
  return { confirmed, pending: all.length - confirmed };
}

/** https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html */
export const setTopicAttributes = sns.operation("SetTopicAttributes", {
  access: ({ TopicArn }, ctx) => topicAccess("SetTopicAttributes", TopicArn, ctx),
  async handle({ TopicArn, AttributeName, AttributeValue = "" }, ctx) {
    const { topic, row } = await existingTopic(TopicArn, ctx);
    const key = [topic.account, topic.region, topic.name] as [string, string, string];
    if (AttributeName === "Policy") {
      if (AttributeValue) checkPolicy(AttributeValue, ctx);
      const { policy: _, ...rest } = row;
      topics.put(ctx.tx, key, { ...rest, ...(AttributeValue && { policy: AttributeValue }) });
      return {};
    }
    const value = checkedAttribute(AttributeName, AttributeValue, row.fifo, ctx);
    const { [AttributeName]: _, ...others } = row.attributes;
    const attributes = value === "" ? others : { ...others, [AttributeName]: value };
    topics.put(ctx.tx, key, { ...row, attributes });
    return {};
  },
});
