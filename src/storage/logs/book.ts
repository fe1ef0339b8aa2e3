import type { LogEntry } from "../store.ts";
import { decodePiece, encodeRow, entryBytes, type PlacedEntry, readIndex, readRow } from "./format.ts";
import { afterAllPositions, type LogKeys, logKeys } from "./keys.ts";
import { formatPosition, positionAt, positionNumber, wholeTime } from "./position.ts";

/** Entries of one commit fill rows up to about this size. */
const maxRowBytes = 256 * 1024;
/** Logs whose ends are remembered. */
const maxOpenLogs = 16_384;

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
}

/** Where each log ends, and the rows that a batch adds. */
export class LogBook {
  readonly #reader: RowReader;
  readonly #states = new Map<string, LogState>();
  readonly #loading = new Map<string, Promise<LogState>>();
  #epoch = 0;

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
      rows.push([state.keys.row + formatPosition(first.at, first.number), value]);
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
      if (state.pins === 0 && name !== kept) this.#states.delete(name);
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
  const state: LogState = { ...readMeta(reader, keys), keys, rows: 0, rowBytes: 0, pins: 0 };
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
  const last = lastRow && decodePiece(readRow(lastRow.value()).piece).at(-1);
  if (last !== undefined) passed(last.at, last.number);
  return state;
}
