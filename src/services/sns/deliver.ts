import { servicePrincipal } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { uuid } from "../../kit/ids.ts";
import { send } from "../../kit/outbound.ts";
import type { DeliveryScope } from "../../kit/service.ts";
import { isRetriable, parseArn, queueUrl, retryDelayMs, deliver as toTarget } from "../../kit/targets.ts";
import { retryDelaySeconds, retryPolicy } from "./attributes.ts";
import { confirmationText, linkTo } from "./confirmation.ts";
import type { Delivery } from "./fanout.ts";
import { type SubscriptionName, subscriptionArn, topicArn } from "./names.ts";
import { bodyFor, mailBody, rawAttributes } from "./notification.ts";
import { signed } from "./signing.ts";
import { logStatus } from "./status.ts";
import { type SubscriptionRow, subscriptions, topics } from "./tables.ts";

/** How notifications reach their subscribers, and what becomes of those that do not. */

const timeoutMs = 15_000;
/** Retries of what AWS itself runs. https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html */
const maxServiceRetries = 100_015;

function snsFor(subscription: SubscriptionName) {
  return servicePrincipal("sns.amazonaws.com", {
    sourceArn: topicArn(subscription),
    sourceAccount: subscription.account,
  });
}

/** What an HTTP endpoint answered. */
export interface HttpResult {
  status?: number;
  error?: string;
  tookMs: number;
}

/** HTTP deliveries take two steps: the message is made and signed in a transaction, then posted outside of any. */
export const deliver = {
  async settle(delivery: Delivery, ctx: Context): Promise<void> {
    const { subscription, message } = delivery;
    const row = await subscriptions.get(ctx.tx, ...keyOf(subscription));
    if (!row?.confirmed) return;
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

function keyOf({ account, region, name, id }: SubscriptionName): [string, string, string, string] {
  return [account, region, name, id];
}

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
  } else await toTarget(ctx, { arn: row.endpoint }, await bodyFor(subscription, row, message, ctx), as);
}

async function sendMail(row: SubscriptionRow, Subject: string, Body: string, ctx: Context): Promise<void> {
  const Channel = row.protocol === "sms" ? "sms" : "email";
  const input = { Channel, To: row.endpoint, From: "no-reply@sns.amazonaws.com", Subject, Body };
  await ctx.call("cloudkeep", "DeliverMail", input, { as: servicePrincipal("sns.amazonaws.com") });
}

/** Text messages to numbers without a subscription. */
export const mail = {
  async settle({ to, body }: { to: string; body: string }, ctx: Context): Promise<void> {
    const input = { Channel: "sms", To: to, From: "AWS", Body: body };
    await ctx.call("cloudkeep", "DeliverMail", input, { as: servicePrincipal("sns.amazonaws.com") });
  },
};

export function isRaw({ attributes }: SubscriptionRow): boolean {
  return attributes.RawMessageDelivery?.toLowerCase() === "true";
}

interface HttpRequest {
  url: string;
  headers: Record<string, string>;
  body: string;
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

function httpHeaders(
  type: string,
  messageId: string,
  subscription: SubscriptionName,
): Record<string, string> {
  return {
    "content-type": "text/plain; charset=UTF-8",
    "user-agent": "Amazon Simple Notification Service Agent",
    "x-amz-sns-message-type": type,
    "x-amz-sns-message-id": messageId,
    "x-amz-sns-topic-arn": topicArn(subscription),
  };
}

async function postTo({ url, headers, body }: HttpRequest): Promise<HttpResult> {
  const begun = Date.now();
  try {
    const { status } = await send({ url, method: "POST", headers, body, timeoutMs });
    return { status, tookMs: Date.now() - begun };
  } catch (error) {
    return { error: error instanceof Error ? error.message : "failed", tookMs: Date.now() - begun };
  }
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

interface Confirming {
  subscription: SubscriptionName;
  protocol: string;
  endpoint: string;
  token: string;
  request?: HttpRequest;
  attempts?: number;
  [member: string]: unknown;
}

/** Asks an endpoint to confirm its subscription. */
export const confirm = {
  async send({ request }: Confirming): Promise<HttpResult | undefined> {
    return request === undefined ? undefined : await postTo(request);
  },
  async settle(confirming: Confirming, ctx: Context, result: HttpResult | undefined): Promise<void> {
    const { subscription, protocol, token } = confirming;
    const row = await subscriptions.get(ctx.tx, ...keyOf(subscription));
    if (row === undefined || row.confirmed) return;
    if (result !== undefined) return retryConfirm(confirming, result, ctx);
    const body = await confirmationBody(subscription, token, ctx);
    if (protocol === "http" || protocol === "https") {
      const { MessageId } = body;
      const headers = httpHeaders("SubscriptionConfirmation", String(MessageId), subscription);
      const request = { url: row.endpoint, headers, body: JSON.stringify(body) };
      return ctx.outbox.put("confirm", { ...confirming, request }, { peer: subscription.id });
    }
    if (protocol.startsWith("email")) {
      const text = `${confirmationText(subscription)}\n\n${String(body.SubscribeURL)}\n`;
      const mailed = protocol === "email" ? text : JSON.stringify(body);
      return await sendMail(row, "AWS Notification - Subscription Confirmation", mailed, ctx);
    }
    try {
      await toTarget(ctx, { arn: row.endpoint }, JSON.stringify(body), snsFor(subscription));
    } catch (error) {
      // An endpoint that cannot be reached cannot confirm: the subscription stays pending.
      if (!(error instanceof AwsError)) throw error;
    }
  },
};

const maxConfirmAttempts = 4;
const confirmRetryMs = 20_000;

function retryConfirm(confirming: Confirming, { status = 0 }: HttpResult, ctx: Context): void {
  const attempts = (confirming.attempts ?? 0) + 1;
  if ((status >= 200 && status < 300) || attempts >= maxConfirmAttempts) return;
  const peer = confirming.subscription.id;
  ctx.outbox.put("confirm", { ...confirming, attempts }, { delayMs: confirmRetryMs, peer });
}

async function confirmationBody(subscription: SubscriptionName, Token: string, ctx: Context) {
  const TopicArn = topicArn(subscription);
  const message = {
    Type: "SubscriptionConfirmation",
    MessageId: uuid(),
    Token,
    TopicArn,
    Message: confirmationText(subscription),
    SubscribeURL: linkTo(ctx, { Action: "ConfirmSubscription", TopicArn, Token }),
    Timestamp: new Date(ctx.clock.now()).toISOString(),
  };
  return { ...message, ...(await signed(message, "1", ctx)) };
}
