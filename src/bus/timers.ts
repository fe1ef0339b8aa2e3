import type { Clock } from "../kit/clock.ts";
import type { Timers } from "../kit/context.ts";
import { table } from "../kit/table.ts";
import type { Store, Transaction } from "../storage/store.ts";

/**
 * Durable timers: what is due by the clock, in order of its time. A timer is a row; the work it stands for runs
 * in the transaction that deletes it, so it happens once however often the process dies.
 */

export interface Timer {
  service: string;
  name: string;
  account: string;
  region: string;
  payload: Record<string, unknown>;
  attempts?: number;
}

/** Runs a due timer. `claim` deletes its row in the transaction that does its work; false if another did. */
export type RunTimer = (timer: Timer, claim: (tx: Transaction) => Promise<boolean>) => Promise<void>;

const timers = table<Timer, [due: string, service: string, id: string]>("bus", "timers");

/** Longest sleep between looks: `setTimeout` counts in 32 bits, and real clocks get adjusted. */
const maxSleepMs = 60 * 60_000;
const retryDelayMs = 60_000;
const maxAttempts = 10;

function dueKey(atMs: number): string {
  return String(Math.max(0, Math.floor(atMs))).padStart(16, "0");
}

/** The timers of one service, for a call in a transaction. */
export function timersOf(
  tx: Transaction,
  scope: { service: string; account: string; region: string },
  wake: (atMs: number) => void,
): Timers {
  return {
    set(id, name, atMs, payload) {
      timers.put(tx, [dueKey(atMs), scope.service, id], { ...scope, name, payload });
      wake(atMs);
    },
    cancel(id, atMs) {
      timers.delete(tx, dueKey(atMs), scope.service, id);
    },
  };
}

export class TimerLoop {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #run: RunTimer;
  readonly #onFailure: (error: unknown, timer: Timer) => void;
  #sleeping: NodeJS.Timeout | undefined;
  #nextMs = Number.POSITIVE_INFINITY;
  #draining: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(store: Store, clock: Clock, run: RunTimer, onFailure: (error: unknown, timer: Timer) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#run = run;
    this.#onFailure = onFailure;
  }

  /** Something is due at `atMs`: looks no later than that. */
  wake(atMs: number): void {
    if (this.#stopped || atMs >= this.#nextMs) return;
    this.#nextMs = atMs;
    clearTimeout(this.#sleeping);
    const sleepMs = Math.min(Math.max(0, atMs - this.#clock.now()), maxSleepMs);
    this.#sleeping = setTimeout(() => void this.drain(), sleepMs);
    this.#sleeping.unref();
  }

  /** Runs all that is due, in order; resolves when nothing more is. */
  drain(): Promise<void> {
    this.#draining = this.#draining.then(() => this.#drain());
    return this.#draining;
  }

  /** When the next timer is due, ms since the epoch; undefined if there is none. */
  async nextDueMs(): Promise<number | undefined> {
    const [next] = await this.#store.transact((tx) => timers.list(tx, [], { limit: 1 }));
    return next && Number(next.key[0]);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#sleeping);
    await this.#draining;
  }

  async #drain(): Promise<void> {
    this.#nextMs = Number.POSITIVE_INFINITY;
    while (!this.#stopped) {
      const [next] = await this.#store.transact((tx) => timers.list(tx, [], { limit: 1 }));
      if (next === undefined) return;
      const dueMs = Number(next.key[0]);
      if (dueMs > this.#clock.now()) return this.wake(dueMs);
      await this.#runOne(next.key, next.row);
    }
  }

  async #runOne(key: [string, string, string], timer: Timer): Promise<void> {
    try {
      await this.#run(timer, async (tx) => {
        if ((await timers.get(tx, ...key)) === undefined) return false;
        timers.delete(tx, ...key);
        return true;
      });
    } catch (error) {
      this.#onFailure(error, timer);
      await this.#postpone(key, timer);
    }
  }

  /** Failed work is tried again later; it must not hold up what comes after it. */
  async #postpone(key: [string, string, string], timer: Timer): Promise<void> {
    const attempts = (timer.attempts ?? 0) + 1;
    await this.#store.transact(async (tx) => {
      timers.delete(tx, ...key);
      if (attempts >= maxAttempts) return;
      timers.put(tx, [dueKey(this.#clock.now() + retryDelayMs * attempts), key[1], key[2]], {
        ...timer,
        attempts,
      });
    });
  }
}
