import type { Subscription } from "@aws-sdk/client-sns";
import type { Context } from "../../kit/context.ts";
import { uuid } from "../../kit/ids.ts";
import { keyedPageOf } from "../../kit/paging.ts";
import { passRole } from "../../kit/passRole.ts";
import { parseArn } from "../../kit/targets.ts";
import { endpointOfArn, findEndpoint } from "./appNames.ts";
import { checkedSubscriptionAttribute, retryPolicy } from "./attributes.ts";
import { askToConfirm } from "./confirmation.ts";
import { sns } from "./contract.ts";
import {
  existingSubscription,
  existingTopic,
  type SubscriptionName,
  subscriptionArn,
  subscriptionOfArn,
  type TopicName,
  topicAccess,
  topicArn,
} from "./names.ts";
import { tokenPage } from "./pages.ts";
import { byEndpoint, byOwner, type SubscriptionRow, subscriptions, topics } from "./tables.ts";

/** Who gets what is published. */

const pageSize = 100;
const protocols = new Set([
  "http",
  "https",
  "email",
  "email-json",
  "sms",
  "sqs",
  "application",
  "lambda",
  "firehose",
]);
/** Their owner is known by their ARN, so no confirmation is asked of the owner's own. */
const byArn = new Set(["sqs", "lambda", "firehose", "application"]);

/** https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html */
export const subscribe = sns.operation("Subscribe", {
  access: ({ TopicArn, Protocol, Endpoint }, ctx) =>
    topicAccess("Subscribe", TopicArn, ctx, { "sns:Protocol": Protocol, "sns:Endpoint": Endpoint }),
  async handle({ TopicArn, Protocol, Endpoint = "", Attributes = {}, ReturnSubscriptionArn }, ctx) {
    const { topic, row: topicRow } = await existingTopic(TopicArn, ctx);
    checkEndpoint(Protocol, Endpoint, topicRow.fifo, ctx);
    if (Protocol === "application") await checkDevice(Endpoint, ctx);
    const attributes = { ...(Attributes as Record<string, string>) };
    const options = { where: "Attributes Reason: ", fifo: topicRow.fifo, all: attributes };
    for (const [name, value] of Object.entries(attributes))
      attributes[name] = checkedSubscriptionAttribute(name, value, options, ctx);
    const { SubscriptionRoleArn } = attributes;
    if (Protocol === "firehose" && SubscriptionRoleArn === undefined) {
      throw ctx.error(
        "InvalidParameterException",
        "Invalid parameter: Attributes Reason: SubscriptionRoleArn must be specified for firehose subscriptions",
      );
    }
    if (SubscriptionRoleArn !== undefined)
      await passRole(ctx as Context, SubscriptionRoleArn, "sns.amazonaws.com");
    const { account, region, name } = topic;
    const known = await byEndpoint.get(ctx.tx, account, region, name, Protocol, Endpoint);
    if (known !== undefined)
      return await again({ ...topic, id: known.id }, attributes, ReturnSubscriptionArn, ctx);
    const id = uuid();
    const confirmed = byArn.has(Protocol) ? parseArn(Endpoint)?.account === ctx.account : Protocol === "sms";
    const row: SubscriptionRow = {
      protocol: Protocol,
      endpoint: Endpoint,
      owner: ctx.account,
      principalArn: ctx.caller.principal.arn,
      confirmed,
      authenticated: confirmed,
      attributes,
      createdAt: ctx.clock.now(),
    };
    putSubscription({ ...topic, id }, row, ctx);
    byEndpoint.put(ctx.tx, [account, region, name, Protocol, Endpoint], { id });
    byOwner.put(ctx.tx, [ctx.account, region, account, name, id], {});
    if (!confirmed) askToConfirm({ ...topic, id }, row, ctx);
    const arn = subscriptionArn(topic, id);
    return { SubscriptionArn: confirmed || ReturnSubscriptionArn ? arn : "pending confirmation" };
  },
});

const defaults = { RawMessageDelivery: "false", FilterPolicyScope: "MessageAttributes" };

/** Subscribing an endpoint again answers what stands, unless it asks for something else. */
async function again(
  subscription: SubscriptionName,
  attributes: Record<string, string>,
  returnArn: boolean | undefined,
  ctx: Context<"InvalidParameterException">,
) {
  const { account, region, name, id } = subscription;
  const row = (await subscriptions.get(ctx.tx, account, region, name, id)) as SubscriptionRow;
  const standing: Record<string, string> = { ...defaults, ...row.attributes };
  if (Object.entries(attributes).some(([name, value]) => standing[name] !== value)) {
    throw ctx.error(
      "InvalidParameterException",
      "Invalid parameter: Attributes Reason: Subscription already exists with different attributes",
    );
  }
  if (!row.confirmed) askToConfirm(subscription, row, ctx);
  const arn = subscriptionArn(subscription, id);
  return { SubscriptionArn: row.confirmed || returnArn ? arn : "pending confirmation" };
}

