import type { Context } from "../../../kit/context.ts";
import { keyOf, type PoolRow } from "../pools/poolRow.ts";
import { revoked, revokedUntil, spent } from "../tables.ts";

/** What counts once, or no more, is remembered until it would have expired anyway. */

/** How many that are forgotten go with each that comes. */
const forgottenAtOnce = 4;
const digits = 15;

function sortable(ms: number): string {
  return String(ms).padStart(digits, "0");
}

/** When something was used before; undefined for the first time, from which on it is used. */
export async function useOnceMs(
  pool: PoolRow,
  id: string,
  expiresMs: number,
  ctx: Context,
): Promise<number | undefined> {
  const key = keyOf(pool);
  const known = await spent.get(ctx.tx, ...key, sortable(expiresMs), id);
  if (known !== undefined) return known.usedMs;
  spent.put(ctx.tx, [...key, sortable(expiresMs), id], { usedMs: ctx.clock.now() });
  // Read apart from the transaction, so that nobody conflicts over the oldest rows.
  const oldest = await ctx.peek((tx) => spent.list(tx, key, { limit: forgottenAtOnce }));
  for (const { key: row } of oldest) if (Number(row[3]) < ctx.clock.now()) spent.delete(ctx.tx, ...row);
  return undefined;
}

/** Whether this is the first time that something is used; from then on it is not. */
export async function useOnce(pool: PoolRow, id: string, expiresMs: number, ctx: Context): Promise<boolean> {
  return (await useOnceMs(pool, id, expiresMs, ctx)) === undefined;
}

/** Voids all tokens that came of one sign-in. */
export async function revokeFamily(
  pool: PoolRow,
  originJti: string,
  expiresMs: number,
  ctx: Context,
): Promise<void> {
  const key = keyOf(pool);
  revoked.put(ctx.tx, [...key, originJti], { expiresMs });
  revokedUntil.put(ctx.tx, [...key, sortable(expiresMs), originJti], { originJti });
  const oldest = await ctx.peek((tx) => revokedUntil.list(tx, key, { limit: forgottenAtOnce }));
  for (const { key: known } of oldest) {
    if (Number(known[3]) >= ctx.clock.now()) continue;
    revokedUntil.delete(ctx.tx, ...known);
    revoked.delete(ctx.tx, ...key, known[4]);
  }
}

export async function isRevoked(
  pool: PoolRow,
  originJti: string,
  { tx }: Pick<Context, "tx">,
): Promise<boolean> {
  return (await revoked.get(tx, ...keyOf(pool), originJti)) !== undefined;
}
