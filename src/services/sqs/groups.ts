import type { Context } from "../../kit/context.ts";
import { offer } from "./engine.ts";
import {
  fifoMessages,
  type GroupRow,
  groups,
  type QueueRow,
  ready,
  storeOf,
  tails,
  timeKey,
} from "./tables.ts";

/** A group's first message behind a sequence number; undefined if it has none. */
export async function findHead(
  queue: QueueRow,
  group: string,
  after: string,
  ctx: Context,
): Promise<{ sequence: string; visibleAt: number; sentAt: number } | undefined> {
  const [next] = await fifoMessages.list(ctx.tx, [...storeOf(queue), group], { after: [after], limit: 1 });
  return next && { sequence: next.key[4], visibleAt: next.row.visibleAt, sentAt: next.row.sentAt };
}

/**
 * Sets what is known of a group, and its place among all; without a head, the group is gone. A head that has been
 * visible for long is placed at now: places only ever come later, so receivers need not look back for them.
 */
export function putGroup(
  queue: QueueRow,
  group: string,
  heldAt: number | undefined,
  next: GroupRow | undefined,
  ctx: Context,
): void {
  const store = storeOf(queue);
  if (heldAt !== undefined) ready.delete(ctx.tx, ...store, timeKey(heldAt), group);
  if (next === undefined) {
    groups.delete(ctx.tx, ...store, group);
    tails.delete(ctx.tx, ...store, group);
    return;
  }
  const readyAt = Math.max(next.readyAt, Math.floor(ctx.clock.now()));
  groups.put(ctx.tx, [...store, group], { head: next.head, readyAt });
  ready.put(ctx.tx, [...store, timeKey(readyAt), group], {});
  offer(queue, { at: readyAt, id: group }, ctx);
}
