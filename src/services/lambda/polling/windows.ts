import type { WindowRow } from "../tables.ts";
import { type Answer, invokeWith, parsedBody } from "./batch.ts";
import type { PollScope } from "./pollers.ts";
import type { StreamRecord } from "./shards.ts";

/**
 * Tumbling windows: a shard's records of one span of time share a state, which the function hands on from one invocation
 * to the next, and is told when the span is over.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html
 */

/** A window whose state grows beyond it ends early. */
const maxStateBytes = 1_048_576;
const longestRetryMs = 60_000;
const firstRetryMs = 500;

function timeText(ms: number): string {
  return new Date(ms).toISOString().replace(".000Z", "Z");
}

/** The window of one shard that is open, if one is. */
export class Tumbling {
  readonly #scope: PollScope;
  readonly #shard: string;
  readonly #sizeMs: number;
  #open: WindowRow | undefined;

  constructor(scope: PollScope, shard: string, open: WindowRow | undefined) {
    this.#scope = scope;
    this.#shard = shard;
    this.#sizeMs = (scope.mapping.row.tumblingSeconds ?? 0) * 1_000;
    this.#open = open;
  }

  get row(): WindowRow | undefined {
    return this.#open;
  }

  /** Whether the clock is past the window that is open: what comes from now on belongs to another. */
  async isOver(): Promise<boolean> {
    if (this.#open === undefined) return false;
    const now = await this.#scope.act(async (ctx) => ctx.clock.now());
    return now >= this.#open.startMs + this.#sizeMs;
  }

  /** Hands records over, each in its window; whether all went well. */
  async process(
    records: readonly StreamRecord[],
    run: (batch: StreamRecord[], window: Tumbling) => Promise<boolean>,
  ): Promise<boolean[]> {
    const { batchSize } = this.#scope.mapping.row;
    const results: boolean[] = [];
    let batch: StreamRecord[] = [];
    const flush = async () => {
      if (batch.length > 0 && !this.#scope.signal.aborted) results.push(await run(batch, this));
      batch = [];
    };
    for (const record of records) {
      const startMs = Math.floor(record.atMs / this.#sizeMs) * this.#sizeMs;
      // A record that comes late counts in the window that is open.
      const isLater = this.#open !== undefined && startMs > this.#open.startMs;
      if (isLater || batch.length === batchSize) await flush();
      if (isLater) await this.close();
      this.#open ??= { startMs, state: {} };
      batch.push(record);
    }
    await flush();
    return results;
  }

  /** What an invocation is told beside its records. */
  facts({ isFinal = false, isEarly = false } = {}): Record<string, unknown> {
    const { startMs, state } = this.#open ?? { startMs: 0, state: {} };
    return {
      window: { start: timeText(startMs), end: timeText(startMs + this.#sizeMs) },
      state,
      shardId: this.#shard,
      eventSourceARN: this.#scope.mapping.row.sourceArn,
      isFinalInvokeForWindow: isFinal,
      isWindowTerminatedEarly: isEarly,
    };
  }

  /** Keeps the state that an invocation answered; false where it answered none, which counts as a failure. */
  async take({ outcome }: Answer): Promise<boolean> {
    if (outcome === undefined || outcome.functionError !== undefined) return false;
    const answer = parsedBody(outcome.payload.toString()) as { state?: unknown } | null;
    const state = typeof answer === "object" && answer !== null ? answer.state : undefined;
    if (typeof state !== "object" || state === null || Array.isArray(state)) return false;
    if (this.#open !== undefined) this.#open = { ...this.#open, state: state as Record<string, unknown> };
    if (Buffer.byteLength(JSON.stringify(state)) > maxStateBytes) await this.close(true);
    return true;
  }

  /** Ends the window that is open: the function gets its state for the last time. */
  async close(isEarly = false): Promise<void> {
    if (this.#open === undefined) return;
    const { maxRetries } = this.#scope.mapping.row;
    for (let attempts = 1; !this.#scope.signal.aborted; attempts++) {
      const facts = this.facts({ isFinal: true, isEarly });
      const answer = await invokeWith(this.#scope, [], facts);
      if (answer.outcome !== undefined && answer.outcome.functionError === undefined) break;
      await this.#scope.report("PROBLEM: Function call failed");
      if (maxRetries >= 0 && attempts > maxRetries) break;
      await this.#scope.pause(Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(attempts, 10)));
    }
    if (this.#scope.signal.aborted) return;
    // One that ended early goes on, with nothing to go by.
    this.#open = isEarly ? { startMs: this.#open.startMs, state: {} } : undefined;
  }
}
