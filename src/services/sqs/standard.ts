import type { Context } from "../../kit/context.ts";
import { randomText } from "../../kit/ids.ts";
import type { Place, Scan } from "./candidates.ts";
import { buryIfDead } from "./deadLetters.ts";
import {
  checkHidden,
  current,
  dropBody,
  isExpired,
  type Message,
  offer,
  type QueueEngine,
  type Received,
  type ReceivedMessage,
  stored,
  type Wish,
  withBody,
} from "./engine.ts";
import { handleOf, readHandle } from "./handles.ts";
import { type Change, memoryOf, noteChanges } from "./memory.ts";
import { type MessageRow, messages, moves, type QueueRow, storeOf, timeKey } from "./tables.ts";
import { invalidValue } from "./words.ts";

/**
 * Messages of standard queues. A message is one row, whose key begins with the time from which it is visible: to
 * send is to put a row that nobody else knows, to receive is to move it to the time at which it will be visible
 * again, to delete is to delete it. Its receipt handle names the place that it was moved to.
 */

/** Messages that one call looks at: dead letters and expired ones are dealt with on the way. */
const maxLookedAt = 100;
const expireBatch = 1_000;

const process = randomText(6, "lower36");
let serial = 0;

/** Ids of one process are in the order in which they were made. */
function newId(): string {
  serial += 1;
  return `${serial.toString(36).padStart(8, "0")}${process}`;
}

function scanOf(queue: QueueRow, ctx: Context): Scan {
  return async (after, limit) => {
    const page = await ctx.peek((tx) =>
      messages.list(tx, storeOf(queue), { limit, after: [timeKey(after.at), after.id] }),
    );
    return page.map(({ key }) => ({ at: Number(key[3]), id: key[4] }));
  };
}

function keyOf(queue: QueueRow, { at, id }: Place): [string, string, string, string, string] {
  return [...storeOf(queue), timeKey(at), id];
}

function changeOf(at: number, { receives }: MessageRow): Change {
  return { at, kind: receives > 0 ? "notVisible" : "delayed" };
}

async function put(queue: QueueRow, message: Message, visibleAt: number, ctx: Context) {
  const id = newId();
  const at = Math.floor(visibleAt);
  messages.put(ctx.tx, keyOf(queue, { at, id }), stored(queue, id, message, ctx));
  offer(queue, { at, id }, ctx);
  noteChanges(queue, { added: [changeOf(at, message)] }, ctx);
  return { messageId: message.messageId };
}

async function receive(queue: QueueRow, wish: Wish, ctx: Context): Promise<Received> {
  const { candidates } = memoryOf(queue, ctx);
  const nowMs = ctx.clock.now();
  const scan = scanOf(queue, ctx);
  const found: ReceivedMessage[] = [];
  let changed = false;
  let lookedAt = 0;
  // Before what is put back is offered: it may come to lie where it was.
  ctx.afterCommit(() => candidates.done(ctx.requestId));
  let places = await candidates.take(ctx.requestId, wish.count, nowMs, scan);
  while (places.length > 0) {
    for (const place of places) {
      lookedAt += 1;
      const row = await messages.get(ctx.tx, ...keyOf(queue, place));
      if (row === undefined) {
        candidates.forget(ctx.requestId, place);
        continue;
      }
      changed = true;
      const received = await receiveOne(queue, place, row, wish.hiddenUntil, ctx);
      if (received !== undefined) found.push(received);
    }
    if (found.length >= wish.count || lookedAt >= maxLookedAt) break;
    places = await candidates.more(ctx.requestId, wish.count - found.length, nowMs, scan);
  }
  if (!changed) candidates.done(ctx.requestId);
  return { messages: found, changed };
}

