import type { KeyObject } from "node:crypto";
import { type KeyRow, Keyring, type KeyringLimits, keyRowPrefix } from "../sealing/keyring.ts";
import { defaultRootKeySource, type RootKeySource } from "../sealing/rootKey.ts";
import { Database, type Level, type OpenLevel } from "./database.ts";
import { type DataDirectory, takeDirectory } from "./directory.ts";
import { StoreCorrupt } from "./errors.ts";
import { LevelState, rowPrefix } from "./levelState.ts";
import { logPrefix } from "./logs/keys.ts";
import { readPage } from "./logs/read.ts";
import type { LogReader, MaybePromise, Reads, Store, Transaction } from "./store.ts";

export interface LevelOptions {
  /** The data directory; made if missing, and taken for this process. */
  dir: string;
  rootKey?: RootKeySource;
  /** Bound of the cache of opened rows. */
  cacheBytes?: number;
  /** Bound of each append log, in sealed bytes; its oldest entries are dropped beyond. */
  maxLogBytes?: number | ((log: string) => number);
  keyring?: KeyringLimits;
  /** LevelDB, or what tests put in its place. */
  openLevel?: OpenLevel;
}

/** Each log may grow to this size unless told otherwise. */
export const defaultMaxLogBytes = 8 * 2 ** 30;

const resetMarker = Buffer.from("sys/reset");

/** The embedded store: LevelDB, everything sealed, every acknowledged write on disk. */
export class LevelStore implements Store {
  readonly #directory: DataDirectory;
  readonly #database: Database;
  readonly #keyring: Keyring;
  readonly #state: LevelState;

  private constructor(directory: DataDirectory, database: Database, keyring: Keyring, options: LevelOptions) {
    this.#directory = directory;
    this.#database = database;
    this.#keyring = keyring;
    const { maxLogBytes: bound = defaultMaxLogBytes } = options;
    this.#state = new LevelState(database, keyring, {
      ...(options.cacheBytes !== undefined && { cacheBytes: options.cacheBytes }),
      maxLogBytes: typeof bound === "function" ? bound : () => bound,
    });
  }

  /**
   * Opens a data directory, recovering from whatever ended the last process.
   * Throws StoreLocked, StoreCorrupt, WrongRootKey, RootKeyUnavailable.
   */
  static async open(options: LevelOptions): Promise<LevelStore> {
    const directory = await takeDirectory(options.dir);
    let database: Database | undefined;
    try {
      database = await Database.open(directory.state, finishReset, options.openLevel);
      const keyring = await openKeyring(database, directory, options);
      return new LevelStore(directory, database, keyring, options);
    } catch (error) {
      await database?.close();
      await directory.release();
      throw error;
    }
  }

  /** Where this store is, and under which name its key file is kept. */
  get identity(): { id: string; dir: string; bytesDir: string } {
    const { identity, path, bytes } = this.#directory;
    return { id: identity.id, dir: path, bytesDir: bytes };
  }

  get keyring(): Keyring {
    return this.#keyring;
  }

  transact<T>(body: (tx: Transaction) => MaybePromise<T>): Promise<T> {
    return this.#state.transactions.transact(body);
  }

  peek<T>(read: (tx: Reads) => MaybePromise<T>): MaybePromise<T> {
    return this.#state.transactions.peek(read);
  }

  log(name: string): LogReader {
    return {
      read: async (query) => {
        await this.#state.ready();
        return this.#state.withSnapshot((reader) => readPage(reader, name, query));
      },
    };
  }

  /** Drops entries of a log before `beforeMs`. */
  trim(log: string, beforeMs: number): Promise<void> {
    return this.#state.compactor.trim(log, beforeMs);
  }

  /** Merges what has gathered in a log, as happens in the background. */
  compact(log: string): Promise<void> {
    return this.#state.compactor.compact(log);
  }

  /** Drops all rows and logs; keeps the root key and the data keys. */
  reset(): Promise<void> {
    return this.#state.exclusive(() => clear(this.#database.level));
  }

  /** Wraps the data keys by a new root key. It is in force on disk once this resolves. */
  rewrap(newRoot: KeyObject): Promise<void> {
    return this.#state.exclusive(async () => {
      try {
        await writeKeyRows(this.#database, this.#keyring.rewrap(newRoot));
      } catch (error) {
        // Which of the two is on disk is unknown, so the next batch settles it.
        this.#keyring.rewriteAll();
        throw error;
      }
      this.#keyring.useRoot(newRoot);
    });
  }

  stats(): Record<string, unknown> {
    return { backend: "level", directory: this.#directory.path, ...this.#state.stats() };
  }

  /** Waits for what was committed, then closes. */
  async close(): Promise<void> {
    await this.#state.close();
    await this.#database.close();
    await this.#directory.release();
  }
}

/** A marker makes the clearing, which LevelDB does in steps, whole: `finishReset` ends one that was cut short. */
async function clear(level: Level): Promise<void> {
  await level.batch([{ type: "put", key: resetMarker, value: Buffer.of(1) }], { sync: true });
  await finishReset(level);
}

async function finishReset(level: Level): Promise<void> {
  if (level.getSync(resetMarker) === undefined) return;
  for (const prefix of [rowPrefix, logPrefix]) {
    await level.clear({ gte: Buffer.from(prefix), lt: Buffer.from(`${prefix}\u{10ffff}`) });
  }
  await level.batch([{ type: "del", key: resetMarker }], { sync: true });
}

async function openKeyring(
  database: Database,
  directory: DataDirectory,
  options: LevelOptions,
): Promise<Keyring> {
  const rows: KeyRow[] = [];
  const range = { gte: Buffer.from(keyRowPrefix), lt: Buffer.from(`${keyRowPrefix}\u{10ffff}`) };
  for await (const chunk of database.chunks(range, 100)) {
    for (const [key, value] of chunk) rows.push([key.toString(), value]);
  }
  const create = rows.length === 0;
  if (create && !(await isEmpty(database)))
    throw new StoreCorrupt(directory.state, "its data keys are missing");
  const source = options.rootKey ?? defaultRootKeySource();
  const { id, salt } = directory.identity;
  const roots = await source({ storeId: id, salt, create });
  if (!create) return Keyring.open(roots, rows, options.keyring);
  const keyring = Keyring.create(roots[0] as KeyObject, options.keyring);
  const pending = keyring.pendingRows();
  await writeKeyRows(database, pending);
  keyring.written(pending);
  return keyring;
}

async function isEmpty(database: Database): Promise<boolean> {
  for await (const _ of database.chunks({ gte: Buffer.alloc(0), lt: Buffer.of(0xff), limit: 1 }, 1))
    return false;
  return true;
}

async function writeKeyRows(database: Database, rows: readonly KeyRow[]): Promise<void> {
  const operations = rows.map(([key, value]) => ({ type: "put" as const, key: Buffer.from(key), value }));
  await database.level.batch(operations, { sync: true });
}
