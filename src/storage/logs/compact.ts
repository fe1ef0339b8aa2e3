import { setImmediate } from "node:timers/promises";
import { promisify } from "node:util";
import { deflateRaw } from "node:zlib";
import { encodeMeta, type LogBook, type LogState, type RowReader } from "./book.ts";
import { decodePiece, encodeIndex, joinPieces, type PlacedEntry, readIndex, readRow } from "./format.ts";
import { afterAllPositions } from "./keys.ts";
import { formatPosition, wholeTime } from "./position.ts";

/** Rows of a log are merged once there are this many, or this many bytes of them. */
export const compactAfterRows = 512;
export const compactAfterBytes = 2 * 2 ** 20;
/** A segment is closed at this size of its rows. */
export const maxSegmentBytes = 2 ** 20;
/** Work in one turn of the event loop. */
const turnMs = 3;
/** Rows removed in one commit. */
const maxDeletesPerCommit = 1000;
/** The lowest level: on JSON events it already shrinks to a sixth, at three times the speed of the default. */
const compressionLevel = 1;

const deflate = promisify(deflateRaw);

export interface CompactorHost {
  withSnapshot<T>(use: (reader: RowReader) => Promise<T>): Promise<T>;
  /** Writes sealed rows in one commit; null deletes. */
  commit(writes: [key: string, value: Uint8Array | null][]): Promise<void>;
  maxBytes(log: string): number;
}