/** Undefined where the message was too old, or a dead letter. */
async function receiveOne(
  queue: QueueRow,
  place: Place,
  row: MessageRow,
  hiddenUntil: number,
  ctx: Context,
): Promise<ReceivedMessage | undefined> {
  const nowMs = ctx.clock.now();
  const { id } = place;
  if (isExpired(row, queue, nowMs)) return void drop(queue, place, row, ctx);
  const message = await withBody(queue, id, row, ctx);
  if (await buryIfDead(queue, message, ctx)) return void drop(queue, place, row, ctx);
  const { moved, ...rest } = row;
  const next: MessageRow = {
    ...rest,
    receives: row.receives + 1,
    firstReceivedAt: row.firstReceivedAt ?? nowMs,
    receivedAt: nowMs,
  };
  if (moved) moves.delete(ctx.tx, ...storeOf(queue), id);
  const at = move(queue, place, row, next, hiddenUntil, ctx);
  const handle = handleOf(queue, { store: queue.store, place: String(at), id, receives: next.receives });
  return { message: { ...next, body: message.body }, handle };
}

/** Puts a message to the time from which it is visible; that time, in whole ms. */
function move(
  queue: QueueRow,
  from: Place,
  before: MessageRow,
  after: MessageRow,
  visibleAt: number,
  ctx: Context,
): number {
  const at = Math.floor(visibleAt);
  const to = { at, id: from.id };
  messages.delete(ctx.tx, ...keyOf(queue, from));
  messages.put(ctx.tx, keyOf(queue, to), after);
  offer(queue, to, ctx);
  noteChanges(queue, { removed: [changeOf(from.at, before)], added: [changeOf(at, after)] }, ctx);
  return at;
}

function drop(queue: QueueRow, place: Place, row: MessageRow, ctx: Context): void {
  messages.delete(ctx.tx, ...keyOf(queue, place));
  dropBody(queue, place.id, row, ctx);
  if (row.moved) moves.delete(ctx.tx, ...storeOf(queue), place.id);
  noteChanges(queue, { removed: [changeOf(place.at, row)] }, ctx);
}

/** The message of a handle and where it is now; undefined if it is gone, or was received again since. */
async function find(
  queue: QueueRow,
  text: string,
  ctx: Context,
): Promise<{ place: Place; row: MessageRow } | undefined> {
  const handle = current(queue, readHandle(queue, text));
  if (handle === undefined) return undefined;
  const { id, receives } = handle;
  const at = async (ms: number) => {
    const place = { at: ms, id };
    const row = await messages.get(ctx.tx, ...keyOf(queue, place));
    return row?.receives === receives ? { place, row } : undefined;
  };
  const there = await at(Number(handle.place));
  if (there !== undefined) return there;
  const moved = await moves.get(ctx.tx, ...storeOf(queue), id);
  return moved === undefined ? undefined : await at(moved.at);
}

/** An older handle than the newest deletes nothing, and says nothing of it: so does AWS's. */
async function remove(queue: QueueRow, handle: string, ctx: Context): Promise<void> {
  const found = await find(queue, handle, ctx);
  if (found !== undefined) drop(queue, found.place, found.row, ctx);
}

async function show(queue: QueueRow, handle: string, visibleAt: number, ctx: Context): Promise<void> {
  const found = await find(queue, handle, ctx);
  if (found === undefined) {
    const reason = "Message does not exist or is not available for visibility timeout change.";
    throw invalidValue(handle, "ReceiptHandle", reason);
  }
  checkHidden(found.row, visibleAt, ctx.clock.now());
  const at = move(queue, found.place, found.row, { ...found.row, moved: true }, visibleAt, ctx);
  moves.put(ctx.tx, [...storeOf(queue), found.place.id], { at });
}

/** What stands before the time of expiry was sent before it, too. */
async function expire(queue: QueueRow, ctx: Context) {
  const limit = ctx.clock.now() - queue.settings.retentionSeconds * 1000;
  const first = (count: number) => ctx.peek((tx) => messages.list(tx, storeOf(queue), { limit: count }));
  const [oldest] = await first(1);
  if (oldest === undefined) return { more: false };
  if (Number(oldest.key[3]) > limit) return { oldestAt: Number(oldest.key[3]), more: false };
  const head = await first(expireBatch);
  for (const { key } of head) {
    const place = { at: Number(key[3]), id: key[4] };
    if (place.at > limit) return { oldestAt: place.at, more: false };
    const row = await messages.get(ctx.tx, ...key);
    if (row !== undefined) drop(queue, place, row, ctx);
  }
  return { more: head.length === expireBatch };
}

export const standardQueue: QueueEngine = { put, receive, remove, show, expire };
