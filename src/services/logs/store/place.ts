/**
 * Where a chunk of lines lies among others: its class, its first and its last event time, and an id. All are of fixed
 * width, so that places sort by class and time.
 *
 * Chunks are found by event time, not by when they came: a batch may hold lines of up to 24 hours, and be late by
 * 14 days. A chunk's class says within which span its lines lie, so lines of a time range are in those chunks of each
 * class that begin in the range, or at most one such span before it. Whatever the order in which batches come, a read
 * looks at the chunks of its range and few others.
 */

export interface Place {
  class: number;
  /** Time of the first and of the last event, ms since the epoch. */
  min: number;
  max: number;
  id: string;
}

/** Spans of the classes: 64 ms, 512 ms, … up to more than the 24 hours that a batch may hold. */
export const spansMs: readonly number[] = Array.from({ length: 8 }, (_, i) => 64 * 8 ** i);
/** A batch of PutLogEvents spans no more, and no more is merged into one chunk. */
export const maxChunkSpanMs = 24 * 60 * 60_000;

const digits = 15;

export function classOf(min: number, max: number): number {
  const found = spansMs.findIndex((span) => max - min <= span);
  if (found < 0) throw new RangeError("A chunk spans no more than 24 hours.");
  return found;
}

export function formatPlace({ class: number, min, max, id }: Place): string {
  return `${number}${pad(min)}${pad(max)}${id}`;
}

export function parsePlace(place: string): Place {
  return {
    class: Number(place[0]),
    min: Number(place.slice(1, 1 + digits)),
    max: Number(place.slice(1 + digits, 1 + 2 * digits)),
    id: place.slice(1 + 2 * digits),
  };
}

/** Bounds (from inclusive, to exclusive) of the places of one class that may hold lines from `from` to `to`. */
export function placesOf(number: number, from: number, to: number): [from: string, to: string] {
  const span = spansMs[number] as number;
  return [`${number}${pad(Math.max(0, from - span))}`, `${number}${pad(to + 1)}`];
}

function pad(ms: number): string {
  return String(ms).padStart(digits, "0");
}
