import type { Context } from "../../kit/context.ts";
import { type FoundAttempt, findAttempt, noteAttempt } from "./attempts.ts";
import type { Place, Scan } from "./candidates.ts";
import { buryIfDead } from "./deadLetters.ts";
import {
  checkHidden,
  current,
  dropBody,
  hashed,
  isExpired,
  type Message,
  type QueueEngine,
  type Received,
  type ReceivedMessage,
  type Sent,
  stored,
  type Wish,
  withBody,
} from "./engine.ts";
import { findHead, putGroup } from "./groups.ts";
import { handleOf, readHandle } from "./handles.ts";
import { type Change, memoryOf, noteChanges } from "./memory.ts";
import { nextSequence, sequenceBefore } from "./sequences.ts";
import {
  type FifoRow,
  fifoMessages,
  groups,
  type QueueRow,
  ready,
  storeOf,
  tails,
  timeKey,
} from "./tables.ts";
import { invalidValue } from "./words.ts";

/**
 * Messages of FIFO queues. They lie by group, in order. A group is delivered up to its first message that is not
 * visible, so what is in flight holds up what comes behind it. Receivers look for groups, by the time at which
 * their first message is visible; each change of a group's head is a change of one row, so two receivers never get
 * messages of one group side by side.
 */

const maxGroupsLookedAt = 100;
const expireBatch = 200;

function scanOf(queue: QueueRow, ctx: Context): Scan {
  return async (after, limit) => {
    const page = await ctx.peek((tx) =>
      ready.list(tx, storeOf(queue), { limit, after: [timeKey(after.at), after.id] }),
    );
    return page.map(({ key }) => ({ at: Number(key[3]), id: key[4] }));
  };
}

function changeOf({ visibleAt, receives }: FifoRow): Change {
  return { at: visibleAt, kind: receives > 0 ? "notVisible" : "delayed" };
}

const idOf = (group: string, sequence: string) => `${group}.${sequence}`;

async function put(queue: QueueRow, message: Message, visibleAt: number, ctx: Context): Promise<Sent> {
  const store = storeOf(queue);
  const group = hashed(queue, message.groupId ?? "");
  const last = await tails.get(ctx.tx, ...store, group);
  const sequence = nextSequence(ctx.clock.now(), last?.sequence);
  const row: FifoRow = { ...message, visibleAt: Math.floor(visibleAt) };
  tails.put(ctx.tx, [...store, group], { sequence });
  fifoMessages.put(ctx.tx, [...store, group, sequence], stored(queue, idOf(group, sequence), row, ctx));
  if ((await groups.get(ctx.tx, ...store, group)) === undefined)
    putGroup(queue, group, undefined, { head: sequence, readyAt: row.visibleAt }, ctx);
  noteChanges(queue, { added: [changeOf(row)] }, ctx);
  return { messageId: message.messageId, sequence };
}

async function receive(queue: QueueRow, wish: Wish, ctx: Context): Promise<Received> {
  const again = await findAttempt(queue, wish, ctx);
  if (again !== undefined) return await receiveAgain(queue, again, wish, ctx);
  const { candidates } = memoryOf(queue, ctx);
  const nowMs = ctx.clock.now();
  const scan = scanOf(queue, ctx);
  const found: ReceivedMessage[] = [];
  let changed = false;
  let lookedAt = 0;
  // Before what is put back is offered: it may come to lie where it was.
  ctx.afterCommit(() => candidates.done(ctx.requestId));
  // One group after the other: as many messages as possible of the same.
  let places = await candidates.take(ctx.requestId, 1, nowMs, scan);
  while (places.length > 0) {
    for (const place of places) {
      lookedAt += 1;
      if (found.length >= wish.count) break;
      const group = await groups.get(ctx.tx, ...storeOf(queue), place.id);
      if (group === undefined || group.readyAt !== place.at) {
        candidates.forget(ctx.requestId, place);
        continue;
      }
      changed = true;
      found.push(...(await receiveGroup(queue, place, group.head, wish.count - found.length, wish, ctx)));
    }
    if (found.length >= wish.count || lookedAt >= maxGroupsLookedAt) break;
    places = await candidates.more(ctx.requestId, 1, nowMs, scan);
  }
  if (!changed) candidates.done(ctx.requestId);
  noteAttempt(queue, wish, found, ctx);
  return { messages: found, changed };
}

