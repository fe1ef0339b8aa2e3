import { hash } from "node:crypto";
import type { Context } from "../../kit/context.ts";
import { hashed, type Sent } from "./engine.ts";
import { periodsAt, rememberedMs } from "./periods.ts";
import { type QueueRow, sent, storeOf } from "./tables.ts";

/**
 * Deduplication of FIFO queues: what was sent within five minutes is accepted again, and not delivered again.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-messagededuplicationid-property.html
 */

/** The id of a message by its content: its body, not its attributes. */
export function contentId(body: string): string {
  return hash("sha256", body, "hex");
}

/** Ids are unique in the queue, or in the message group, by the queue's own setting. */
function scopes(queue: QueueRow, deduplicationId: string, groupId: string): string[] {
  const inQueue = hashed(queue, `queue\n${deduplicationId}`);
  const inGroup = hashed(queue, `group\n${deduplicationId.length}\n${deduplicationId}${groupId}`);
  // What was sent while the scope was the queue still counts after it became the group.
  return queue.settings.fifo?.scope === "messageGroup" ? [inGroup, inQueue] : [inQueue];
}

/** What was sent under the same id before; undefined if nothing was. */
export async function sentBefore(
  queue: QueueRow,
  deduplicationId: string,
  groupId: string,
  ctx: Context,
): Promise<Sent | undefined> {
  const nowMs = ctx.clock.now();
  for (const id of scopes(queue, deduplicationId, groupId)) {
    for (const period of periodsAt(nowMs)) {
      const row = await sent.get(ctx.tx, ...storeOf(queue), period, id);
      if (row !== undefined && row.at + rememberedMs > nowMs)
        return { messageId: row.messageId, sequence: row.sequence };
    }
  }
  return undefined;
}

export function noteSent(
  queue: QueueRow,
  deduplicationId: string,
  groupId: string,
  { messageId, sequence = "" }: Sent,
  ctx: Context,
): void {
  const at = ctx.clock.now();
  const [id] = scopes(queue, deduplicationId, groupId) as [string];
  sent.put(ctx.tx, [...storeOf(queue), periodsAt(at)[0], id], { messageId, sequence, at });
}