export function putSubscription(
  { account, region, name, id }: SubscriptionName,
  row: SubscriptionRow,
  ctx: Context,
): void {
  subscriptions.put(ctx.tx, [account, region, name, id], row);
}

function checkEndpoint(
  protocol: string,
  endpoint: string,
  fifo: boolean,
  ctx: Context<"InvalidParameterException">,
): void {
  const invalid = (reason: string) => ctx.error("InvalidParameterException", reason);
  if (!protocols.has(protocol)) {
    throw invalid(`Invalid parameter: Amazon SNS does not support this protocol string: ${protocol}`);
  }
  if (protocol === "http" || protocol === "https") {
    if (!endpoint.startsWith(`${protocol}://`))
      throw invalid("Invalid parameter: Endpoint must match the specified protocol");
    if (!URL.canParse(endpoint)) throw invalid("Invalid parameter: Endpoint");
  }
  if (protocol.startsWith("email") && !/^[^@\s]+@[^@\s]+$/.test(endpoint))
    throw invalid("Invalid parameter: Email address");
  if (protocol === "sms" && !/^\+?\d(?:[\d ]|-(?!-)){2,18}\d$/.test(endpoint))
    throw invalid(`Invalid SMS endpoint: ${endpoint}`);
  if (protocol === "sqs") {
    if (parseArn(endpoint)?.service !== "sqs") throw invalid("Invalid parameter: SQS endpoint ARN");
    if (!fifo && endpoint.endsWith(".fifo")) {
      throw invalid(
        "Invalid parameter: Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics",
      );
    }
  } else if (protocol === "application") {
    if (!/:endpoint\/[^/]+\/[^/]+\/[^/]+$/.test(endpoint) || parseArn(endpoint)?.service !== "sns")
      throw invalid(`Invalid parameter: Application endpoint arn invalid:${endpoint}`);
  } else if (byArn.has(protocol) && parseArn(endpoint)?.service !== protocol)
    throw invalid(`Invalid parameter: ${protocol} endpoint ARN`);
  if (fifo && protocol !== "sqs" && protocol !== "lambda" && protocol !== "firehose")
    throw invalid(`Invalid parameter: Invalid protocol type: ${protocol}`);
}

async function checkDevice(arn: string, ctx: Context<"InvalidParameterException">): Promise<void> {
  const endpoint = endpointOfArn(arn, ctx, "Endpoint");
  // Another account's devices are its own.
  if (endpoint.account === ctx.account && (await findEndpoint(endpoint, ctx)) !== undefined) return;
  throw ctx.error(
    "InvalidParameterException",
    `Invalid parameter: Endpoint Reason: Endpoint does not exist for endpoint ${arn}`,
  );
}

/** https://docs.aws.amazon.com/sns/latest/api/API_Unsubscribe.html */
export const unsubscribe = sns.operation("Unsubscribe", {
  access: ({ SubscriptionArn }, ctx) =>
    ctx.caller.principal.kind === "anonymous" ? [] : topicAccess("Unsubscribe", SubscriptionArn, ctx),
  async handle({ SubscriptionArn }, ctx) {
    const subscription = subscriptionOfArn(SubscriptionArn, ctx);
    const { account, region, name, id } = subscription;
    const row = await subscriptions.get(ctx.tx, account, region, name, id);
    if (row === undefined) return {};
    const isOwner = ctx.account === row.owner || ctx.account === account;
    const isAnonymous = ctx.caller.principal.kind === "anonymous";
    if (isAnonymous ? row.authenticated : !isOwner)
      throw ctx.error("AuthorizationErrorException", "Access to the requested resource is denied");
    removeSubscription(subscription, row, ctx);
    return {};
  },
});

export function removeSubscription(
  { account, region, name, id }: SubscriptionName,
  row: SubscriptionRow,
  ctx: Context,
): void {
  subscriptions.delete(ctx.tx, account, region, name, id);
  byEndpoint.delete(ctx.tx, account, region, name, row.protocol, row.endpoint);
  byOwner.delete(ctx.tx, row.owner, region, account, name, id);
}

