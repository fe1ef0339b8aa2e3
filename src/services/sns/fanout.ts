import type { Context } from "../../kit/context.ts";
import { platformOf } from "./appNames.ts";
import { wants } from "./filters.ts";
import type { StoredAttributes } from "./messages.ts";
import type { SubscriptionName, TopicName } from "./names.ts";
import { subscriptions } from "./tables.ts";

/** One message, on its way to the subscribers of its topic. */
export interface Published {
  messageId: string;
  body: string;
  /** Texts for single protocols. */
  byProtocol?: Record<string, string>;
  subject?: string;
  attributes: StoredAttributes;
  publishedAt: number;
  groupId?: string;
  deduplicationId?: string;
  sequence?: string;
}

/** A message for one subscription. */
export interface Delivery {
  subscription: SubscriptionName;
  message: Published;
  /** How often it was tried before. */
  attempts?: number;
  [member: string]: unknown;
}

/** Subscriptions that one piece of work goes through. */
const pageSize = 500;

/** Leaves a delivery for each subscription that wants the message. */
export const fanOut = {
  async settle(
    { topic, message, after }: { topic: TopicName; message: Published; after?: string },
    ctx: Context,
  ): Promise<void> {
    const { account, region, name } = topic;
    const page = await subscriptions.list(ctx.tx, [account, region, name], {
      limit: pageSize,
      ...(after !== undefined && { after: [after] }),
    });
    for (const { key, row } of page) {
      if (!row.confirmed) continue;
      const kind = row.protocol === "application" ? platformOf(row.endpoint) : row.protocol;
      const body = message.byProtocol?.[kind] ?? message.body;
      if (!wants(row, { body, attributes: message.attributes })) {
        ctx.metric({
          namespace: "AWS/SNS",
          name: "NumberOfNotificationsFilteredOut",
          dimensions: { TopicName: name },
          value: 1,
        });
        continue;
      }
      const delivery: Delivery = { subscription: { ...topic, id: key[3] }, message: { ...message, body } };
      const group = message.groupId === undefined ? undefined : `${key[3]}/${message.groupId}`;
      ctx.outbox.put("deliver", delivery, { ...(group && { group }) });
    }
    const last = page.at(-1)?.key[3];
    if (page.length < pageSize || last === undefined) return;
    const group = message.groupId === undefined ? undefined : `${region}/${name}/${message.groupId}`;
    ctx.outbox.put("fanOut", { topic, message, after: last }, { ...(group && { group }) });
  },
};
