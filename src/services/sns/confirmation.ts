import { hash, randomBytes } from "node:crypto";
import type { Context } from "../../kit/context.ts";
import { sns } from "./contract.ts";
import { type SubscriptionName, subscriptionArn, topicAccess, topicArn, topicOfArn } from "./names.ts";
import { type SubscriptionRow, subscriptions, tokens } from "./tables.ts";

/** Endpoints say that they want what they are to get. */

const tokenBytes = 96;
const tokenForm = /^[0-9a-f]{192,512}$/;
/** https://docs.aws.amazon.com/sns/latest/api/API_ConfirmSubscription.html */
const tokenLifeMs = 3 * 86_400_000;

/** Sends an endpoint what it confirms the subscription with. */
export function askToConfirm(subscription: SubscriptionName, row: SubscriptionRow, ctx: Context): void {
  const token = randomBytes(tokenBytes).toString("hex");
  const { account, region, name, id } = subscription;
  const expiresAt = ctx.clock.now() + tokenLifeMs;
  tokens.put(ctx.tx, [account, region, name, hash("sha256", token)], { id, expiresAt });
  const payload = { subscription, protocol: row.protocol, endpoint: row.endpoint, token };
  ctx.outbox.put("confirm", payload, { account, region });
}

/** Where a link in a message leads: to this Cloudkeep, which knows the service by its version. */
export function linkTo(ctx: Pick<Context, "host">, parameters: Record<string, string>): string {
  const query = new URLSearchParams({ ...parameters, Version: "2010-03-31" });
  return `${ctx.host.endpoint()}/?${query.toString().replaceAll("%3A", ":")}`;
}

/** https://docs.aws.amazon.com/sns/latest/api/API_ConfirmSubscription.html */
export const confirmSubscription = sns.operation("ConfirmSubscription", {
  // Whoever has the token was sent it: the link in the message is opened without a signature.
  access: ({ TopicArn }, ctx) =>
    ctx.caller.principal.kind === "anonymous" ? [] : topicAccess("ConfirmSubscription", TopicArn, ctx),
  async handle({ TopicArn, Token, AuthenticateOnUnsubscribe }, ctx) {
    const isAnonymous = ctx.caller.principal.kind === "anonymous";
    // The link names no Region but in the ARN.
    const region = isAnonymous ? TopicArn.split(":")[3] : undefined;
    const topic = topicOfArn(TopicArn, ctx, "TopicArn", region);
    const { account, name } = topic;
    if (!tokenForm.test(Token)) throw ctx.error("InvalidParameterException", "Invalid token");
    const known = await tokens.get(ctx.tx, account, topic.region, name, hash("sha256", Token));
    const row = known && (await subscriptions.get(ctx.tx, account, topic.region, name, known.id));
    if (known === undefined || row === undefined || known.expiresAt < ctx.clock.now())
      throw ctx.error("InvalidParameterException", "Invalid parameter: Token");
    const authenticated = !isAnonymous && AuthenticateOnUnsubscribe?.toLowerCase() === "true";
    subscriptions.put(ctx.tx, [account, topic.region, name, known.id], {
      ...row,
      confirmed: true,
      authenticated,
    });
    return { SubscriptionArn: subscriptionArn(topic, known.id) };
  },
});

/** The message that asks. https://docs.aws.amazon.com/sns/latest/dg/http-subscription-confirmation-json.html */
export function confirmationText(subscription: SubscriptionName): string {
  return `You have chosen to subscribe to the topic ${topicArn(subscription)}.\nTo confirm the subscription, visit the SubscribeURL included in this message.`;
}
