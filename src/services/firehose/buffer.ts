import type { Context, Host } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { sealFrame } from "./encryption.ts";
import { defaultBufferMiB, defaultBufferSeconds, maxBacklogBytes, mebibyte } from "./limits.ts";
import {
  bytesBefore,
  countDigits,
  encodeRecords,
  type PendingRecord,
  pendingFrames,
  positionText,
  putPending,
  timeDigits,
} from "./pendingRows.ts";
import type { DeliveryStreamRow } from "./tables.ts";

/**
 * What a delivery stream gathers before it delivers: on disk before its call is answered, and delivered when there is
 * enough of it, or when the first of it has waited long enough.
 */

/** What this process remembers of a buffer. All of it can be lost: timers and rows are on disk. */
class BufferMemory {
  /** Bytes since the last delivery was asked for. */
  bytes = 0;
  /** When what is buffered is delivered at the latest, by the clock. */
  dueMs = 0;
  /** That timer is on disk. */
  timerSet = false;
  /** The last position is known from the store. */
  known = false;
  /** While deliveries fail, only their own retries try. */
  blockedUntilMs = 0;
  /** Bytes that were ever buffered, and those of them that are gone: the difference is on disk. */
  #cameBytes = 0;
  #goneBytes = 0;
  #timeMs = 0;
  #count = 0;

  get backlogBytes(): number {
    return this.#cameBytes - this.#goneBytes;
  }

  /** Where the next frame stands. */
  next(nowMs: number, bytes: number): string {
    if (nowMs > this.#timeMs) {
      this.#timeMs = Math.floor(nowMs);
      this.#count = 0;
    }
    this.#count += 1;
    const position = positionText(this.#timeMs, this.#count, this.#cameBytes);
    this.#cameBytes += bytes;
    return position;
  }

  /** What a process that came before has left: from the oldest frame to the newest. */
  takeUp(oldest: string, newest: string, newestBytes: number): void {
    const timeMs = Number(newest.slice(0, timeDigits));
    if (timeMs < this.#timeMs) return;
    this.#count = Number(newest.slice(timeDigits, timeDigits + countDigits));
    this.#timeMs = timeMs;
    this.#goneBytes = bytesBefore(oldest);
    this.#cameBytes = bytesBefore(newest) + newestBytes;
  }

  /** Everything up to a frame was delivered, or is lost. */
  gone(position: string, bytes: number): void {
    this.#goneBytes = Math.max(this.#goneBytes, bytesBefore(position) + bytes);
  }
}

/** Behind everything that was buffered by a time. */
export function endOf(timeMs: number): string {
  return positionText(Math.floor(timeMs), 10 ** countDigits - 1, 0);
}

const memories = new WeakMap<Host, Map<string, BufferMemory>>();

export function bufferOf(streamId: string, { host }: Pick<Context, "host">): BufferMemory {
  let known = memories.get(host);
  if (known === undefined) {
    known = new Map();
    memories.set(host, known);
  }
  let memory = known.get(streamId);
  if (memory === undefined) {
    memory = new BufferMemory();
    known.set(streamId, memory);
  }
  return memory;
}

export function forgetBuffer(streamId: string, { host }: Pick<Context, "host">): void {
  memories.get(host)?.delete(streamId);
}

/** How much and how long a stream gathers. */
export function hintsOf({ destination: { config } }: DeliveryStreamRow): { bytes: number; ms: number } {
  const { SizeInMBs = defaultBufferMiB, IntervalInSeconds = defaultBufferSeconds } =
    config.BufferingHints ?? {};
  return { bytes: SizeInMBs * mebibyte, ms: IntervalInSeconds * 1000 };
}

/** A job of `deliveries.drain`. */
export interface Drain {
  name: string;
  streamId: string;
  /** All that was buffered by then; without it, as much as makes one delivery, if there is so much. */
  upTo?: string;
  attempts?: number;
  /** The same request to an endpoint, tried again. */
  requestId?: string;
  firstTriedMs?: number;
  [member: string]: unknown;
}

export function drainSoon(drain: Drain, ctx: Context, delayMs = 0): void {
  ctx.outbox.put("drain", drain, {
    group: `drain/${drain.streamId}`,
    peer: `firehose/${drain.streamId}`,
    delayMs,
  });
}

/** Buffers records, in the transaction of the call that brought them. */
export async function buffer(
  stream: DeliveryStreamRow,
  records: readonly PendingRecord[],
  ctx: Context,
): Promise<void> {
  const memory = await knownBuffer(stream, ctx);
  const bytes = await sealFrame(stream, encodeRecords(records), ctx);
  ctx.tx.atCommit(() =>
    putPending(ctx.tx, stream, { position: memory.next(ctx.clock.now(), bytes.length), bytes }),
  );
  arm(stream, memory, bytes.length, ctx);
}

async function knownBuffer(stream: DeliveryStreamRow, ctx: Context): Promise<BufferMemory> {
  const memory = bufferOf(stream.streamId, ctx);
  if (memory.known) return memory;
  const ends = await ctx.peek(async (tx) => [
    ...(await pendingFrames(tx, stream, { limit: 1 })),
    ...(await pendingFrames(tx, stream, { limit: 1, reverse: true })),
  ]);
  const [oldest, newest] = ends;
  if (!memory.known && oldest !== undefined && newest !== undefined)
    memory.takeUp(oldest.position, newest.position, newest.bytes.length);
  memory.known = true;
  return memory;
}

/** Whether a stream has so much that is not delivered that it takes no more for now. */
export async function isFull(stream: DeliveryStreamRow, ctx: Context): Promise<boolean> {
  return (await knownBuffer(stream, ctx)).backlogBytes >= maxBacklogBytes();
}

/** What AWS says to whoever puts more than it takes. */
export function slowDown(): AwsError {
  return new AwsError("ServiceUnavailableException", "Slow down.", { status: 503 });
}

/** Sees to it that what is buffered is delivered in time, and as soon as there is enough. */
function arm(stream: DeliveryStreamRow, memory: BufferMemory, bytes: number, ctx: Context): void {
  const { name, streamId } = stream;
  const hints = hintsOf(stream);
  const nowMs = ctx.clock.now();
  memory.bytes += bytes;
  if (memory.bytes >= hints.bytes) {
    memory.bytes = 0;
    if (memory.blockedUntilMs <= nowMs) drainSoon({ name, streamId }, ctx);
  }
  if (memory.dueMs <= nowMs) {
    memory.dueMs = nowMs + hints.ms;
    memory.timerSet = false;
  }
  // Until one of them is on disk, every call sets the same timer: any of them may fail.
  if (memory.timerSet) return;
  ctx.timers.set(`flush/${streamId}`, "flush", memory.dueMs, { name, streamId });
  ctx.afterCommit(() => {
    memory.timerSet = true;
  });
}

/** Timer: delivers all that is buffered by now. */
export async function flush(
  { name, streamId }: { name: string; streamId: string },
  ctx: Context,
): Promise<void> {
  const memory = bufferOf(streamId, ctx);
  memory.bytes = 0;
  drainSoon({ name, streamId, upTo: endOf(ctx.clock.now()) }, ctx);
}