function shown(topic: TopicName, id: string, row: SubscriptionRow): Subscription {
  return {
    SubscriptionArn: row.confirmed ? subscriptionArn(topic, id) : "PendingConfirmation",
    Owner: row.owner,
    Protocol: row.protocol,
    Endpoint: row.endpoint,
    TopicArn: topicArn(topic),
  };
}

/** https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptionsByTopic.html */
export const listSubscriptionsByTopic = sns.operation("ListSubscriptionsByTopic", {
  access: ({ TopicArn }, ctx) => topicAccess("ListSubscriptionsByTopic", TopicArn, ctx),
  async handle({ TopicArn, NextToken }, ctx) {
    const { topic } = await existingTopic(TopicArn, ctx);
    const parts = [topic.account, topic.region, topic.name];
    const { items, next } = await tokenPage(
      () => keyedPageOf(subscriptions, ctx.tx, parts, { limit: pageSize, marker: NextToken }),
      ctx,
    );
    return {
      Subscriptions: items.map(({ key, row }) => shown(topic, key[3], row)),
      ...(next && { NextToken: next }),
    };
  },
});

/** https://docs.aws.amazon.com/sns/latest/api/API_ListSubscriptions.html */
export const listSubscriptions = sns.operation("ListSubscriptions", {
  access: () => ({ action: "sns:ListSubscriptions", resource: "*" }),
  async handle({ NextToken }, ctx) {
    const { items, next } = await tokenPage(
      () => keyedPageOf(byOwner, ctx.tx, [ctx.account, ctx.region], { limit: pageSize, marker: NextToken }),
      ctx,
    );
    const Subscriptions: Subscription[] = [];
    for (const {
      key: [, region, account, name, id],
    } of items) {
      const row = await subscriptions.get(ctx.tx, account, region, name, id);
      if (row !== undefined) Subscriptions.push(shown({ account, region, name }, id, row));
    }
    return { Subscriptions, ...(next && { NextToken: next }) };
  },
});

/** https://docs.aws.amazon.com/sns/latest/api/API_GetSubscriptionAttributes.html */
export const getSubscriptionAttributes = sns.operation("GetSubscriptionAttributes", {
  access: ({ SubscriptionArn }, ctx) => topicAccess("GetSubscriptionAttributes", SubscriptionArn, ctx),
  async handle({ SubscriptionArn }, ctx) {
    const { subscription, row } = await existingSubscription(SubscriptionArn, ctx);
    const { FilterPolicy, FilterPolicyScope, ...others } = row.attributes;
    const topic = await topics.get(ctx.tx, subscription.account, subscription.region, subscription.name);
    const isHttp = row.protocol.startsWith("http");
    return {
      Attributes: {
        SubscriptionArn: subscriptionArn(subscription, subscription.id),
        TopicArn: topicArn(subscription),
        Owner: row.owner,
        Protocol: row.protocol,
        Endpoint: row.endpoint,
        PendingConfirmation: String(!row.confirmed),
        ConfirmationWasAuthenticated: String(row.authenticated),
        SubscriptionPrincipal: row.principalArn,
        RawMessageDelivery: "false",
        ...others,
        ...(isHttp && {
          EffectiveDeliveryPolicy: JSON.stringify({
            healthyRetryPolicy: retryPolicy(topic?.attributes.DeliveryPolicy, row.attributes.DeliveryPolicy),
          }),
        }),
        ...(FilterPolicy &&
          FilterPolicy !== "{}" && {
            FilterPolicy,
            FilterPolicyScope: FilterPolicyScope ?? "MessageAttributes",
          }),
      },
    };
  },
});

/** https://docs.aws.amazon.com/sns/latest/api/API_SetSubscriptionAttributes.html */
export const setSubscriptionAttributes = sns.operation("SetSubscriptionAttributes", {
  access: ({ SubscriptionArn }, ctx) => topicAccess("SetSubscriptionAttributes", SubscriptionArn, ctx),
  async handle({ SubscriptionArn, AttributeName, AttributeValue = "" }, ctx) {
    const { subscription, row } = await existingSubscription(SubscriptionArn, ctx);
    const fifo = subscription.name.endsWith(".fifo");
    const options = { where: "", fifo, all: row.attributes };
    const value = checkedSubscriptionAttribute(AttributeName, AttributeValue, options, ctx);
    const { [AttributeName]: _, ...others } = row.attributes;
    const attributes = value === "" ? others : { ...others, [AttributeName]: value };
    putSubscription(subscription, { ...row, attributes }, ctx);
    return {};
  },
});
