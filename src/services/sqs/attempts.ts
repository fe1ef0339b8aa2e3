import type { Context } from "../../kit/context.ts";
import { hashed, type ReceivedMessage, type Wish } from "./engine.ts";
import { periodsAt, rememberedMs } from "./periods.ts";
import { type AttemptRow, attempts, type FifoRow, fifoMessages, type QueueRow, storeOf } from "./tables.ts";

/**
 * ReceiveRequestAttemptId: a receive that is tried again within five minutes gets the same messages.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/using-receiverequestattemptid-request-parameter.html
 */

export interface FoundAttempt {
  group: string;
  sequence: string;
  row: FifoRow;
}

/** What an earlier attempt received; undefined if there was none, or if its messages are no longer as it left them. */
export async function findAttempt(
  queue: QueueRow,
  { attemptId }: Wish,
  ctx: Context,
): Promise<FoundAttempt[] | undefined> {
  if (attemptId === undefined) return undefined;
  const id = hashed(queue, attemptId);
  const nowMs = ctx.clock.now();
  let attempt: AttemptRow | undefined;
  for (const period of periodsAt(nowMs))
    attempt ??= await attempts.get(ctx.tx, ...storeOf(queue), period, id);
  if (attempt === undefined || attempt.at + rememberedMs <= nowMs) return undefined;
  const found: FoundAttempt[] = [];
  for (const { group, sequence, receives } of attempt.received) {
    const row = await fifoMessages.get(ctx.tx, ...storeOf(queue), group, sequence);
    if (row === undefined || row.receives !== receives || row.visibleAt <= nowMs) return undefined;
    found.push({ group, sequence, row });
  }
  return found;
}

export function noteAttempt(
  queue: QueueRow,
  { attemptId }: Wish,
  found: readonly ReceivedMessage[],
  ctx: Context,
): void {
  if (attemptId === undefined || found.length === 0) return;
  const at = ctx.clock.now();
  const received = found.map(({ message, sequence = "" }) => ({
    group: hashed(queue, message.groupId ?? ""),
    sequence,
    receives: message.receives,
  }));
  const [period] = periodsAt(at);
  attempts.put(ctx.tx, [...storeOf(queue), period, hashed(queue, attemptId)], { at, received });
}
