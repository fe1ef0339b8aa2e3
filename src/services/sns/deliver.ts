import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import type { DeliveryScope } from "../../kit/service.ts";
import { isRetriable, parseArn, queueUrl, retryDelayMs, deliver as toTarget } from "../../kit/targets.ts";
import { retryDelaySeconds, retryPolicy } from "./attributes.ts";
import type { Delivery } from "./fanout.ts";
import { type HttpRequest, type HttpResult, httpHeaders, postTo } from "./http.ts";
import { sendMail } from "./mail.ts";
import { keyOf, type SubscriptionName, snsFor, subscriptionArn } from "./names.ts";
import { bodyFor, functionEvent, mailBody, rawAttributes } from "./notification.ts";
import { outbound } from "./protection.ts";
import { pushToSubscriber } from "./push.ts";
import { logStatus } from "./status.ts";
import { type SubscriptionRow, subscriptions, topics } from "./tables.ts";

/** How notifications reach their subscribers, and what becomes of those that do not. */

/** Retries of what AWS itself runs. https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html */
const maxServiceRetries = 100_015;

/** HTTP deliveries take two steps: the message is made and signed in a transaction, then posted outside of any. */
export const deliver = {
  async settle(delivery: Delivery, ctx: Context): Promise<void> {
    const { subscription } = delivery;
    const row = await subscriptions.get(ctx.tx, ...keyOf(subscription));
    if (!row?.confirmed) return;
    const { message, refused } = await outbound(subscription, row.principalArn, delivery.message, ctx);
    // What may not be delivered goes into no dead-letter queue either.
    if (refused !== undefined) return await refuse(delivery, row, refused, ctx);
    if (row.protocol === "http" || row.protocol === "https") {
      const request = await httpRequest(subscription, row, message, ctx);
      return ctx.outbox.put("post", { ...delivery, request }, { peer: subscription.id });
    }
    try {
      await toSubscriber(subscription, row, message, ctx);
      await succeeded(delivery, row, ctx);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      const attempts = (delivery.attempts ?? 0) + 1;
      const again = isRetriable(error) && attempts <= maxServiceRetries ? retryDelayMs(attempts) : undefined;
      await failed(delivery, row, `${error.code}: ${error.message}`, "deliver", again, ctx);
    }
  },
};

async function toSubscriber(
  subscription: SubscriptionName,
  row: SubscriptionRow,
  message: Delivery["message"],
  ctx: Context,
): Promise<void> {
  const as = snsFor(subscription);
  if (row.protocol === "sqs") {
    const arn = parseArn(row.endpoint);
    if (arn === undefined) throw new AwsError("InvalidParameter", "The endpoint is no ARN.");
    const isFifo = row.endpoint.endsWith(".fifo");
    const MessageAttributes = isRaw(row) ? rawAttributes(message) : undefined;
    await ctx.call(
      "sqs",
      "SendMessage",
      {
        QueueUrl: queueUrl(arn),
        MessageBody: await bodyFor(subscription, row, message, ctx),
        ...(MessageAttributes && { MessageAttributes }),
        ...(message.groupId !== undefined && { MessageGroupId: message.groupId }),
        ...(isFifo && { MessageDeduplicationId: message.deduplicationId }),
      },
      { as, account: arn.account, region: arn.region },
    );
  } else if (row.protocol === "sms" || row.protocol.startsWith("email")) {
    const Body =
      row.protocol === "email"
        ? mailBody(subscription, message, ctx)
        : row.protocol === "sms"
          ? message.body
          : await bodyFor(subscription, row, message, ctx);
    await sendMail(row, message.subject ?? "AWS Notification Message", Body, ctx);
  } else if (row.protocol === "application") {
    await pushToSubscriber(row.endpoint, message, ctx);
  } else if (row.protocol === "lambda") {
    await toTarget(ctx, { arn: row.endpoint }, await functionEvent(subscription, row, message, ctx), as);
  } else {
    const { SubscriptionRoleArn: roleArn } = row.attributes;
    const body = await bodyFor(subscription, row, message, ctx);
    // A delivery stream is written to under the role that its subscription names.
    const authority = roleArn === undefined ? as : await ctx.assumeRole(roleArn, as, "sns");
    await toTarget(ctx, { arn: row.endpoint }, body, authority);
  }
}

export function isRaw({ attributes }: SubscriptionRow): boolean {
  return attributes.RawMessageDelivery?.toLowerCase() === "true";
}

