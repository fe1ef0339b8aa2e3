import type { Context } from "../../../kit/context.ts";
import { users } from "../tables.ts";
import { keyOf, type PoolRow } from "./poolRow.ts";

/** How many users of a pool are looked at, to tell how many there are. */
const sampleSize = 256;
/** Hex digits of a key that tell where it lies. */
const digits = 12;

/**
 * How many users a pool has, without a counter that all who sign up would write: keys of users are hashes, spread
 * evenly, so where the 256th lies tells how many there are (within some 6 %). Fewer are counted.
 */
export async function estimatedUsers(pool: PoolRow, ctx: Context): Promise<number> {
  const sample = await ctx.peek((tx) => users.list(tx, keyOf(pool), { limit: sampleSize }));
  const last = sample.at(-1);
  if (last === undefined || sample.length < sampleSize) return sample.length;
  const place = Number.parseInt(last.key[3].slice(0, digits), 16) / 16 ** digits;
  return Math.round((sampleSize - 1) / place);
}
