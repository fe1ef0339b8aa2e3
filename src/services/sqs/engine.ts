import { hash } from "node:crypto";
import type { Context } from "../../kit/context.ts";
import type { Place } from "./candidates.ts";
import type { Handle } from "./handles.ts";
import { memoryOf, type QueueMemory } from "./memory.ts";
import { bodies, type MessageRow, type QueueRow, storeOf } from "./tables.ts";
import { invalidValue } from "./words.ts";

/** What a queue does with messages; standard and FIFO queues do it each in their way. */
export interface QueueEngine {
  /** Puts a message where receivers find it from `visibleAt` on. */
  put(queue: QueueRow, message: Message, visibleAt: number, ctx: Context): Promise<Sent>;
  /** Takes messages and hides them until `hiddenUntil`. */
  receive(queue: QueueRow, wish: Wish, ctx: Context): Promise<Received>;
  /** Deletes the message that was received under a handle, if the handle is still the newest. */
  remove(queue: QueueRow, handle: string, ctx: Context): Promise<void>;
  /** Makes it visible at another time. */
  show(queue: QueueRow, handle: string, visibleAt: number, ctx: Context): Promise<void>;
  /** Deletes messages at the head that are older than a queue keeps them; when the next will be, if any is left. */
  expire(queue: QueueRow, ctx: Context): Promise<{ oldestAt?: number; more: boolean }>;
}

/** A message with its body at hand. */
export type Message = MessageRow & { body: string };

export interface Sent {
  messageId: string;
  sequence?: string;
}

export interface Wish {
  count: number;
  hiddenUntil: number;
  attemptId?: string | undefined;
}

export interface Received {
  messages: ReceivedMessage[];
  /** Something was written, if only that messages were dead letters. */
  changed: boolean;
}

export interface ReceivedMessage {
  message: Message;
  handle: string;
  sequence?: string;
}

/** Bodies longer than this are stored apart from their message, which is written anew at each receive. */
const maxInlineCharacters = 4_096;

/** The message as its row holds it; a long body goes to a row of its own. */
export function stored<Row extends MessageRow>(queue: QueueRow, id: string, row: Row, ctx: Context): Row {
  const { body } = row;
  if (body === undefined || body.length <= maxInlineCharacters) return row;
  bodies.put(ctx.tx, [...storeOf(queue), id], { body });
  return withoutBody(row);
}

export function withoutBody<Row extends MessageRow>(row: Row): Row {
  const { body: _, ...rest } = row;
  return rest as Row;
}

export async function withBody<Row extends MessageRow>(
  queue: QueueRow,
  id: string,
  row: Row,
  ctx: Context,
): Promise<Row & Message> {
  if (row.body !== undefined) return row as Row & Message;
  const apart = await bodies.get(ctx.tx, ...storeOf(queue), id);
  if (apart === undefined) throw new Error(`The body of message ${row.messageId} is missing.`);
  return { ...row, body: apart.body };
}

/** Deletes a body that lies apart. */
export function dropBody(queue: QueueRow, id: string, row: MessageRow, ctx: Context): void {
  if (row.body === undefined) bodies.delete(ctx.tx, ...storeOf(queue), id);
}

export function isExpired({ sentAt }: MessageRow, { settings }: QueueRow, nowMs: number): boolean {
  return sentAt + settings.retentionSeconds * 1000 <= nowMs;
}

export const maxVisibilitySeconds = 43_200;

/** However often its visibility is changed, a message is hidden no longer than this after it was received. */
export function checkHidden({ receivedAt }: MessageRow, visibleAt: number, nowMs: number): void {
  if (receivedAt === undefined || visibleAt <= receivedAt + maxVisibilitySeconds * 1000) return;
  const reason = `Total VisibilityTimeout for the message is beyond the limit [${maxVisibilitySeconds} seconds].`;
  throw invalidValue(Math.round((visibleAt - nowMs) / 1000), "VisibilityTimeout", reason);
}

/** What a client chose (a group, a deduplication id), as a part of a key: keys are not encrypted. */
export function hashed({ secret }: QueueRow, text: string): string {
  return hash("sha256", `${secret}\n${text}`, "base64url").slice(0, 22);
}

/** Tells receivers of a place, and wakes one that waits if it is visible. */
export function offer(queue: QueueRow, place: Place, ctx: Context): void {
  const memory = memoryOf(queue, ctx);
  const nowMs = ctx.clock.now();
  ctx.afterCommit(() => memory.candidates.offer(place, nowMs));
  if (place.at <= nowMs) wakeOne(queue, memory, ctx);
}

export function waitTopic({ store }: QueueRow, call: string): string {
  return `sqs/${store}/${call}`;
}

function wakeOne(queue: QueueRow, { waiting }: QueueMemory, ctx: Context): void {
  for (const [call, untilMs] of waiting) {
    waiting.delete(call);
    if (untilMs < Date.now()) continue;
    ctx.notify(waitTopic(queue, call));
    return;
  }
}

/** The handle's parts if it is of the queue's present store; a purge has made all others name nothing. */
export function current(queue: QueueRow, handle: Handle): Handle | undefined {
  return handle.store === queue.store ? handle : undefined;
}
