import type { LogEntry } from "../store.ts";
import { decodePiece, encodeRow, entryBytes, type PlacedEntry, readIndex, readRow } from "./format.ts";
import { afterAllPositions, type LogKeys, logKeys } from "./keys.ts";
import { formatPosition, positionAt, positionNumber, wholeTime } from "./position.ts";

/** Entries of one commit fill rows up to about this size. */
const maxRowBytes = 256 * 1024;
/** Logs whose ends are remembered. */
const maxOpenLogs = 16_384;
/** Rows of all logs that are kept in memory until they are merged, so that merging need not read and open them. */
const maxRecentBytes = 8 * 2 ** 20;

/** Opened rows of the store, in either direction. */
export interface RowReader {
  get(key: string): Buffer | undefined;
  /** Rows with from <= key < to; values are opened when asked for. */
  rows(from: string, to: string, options?: { reverse?: boolean; limit?: number }): AsyncGenerator<LogRow>;
}

export interface LogRow {
  key: string;
  /** Sealed size. */
  bytes: number;
  value(): Buffer;
}

/** What is stored of a log beside its entries. */
export interface LogMeta {
  lastAt: number;
  lastNumber: number;
  /** Sealed bytes of all segments with their indexes. */
  segmentBytes: number;
  /** Entries before this position are dropped, though a segment may still hold some. */
  start: string;
}

export interface LogState extends LogMeta {
  readonly keys: LogKeys;
  /** Rows not yet merged into segments. */
  rows: number;
  rowBytes: number;
  /** Commits with entries for this log that are not yet in a batch. */
  pins: number;
  /** The latest of the rows, in order, all on disk. */
  recent: RecentRow[];
  /** Rows on disk before those: they are read to be merged. */
  older: number;
}

export interface RecentRow {
  key: string;
  value: Buffer;
}

/** Where each log ends, and the rows that a batch adds. */
export class LogBook {
  readonly #reader: RowReader;
  readonly #states = new Map<string, LogState>();
  readonly #loading = new Map<string, Promise<LogState>>();
  #epoch = 0;
  /** Rows of the batch that is being written. */
  #placed: [LogState, RecentRow][] = [];
  #recentBytes = 0;

  constructor(reader: RowReader) {
    this.#reader = reader;
  }

  state(name: string): LogState | undefined {
    return this.#states.get(name);
  }

  load(name: string): Promise<LogState> {
    let loading = this.#loading.get(name);
    if (loading === undefined) {
      const epoch = this.#epoch;
      loading = loadState(this.#reader, name)
        // Forgotten meanwhile: what was read may be from before.
        .then((state) => (epoch === this.#epoch ? this.#keep(name, state) : this.load(name)))
        .finally(() => this.#loading.delete(name));
      this.#loading.set(name, loading);
    }
    return loading;
  }

  /** Forgets all ends: what is on disk may differ from what was expected. */
  forget(): void {
    this.#epoch += 1;
    this.#states.clear();
    this.#loading.clear();
    this.#placed = [];
    this.#recentBytes = 0;
  }

  /** The rows that were placed are on disk. */
  written(): void {
    for (const [state, row] of this.#placed) {
      state.recent.push(row);
      this.#recentBytes += row.value.length;
      if (this.#recentBytes <= maxRecentBytes) continue;
      state.older += state.recent.length;
      this.#forgetRows(state, state.recent.length);
    }
    this.#placed = [];
  }

  /** The first rows are on disk no more. */
  removed(state: LogState, count: number): void {
    const older = Math.min(count, state.older);
    state.older -= older;
    this.#forgetRows(state, count - older);
  }

  /** Lets go of the first rows in memory. */
  #forgetRows(state: LogState, count: number): void {
    for (const { value } of state.recent.splice(0, count)) this.#recentBytes -= value.length;
  }

  /** Rows for entries of one log, in order, placed behind its end. The log must be loaded. */
  place(name: string, entries: readonly LogEntry[]): [key: string, value: Buffer][] {
    const state = this.#states.get(name) as LogState;
    const rows: [string, Buffer][] = [];
    let piece: PlacedEntry[] = [];
    let bytes = 0;
    const flush = () => {
      const first = piece[0];
      if (first === undefined) return;
      const value = encodeRow(piece);
      const key = state.keys.row + formatPosition(first.at, first.number);
      rows.push([key, value]);
      this.#placed.push([state, { key, value }]);
      state.rows += 1;
      state.rowBytes += value.length;
      piece = [];
      bytes = 0;
    };
    for (const entry of entries) {
      // Never backward, so that positions are in order of time.
      state.lastAt = Math.max(state.lastAt, wholeTime(entry.at));
      state.lastNumber += 1;
      piece.push({ at: state.lastAt, number: state.lastNumber, text: entry.text, terms: entry.terms ?? [] });
      bytes += entryBytes(entry);
      if (bytes >= maxRowBytes) flush();
    }
    flush();
    return rows;
  }

  #keep(name: string, state: LogState): LogState {
    const known = this.#states.get(name);
    if (known !== undefined) return known;
    this.#states.set(name, state);
    if (this.#states.size > maxOpenLogs) this.#evict(name);
    return state;
  }

  #evict(kept: string): void {
    for (const [name, state] of this.#states) {
      if (this.#states.size <= maxOpenLogs) return;
      if (state.pins > 0 || name === kept) continue;
      this.#forgetRows(state, state.recent.length);
      this.#states.delete(name);
    }
  }
}

export function encodeMeta({ lastAt, lastNumber, segmentBytes, start }: LogMeta): Buffer {
  return Buffer.from(JSON.stringify({ lastAt, lastNumber, segmentBytes, start } satisfies LogMeta));
}

export function readMeta(reader: Pick<RowReader, "get">, keys: LogKeys): LogMeta {
  const stored = reader.get(keys.meta);
  if (stored === undefined) return { lastAt: 0, lastNumber: 0, segmentBytes: 0, start: formatPosition(0, 0) };
  return JSON.parse(stored.toString()) as LogMeta;
}

async function loadState(reader: RowReader, name: string): Promise<LogState> {
  const keys = logKeys(name);
  const state: LogState = {
    ...readMeta(reader, keys),
    keys,
    rows: 0,
    rowBytes: 0,
    pins: 0,
    recent: [],
    older: 0,
  };
  const passed = (at: number, number: number) => {
    state.lastAt = Math.max(state.lastAt, at);
    state.lastNumber = Math.max(state.lastNumber, number);
  };
  for await (const { value } of reader.rows(keys.index, keys.index + afterAllPositions, {
    reverse: true,
    limit: 1,
  })) {
    const { last } = readIndex(value(), []);
    passed(positionAt(last), positionNumber(last));
  }
  let lastRow: LogRow | undefined;
  for await (const row of reader.rows(keys.row, keys.row + afterAllPositions)) {
    state.rows += 1;
    state.rowBytes += row.bytes;
    lastRow = row;
  }
  state.older = state.rows;
  const last = lastRow && decodePiece(readRow(lastRow.value()).piece).at(-1);
  if (last !== undefined) passed(last.at, last.number);
  return state;
}
