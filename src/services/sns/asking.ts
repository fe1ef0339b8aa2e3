import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { uuid } from "../../kit/ids.ts";
import { deliver as toTarget } from "../../kit/targets.ts";
import { confirmationText, linkTo } from "./confirmation.ts";
import { type HttpRequest, type HttpResult, httpHeaders, postTo } from "./http.ts";
import { sendMail } from "./mail.ts";
import { keyOf, type SubscriptionName, snsFor, topicArn } from "./names.ts";
import { signed } from "./signing.ts";
import { subscriptions } from "./tables.ts";

/** How endpoints are asked whether they want what they are to get. */

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
