import type { Keyring } from "../sealing/keyring.ts";
import { type Database, describe, type Operation } from "./database.ts";
import { StoreUnavailable } from "./errors.ts";
import type { LogEntry } from "./store.ts";

export interface Commit {
  sequence: number;
  /** By physical key; null deletes. */
  writes: readonly (readonly [key: string, value: Uint8Array | null])[];
  appends: readonly { log: string; entry: LogEntry }[];
  bytes: number;
}

/** Rows that a batch gets beside those of its commits: the rows of append logs. */
export type BatchRows = (commits: Commit[]) => Iterable<readonly [key: string, value: Uint8Array]>;

/** A batch is closed at this size; sealing it takes a few milliseconds. */
const maxBatchBytes = 4 * 2 ** 20;

interface Waiting {
  sequence: number;
  resolve(): void;
  reject(error: unknown): void;
}

export interface CommitEvents {
  rows: BatchRows;
  /** These commits, and all before them, are on disk. */
  written(commits: Commit[]): void;
  /** Nothing that was not yet on disk will be. */
  failed(): void;
}

/**
 * One synced write at a time, in which all commits that came meanwhile share; in the order in which they came,
 * so that what is on disk is always a state that was.
 */
export class GroupCommit {
  readonly #database: Database;
  readonly #keyring: Keyring;
  readonly #events: CommitEvents;
  #queue: Commit[] = [];
  #waiting: Waiting[] = [];
  #running = false;
  #idle: (() => void)[] = [];
  #onDisk = 0;
  batches = 0;
  commits = 0;

  constructor(database: Database, keyring: Keyring, events: CommitEvents) {
    this.#database = database;
    this.#keyring = keyring;
    this.#events = events;
  }

  get queued(): number {
    return this.#queue.length;
  }

  submit(commit: Commit): Promise<void> {
    this.#queue.push(commit);
    if (!this.#running) {
      this.#running = true;
      // After this turn of the event loop, so that what other callers commit in it is in the same batch.
      setImmediate(() => void this.#run());
    }
    return this.#wait(commit.sequence);
  }

  /** Resolves once the commit with this number and all before it are on disk; undefined if they are. */
  onDisk(sequence: number): Promise<void> | undefined {
    return sequence <= this.#onDisk ? undefined : this.#wait(sequence);
  }

  /** Resolves when nothing is queued or being written. */
  idle(): Promise<void> {
    return this.#running ? new Promise((resolve) => this.#idle.push(resolve)) : Promise.resolve();
  }

  #wait(sequence: number): Promise<void> {
    return new Promise((resolve, reject) => this.#waiting.push({ sequence, resolve, reject }));
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      const commits = this.#takeBatch();
      try {
        await this.#write(commits);
      } catch (error) {
        await this.#fail(error);
      }
    }
    this.#running = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #takeBatch(): Commit[] {
    let bytes = 0;
    let count = 0;
    for (const commit of this.#queue) {
      if (count > 0 && bytes + commit.bytes > maxBatchBytes) break;
      bytes += commit.bytes;
      count += 1;
    }
    const batch = this.#queue.slice(0, count);
    this.#queue = this.#queue.slice(count);
    return batch;
  }

  async #write(commits: Commit[]): Promise<void> {
    const operations: Operation[] = [];
    // Of several writes to one row the last counts; the others need no seal.
    const rows = new Map<string, Uint8Array | null>();
    for (const { writes } of commits) for (const [key, value] of writes) rows.set(key, value);
    for (const [key, value] of rows) operations.push(this.#operation(key, value));
    for (const [key, value] of this.#events.rows(commits)) operations.push(this.#operation(key, value));
    const keys = this.#keyring.pendingRows();
    for (const [key, value] of keys) operations.push({ type: "put", key: Buffer.from(key), value });
    await this.#database.writeSynced(operations);
    this.#keyring.written(keys);
    this.batches += 1;
    this.commits += commits.length;
    this.#onDisk = (commits.at(-1) as Commit).sequence;
    this.#events.written(commits);
    const done = this.#waiting.filter(({ sequence }) => sequence <= this.#onDisk);
    this.#waiting = this.#waiting.filter(({ sequence }) => sequence > this.#onDisk);
    for (const { resolve } of done) resolve();
  }

  #operation(key: string, value: Uint8Array | null): Operation {
    return value === null
      ? { type: "del", key: Buffer.from(key) }
      : { type: "put", key: Buffer.from(key), value: this.#keyring.seal(key, value) };
  }

  /** All that waits may have built on what did not reach the disk, so all of it fails. */
  async #fail(error: unknown): Promise<void> {
    await this.#database.fail(error);
    this.#queue = [];
    this.#events.failed();
    const unavailable = new StoreUnavailable(describe(error), error);
    for (const { reject } of this.#waiting.splice(0)) reject(unavailable);
  }
}
