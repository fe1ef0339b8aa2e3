import type { MaybePromise, Reads } from "../../../storage/store.ts";
import { groups, index, streams } from "../tables.ts";
import { chunksBetween, type StreamKey } from "./chunkRows.ts";
import { classesIn } from "./classes.ts";
import { type Place, parsePlace, placesOf, spansMs } from "./place.ts";

/** Finding the chunks of a span of time: of named streams, or of a whole group. */

export interface StreamOfGroup {
  streamId: string;
  name: string;
}

export type Source = { account: string; region: string; groupId: string; groupName: string } & (
  | { streams: readonly StreamOfGroup[] }
  | { streams?: never; wanted: (stream: StreamOfGroup) => boolean }
);

/** A chunk that was found; its value is at hand if finding it has read it. */
export interface Found {
  place: Place;
  /** The place as it is stored. */
  at: string;
  stream: StreamOfGroup;
  value?: Uint8Array;
}

export interface Span {
  /** ms, both inclusive. */
  from: number;
  to: number;
  reverse: boolean;
}

export interface Window {
  found: Found[];
  /**
   * All lines before this time (behind it, in reverse) are in the chunks that were found; what lies beyond may be in
   * others. Infinite when there are no others.
   */
  horizon: number;
}

/** Chunks that hold, or may hold, the first lines of a span; `limit` chunks of each stream (or the group) and class. */
export async function findWindow(tx: Reads, source: Source, span: Span, limit: number): Promise<Window> {
  // All in one turn, of one view of the state: merging moves lines from chunk to chunk, and to other classes.
  const searches =
    source.streams === undefined
      ? inTurn(groups.get(tx, source.account, source.region, source.groupName), (row) =>
          classesIn(row?.classes ?? 0).map((number) => ofGroup(tx, source, number, span, limit)),
        )
      : source.streams.map((stream) =>
          inTurn(streams.get(tx, source.account, source.region, source.groupId, stream.name), (row) =>
            classesIn(row?.classes ?? 0).map((number) => ofStream(tx, source, stream, number, span, limit)),
          ),
        );
  const found: Found[] = [];
  let horizon = span.reverse ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  for (const part of await settled(searches)) {
    found.push(...part.found);
    horizon = span.reverse ? Math.max(horizon, part.horizon) : Math.min(horizon, part.horizon);
  }
  return {
    found: found.filter(({ place }) => place.max >= span.from && place.min <= span.to),
    horizon,
  };
}

/** Goes on at once where the row is at hand. */
function inTurn<Row>(row: MaybePromise<Row>, search: (row: Row) => Promise<Window>[]): Searches {
  return row instanceof Promise ? row.then((value) => Promise.all(search(value))) : Promise.all(search(row));
}

type Searches = Promise<Window[]>;

async function settled(searches: Searches | Searches[]): Promise<Window[]> {
  return (await Promise.all([searches].flat())).flat();
}

async function ofStream(
  tx: Reads,
  { account, region }: Source,
  stream: StreamOfGroup,
  number: number,
  span: Span,
  limit: number,
): Promise<Window> {
  const key: StreamKey = { account, region, streamId: stream.streamId };
  const { reverse } = span;
  const rows = await chunksBetween(tx, key, placesOf(number, span.from, span.to), { limit, reverse });
  const found = rows.map(({ place, value }) => ({ place: parsePlace(place), at: place, stream, value }));
  return { found, horizon: horizonOf(found, number, rows.length === limit, reverse) };
}

async function ofGroup(
  tx: Reads,
  { account, region, groupId, wanted }: Source & { streams?: never; wanted: (one: StreamOfGroup) => boolean },
  number: number,
  span: Span,
  limit: number,
): Promise<Window> {
  const [from, to] = placesOf(number, span.from, span.to);
  const { reverse } = span;
  const rows = await index.list(tx, [account, region, groupId], {
    limit,
    reverse,
    after: [reverse ? to : from],
  });
  const inside = rows.filter(({ key }) => key[3] >= from && key[3] < to);
  const found = inside.map(({ key, row }): Found => {
    const stream = { streamId: row.streamId, name: row.streamName };
    return { place: parsePlace(key[3]), at: key[3], stream };
  });
  const more = rows.length === limit && inside.length === limit;
  return {
    found: found.filter(({ stream }) => wanted(stream)),
    horizon: horizonOf(found, number, more, reverse),
  };
}

/** Chunks behind the last that was read begin no earlier, or (in reverse) end no later than one span behind it. */
function horizonOf(found: Found[], number: number, more: boolean, reverse: boolean): number {
  const last = found.at(-1);
  if (!more || last === undefined) return reverse ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return reverse ? last.place.min + (spansMs[number] as number) : last.place.min;
}
