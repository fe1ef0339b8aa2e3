import type { Context, Host } from "../../kit/context.ts";
import { sealFrame } from "./encryption.ts";
import { defaultBufferMiB, defaultBufferSeconds, mebibyte } from "./limits.ts";
import { encodeRecords, type PendingRecord, pendingFrames, putPending } from "./pendingRows.ts";
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
  #timeMs = 0;
  #count = 0;

  next(nowMs: number): string {
    if (nowMs > this.#timeMs) {
      this.#timeMs = Math.floor(nowMs);
      this.#count = 0;
    }
    this.#count += 1;
    return positionText(this.#timeMs, this.#count);
  }

  goBehind(position: string): void {
    const timeMs = Number(position.slice(0, 15));
    if (timeMs < this.#timeMs) return;
    this.#count =
      timeMs === this.#timeMs
        ? Math.max(this.#count, Number(position.slice(15)))
        : Number(position.slice(15));
    this.#timeMs = timeMs;
  }
}

function positionText(timeMs: number, count: number): string {
  return String(timeMs).padStart(15, "0") + String(count).padStart(15, "0");
}

/** Behind everything that was buffered by a time. */
export function endOf(timeMs: number): string {
  return positionText(Math.floor(timeMs), 999_999_999_999_999);
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
  const memory = bufferOf(stream.streamId, ctx);
  if (!memory.known) {
    const [last] = await ctx.peek((tx) => pendingFrames(tx, stream, { limit: 1, reverse: true }));
    if (last !== undefined) memory.goBehind(last.position);
    memory.known = true;
  }
  const bytes = await sealFrame(stream, encodeRecords(records), ctx);
  ctx.tx.atCommit(() => putPending(ctx.tx, stream, { position: memory.next(ctx.clock.now()), bytes }));
  arm(stream, memory, bytes.length, ctx);
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
