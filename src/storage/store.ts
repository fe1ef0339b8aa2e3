import type { MaybePromise } from "./maybe.ts";

export type { MaybePromise } from "./maybe.ts";

/**
 * The one interface to state: an ordered key-value store with optimistic transactions, in the manner of
 * FoundationDB. Keys are strings ordered by their UTF-8 bytes; values are bytes, sealed by the layer below.
 */
export interface Store {
  /**
   * Runs `body` against a consistent view and commits what it wrote if nothing that it read has changed
   * meanwhile; otherwise runs it again. Resolves once the commit is on disk. If `body` throws and what it
   * read is still current, its writes and appends are dropped and the error is rethrown; if what it read
   * has changed, it is run again. So `body` must have no effect but through `tx`.
   */
  transact<T>(body: (tx: Transaction) => MaybePromise<T>): Promise<T>;
  /** Reads what is committed, outside of any transaction: each read is current by itself, and changes nothing. */
  peek<T>(read: (tx: Reads) => MaybePromise<T>): MaybePromise<T>;
  /** Reads entries of an append log. */
  log(name: string): LogReader;
  close(): Promise<void>;
}

export interface Reads {
  get(key: string): MaybePromise<Uint8Array | undefined>;
  /** Entries with from <= key < to, in key order (or reverse), the transaction's own writes included. */
  range(from: string, to: string, options?: RangeOptions): Promise<Entry[]>;
}

export interface Transaction extends Reads {
  put(key: string, value: Uint8Array): void;
  delete(key: string): void;
  /** Adds an entry to an append log, in the same commit. */
  append(log: string, entry: LogEntry): void;
  /**
   * Runs `write` when this transaction commits: it is certain by then that it does, nothing comes between, and what
   * transactions write so is in the order of their commits. `write` is synchronous and may put and delete, not read.
   */
  atCommit(write: () => void): void;
  /** A point to which the writes and appends of this transaction can be rolled back. */
  savepoint(): Savepoint;
  /** Drops every write, append and `atCommit` since the savepoint; reads stay part of the conflict check. */
  rollback(to: Savepoint): void;
}

/** Opaque to all but the transaction that made it. */
export type Savepoint = { readonly savepoint: unique symbol } | object;

export interface RangeOptions {
  limit?: number;
  reverse?: boolean;
}

export type Entry = readonly [key: string, value: Uint8Array];

export interface LogEntry {
  /** Milliseconds since the epoch, by the Cloudkeep clock. */
  at: number;
  /** The entry; a plain JSON text. */
  text: string;
  /** Terms by which the entry can be found without reading every segment: `EventName=CreateUser`. */
  terms?: string[];
}

export interface LogReader {
  read(options: LogQuery): Promise<LogPage>;
}

export interface LogQuery {
  /** Inclusive bounds on `at`, ms. */
  from?: number;
  to?: number;
  /** Only entries that have every one of these terms. */
  terms?: string[];
  /** Newest first. */
  reverse?: boolean;
  limit: number;
  /** Where the last page ended (exclusive). */
  after?: string;
}

export interface LogPage {
  entries: { at: number; text: string; position: string }[];
  /** Present when more may follow. */
  next?: string;
}
