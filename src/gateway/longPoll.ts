import { type Waiters, Waiting } from "../bus/waiters.ts";
import type { MovableClock } from "../kit/clock.ts";

/** A topic changes hands at most this often within one call. */
const maxRuns = 10_000;

export interface LongPoll<Result> {
  /** Runs once more; throws `Waiting` where it still waits. */
  run: (waited: boolean) => Promise<Result>;
  waiters: Waiters;
  clock: MovableClock;
  /** Tells when nobody is left to wait for: nothing that a client would have received may be taken from others. */
  gone?: { on(wake: () => void): () => void; error(): Error };
}

/** Runs what waits for something again, each time that it is notified, until it has a result or its time is over. */
export async function longPoll<Result>(
  first: Waiting,
  { run, waiters, clock, gone }: LongPoll<Result>,
): Promise<Result> {
  let isGone = false;
  let wake = () => {};
  const forget = gone?.on(() => {
    isGone = true;
    wake();
  });
  let waiting = first;
  let waited = false;
  try {
    for (let runs = 0; runs < maxRuns; runs += 1) {
      let notified = false;
      // Registered before the call looks again, so that nothing is missed in between.
      const unregister = waiters.register(waiting.topic, () => {
        notified = true;
        wake();
      });
      try {
        const waitsStill: boolean = !waited && waiting.isOver?.() === false;
        const result: Result | Waiting = waitsStill ? waiting : await attempt(() => run(waited));
        if (!(result instanceof Waiting)) return result;
        const leftMs = result.untilMs - clock.real();
        // What waits for something else from now on looks again once it is registered for that.
        const isSame = result.topic === waiting.topic;
        if (isSame && !notified && !isGone && leftMs > 0) {
          await new Promise<void>((resolve) => {
            const timer = setTimeout(resolve, leftMs);
            wake = () => {
              clearTimeout(timer);
              resolve();
            };
          });
        }
        wake = () => {};
        waited = clock.real() >= result.untilMs;
        waiting = result;
      } finally {
        unregister();
      }
      if (isGone && gone !== undefined) throw gone.error();
    }
    throw new Error(`Something waits for ${waiting.topic} without end.`);
  } finally {
    forget?.();
  }
}

async function attempt<Result>(run: () => Promise<Result>): Promise<Result | Waiting> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof Waiting) return error;
    throw error;
  }
}
