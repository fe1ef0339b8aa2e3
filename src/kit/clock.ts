/** Cloudkeep's time: real time plus an offset that may only grow. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
}

export class MovableClock implements Clock {
  #offsetMs: number;
  readonly #real: () => number;

  constructor(offsetMs = 0, real: () => number = Date.now) {
    this.#offsetMs = offsetMs;
    this.#real = real;
  }

  now(): number {
    return this.#real() + this.#offsetMs;
  }

  /** Real time, by which signatures are judged. */
  real(): number {
    return this.#real();
  }

  get offsetMs(): number {
    return this.#offsetMs;
  }

  /** Moves forward; a clock that ran backward would revive what has expired. */
  advance(byMs: number): void {
    if (!(byMs >= 0)) throw new RangeError("The clock moves forward only.");
    this.#offsetMs += byMs;
  }

  restore(offsetMs: number): void {
    this.#offsetMs = offsetMs;
  }
}
