import { servicePrincipal } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import { parseArn } from "../../kit/targets.ts";
import { defaultPolicy } from "./policy.ts";
import { type SubscriptionRow, subscriptions, type TopicRow, topics } from "./tables.ts";

/** Topics and subscriptions by their ARNs. */

export interface TopicName {
  account: string;
  region: string;
  name: string;
}

export function topicArn({ account, region, name }: TopicName): string {
  return `arn:aws:sns:${region}:${account}:${name}`;
}

type Invalid = "InvalidParameterException";

/** The topic that an ARN names, in AWS's words if it is none. */
export function topicOfArn(
  arn: string,
  ctx: Context<Invalid>,
  parameter = "TopicArn",
  region = ctx.region,
): TopicName {
  const parts = arn.split(":");
  if (parts.length < 6) {
    throw ctx.error(
      "InvalidParameterException",
      `Invalid parameter: ${parameter} Reason: An ARN must have at least 6 elements, not ${parts.length}`,
    );
  }
  const parsed = parseArn(arn);
  if (parsed?.service !== "sns" || parsed.region !== region)
    throw ctx.error("InvalidParameterException", `Invalid parameter: ${parameter}`);
  return { account: parsed.account, region: parsed.region, name: parsed.resource.split(":")[0] as string };
}

export async function findTopic(
  { account, region, name }: TopicName,
  ctx: Context,
): Promise<TopicRow | undefined> {
  return await topics.get(ctx.tx, account, region, name);
}

/** Topics are found in the Region of the call, or in the one that is given. */
export async function existingTopic(
  arn: string,
  ctx: Context<Invalid | "NotFoundException">,
  region?: string,
): Promise<{ topic: TopicName; row: TopicRow }> {
  const topic = topicOfArn(arn, ctx, "TopicArn", region);
  const row = await findTopic(topic, ctx);
  if (row === undefined) throw ctx.error("NotFoundException", "Topic does not exist");
  return { topic, row };
}

/** The topic as a resource of an access declaration, its policy included. */
export async function topicAccess(
  action: string,
  arn: string,
  ctx: Context,
  context: Record<string, string | undefined> = {},
) {
  const parsed = parseArn(arn);
  const topic = parsed && {
    account: parsed.account,
    region: parsed.region,
    name: parsed.resource.split(":")[0] ?? "",
  };
  const row = topic && (await findTopic(topic, ctx));
  return {
    action: `sns:${action}`,
    // What is no ARN is told so by the operation, to whoever may use every topic here.
    resource: topic ? topicArn(topic) : `arn:aws:sns:${ctx.region}:${ctx.account}:*`,
    resourceType: "AWS::SNS::Topic",
    resourceTags: row?.tags ?? {},
    resourcePolicy:
      row && topic
        ? { name: topicArn(topic), document: row.policy ?? defaultPolicy(topic), kind: "resource" as const }
        : undefined,
    context: { ...context, "aws:SourceOwner": ctx.caller.sourceAccount ?? ctx.caller.principal.account },
  };
}

export interface SubscriptionName extends TopicName {
  id: string;
}

export function subscriptionArn(topic: TopicName, id: string): string {
  return `${topicArn(topic)}:${id}`;
}

export function keyOf({ account, region, name, id }: SubscriptionName): [string, string, string, string] {
  return [account, region, name, id];
}

/** SNS, as it acts for a topic. */
export function snsFor(subscription: SubscriptionName) {
  return servicePrincipal("sns.amazonaws.com", {
    sourceArn: topicArn(subscription),
    sourceAccount: subscription.account,
  });
}

/** The subscription that an ARN names. */
export function subscriptionOfArn(arn: string, ctx: Context<Invalid>): SubscriptionName {
  const parts = arn.split(":");
  if (arn === "") {
    throw ctx.error(
      "InvalidParameterException",
      "Invalid parameter: SubscriptionArn Reason: no value for required parameter",
    );
  }
  if (parts.length < 6) {
    throw ctx.error(
      "InvalidParameterException",
      `Invalid parameter: SubscriptionArn Reason: An ARN must have at least 6 elements, not ${parts.length}`,
    );
  }
  const [, , , region = "", account = "", name = "", id] = parts;
  if (id === undefined || !/^[0-9a-f-]{36}$/.test(id))
    throw ctx.error("InvalidParameterException", "Invalid parameter: SubscriptionId");
  return { region, account, name, id };
}

export async function existingSubscription(
  arn: string,
  ctx: Context<Invalid | "NotFoundException">,
): Promise<{ subscription: SubscriptionName; row: SubscriptionRow }> {
  const subscription = subscriptionOfArn(arn, ctx);
  const { account, region, name, id } = subscription;
  const row = await subscriptions.get(ctx.tx, account, region, name, id);
  if (row === undefined) throw ctx.error("NotFoundException", "Subscription does not exist");
  return { subscription, row };
}
