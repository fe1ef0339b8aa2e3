import { timeKey } from "./tables.ts";

/**
 * What is to be remembered for five minutes is kept in periods of that length: it is in the present one or in the
 * one before, and periods before that are dropped whole.
 */
export const rememberedMs = 5 * 60_000;

/** The present period and the one before, as parts of keys. */
export function periodsAt(nowMs: number): [present: string, previous: string] {
  const begin = nowMs - (nowMs % rememberedMs);
  return [timeKey(begin), timeKey(begin - rememberedMs)];
}
