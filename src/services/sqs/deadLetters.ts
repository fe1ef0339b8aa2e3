import type { Context } from "../../kit/context.ts";
import { parseArn } from "../../kit/targets.ts";
import type { Message } from "./engine.ts";
import { engineOf } from "./engines.ts";
import { type QueueRow, queues } from "./tables.ts";

/**
 * Moves a message that was received as often as its queue's redrive policy allows to the dead-letter queue; whether
 * it did. Where that queue is gone, the message stays: it must not be lost.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
 */
export async function buryIfDead(queue: QueueRow, message: Message, ctx: Context): Promise<boolean> {
  const { redrive } = queue.settings;
  if (redrive === undefined || message.receives < redrive.maxReceiveCount) return false;
  const target = await targetOf(redrive.deadLetterTargetArn, ctx);
  if (target === undefined) return false;
  const { moved: _, ...letter } = message;
  const now = ctx.clock.now();
  // AWS: in a FIFO queue the time for which it is kept begins anew, in a standard queue it goes on.
  const sentAt = target.settings.fifo ? now : letter.sentAt;
  await engineOf(target).put(target, { ...letter, sentAt, source: queue.arn }, now, ctx);
  return true;
}

async function targetOf(arn: string, ctx: Context): Promise<QueueRow | undefined> {
  const parsed = parseArn(arn);
  return parsed && (await queues.get(ctx.tx, parsed.account, parsed.region, parsed.resource));
}