/** The visible messages at the head of a group. */
async function receiveGroup(
  queue: QueueRow,
  { at, id: group }: Place,
  head: string,
  count: number,
  { hiddenUntil }: Wish,
  ctx: Context,
): Promise<ReceivedMessage[]> {
  const store = storeOf(queue);
  const nowMs = ctx.clock.now();
  const found: ReceivedMessage[] = [];
  let next: { sequence: string; visibleAt: number } | undefined;
  // Senders append to the group meanwhile: its rows are found apart from the transaction, and read in it by key.
  const page = await ctx.peek((tx) =>
    fifoMessages.list(tx, [...store, group], { after: [sequenceBefore(head)], limit: count }),
  );
  let last = sequenceBefore(head);
  for (const { key } of page) {
    const sequence = key[4];
    const row = await fifoMessages.get(ctx.tx, ...key);
    last = sequence;
    if (row === undefined) continue;
    if (row.visibleAt > nowMs) {
      next ??= { sequence, visibleAt: row.visibleAt };
      break;
    }
    const received = await receiveOne(queue, group, sequence, row, hiddenUntil, ctx);
    if (received === undefined) continue;
    found.push(received);
    next ??= { sequence, visibleAt: Math.floor(hiddenUntil) };
  }
  next ??= await findHead(queue, group, last, ctx);
  putGroup(queue, group, at, next && { head: next.sequence, readyAt: next.visibleAt }, ctx);
  return found;
}

/** Undefined where the message was too old, or a dead letter. */
async function receiveOne(
  queue: QueueRow,
  group: string,
  sequence: string,
  row: FifoRow,
  hiddenUntil: number,
  ctx: Context,
): Promise<ReceivedMessage | undefined> {
  const nowMs = ctx.clock.now();
  if (isExpired(row, queue, nowMs)) return void drop(queue, group, sequence, row, ctx);
  const message = await withBody(queue, idOf(group, sequence), row, ctx);
  if (await buryIfDead(queue, message, ctx)) return void drop(queue, group, sequence, row, ctx);
  const next: FifoRow = {
    ...row,
    visibleAt: Math.floor(hiddenUntil),
    receives: row.receives + 1,
    firstReceivedAt: row.firstReceivedAt ?? nowMs,
    receivedAt: nowMs,
  };
  replace(queue, group, sequence, row, next, ctx);
  return receivedAs(queue, group, sequence, { ...next, body: message.body });
}

function receivedAs(queue: QueueRow, group: string, sequence: string, message: FifoRow & Message) {
  const { receives } = message;
  const handle = handleOf(queue, { store: queue.store, place: group, id: sequence, receives });
  return { message, handle, sequence };
}

/** A receive that is tried again gets the same messages, with the same handles. */
async function receiveAgain(
  queue: QueueRow,
  attempt: FoundAttempt[],
  { hiddenUntil }: Wish,
  ctx: Context,
): Promise<Received> {
  const found: ReceivedMessage[] = [];
  for (const { group, sequence, row } of attempt) {
    const next = { ...row, visibleAt: Math.floor(hiddenUntil) };
    replace(queue, group, sequence, row, next, ctx);
    await moveHead(queue, group, sequence, next.visibleAt, ctx);
    found.push(receivedAs(queue, group, sequence, await withBody(queue, idOf(group, sequence), next, ctx)));
  }
  return { messages: found, changed: true };
}

function replace(
  queue: QueueRow,
  group: string,
  sequence: string,
  before: FifoRow,
  after: FifoRow,
  ctx: Context,
): void {
  fifoMessages.put(ctx.tx, [...storeOf(queue), group, sequence], after);
  noteChanges(queue, { removed: [changeOf(before)], added: [changeOf(after)] }, ctx);
}

