/** Thrown by a call that waits for something; its run has no effect. */
export class Waiting extends Error {
  readonly topic: string;
  /** ms since the epoch, of real time. */
  readonly untilMs: number;
  /** Tells whether what is waited for has happened, where that can be told without running again. */
  readonly isOver: (() => boolean) | undefined;

  constructor(topic: string, untilMs: number, isOver?: () => boolean) {
    super(`waits for ${topic}`);
    this.topic = topic;
    this.untilMs = untilMs;
    this.isOver = isOver;
  }
}

/** Calls that wait for something to happen: long polls. In memory only: a client whose server dies asks again. */
export class Waiters {
  readonly #topics = new Map<string, Set<() => void>>();

  /** Calls `wake` at the next notification of a topic; returns how to stop that. */
  register(topic: string, wake: () => void): () => void {
    const waiting = this.#topics.get(topic) ?? new Set();
    this.#topics.set(topic, waiting);
    waiting.add(wake);
    return () => {
      waiting.delete(wake);
      if (waiting.size === 0 && this.#topics.get(topic) === waiting) this.#topics.delete(topic);
    };
  }

  /** Wakes all that wait for a topic. */
  notify(topic: string): void {
    const waiting = this.#topics.get(topic);
    if (waiting === undefined) return;
    for (const wake of [...waiting]) wake();
  }

  /** Wakes everybody: time has moved, or the process stops. */
  notifyAll(): void {
    for (const topic of [...this.#topics.keys()]) this.notify(topic);
  }
}
