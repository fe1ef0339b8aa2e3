import type { Counts } from "./attributes.ts";

/**
 * How many messages a queue has, kept in memory from what this process commits. What is to become visible is
 * counted by the time at which it will be, so that time alone makes it visible.
 */

/** Times are told apart this finely. */
const bucketMs = 100;

export type Kind = "notVisible" | "delayed";

interface Bucket {
  notVisible: number;
  delayed: number;
}

export class MessageCounts {
  /** Below 0 while it holds only what has changed since the process began. */
  total = 0;
  /** By the end of each bucket, ms since the epoch. */
  readonly #later = new Map<number, Bucket>();

  added(at: number, kind: Kind, nowMs: number): void {
    this.total += 1;
    this.#change(at, kind, nowMs, 1);
  }

  removed(at: number, kind: Kind, nowMs: number): void {
    this.total -= 1;
    this.#change(at, kind, nowMs, -1);
  }

  clear(): void {
    this.total = 0;
    this.#later.clear();
  }

  read(nowMs: number): Counts {
    let notVisible = 0;
    let delayed = 0;
    for (const [endMs, bucket] of this.#later) {
      if (endMs <= nowMs) {
        this.#later.delete(endMs);
        continue;
      }
      notVisible += bucket.notVisible;
      delayed += bucket.delayed;
    }
    return { visible: Math.max(0, this.total - notVisible - delayed), notVisible, delayed };
  }

  #change(at: number, kind: Kind, nowMs: number, by: number): void {
    if (at <= nowMs) return;
    const endMs = Math.ceil(at / bucketMs) * bucketMs;
    let bucket = this.#later.get(endMs);
    if (bucket === undefined) {
      if (by < 0) return;
      bucket = { notVisible: 0, delayed: 0 };
      this.#later.set(endMs, bucket);
    }
    bucket[kind] = Math.max(0, bucket[kind] + by);
    if (bucket.notVisible === 0 && bucket.delayed === 0) this.#later.delete(endMs);
  }
}
