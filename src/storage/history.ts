import { compareKeys, inRange } from "./keys.ts";

/** Keys of recent commits that are remembered for validating transactions; older transactions run again. */
export const maxRememberedKeys = 262_144;

interface Commit {
  sequence: number;
  keys: string[];
}

/**
 * What was committed lately, by a counter that each commit raises: enough to tell whether anything that a
 * transaction has read has changed since.
 */
export class History {
  #sequence = 0;
  /** Commits up to here are forgotten; a transaction that began before them cannot be validated. */
  #floor = 0;
  #commits: Commit[] = [];
  #remembered = 0;
  readonly #latest = new Map<string, number>();
  /** While all state is being dropped: no read is answered, and its transaction runs again afterwards. */
  suspended = false;

  /** The last commit's number. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Takes note of a commit; returns its number. */
  record(keys: string[]): number {
    this.#sequence += 1;
    this.#commits.push({ sequence: this.#sequence, keys });
    this.#remembered += keys.length;
    for (const key of keys) this.#latest.set(key, this.#sequence);
    if (this.#remembered > maxRememberedKeys)
      this.forget(this.#commits[this.#commits.length >> 1]?.sequence ?? 0);
    return this.#sequence;
  }

  /** Whether `key` was written after `sequence`, or might have been. */
  changed(key: string, sequence: number): boolean {
    return this.suspended || sequence < this.#floor || (this.#latest.get(key) ?? 0) > sequence;
  }

  /** Whether any key with from <= key < to was written after `sequence`, or might have been. */
  rangeChanged(from: string, to: string, sequence: number): boolean {
    if (this.suspended || sequence < this.#floor) return true;
    for (let i = this.#commits.length - 1; i >= 0; i -= 1) {
      const commit = this.#commits[i] as Commit;
      if (commit.sequence <= sequence) return false;
      if (commit.keys.some((key) => inRange(key, from, to))) return true;
    }
    return false;
  }

  /** Forgets commits up to `sequence`: no transaction that still runs began before it. */
  forget(sequence: number): void {
    let count = 0;
    for (const commit of this.#commits) {
      if (commit.sequence > sequence) break;
      count += 1;
      this.#remembered -= commit.keys.length;
      for (const key of commit.keys) if (this.#latest.get(key) === commit.sequence) this.#latest.delete(key);
      this.#floor = commit.sequence;
    }
    if (count > 0) this.#commits = this.#commits.slice(count);
  }

  /** Everything may have changed: each transaction that now runs must run again. */
  invalidate(): void {
    this.#sequence += 1;
    this.#floor = this.#sequence;
    this.#commits = [];
    this.#remembered = 0;
    this.#latest.clear();
  }
}

/** What a transaction has read. */
export class ReadSet {
  /** A key may stand in it twice: to keep it from that would cost more than it saves. */
  readonly #keys: string[] = [];
  readonly #ranges: { from: string; to: string }[] = [];

  addKey(key: string): void {
    this.#keys.push(key);
  }

  /** Returns the range, to be narrowed once it is known how far the reading went. */
  addRange(from: string, to: string): { from: string; to: string } {
    const range = { from, to };
    this.#ranges.push(range);
    return range;
  }

  /** Whether anything in it was written after `sequence`. */
  changed(history: History, sequence: number): boolean {
    if (history.sequence === sequence) return false;
    for (const key of this.#keys) if (history.changed(key, sequence)) return true;
    return this.#ranges.some(
      ({ from, to }) => compareKeys(from, to) < 0 && history.rangeChanged(from, to, sequence),
    );
  }
}
