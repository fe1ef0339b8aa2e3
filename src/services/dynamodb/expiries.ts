import type { Context } from "../../kit/context.ts";
import { tieOf } from "./indexes.ts";
import type { Place } from "./keys.ts";
import { parseNumber } from "./numbers.ts";
import { expiries, secondKey, type TableRow } from "./tables.ts";
import type { Item } from "./values.ts";

/** When items expire: a row for each, in order of its time, and timers for the times at which some do. */

/** Sweeps happen at multiples of this. */
const sweepSeconds = 1;
/** Items whose time is longer past than this are left alone. */
export const maxPastSeconds = 5 * 365 * 86_400;
/** Sweeps that are known to be set, over all tables. */
const maxArmed = 50_000;

const armed = new Set<string>();

/** When an item expires, in seconds; undefined if it does not. */
export function expiryOf(attribute: string, item: Item | undefined): number | undefined {
  const text = item !== undefined && Object.hasOwn(item, attribute) ? item[attribute]?.N : undefined;
  if (text === undefined) return undefined;
  const { negative, magnitude } = parseNumber(text);
  return negative || magnitude > 11 ? undefined : Math.floor(Number(text));
}

/** Keeps the place of an item among those that expire. */
export function moveExpiry(
  table: TableRow,
  place: Place,
  before: Item | undefined,
  after: Item | undefined,
  ctx: Context,
): void {
  const { timeToLive } = table;
  if (timeToLive === undefined) return;
  const [old, now] = [expiryOf(timeToLive.attribute, before), expiryOf(timeToLive.attribute, after)];
  if (old === now) return;
  const scope = [table.account, table.region, table.store] as const;
  const tie = tieOf(table, place);
  if (old !== undefined) expiries.delete(ctx.tx, ...scope, secondKey(old), tie);
  if (now === undefined) return;
  expiries.put(ctx.tx, [...scope, secondKey(now), tie], { ...place });
  arm(table, now, ctx);
}

/** Sets the sweep that will find an item; most often it is set already. */
function arm(table: TableRow, second: number, ctx: Context): void {
  const nowSeconds = ctx.clock.now() / 1000;
  if (second < nowSeconds - maxPastSeconds) return;
  const at = (Math.floor(Math.max(second, nowSeconds) / sweepSeconds) + 1) * sweepSeconds;
  const name = `${table.store}/${at}`;
  if (armed.has(name)) return;
  const { account, region, store } = table;
  ctx.timers.set(`expire/${name}`, "expire", at * 1000, { account, region, name: table.name, store, at });
  ctx.afterCommit(() => {
    if (armed.size >= maxArmed) armed.clear();
    armed.add(name);
  });
}

export function disarm(store: string, at: number): void {
  armed.delete(`${store}/${at}`);
}
