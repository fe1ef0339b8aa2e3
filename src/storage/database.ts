import { join } from "node:path";
import { ClassicLevel } from "classic-level";
import { StoreCorrupt, StoreUnavailable } from "./errors.ts";
import { gently, tableFiles, verifyLogFiles, verifyTable } from "./levelFiles.ts";

/** The part of LevelDB that the store needs; tests put a failing one in its place. */
export interface Level {
  readonly status: string;
  open(): Promise<void>;
  close(): Promise<void>;
  getSync(key: Buffer, options?: { snapshot?: Snapshot }): Buffer | undefined;
  batch(operations: Operation[], options: { sync: boolean }): Promise<void>;
  iterator(options: IteratorOptions): Iterator;
  snapshot(): Snapshot;
  clear(range: { gte: Buffer; lt: Buffer }): Promise<void>;
  approximateSize(from: Buffer, to: Buffer): Promise<number>;
}

export type Operation = { type: "put"; key: Buffer; value: Buffer } | { type: "del"; key: Buffer };

/** What classic-level implements for abstract-level: operations whose keys and values are bytes already. */
export interface DirectWrites {
  _batch(operations: Operation[], options: { sync: boolean }): Promise<void>;
}

export interface IteratorOptions {
  gte: Buffer;
  lt: Buffer;
  reverse?: boolean;
  limit?: number;
  snapshot?: Snapshot;
  highWaterMarkBytes: number;
}

export interface Iterator {
  nextv(size: number): Promise<[Buffer, Buffer][]>;
  close(): Promise<void>;
}

export interface Snapshot {
  close(): Promise<void>;
}

export type Recover = (level: Level) => Promise<void>;

export type OpenLevel = (directory: string) => Level;

const writeBufferBytes = 16 * 2 ** 20;
const blockCacheBytes = 32 * 2 ** 20;
const tableFileBytes = 8 * 2 ** 20;
/** Tables are checked before the first answer up to about this; it takes some 100 ms. */
const verifiedBeforeStartBytes = 32 * 2 ** 20;
/** Read at once from a range. */
const chunkBytes = 256 * 1024;
/** While the disk refuses, opening again is tried no more often than this. */
const reopenIntervalMs = 200;

export function openLevel(directory: string): Level {
  const options = {
    keyEncoding: "buffer",
    valueEncoding: "buffer",
    // Sealed values do not compress.
    compression: false,
    writeBufferSize: writeBufferBytes,
    cacheSize: blockCacheBytes,
    maxFileSize: tableFileBytes,
  };
  return new ClassicLevel<Buffer, Buffer>(directory, options) as unknown as Level;
}

/**
 * LevelDB, opened again after a failure. After a failed write LevelDB must not be written to any more: its log
 * may end in half a record, and whatever follows that would be lost when the log is next read.
 */
export class Database {
  readonly #directory: string;
  readonly #recover: Recover;
  readonly #openLevel: OpenLevel;
  #level: Level | undefined;
  #failure: unknown;
  #reopening: Promise<void> | undefined;
  #lastTryMs = 0;
  #closed = false;
  #corrupt: StoreCorrupt | undefined;
  #verifying: Promise<void> = Promise.resolve();

  private constructor(directory: string, recover: Recover, open: OpenLevel) {
    this.#directory = directory;
    this.#recover = recover;
    this.#openLevel = open;
  }

  /** `recover` runs on every opening, before anything is read. */
  static async open(directory: string, recover: Recover, open: OpenLevel = openLevel): Promise<Database> {
    const database = new Database(directory, recover, open);
    const tables = await tableFiles(directory);
    await database.#open();
    try {
      await database.#verify(tables);
    } catch (error) {
      await database.close();
      throw error;
    }
    return database;
  }

  get available(): boolean {
    return this.#level !== undefined;
  }

