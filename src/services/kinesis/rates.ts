import { readBytesPerSecond, readsPerSecond, writeBytesPerSecond, writeRecordsPerSecond } from "./limits.ts";

/** Fills at a rate, by the clock, up to what one second brings; what is taken beyond is owed. */
export class Bucket {
  readonly #perSecond: number;
  #left: number;
  #atMs = 0;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#left = perSecond;
  }

  /** What is left; below zero, what is owed. */
  left(nowMs: number): number {
    const filled = ((nowMs - this.#atMs) * this.#perSecond) / 1000;
    if (filled > 0) {
      this.#left = Math.min(this.#perSecond, this.#left + filled);
      this.#atMs = nowMs;
    }
    return this.#left;
  }

  take(amount: number): void {
    this.#left -= amount;
  }

  get perSecond(): number {
    return this.#perSecond;
  }
}

/**
 * What a shard may take in and give out.
 * https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
 */
export class ShardRates {
  readonly #bytesIn = new Bucket(writeBytesPerSecond);
  readonly #recordsIn = new Bucket(writeRecordsPerSecond);
  readonly #bytesOut = new Bucket(readBytesPerSecond);
  readonly #reads = new Bucket(readsPerSecond);

  /** Whether a record is taken. One that is larger than a second's bytes waits for a second in which nothing else came. */
  admits(bytes: number, nowMs: number): boolean {
    if (this.#recordsIn.left(nowMs) < 1) return false;
    if (this.#bytesIn.left(nowMs) < Math.min(bytes, this.#bytesIn.perSecond)) return false;
    this.#recordsIn.take(1);
    this.#bytesIn.take(bytes);
    return true;
  }

  /** Whether more than half of what may come in has come. */
  busy(nowMs: number): boolean {
    const isLow = (bucket: Bucket) => bucket.left(nowMs) < bucket.perSecond / 2;
    return isLow(this.#bytesIn) || isLow(this.#recordsIn);
  }

  /** Whether a read may be made. One that gave 10 MB keeps others waiting for five seconds. */
  admitsRead(nowMs: number): boolean {
    if (this.#reads.left(nowMs) < 1 || this.#bytesOut.left(nowMs) <= 0) return false;
    this.#reads.take(1);
    return true;
  }

  gave(bytes: number): void {
    this.#bytesOut.take(bytes);
  }
}
