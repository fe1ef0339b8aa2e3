import { createHmac, createSecretKey, type KeyObject, randomBytes } from "node:crypto";
import type { Context } from "../../../kit/context.ts";
import { type PoolKeysRow, poolKeys } from "../tables.ts";
import { keyOf, type PoolRow } from "./poolRow.ts";

/** Keys of a pool, and what users are known by in keys of rows. */

const keyBytes = 32;
/** 120 bits: collisions among a billion users are out of reach. */
const hashBytes = 15;

export interface PoolKeys {
  index: KeyObject;
  seal: KeyObject;
}

const opened = new WeakMap<PoolKeysRow, PoolKeys>();

export function makePoolKeys(pool: PoolRow, ctx: Context): void {
  const key = () => randomBytes(keyBytes).toString("base64");
  poolKeys.put(ctx.tx, keyOf(pool), { index: key(), seal: key() });
}

export async function keysOf(pool: PoolRow, { tx }: Pick<Context, "tx">): Promise<PoolKeys> {
  const row = await poolKeys.get(tx, ...keyOf(pool));
  if (row === undefined) throw new Error("A pool has no keys.");
  let keys = opened.get(row);
  if (keys === undefined) {
    const key = (text: string) => createSecretKey(Buffer.from(text, "base64"));
    keys = { index: key(row.index), seal: key(row.seal) };
    opened.set(row, keys);
  }
  return keys;
}

/** A text as it may stand in the key of a row: in hex, so that the order of keys is that of numbers. `kind` keeps apart what means different things. */
export function hashed({ index }: PoolKeys, kind: string, text: string): string {
  return createHmac("sha256", index)
    .update(`${kind}\0${text}`)
    .digest("hex")
    .slice(0, 2 * hashBytes);
}

/** Bytes that are the same for the same text, and look random to whoever lacks the key. */
export function derived({ index }: PoolKeys, kind: string, text: string): Buffer {
  return createHmac("sha512", index).update("derived\0").update(kind).update("\0").update(text).digest();
}

/** A UUID that is the same for the same text, and random to whoever lacks the key. */
export function derivedUuid(keys: PoolKeys, kind: string, text: string): string {
  const hex = derived(keys, kind, text).toString("hex", 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}
