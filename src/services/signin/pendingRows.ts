import { hash } from "node:crypto";
import type { Context } from "../../kit/context.ts";
import { newSecret } from "./cookies.ts";
import { type PendingRow, pending } from "./tables.ts";

/** A sign-in must be ended so soon after its password. */
const pendingMs = 10 * 60_000;

type Kept = PendingRow extends infer Row ? (Row extends PendingRow ? Omit<Row, "expiresMs"> : never) : never;

const keyOf = (cookie: string) => hash("sha256", cookie);

/** Keeps a sign-in until its next page; the cookie that opens it. */
export function keep(row: Kept, ctx: Context): string {
  const cookie = newSecret();
  const key = keyOf(cookie);
  const expiresMs = ctx.clock.now() + pendingMs;
  pending.put(ctx.tx, [key], { ...row, expiresMs });
  ctx.timers.set(key, "forget", expiresMs, { key });
  return cookie;
}

export async function kept(cookie: string | undefined, ctx: Context): Promise<PendingRow | undefined> {
  const row = cookie === undefined ? undefined : await pending.get(ctx.tx, keyOf(cookie));
  return row !== undefined && row.expiresMs > ctx.clock.now() ? row : undefined;
}

export function change(cookie: string, row: PendingRow, ctx: Context): void {
  pending.put(ctx.tx, [keyOf(cookie)], row);
}

export function drop(cookie: string, row: PendingRow, ctx: Context): void {
  const key = keyOf(cookie);
  pending.delete(ctx.tx, key);
  ctx.timers.cancel(key, row.expiresMs);
}

export async function forget({ key }: { key: string }, ctx: Context): Promise<void> {
  pending.delete(ctx.tx, key);
}