async function httpRequest(
  subscription: SubscriptionName,
  row: SubscriptionRow,
  message: Delivery["message"],
  ctx: Context,
): Promise<HttpRequest> {
  return {
    url: row.endpoint,
    headers: {
      ...httpHeaders("Notification", message.messageId, subscription),
      "x-amz-sns-subscription-arn": subscriptionArn(subscription, subscription.id),
      ...(isRaw(row) && { "x-amz-sns-rawdelivery": "true" }),
    },
    body: await bodyFor(subscription, row, message, ctx),
  };
}

type Posting = Delivery & { request: HttpRequest };

/** Posts a notification to its endpoint. */
export const post = {
  send: ({ request }: Posting, _scope: DeliveryScope) => postTo(request),
  async settle(posting: Posting, ctx: Context, result: HttpResult): Promise<void> {
    const { subscription } = posting;
    const row = await subscriptions.get(ctx.tx, ...keyOf(subscription));
    if (row === undefined) return;
    const { status = 0 } = result;
    if (status >= 200 && status < 300) return await succeeded(posting, row, ctx, result);
    const attempts = (posting.attempts ?? 0) + 1;
    const topic = await topics.get(ctx.tx, subscription.account, subscription.region, subscription.name);
    const policy = retryPolicy(topic?.attributes.DeliveryPolicy, row.attributes.DeliveryPolicy);
    const isClientError = status >= 400 && status < 500 && status !== 429;
    const seconds = isClientError ? undefined : retryDelaySeconds(policy, attempts);
    const again = seconds === undefined ? undefined : seconds * 1000;
    await failed(
      posting,
      row,
      result.error ?? `The endpoint answered ${status}.`,
      "post",
      again,
      ctx,
      result,
    );
  },
};

async function succeeded(
  delivery: Delivery,
  row: SubscriptionRow,
  ctx: Context,
  result?: HttpResult,
): Promise<void> {
  count("NumberOfNotificationsDelivered", delivery.subscription, ctx);
  await logStatus(delivery, row, { ...result, status: "SUCCESS" }, ctx);
}

function count(name: string, { name: TopicName }: SubscriptionName, ctx: Context): void {
  ctx.metric({ namespace: "AWS/SNS", name, dimensions: { TopicName }, value: 1 });
}

/** Tries again after `againMs`, or gives up: the message goes to the subscription's dead-letter queue. */
async function failed(
  delivery: Delivery,
  row: SubscriptionRow,
  reason: string,
  work: "deliver" | "post",
  againMs: number | undefined,
  ctx: Context,
  result?: HttpResult,
): Promise<void> {
  const attempts = (delivery.attempts ?? 0) + 1;
  if (againMs !== undefined)
    return ctx.outbox.put(
      work,
      { ...delivery, attempts },
      { delayMs: Math.max(1, againMs), ...(work === "post" && { peer: delivery.subscription.id }) },
    );
  count("NumberOfNotificationsFailed", delivery.subscription, ctx);
  await logStatus(delivery, row, { ...result, status: "FAILURE", reason }, ctx);
  if (row.attributes.RedrivePolicy) await redrive(delivery, row, ctx);
}

async function refuse(delivery: Delivery, row: SubscriptionRow, reason: string, ctx: Context): Promise<void> {
  count("NumberOfNotificationsFailed", delivery.subscription, ctx);
  await logStatus(delivery, row, { status: "FAILURE", reason }, ctx);
}

async function redrive(
  { subscription, message }: Delivery,
  row: SubscriptionRow,
  ctx: Context,
): Promise<void> {
  const { deadLetterTargetArn } = JSON.parse(row.attributes.RedrivePolicy ?? "{}") as {
    deadLetterTargetArn: string;
  };
  const arn = parseArn(deadLetterTargetArn);
  if (arn === undefined) return;
  const isFifo = deadLetterTargetArn.endsWith(".fifo");
  const MessageAttributes = rawAttributes(message);
  try {
    await ctx.call(
      "sqs",
      "SendMessage",
      {
        QueueUrl: queueUrl(arn),
        MessageBody: await bodyFor(subscription, row, message, ctx),
        ...(isRaw(row) && MessageAttributes && { MessageAttributes }),
        ...(isFifo && { MessageGroupId: message.groupId, MessageDeduplicationId: message.deduplicationId }),
      },
      { as: snsFor(subscription), account: arn.account, region: arn.region },
    );
    count("NumberOfNotificationsRedrivenToDlq", subscription, ctx);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    count("NumberOfNotificationsFailedToRedriveToDlq", subscription, ctx);
  }
}
