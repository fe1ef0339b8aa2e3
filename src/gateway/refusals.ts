import type { Refusal } from "../kit/record.ts";

const maxRefusals = 1_000;

/**
 * The latest calls that were refused before any policy was asked, for `explain`. In memory only: a stranger must
 * not be able to fill the disk.
 */
export class Refusals {
  readonly #latest = new Map<string, Refusal>();

  note(refusal: Refusal): void {
    const oldest = this.#latest.size < maxRefusals ? undefined : this.#latest.keys().next().value;
    if (oldest !== undefined) this.#latest.delete(oldest);
    this.#latest.set(refusal.requestId, refusal);
  }

  find(requestId: string): Refusal | undefined {
    return this.#latest.get(requestId);
  }
}
