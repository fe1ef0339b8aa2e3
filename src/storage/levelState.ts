import type { Keyring } from "../sealing/keyring.ts";
import type { Database } from "./database.ts";
import { StoreUnavailable } from "./errors.ts";
import { type Commit, GroupCommit } from "./groupCommit.ts";
import { History } from "./history.ts";
import { compareKeys } from "./keys.ts";
import { LogBook, type RowReader } from "./logs/book.ts";
import { Compactor } from "./logs/compact.ts";
import { entryBytes } from "./logs/format.ts";
import { type Committer, Transactions } from "./optimistic.ts";
import { DiskRow, maxRangeEntries, RangeCache, type Wanted } from "./rangeCache.ts";
import { RowCache } from "./rowCache.ts";
import { chunkEntries, rowReader } from "./rowReader.ts";
import type { LogEntry } from "./store.ts";
import {
  type DiskEntry,
  type OpenTransaction,
  type Reader,
  type Scan,
  sortEntries,
  type Written,
} from "./transaction.ts";

export interface StateOptions {
  cacheBytes?: number;
  maxLogBytes: (log: string) => number;
}

/** Rows of the interface's keys, apart from logs and the keyring. */
export const rowPrefix = "row/";
/** Callers wait for room beyond this. */
const maxQueuedCommits = 20_000;

/** A commit on its way to disk. */
interface Pending {
  value: Written;
  sequence: number;
}

/** Committed state: what is on disk, and over it what is on its way there. */
export class LevelState implements Committer {
  readonly history = new History();
  readonly transactions: Transactions = new Transactions(this);
  readonly compactor: Compactor;
  readonly #database: Database;
  readonly #keyring: Keyring;
  readonly #cache: RowCache;
  readonly #ranges = new RangeCache();
  readonly #pending = new Map<string, Pending>();
  readonly #group: GroupCommit;
  readonly #book: LogBook;
  #gate: Promise<void> | undefined;
  #closed = false;
  #failures = 0;