  /** LevelDB, or StoreUnavailable (StoreCorrupt). */
  get level(): Level {
    if (this.#level === undefined) throw this.#unavailable();
    return this.#level;
  }

  /**
   * Writes all operations, or none, and syncs. By LevelDB's own entrance: `batch` of abstract-level copies, checks
   * and encodes each operation anew, which took twice the time of the write itself.
   */
  writeSynced(operations: Operation[]): Promise<void> {
    const { level } = this;
    // A database that is closing must not be handed work: natively that is a crash.
    if (level.status !== "open") return level.batch(operations, { sync: true });
    return (level as unknown as DirectWrites)._batch(operations, { sync: true });
  }

  /** Undefined when it is open; else tries to open it again, and throws StoreUnavailable if that fails. */
  ready(): Promise<void> | undefined {
    if (this.#level !== undefined) return undefined;
    if (this.#closed) throw new StoreUnavailable("it is closed");
    if (this.#corrupt !== undefined) throw this.#corrupt;
    if (this.#reopening !== undefined) return this.#reopening;
    if (performance.now() - this.#lastTryMs < reopenIntervalMs) throw this.#unavailable();
    this.#reopening = this.#open()
      .catch((error) => {
        if (error instanceof StoreCorrupt) throw error;
        this.#failure = error;
        throw this.#unavailable();
      })
      .finally(() => {
        this.#lastTryMs = performance.now();
        this.#reopening = undefined;
      });
    return this.#reopening;
  }

  /** Takes LevelDB out of use after `error`; `ready` opens it again. */
  async fail(error: unknown): Promise<void> {
    this.#failure = error;
    this.#lastTryMs = performance.now();
    const level = this.#level;
    this.#level = undefined;
    // It may refuse to close, having failed; its lock goes with it either way.
    await level?.close().catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#verifying;
    await this.#reopening?.catch(() => undefined);
    const level = this.#level;
    this.#level = undefined;
    await level?.close();
  }

  get(key: string, snapshot?: Snapshot): Buffer | undefined {
    try {
      return this.level.getSync(Buffer.from(key), snapshot && { snapshot });
    } catch (error) {
      throw error instanceof StoreUnavailable ? error : new StoreUnavailable("a read failed", error);
    }
  }

  /** Entries of a range, in pieces, as of the moment of the call. Iterate to free it. */
  chunks(
    range: Omit<IteratorOptions, "highWaterMarkBytes">,
    chunkEntries: number,
  ): AsyncGenerator<[Buffer, Buffer][]> {
    return chunksOf(this.level.iterator({ ...range, highWaterMarkBytes: chunkBytes }), chunkEntries);
  }

  async #open(): Promise<void> {
    await verifyLogFiles(this.#directory);
    const level = this.#openLevel(this.#directory);
    await level.open().catch(async (error) => {
      // An open that failed may still hold LevelDB's lock.
      await level.close().catch(() => undefined);
      throw codeOf(error) === "LEVEL_CORRUPTION"
        ? new StoreCorrupt(this.#directory, String(error.cause.message))
        : error;
    });
    try {
      await this.#recover(level);
    } catch (error) {
      await level.close().catch(() => undefined);
      throw error;
    }
    this.#level = level;
  }

  /** Checks the tables that were there at start: some at once, the rest in the background. */
  async #verify(tables: string[]): Promise<void> {
    const files = tables.map((name) => join(this.#directory, name));
    let bytes = 0;
    while (files.length > 0 && bytes < verifiedBeforeStartBytes)
      bytes += await verifyTable(files.shift() as string);
    this.#verifying = this.#verifyRest(files);
  }

  async #verifyRest(files: string[]): Promise<void> {
    const pause = gently();
    for (const file of files) {
      if (this.#closed) return;
      try {
        await verifyTable(file, pause);
      } catch (error) {
        if (!(error instanceof StoreCorrupt)) continue;
        this.#corrupt = error;
        await this.fail(error);
        return;
      }
    }
  }

  #unavailable(): Error {
    if (this.#corrupt !== undefined) return this.#corrupt;
    return new StoreUnavailable(describe(this.#failure), this.#failure);
  }
}

async function* chunksOf(iterator: Iterator, chunkEntries: number): AsyncGenerator<[Buffer, Buffer][]> {
  try {
    for (;;) {
      const chunk = await iterator.nextv(chunkEntries).catch((error) => {
        throw new StoreUnavailable("a read failed", error);
      });
      if (chunk.length === 0) return;
      yield chunk;
    }
  } finally {
    await iterator.close().catch(() => undefined);
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (error.cause as { code?: string } | undefined)?.code : undefined;
}

/** What failed, in words of the system: a full disk should be recognised as one. */
export function describe(error: unknown): string {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (/no space left|ENOSPC/i.test(cause.message)) return "no space is left on its disk";
    if (cause.cause === undefined) return `its disk failed (${cause.message})`;
  }
  return "its disk failed";
}
