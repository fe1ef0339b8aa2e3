import type { Context } from "../../kit/context.ts";
import type { KeyRow } from "./tables.ts";

/** The timer of automatic rotation: one for each key that rotates. */

const dayMs = 86_400_000;
const timerId = (key: KeyRow) => `rotate/${key.keyId}`;

/** The key with rotation every so many days, from now if not said otherwise; the caller puts the row. */
export function setRotation(
  key: KeyRow,
  periodDays: number,
  ctx: Context,
  nextDate = ctx.clock.now() + periodDays * dayMs,
): KeyRow {
  stopTimer(key, ctx);
  const { account, region, keyId } = key;
  ctx.timers.set(timerId(key), "rotateKey", nextDate, { account, region, keyId });
  return { ...key, rotation: { periodDays, nextDate } };
}

/** The key without automatic rotation. */
export function endRotation(key: KeyRow, ctx: Context): KeyRow {
  stopTimer(key, ctx);
  const { rotation: _, ...rest } = key;
  return rest;
}

function stopTimer(key: KeyRow, ctx: Context): void {
  if (key.rotation !== undefined) ctx.timers.cancel(timerId(key), key.rotation.nextDate);
}
