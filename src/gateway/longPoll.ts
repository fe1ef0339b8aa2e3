import { Waiting } from "../bus/waiters.ts";
import type { MovableClock } from "../kit/clock.ts";
import { ClientGone } from "./body.ts";
import type { Call, Environment, Outcome } from "./call.ts";
import { type Exchange, onGone } from "./exchange.ts";

/** A topic changes hands at most this often within one call. */
const maxRuns = 10_000;

/**
 * Runs a call again and again, each time that what it waits for is notified, until it has an answer or its time is
 * over. The client going away ends it: nothing that it would have received may be taken from others.
 */
export async function longPoll(
  first: Waiting,
  call: Call,
  exchange: Exchange,
  environment: Environment & { clock: MovableClock },
  commit: (call: Call) => Promise<Outcome>,
): Promise<Outcome> {
  let gone = false;
  let wake = () => {};
  const forget = onGone(exchange.request, () => {
    gone = true;
    wake();
  });
  let waiting = first;
  try {
    for (let run = 0; run < maxRuns; run += 1) {
      let notified = false;
      // Registered before the call looks again, so that nothing is missed in between.
      const unregister = environment.bus.waiters.register(waiting.topic, () => {
        notified = true;
        wake();
      });
      try {
        const outcome = await attempt(call, commit);
        if (!(outcome instanceof Waiting)) return outcome;
        const leftMs = outcome.untilMs - environment.clock.real();
        if (!notified && !gone && leftMs > 0) {
          await new Promise<void>((resolve) => {
            const timer = setTimeout(resolve, leftMs);
            wake = () => {
              clearTimeout(timer);
              resolve();
            };
          });
        }
        wake = () => {};
        call.waited = environment.clock.real() >= outcome.untilMs;
        waiting = outcome;
      } finally {
        unregister();
      }
      if (gone) throw new ClientGone();
    }
    throw new Error(`The call waits for ${waiting.topic} without end.`);
  } finally {
    forget();
  }
}

async function attempt(call: Call, commit: (call: Call) => Promise<Outcome>): Promise<Outcome | Waiting> {
  try {
    return await commit(call);
  } catch (error) {
    if (error instanceof Waiting) return error;
    throw error;
  }
}
