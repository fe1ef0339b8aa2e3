import type { Context } from "../../kit/context.ts";
import { linkTo } from "./confirmation.ts";
import type { Published } from "./fanout.ts";
import { type SubscriptionName, subscriptionArn, topicArn } from "./names.ts";
import { signed } from "./signing.ts";
import { type SubscriptionRow, topics } from "./tables.ts";

/** What a subscriber gets. https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html */
export async function bodyFor(
  subscription: SubscriptionName,
  row: SubscriptionRow,
  message: Published,
  ctx: Context,
): Promise<string> {
  if (row.attributes.RawMessageDelivery?.toLowerCase() === "true") return message.body;
  const { account, region, name, id } = subscription;
  const topic = await topics.get(ctx.tx, account, region, name);
  const notification = {
    Type: "Notification",
    MessageId: message.messageId,
    ...(message.sequence !== undefined && { SequenceNumber: message.sequence }),
    TopicArn: topicArn(subscription),
    ...(message.subject !== undefined && { Subject: message.subject }),
    Message: message.body,
    Timestamp: new Date(message.publishedAt).toISOString(),
  };
  const attributes = Object.entries(message.attributes).map(([attribute, { type, text, bytes }]) => [
    attribute,
    { Type: type, Value: text ?? bytes },
  ]);
  return JSON.stringify({
    ...notification,
    ...(await signed(notification, topic?.attributes.SignatureVersion ?? "1", ctx)),
    UnsubscribeURL: linkTo(ctx, {
      Action: "Unsubscribe",
      SubscriptionArn: subscriptionArn(subscription, id),
    }),
    ...(attributes.length > 0 && { MessageAttributes: Object.fromEntries(attributes) }),
  });
}

/** What a function gets. https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html */
export async function functionEvent(
  subscription: SubscriptionName,
  row: SubscriptionRow,
  message: Published,
  ctx: Context,
): Promise<string> {
  const notification = await bodyFor(subscription, { ...row, attributes: {} }, message, ctx);
  const { SigningCertURL, UnsubscribeURL, Subject, MessageAttributes, ...shared } = JSON.parse(
    notification,
  ) as Record<string, unknown>;
  const Sns = {
    ...shared,
    Subject: Subject ?? null,
    SigningCertUrl: SigningCertURL,
    UnsubscribeUrl: UnsubscribeURL,
    MessageAttributes: MessageAttributes ?? {},
  };
  const EventSubscriptionArn = subscriptionArn(subscription, subscription.id);
  return JSON.stringify({
    Records: [{ EventSource: "aws:sns", EventVersion: "1.0", EventSubscriptionArn, Sns }],
  });
}

/** The message's attributes as SQS takes them. */
export function rawAttributes({ attributes }: Published): Record<string, object> | undefined {
  const list = Object.entries(attributes).map(([name, { type, text, bytes }]) => [
    name,
    bytes === undefined
      ? { DataType: type, StringValue: text }
      : { DataType: type, BinaryValue: Buffer.from(bytes, "base64") },
  ]);
  return list.length > 0 ? Object.fromEntries(list) : undefined;
}

/** A notification as a person reads it. */
export function mailBody(subscription: SubscriptionName, { body }: Published, ctx: Context): string {
  const SubscriptionArn = subscriptionArn(subscription, subscription.id);
  const link = linkTo(ctx, { Action: "Unsubscribe", SubscriptionArn });
  return `${body}\n\n--\nIf you wish to stop receiving notifications from this topic, please visit the link below to unsubscribe:\n${link}\n`;
}
