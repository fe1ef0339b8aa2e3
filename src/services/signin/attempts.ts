import type { Context, Host } from "../../kit/context.ts";

/** Attempts to sign in, in memory: who guesses is refused for a while, and cannot fill the disk by it. */

const windowMs = 10 * 60_000;
const maxPerUser = 5;
const maxPerAddress = 50;
/** Users and addresses that are remembered at once; those counted longest ago are forgotten beyond. */
const maxRemembered = 100_000;
/** Passwords that are judged at once: each costs some 16 MiB and 50 ms. */
const maxJudgedAtOnce = 16;

export class Attempts {
  /** Times of attempts, by their ids, of each user and address. */
  readonly #known = new Map<string, Map<string, number>>();
  #judging = 0;

  /** Counts an attempt, once, however often its transaction runs; false if there were too many before it. */
  admit(user: string, address: string, attempt: string, nowMs: number): boolean {
    const ofUser = this.#recent(user, nowMs);
    const ofAddress = this.#recent(address, nowMs);
    const isNew = !ofUser.has(attempt);
    if (isNew && (ofUser.size >= maxPerUser || ofAddress.size >= maxPerAddress)) return false;
    ofUser.set(attempt, nowMs);
    ofAddress.set(attempt, nowMs);
    return true;
  }

  /** The attempt was none of a stranger: the user begins anew. */
  succeeded(user: string, address: string, attempt: string): void {
    this.#known.delete(user);
    this.#known.get(address)?.delete(attempt);
  }

  /** Undefined if too many are judged already. */
  async judge<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (this.#judging >= maxJudgedAtOnce) return undefined;
    this.#judging += 1;
    try {
      return await work();
    } finally {
      this.#judging -= 1;
    }
  }

  #recent(key: string, nowMs: number): Map<string, number> {
    const attempts = this.#known.get(key) ?? new Map<string, number>();
    for (const [attempt, atMs] of attempts) if (atMs <= nowMs - windowMs) attempts.delete(attempt);
    this.#known.delete(key);
    this.#known.set(key, attempts);
    if (this.#known.size > maxRemembered) {
      const [oldest] = this.#known.keys();
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    return attempts;
  }
}

const byHost = new WeakMap<Host, Attempts>();

export function attemptsOf({ host }: Pick<Context, "host">): Attempts {
  let attempts = byHost.get(host);
  if (attempts === undefined) {
    attempts = new Attempts();
    byHost.set(host, attempts);
  }
  return attempts;
}

export function userKey(accountId: string | undefined, userName: string): string {
  return `user ${accountId ?? ""}/${userName.toLowerCase()}`;
}

/** Whoever has an IPv6 address usually has all of its /64. */
export function addressKey(address: string): string {
  return `address ${address.includes(":") ? address.split(":").slice(0, 4).join(":") : address}`;
}