  constructor(database: Database, keyring: Keyring, options: StateOptions) {
    this.#database = database;
    this.#keyring = keyring;
    this.#cache = new RowCache(options.cacheBytes);
    this.#book = new LogBook(rowReader(database, keyring));
    this.#group = new GroupCommit(database, keyring, {
      rows: (commits) => this.#logRows(commits),
      written: (commits) => this.#written(commits),
      failed: () => this.#failed(),
    });
    this.compactor = new Compactor(this.#book, {
      withSnapshot: (use) => this.withSnapshot(use),
      commit: (writes) => this.#commitRows(writes),
      maxBytes: options.maxLogBytes,
    });
  }

  ready(): Promise<void> | undefined {
    if (this.#closed) throw new StoreUnavailable("it is closed");
    if (this.#gate !== undefined) return this.#gate.then(() => this.ready());
    if (!this.#database.available) return this.#database.ready();
    return this.#group.queued > maxQueuedCommits ? this.#group.idle() : undefined;
  }

  prepare(tx: OpenTransaction): Promise<void> | undefined {
    if (this.#gate !== undefined) return this.#gate.then(() => this.prepare(tx));
    const missing = tx.appends.filter(({ log }) => this.#book.state(log) === undefined);
    if (missing.length === 0) return undefined;
    return Promise.all(missing.map(({ log }) => this.#book.load(log))).then(() => this.prepare(tx));
  }

  onDisk(sequence: number): Promise<void> | undefined {
    return this.#group.onDisk(sequence);
  }

  read(key: string, reader: Reader): Uint8Array | undefined {
    const pending = this.#pending.get(key);
    if (pending !== undefined) {
      reader.needs = Math.max(reader.needs, pending.sequence);
      return pending.value ?? undefined;
    }
    const cached = this.#cache.get(key);
    if (cached !== undefined) return cached ?? undefined;
    const row = rowPrefix + key;
    const sealed = this.#database.get(row);
    const value = sealed === undefined ? null : this.#keyring.open(row, sealed);
    this.#cache.set(key, value);
    return value ?? undefined;
  }

  scan(
    from: string,
    to: string,
    { reverse, limit }: { reverse: boolean; limit: number },
    reader: Reader,
  ): Scan {
    const pending: [string, Written][] = [];
    for (const [key, { value, sequence }] of this.#pending) {
      if (compareKeys(key, from) < 0 || compareKeys(key, to) >= 0) continue;
      pending.push([key, value]);
      reader.needs = Math.max(reader.needs, sequence);
    }
    const wanted: Wanted = { from, to, reverse, limit };
    if (pending.length > 0)
      return { pending: sortEntries(pending, reverse), disk: this.#disk(wanted, pending.length) };
    const held = this.#ranges.get(wanted);
    return { pending, disk: held ? [held] : this.#kept(wanted, this.#disk(wanted), this.history.sequence) };
  }

  commit(tx: OpenTransaction): Promise<void> {
    for (const { log } of tx.appends) {
      const state = this.#book.state(log);
      if (state === undefined) throw new StoreUnavailable("too many logs are written at once");
      state.pins += 1;
    }
    const sequence = this.history.record([...tx.writes.keys()]);
    const writes: [string, Written][] = [];
    let bytes = 0;
    for (const [key, value] of tx.writes) {
      this.#pending.set(key, { value, sequence });
      this.#ranges.written(key);
      writes.push([rowPrefix + key, value]);
      bytes += key.length + (value?.byteLength ?? 0);
    }
    for (const { entry } of tx.appends) bytes += entryBytes(entry);
    return this.#group.submit({ sequence, writes, appends: tx.appends, bytes });
  }

  /** Reads rows as of now, whatever is written meanwhile. */
  async withSnapshot<T>(use: (reader: RowReader) => Promise<T>): Promise<T> {
    const snapshot = this.#database.level.snapshot();
    try {
      return await use(rowReader(this.#database, this.#keyring, snapshot));
    } finally {
      await snapshot.close().catch(() => undefined);
    }
  }

  /** Runs `change` while nothing else is written, and drops all that is remembered of the state. */
  async exclusive(change: () => Promise<void>): Promise<void> {
    await this.ready();
    let open = () => {};
    this.#gate = new Promise((resolve) => {
      open = resolve;
    });
    try {
      await this.#group.idle();
      this.history.suspended = true;
      await change();
    } catch (error) {
      await this.#database.fail(error);
      throw new StoreUnavailable("it could not be changed as a whole", error);
    } finally {
      this.#cache.clear();
      this.#ranges.clear();
      this.#book.forget();
      this.history.invalidate();
      this.history.suspended = false;
      this.#gate = undefined;
      open();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.compactor.close();
    await this.#group.idle();
  }

  stats(): Record<string, unknown> {
    return {
      commits: this.#group.commits,
      batches: this.#group.batches,
      queued: this.#group.queued,
      conflicts: this.transactions.conflicts,
      failures: this.#failures,
      cache: {
        rows: this.#cache.size,
        bytes: this.#cache.bytes,
        hits: this.#cache.hits,
        misses: this.#cache.misses,
      },
      keyring: this.#keyring.stats,
      available: this.#database.available,
    };
  }

  /** Rows of logs that a batch adds: all that its commits append to one log, together. */
  #logRows(commits: Commit[]): [string, Uint8Array][] {
    const byLog = new Map<string, LogEntry[]>();
    for (const { appends } of commits) {
      for (const { log, entry } of appends) {
        const entries = byLog.get(log);
        if (entries === undefined) byLog.set(log, [entry]);
        else entries.push(entry);
      }
    }
    const rows: [string, Uint8Array][] = [];
    for (const [log, entries] of byLog) {
      rows.push(...this.#book.place(log, entries));
      const state = this.#book.state(log);
      if (state !== undefined) state.pins -= entries.length;
      this.compactor.noticed(log);
    }
    return rows;
  }

  #written(commits: Commit[]): void {
    this.#book.written();
    for (const { writes, sequence } of commits) {
      for (const [row, value] of writes) {
        if (!row.startsWith(rowPrefix)) continue;
        const key = row.slice(rowPrefix.length);
        if (this.#pending.get(key)?.sequence !== sequence) continue;
        this.#pending.delete(key);
        this.#cache.set(key, value);
      }
    }
    this.history.forget(this.transactions.oldestView);
  }

  #failed(): void {
    this.#failures += 1;
    this.#pending.clear();
    this.#cache.clear();
    this.#ranges.clear();
    this.#book.forget();
    this.history.invalidate();
  }

  /** Writes rows of the store's own, sealed, in the next batch. */
  async #commitRows(writes: [string, Written][]): Promise<void> {
    await this.ready();
    const bytes = writes.reduce((sum, [key, value]) => sum + key.length + (value?.byteLength ?? 0), 0);
    await this.#group.submit({ sequence: this.history.record([]), writes, appends: [], bytes });
  }

  /** Entries of a range as they are on disk now; `hidden` of them may be hidden by what is not there yet. */
  #disk({ from, to, reverse, limit }: Wanted, hidden = 0): AsyncGenerator<DiskEntry[]> {
    const range = { gte: Buffer.from(rowPrefix + from), lt: Buffer.from(rowPrefix + to), reverse };
    const chunks = this.#database.chunks(range, Math.min(chunkEntries, limit + hidden));
    return this.#entries(chunks, this.history.sequence);
  }

  async *#entries(chunks: AsyncGenerator<[Buffer, Buffer][]>, asOf: number): AsyncGenerator<DiskEntry[]> {
    for await (const chunk of chunks) {
      yield chunk.map(([row, sealed]) => {
        const key = row.toString("utf8", rowPrefix.length);
        return new DiskRow(key, sealed, (bytes) => this.#valueAsOf(key, bytes, asOf));
      });
    }
  }

  /** Passes a range on, and keeps it, if it is short and nothing was written there meanwhile. */
  async *#kept(wanted: Wanted, disk: AsyncGenerator<DiskEntry[]>, asOf: number): AsyncGenerator<DiskEntry[]> {
    const found: DiskEntry[] = [];
    const keep = () => {
      if (this.history.rangeChanged(wanted.from, wanted.to, asOf)) return;
      this.#ranges.set(wanted, found);
    };
    for await (const chunk of disk) {
      if (found.length <= maxRangeEntries) found.push(...chunk);
      // Nobody may ask for more than was wanted, so this may be the last that runs.
      if (found.length >= wanted.limit) keep();
      yield chunk;
    }
    keep();
  }

  /** The cached instance if it is the row's value as of then; the cache may know a later one. */
  #valueAsOf(key: string, sealed: Buffer, asOf: number): Uint8Array {
    const changed = this.history.changed(key, asOf);
    const cached = changed ? undefined : this.#cache.get(key);
    if (cached) return cached;
    const value = this.#keyring.open(rowPrefix + key, sealed);
    if (!changed) this.#cache.set(key, value);
    return value;
  }
}
