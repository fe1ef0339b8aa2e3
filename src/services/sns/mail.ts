import { servicePrincipal } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import type { SubscriptionRow } from "./tables.ts";

/** What goes into the local mailbox. */

export async function sendMail(
  row: SubscriptionRow,
  Subject: string,
  Body: string,
  ctx: Context,
): Promise<void> {
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
