import type { Context } from "../../kit/context.ts";
import { sequenceAt } from "./records.ts";
import { retentionMs } from "./tableStreams.ts";
import { records, streams } from "./tables.ts";

/** Records of streams are deleted a day after they were made. */

const trimRows = 1_000;
const hourMs = 3_600_000;

interface StreamName {
  account: string;
  region: string;
  table: string;
  label: string;
}

/** The oldest number that a reader still gets. */
export function horizonAt(nowMs: number): string {
  return sequenceAt(nowMs - retentionMs);
}

/** Runs once an hour for as long as there is a stream, and at once while there is more to delete. */
export async function trim({ account, region, table, label }: StreamName, ctx: Context): Promise<void> {
  const stream = await streams.get(ctx.tx, account, region, table, label);
  if (stream === undefined) return;
  const now = Math.floor(ctx.clock.now());
  const old = await ctx.peek((tx) =>
    records.list(tx, [account, region, stream.store], {
      limit: trimRows,
      within: { to: { part: horizonAt(now), inclusive: false } },
    }),
  );
  for (const { key } of old) records.delete(ctx.tx, ...key);
  const isOver = stream.endedAt !== undefined && stream.endedAt + retentionMs <= now;
  if (isOver && old.length < trimRows) {
    streams.delete(ctx.tx, account, region, table, label);
    return;
  }
  const at = old.length === trimRows ? now + 1 : now + hourMs;
  ctx.timers.set(`trim/${stream.store}`, "trim", at, { account, region, table, label });
}
