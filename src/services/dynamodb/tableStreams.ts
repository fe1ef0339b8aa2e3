import type { Context } from "../../kit/context.ts";
import { randomText } from "../../kit/ids.ts";
import { sequenceAt } from "./records.ts";
import { type StreamRow, streams, type TableRow } from "./tables.ts";
import { invalidParameter } from "./words.ts";

/** Streams of tables, as tables turn them on and off. Reading them is a service of its own: see `streams/`. */

export interface GivenStream {
  StreamEnabled?: boolean | undefined;
  StreamViewType?: string | undefined;
}

/** Records, and what is left of a stream that was turned off, are kept so long. */
export const retentionMs = 24 * 3_600_000;

/** "2015-05-11T21:21:33.291" */
function labelAt(ms: number): string {
  return new Date(ms).toISOString().slice(0, 23);
}

/** Turns a stream on, if that is asked for. */
export function newStream(
  table: TableRow,
  given: GivenStream | undefined,
  ctx: Context,
): StreamRow | undefined {
  if (given === undefined) return undefined;
  const { StreamEnabled: enabled, StreamViewType: view } = given;
  if (!enabled) {
    if (view !== undefined)
      throw invalidParameter("StreamViewType can only be specified when StreamEnabled is true");
    return undefined;
  }
  if (view === undefined)
    throw invalidParameter("StreamViewType must be specified when StreamEnabled is true");
  const now = Math.floor(ctx.clock.now());
  const label = labelAt(now);
  const { account, region, name } = table;
  const stream: StreamRow = {
    label,
    arn: `${table.arn}/stream/${label}`,
    view: view as StreamRow["view"],
    tableName: name,
    key: table.key,
    store: randomText(12, "lower36"),
    created: now,
    starting: sequenceAt(now),
    status: "ENABLED",
  };
  streams.put(ctx.tx, [account, region, name, label], stream);
  ctx.timers.set(`trim/${stream.store}`, "trim", now + retentionMs, {
    account,
    region,
    table: name,
    label,
  });
  return stream;
}

/** Turns a table's stream off: what is in it can be read for another day. */
export function endStream(table: TableRow, ctx: Context): StreamRow | undefined {
  const { stream, account, region, name } = table;
  if (stream === undefined || stream.status === "DISABLED") return stream;
  const now = Math.floor(ctx.clock.now());
  const ended: StreamRow = {
    ...stream,
    status: "DISABLED",
    endedAt: now,
    ending: sequenceAt(now + 1),
  };
  streams.put(ctx.tx, [account, region, name, stream.label], ended);
  return ended;
}
