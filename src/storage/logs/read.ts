import { promisify } from "node:util";
import { inflateRaw } from "node:zlib";
import type { LogPage, LogQuery } from "../store.ts";
import { type LogRow, type RowReader, readMeta } from "./book.ts";
import { decodePiece, decodeSegment, type PlacedEntry, readIndex, readRow, termHash } from "./format.ts";
import { afterAllPositions, type LogKeys, logKeys } from "./keys.ts";
import { formatPosition, maxTimeMs, positionAt } from "./position.ts";

export const inflate = promisify(inflateRaw);

/** A page holds at most this many entries, whatever is asked. */
export const maxPageEntries = 10_000;

interface Bounds {
  /** Positions from here (inclusive) */
  from: string;
  /** to here (exclusive). */
  to: string;
  reverse: boolean;
}

/**
 * One page of a log from a snapshot of its rows. Segments come before rows in time: what is merged is always
 * the oldest. What lacks a term by its hashes is not decoded, and a segment whose index says so, or whose time is out of
 * bounds, is not opened.
 */
export async function readPage(reader: RowReader, name: string, query: LogQuery): Promise<LogPage> {
  const { terms = [], reverse = false } = query;
  const limit = Math.min(query.limit, maxPageEntries);
  if (!(limit > 0)) return { entries: [] };
  const keys = logKeys(name);
  const bounds = boundsOf(query, readMeta(reader, keys).start, reverse);
  const page: LogPage = { entries: [] };
  for await (const found of piecesOf(reader, keys, bounds, terms)) {
    if (reverse) found.reverse();
    for (const { at, text, number } of found) {
      if (page.entries.length === limit) {
        page.next = (page.entries.at(-1) as { position: string }).position;
        return page;
      }
      page.entries.push({ at, text, position: formatPosition(at, number) });
    }
  }
  return page;
}

function boundsOf({ from = 0, to = maxTimeMs, after }: LogQuery, start: string, reverse: boolean): Bounds {
  if (after !== undefined) positionAt(after);
  let low = formatPosition(Math.min(Math.max(0, Math.ceil(from)), maxTimeMs), 0);
  if (low < start) low = start;
  let high = to < maxTimeMs ? formatPosition(Math.max(0, Math.floor(to) + 1), 0) : afterAllPositions;
  if (after !== undefined && !reverse && after >= low) low = `${after}+`;
  if (after !== undefined && reverse && after < high) high = after;
  return { from: low, to: high, reverse };
}

/** Entries within the bounds that have all terms, ascending within each piece, pieces in the direction. */
async function* piecesOf(
  reader: RowReader,
  keys: LogKeys,
  bounds: Bounds,
  terms: readonly string[],
): AsyncGenerator<PlacedEntry[]> {
  if (bounds.from >= bounds.to) return;
  const wanted = (at: number, number: number, has: readonly string[]) => {
    const position = formatPosition(at, number);
    return position >= bounds.from && position < bounds.to && terms.every((term) => has.includes(term));
  };
  const wantedHashes = terms.map(termHash);
  const segments = segmentsOf(reader, keys, bounds, wantedHashes, wanted);
  if (!bounds.reverse) yield* segments;
  for await (const row of covering(reader, keys.row, bounds)) {
    const { piece, hashes } = readRow(row.value());
    if (wantedHashes.every((hash) => hashes.includes(hash))) yield decodePiece(piece, wanted);
  }
  if (bounds.reverse) yield* segments;
}

async function* segmentsOf(
  reader: RowReader,
  keys: LogKeys,
  bounds: Bounds,
  hashes: readonly number[],
  wanted: (at: number, number: number, terms: readonly string[]) => boolean,
): AsyncGenerator<PlacedEntry[]> {
  for await (const row of covering(reader, keys.index, bounds)) {
    const index = readIndex(row.value(), hashes);
    if (!index.mayMatch || index.last < bounds.from) continue;
    const segment = reader.get(keys.segment + row.key.slice(keys.index.length));
    if (segment === undefined) throw new Error("A segment of a log is missing.");
    yield decodeSegment(await inflate(segment), wanted);
  }
}

/** Rows of one kind that may hold entries within the bounds: those that start in it, and the one before. */
async function* covering(
  reader: RowReader,
  prefix: string,
  { from, to, reverse }: Bounds,
): AsyncGenerator<LogRow> {
  let start = prefix + from;
  for await (const { key } of reader.rows(prefix, `${prefix}${from}\u0000`, { reverse: true, limit: 1 }))
    start = key;
  yield* reader.rows(start, prefix + to, { reverse });
}
