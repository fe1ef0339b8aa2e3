import type { Context, Host } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { type Allowance, Remembered, Windows } from "../../../kit/windows.ts";
import { limitExceeded, notAuthorized } from "../refusals.ts";

/** Guesses of passwords and codes, and calls of nobody, counted in memory. */

interface Entry {
  failures: number;
  /** Nothing is judged before then, ms. */
  untilMs: number;
  lastMs: number;
  /** The call that was counted last. */
  requestId: string;
}

/** https://docs.aws.amazon.com/cognito/latest/developerguide/authentication.html#authentication-flow-lockout-behavior */
const freeFailures = 5;
const firstLockMs = 1_000;
const longestLockMs = 15 * 60_000;

/** Wrong passwords of a user: beyond five, each locks it for twice as long. */
export class Lockouts {
  readonly #entries = new Remembered<Entry>();

  isLocked(key: string, { clock, requestId }: Pick<Context, "clock" | "requestId">): boolean {
    const entry = this.#entries.get(key);
    return entry !== undefined && entry.requestId !== requestId && clock.now() < entry.untilMs;
  }

  failed(key: string, { clock, requestId }: Pick<Context, "clock" | "requestId">): void {
    const nowMs = clock.now();
    const known = this.#entries.get(key);
    if (known?.requestId === requestId) return;
    const isOver = known === undefined || nowMs - known.lastMs > longestLockMs;
    const failures = isOver ? 1 : known.failures + 1;
    const lockMs = failures < freeFailures ? 0 : firstLockMs * 2 ** (failures - freeFailures);
    const untilMs = nowMs + Math.min(lockMs, longestLockMs);
    this.#entries.set(key, { failures, untilMs, lastMs: nowMs, requestId });
  }

  succeeded(key: string): void {
    this.#entries.delete(key);
  }
}

interface Guesses {
  passwords: Lockouts;
  windows: Windows;
}

const byHost = new WeakMap<Host, Guesses>();

export function guessesOf({ host }: Pick<Context, "host">): Guesses {
  let guesses = byHost.get(host);
  if (guesses === undefined) {
    guesses = { passwords: new Lockouts(), windows: new Windows() };
    byHost.set(host, guesses);
  }
  return guesses;
}

export function checkLock(key: string, ctx: Context): void {
  if (guessesOf(ctx).passwords.isLocked(key, ctx)) throw notAuthorized("Password attempts exceeded");
}

const hourMs = 3_600_000;

/** Codes that are sent to one user. */
export const sending: Allowance = { max: 20, windowMs: hourMs };
/** Guesses of one user's codes. */
export const codeGuesses: Allowance = { max: 15, windowMs: hourMs };
/** Guesses in one session of a challenge. */
export const sessionGuesses: Allowance = { max: 5, windowMs: hourMs };

export function checkAllowance(key: string, allowance: Allowance, ctx: Context): void {
  if (!guessesOf(ctx).windows.admit(key, allowance, ctx)) throw limitExceeded();
}

/**
 * Calls that anybody may make, each second, to one account. AWS's own quotas are lower (120 for sign-in) and are raised
 * on demand: this one is to keep a flood from everybody else.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html#category_operations
 */
const publicCalls: Allowance = { max: 2_000, windowMs: 1_000 };

export function checkRate(ctx: Context): void {
  const key = `rate/${ctx.account}/${ctx.region}`;
  if (!guessesOf(ctx).windows.admit(key, publicCalls, ctx))
    throw new AwsError("TooManyRequestsException", "Rate exceeded");
}