function drop(queue: QueueRow, group: string, sequence: string, row: FifoRow, ctx: Context): void {
  fifoMessages.delete(ctx.tx, ...storeOf(queue), group, sequence);
  dropBody(queue, idOf(group, sequence), row, ctx);
  noteChanges(queue, { removed: [changeOf(row)] }, ctx);
}

/** The message of a handle; undefined if it is gone. A handle holds until its message is visible again. */
async function find(queue: QueueRow, text: string, ctx: Context) {
  const handle = current(queue, readHandle(queue, text));
  if (handle === undefined) return undefined;
  const { place: group, id: sequence, receives } = handle;
  const row = await fifoMessages.get(ctx.tx, ...storeOf(queue), group, sequence);
  if (row === undefined) return undefined;
  if (row.receives !== receives || row.visibleAt <= ctx.clock.now())
    throw invalidValue(text, "ReceiptHandle", "The receipt handle has expired.");
  return { group, sequence, row };
}

async function remove(queue: QueueRow, handle: string, ctx: Context): Promise<void> {
  const found = await find(queue, handle, ctx);
  if (found === undefined) return;
  const { group, sequence, row } = found;
  drop(queue, group, sequence, row, ctx);
  const held = await groups.get(ctx.tx, ...storeOf(queue), group);
  if (held?.head !== sequence) return;
  const next = await findHead(queue, group, sequence, ctx);
  putGroup(queue, group, held.readyAt, next && { head: next.sequence, readyAt: next.visibleAt }, ctx);
}

async function show(queue: QueueRow, handle: string, visibleAt: number, ctx: Context): Promise<void> {
  const found = await find(queue, handle, ctx);
  if (found === undefined) {
    const reason = "Message does not exist or is not available for visibility timeout change.";
    throw invalidValue(handle, "ReceiptHandle", reason);
  }
  const { group, sequence, row } = found;
  checkHidden(row, visibleAt, ctx.clock.now());
  const after = { ...row, visibleAt: Math.floor(visibleAt) };
  replace(queue, group, sequence, row, after, ctx);
  await moveHead(queue, group, sequence, after.visibleAt, ctx);
}

/** The group's place follows its first message. */
async function moveHead(
  queue: QueueRow,
  group: string,
  sequence: string,
  readyAt: number,
  ctx: Context,
): Promise<void> {
  const held = await groups.get(ctx.tx, ...storeOf(queue), group);
  if (held?.head === sequence) putGroup(queue, group, held.readyAt, { head: sequence, readyAt }, ctx);
}

async function expire(queue: QueueRow, ctx: Context) {
  const limit = ctx.clock.now() - queue.settings.retentionSeconds * 1000;
  const store = storeOf(queue);
  const heads = await ctx.peek((tx) => ready.list(tx, store, { limit: expireBatch }));
  for (const { key } of heads) {
    const [at, group] = [Number(key[3]), key[4]];
    // A group's place is no earlier than its first message.
    if (at > limit) return { oldestAt: at, more: false };
    const held = await groups.get(ctx.tx, ...store, group);
    if (held === undefined || held.readyAt !== at) continue;
    await expireGroup(queue, group, held.readyAt, held.head, ctx);
  }
  return { more: heads.length > 0 };
}

async function expireGroup(queue: QueueRow, group: string, at: number, head: string, ctx: Context) {
  const page = await fifoMessages.list(ctx.tx, [...storeOf(queue), group], {
    after: [sequenceBefore(head)],
    limit: expireBatch,
  });
  let last = sequenceBefore(head);
  for (const { key, row } of page) {
    if (!isExpired(row, queue, ctx.clock.now())) break;
    last = key[4];
    drop(queue, group, last, row, ctx);
  }
  const next = await findHead(queue, group, last, ctx);
  const readyAt = next && Math.max(next.visibleAt, next.sentAt);
  putGroup(queue, group, at, next && { head: next.sequence, readyAt: readyAt as number }, ctx);
}

export const fifoQueue: QueueEngine = { put, receive, remove, show, expire };
