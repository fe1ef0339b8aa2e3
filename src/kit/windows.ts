import type { Context } from "./context.ts";

/**
 * What services count in memory: a call that fails writes nothing, and whoever guesses must not fill the disk. What is
 * counted is counted once for a call, however often its transaction runs.
 */

/** Things that are remembered at once; those counted longest ago are forgotten beyond. */
const maxRemembered = 100_000;

/** A map that forgets. */
export class Remembered<Value> {
  readonly #values = new Map<string, Value>();

  get(key: string): Value | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: Value): void {
    this.#values.delete(key);
    this.#values.set(key, value);
    if (this.#values.size <= maxRemembered) return;
    const [oldest] = this.#values.keys();
    if (oldest !== undefined) this.#values.delete(oldest);
  }

  delete(key: string): void {
    this.#values.delete(key);
  }
}

/** How often something may be done within a time. */
export interface Allowance {
  max: number;
  windowMs: number;
}

/** Counts by key, each within a window that begins with its first. */
export class Windows {
  readonly #entries = new Remembered<{ startMs: number; count: number; requestId: string }>();

  /** Counts a call; false if there were too many before it. */
  admit(
    key: string,
    { max, windowMs }: Allowance,
    { clock, requestId }: Pick<Context, "clock" | "requestId">,
  ): boolean {
    const nowMs = clock.now();
    const known = this.#entries.get(key);
    if (known === undefined || nowMs - known.startMs >= windowMs) {
      this.#entries.set(key, { startMs: nowMs, count: 1, requestId });
      return true;
    }
    if (known.requestId === requestId) return known.count <= max;
    known.count += 1;
    known.requestId = requestId;
    return known.count <= max;
  }

  forget(key: string): void {
    this.#entries.delete(key);
  }
}