/** Merges the rows of logs into compressed segments with an index, oldest first, and keeps logs in their bounds. */
export class Compactor {
  readonly #book: LogBook;
  readonly #host: CompactorHost;
  readonly #due = new Set<string>();
  #work: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(book: LogBook, host: CompactorHost) {
    this.#book = book;
    this.#host = host;
  }

  /** A log has grown: merges it in the background if it is time. */
  noticed(log: string): void {
    const state = this.#book.state(log);
    if (state === undefined || this.#closed || this.#due.has(log) || !this.#isTime(log, state)) return;
    this.#due.add(log);
    // What fails here (a full disk) is tried again when the log next grows.
    void this.#mergeWhile(log, (state) => this.#isTime(log, state))
      .catch(() => undefined)
      .finally(() => this.#due.delete(log));
  }

  /** Merges all rows of a log. */
  compact(log: string): Promise<void> {
    return this.#mergeWhile(log, ({ rows }) => rows > 0);
  }

  #isTime(log: string, { rows, rowBytes }: LogState): boolean {
    return rows >= compactAfterRows || rowBytes >= Math.min(compactAfterBytes, this.#host.maxBytes(log) / 4);
  }

  #mergeWhile(log: string, due: (state: LogState) => boolean): Promise<void> {
    return this.#alone(async () => {
      const state = await this.#book.load(log);
      while (!this.#closed && due(state) && (await this.#merge(log, state))) await setImmediate();
      await this.#bound(log, state);
    });
  }

  /** Drops entries before `beforeMs`: at once for readers, on disk as whole pieces. */
  trim(log: string, beforeMs: number): Promise<void> {
    return this.#alone(async () => {
      const state = await this.#book.load(log);
      // Not beyond the last entry: what is appended from now on stays, also if its time is earlier.
      const behindLast = formatPosition(state.lastAt, state.lastNumber + 1);
      const wanted = formatPosition(wholeTime(Math.ceil(beforeMs)), 0);
      // biome-ignore lint/complexity/useMathMinMax: positions are texts, not numbers.
      const start = wanted < behindLast ? wanted : behindLast;
      if (start > state.start) state.start = start;
      await this.#drop(state, (last) => last < state.start);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#work;
  }

  /** One piece of work at a time, over all logs: it shares the machine with the calls that it serves. */
  #alone(work: () => Promise<void>): Promise<void> {
    const run = this.#work.then(work);
    this.#work = run.catch(() => undefined);
    return run;
  }

  /** Makes one segment of the oldest rows; false if there are none. */
  async #merge(log: string, state: LogState): Promise<boolean> {
    const { keys } = state;
    const oldest = await (state.older === 0
      ? gather(recentRows(state))
      : this.#host.withSnapshot((reader) => gather(olderRows(reader, state))));
    const { rows, bytes } = oldest;
    const [first] = rows;
    const lastPiece = oldest.pieces.at(-1);
    if (first === undefined || lastPiece === undefined) return false;
    const segment = await deflate(joinPieces(oldest.pieces), { level: compressionLevel });
    const terms = Uint32Array.from(oldest.hashes).sort();
    const last = decodePiece(lastPiece).at(-1) as PlacedEntry;
    const segmentBytes = segment.length + terms.byteLength;
    const position = first.slice(keys.row.length);
    // After a failure, what was known of the log's rows holds no more.
    if (this.#book.state(log) !== state) return false;
    const index = { last: formatPosition(last.at, last.number), bytes: segmentBytes, terms };
    await this.#host.commit([
      ...rows.map((row): [string, null] => [row, null]),
      [keys.segment + position, segment],
      [keys.index + position, encodeIndex(index)],
      [keys.meta, encodeMeta({ ...state, segmentBytes: state.segmentBytes + segmentBytes })],
    ]);
    state.segmentBytes += segmentBytes;
    state.rows -= rows.length;
    state.rowBytes -= bytes;
    this.#book.removed(state, rows.length);
    return true;
  }

  /** Drops the oldest segments while the log is larger than it may be. */
  async #bound(log: string, state: LogState): Promise<void> {
    let excess = state.segmentBytes + state.rowBytes - this.#host.maxBytes(log);
    if (excess <= 0) return;
    await this.#drop(state, (_, bytes) => {
      if (excess <= 0) return false;
      excess -= bytes;
      return true;
    });
  }

  /** Drops pieces from the oldest on, for as long as `obsolete` says so of the position of their last entry. */
  async #drop(state: LogState, obsolete: (last: string, bytes: number) => boolean): Promise<void> {
    const { keys } = state;
    const deletes: string[] = [];
    let segmentBytes = 0;
    let rowBytes = 0;
    let rows = 0;
    await this.#host.withSnapshot(async (reader) => {
      for await (const row of reader.rows(keys.index, keys.index + afterAllPositions)) {
        const { last, bytes } = readIndex(row.value(), []);
        if (!obsolete(last, bytes)) return;
        deletes.push(row.key, keys.segment + row.key.slice(keys.index.length));
        segmentBytes += bytes;
      }
      for await (const row of reader.rows(keys.row, keys.row + afterAllPositions)) {
        const entry = decodePiece(readRow(row.value()).piece).at(-1);
        if (entry !== undefined && !obsolete(formatPosition(entry.at, entry.number), row.bytes)) return;
        deletes.push(row.key);
        rowBytes += row.bytes;
        rows += 1;
      }
    });
    // Segments left over by a failure are dropped by the next call; the size is corrected with the first commit.
    state.segmentBytes = Math.max(0, state.segmentBytes - segmentBytes);
    const meta: [string, Uint8Array] = [keys.meta, encodeMeta(state)];
    for (let i = 0; i === 0 || i < deletes.length; i += maxDeletesPerCommit) {
      const part = deletes.slice(i, i + maxDeletesPerCommit);
      await this.#host.commit([...part.map((key): [string, null] => [key, null]), meta]);
    }
    state.rows -= rows;
    state.rowBytes -= rowBytes;
    this.#book.removed(state, rows);
  }
}

interface Gathered {
  /** Keys of the rows. */
  rows: string[];
  pieces: Buffer[];
  hashes: Set<number>;
  bytes: number;
}

interface Row {
  key: string;
  bytes: number;
  value(): Buffer;
}

function* recentRows({ recent }: LogState): Generator<Row> {
  // What comes meanwhile is for the next segment.
  for (const { key, value } of [...recent]) yield { key, bytes: value.length, value: () => value };
}

function olderRows(reader: RowReader, { keys, older }: LogState): AsyncGenerator<Row> {
  return reader.rows(keys.row, keys.row + afterAllPositions, { limit: older });
}

/** Takes rows up to the size of a segment, without holding up what else is to be done. */
async function gather(from: Iterable<Row> | AsyncIterable<Row>): Promise<Gathered> {
  const gathered: Gathered = { rows: [], pieces: [], hashes: new Set(), bytes: 0 };
  let turnStart = performance.now();
  for await (const row of from) {
    const { piece, hashes } = readRow(row.value());
    gathered.rows.push(row.key);
    gathered.pieces.push(piece);
    gathered.bytes += row.bytes;
    for (const hash of hashes) gathered.hashes.add(hash);
    if (gathered.bytes >= maxSegmentBytes) break;
    if (performance.now() - turnStart > turnMs) {
      await setImmediate();
      turnStart = performance.now();
    }
  }
  return gathered;
}
