import type { Context } from "../../../kit/context.ts";
import { keyOf } from "../pools/poolRow.ts";
import { type FoundUser, findByKey } from "../users/find.ts";
import { cookieOf, type Header, hashOf, newSecret, setCookie } from "./cookies.ts";
import { type BrowserSessionRow, browserSessions } from "./tables.ts";
import type { Visit } from "./visit.ts";

/** Sessions of browsers with a pool's pages. */

/** https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-managed-login.html */
const validMs = 60 * 60_000;

export interface SignedIn extends FoundUser {
  authMs: number;
  provider?: string | undefined;
}

/** The header that begins a session; one that stood before is over. */
export async function beginSession(
  visit: Visit,
  { user, userKey, authMs, provider }: SignedIn,
): Promise<Header> {
  const { pool, ctx } = visit;
  await endSession(visit);
  const secret = newSecret();
  const key = hashOf(secret);
  const expiresMs = ctx.clock.now() + validMs;
  const row: BrowserSessionRow = {
    userKey,
    sub: user.sub,
    authMs,
    expiresMs,
    ...(provider !== undefined && { provider }),
  };
  browserSessions.put(ctx.tx, [...keyOf(pool), key], row);
  ctx.timers.set(key, "forgetBrowserSession", expiresMs, { poolId: pool.poolId, key });
  return setCookie(visit, "session", secret);
}

export async function forgetBrowserSession(
  { poolId, key }: { poolId: string; key: string },
  ctx: Context,
): Promise<void> {
  browserSessions.delete(ctx.tx, ctx.account, ctx.region, poolId, key);
}

/** Who has signed in with this browser, and may still. */
export async function signedIn(visit: Visit): Promise<SignedIn | undefined> {
  const { pool, ctx } = visit;
  const secret = cookieOf(visit, "session");
  const row = secret && (await browserSessions.get(ctx.tx, ...keyOf(pool), hashOf(secret)));
  if (!row || row.expiresMs <= ctx.clock.now()) return undefined;
  const found = await findByKey(pool, row.userKey, ctx);
  if (found === undefined || found.user.sub !== row.sub || !found.user.enabled) return undefined;
  const { signedOutMs } = found.user;
  if (signedOutMs !== undefined && row.authMs <= signedOutMs) return undefined;
  return { ...found, authMs: row.authMs, provider: row.provider };
}

/** The session of this browser is over; what it was. */
export async function endSession(visit: Visit): Promise<BrowserSessionRow | undefined> {
  const { pool, ctx } = visit;
  const secret = cookieOf(visit, "session");
  if (secret === undefined) return undefined;
  const key = hashOf(secret);
  const row = await browserSessions.get(ctx.tx, ...keyOf(pool), key);
  if (row === undefined) return undefined;
  browserSessions.delete(ctx.tx, ...keyOf(pool), key);
  ctx.timers.cancel(key, row.expiresMs);
  return row;
}
