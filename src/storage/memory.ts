import { History } from "./history.ts";
import { compareKeys } from "./keys.ts";
import { formatPosition, positionAt } from "./logs/position.ts";
import { type Committer, Transactions } from "./optimistic.ts";
import type {
  LogEntry,
  LogPage,
  LogQuery,
  LogReader,
  MaybePromise,
  Reads,
  Store,
  Transaction,
} from "./store.ts";
import type { DiskEntry, OpenTransaction, Scan } from "./transaction.ts";

/** A store that lives as long as the process: for tests, and for trying things out. */
export class MemoryStore implements Store {
  readonly #state = new MemoryState();
  readonly #transactions = new Transactions(this.#state);

  transact<T>(body: (tx: Transaction) => MaybePromise<T>): Promise<T> {
    return this.#transactions.transact(body);
  }

  peek<T>(read: (tx: Reads) => MaybePromise<T>): MaybePromise<T> {
    return this.#transactions.peek(read);
  }

  log(name: string): LogReader {
    return { read: async (query) => readEntries(this.#state.logs.get(name)?.entries ?? [], query) };
  }

  /** Drops everything. */
  async reset(): Promise<void> {
    this.#state.clear();
  }

  async close(): Promise<void> {
    this.#state.closed = true;
  }

  stats(): Record<string, unknown> {
    return { backend: "memory", rows: this.#state.rows.size, conflicts: this.#transactions.conflicts };
  }

  /** Drops entries before `beforeMs`. */
  async trim(log: string, beforeMs: number): Promise<void> {
    const known = this.#state.logs.get(log);
    if (known !== undefined) known.entries = known.entries.filter(({ at }) => at >= beforeMs);
  }
}

interface Kept extends LogEntry {
  position: string;
}

class MemoryState implements Committer {
  readonly history = new History();
  readonly rows = new Map<string, Uint8Array>();
  readonly logs = new Map<string, { lastAt: number; entries: Kept[] }>();
  closed = false;
  /** Keys of `rows` in order; undefined when a key came or went since it was made. */
  #sorted: string[] | undefined;

  ready(): undefined {
    if (this.closed) throw new Error("The store is closed.");
  }

  prepare(): undefined {}

  onDisk(): undefined {}

  read(key: string): Uint8Array | undefined {
    return this.rows.get(key);
  }

  scan(from: string, to: string, { reverse }: { reverse: boolean }): Scan {
    this.#sorted ??= [...this.rows.keys()].sort(compareKeys);
    const keys = this.#sorted.slice(lowerBound(this.#sorted, from), lowerBound(this.#sorted, to));
    if (reverse) keys.reverse();
    const entries = keys.map((key): DiskEntry => {
      const value = this.rows.get(key) as Uint8Array;
      return { key, bytes: value.byteLength, value: () => value };
    });
    return { pending: [], disk: once(entries) };
  }

  async commit(tx: OpenTransaction): Promise<void> {
    this.history.record([...tx.writes.keys()]);
    for (const [key, value] of tx.writes) {
      if (value === null ? this.rows.delete(key) : !this.rows.has(key)) this.#sorted = undefined;
      if (value !== null) this.rows.set(key, value);
    }
    for (const { log, entry } of tx.appends) this.#append(log, entry);
  }

  clear(): void {
    this.rows.clear();
    this.logs.clear();
    this.#sorted = undefined;
    this.history.invalidate();
  }

  #appended = 0;

  #append(log: string, { at, text, terms }: LogEntry): void {
    const kept = this.logs.get(log) ?? { lastAt: 0, entries: [] };
    this.logs.set(log, kept);
    kept.lastAt = Math.max(kept.lastAt, Math.floor(at));
    this.#appended += 1;
    const position = formatPosition(kept.lastAt, this.#appended);
    kept.entries.push({ at: kept.lastAt, text, ...(terms && { terms }), position });
  }
}

async function* once(entries: DiskEntry[]): AsyncGenerator<DiskEntry[]> {
  yield entries;
}

function lowerBound(sorted: string[], key: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareKeys(sorted[middle] as string, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function readEntries(all: Kept[], query: LogQuery): LogPage {
  const { from = 0, to = Number.POSITIVE_INFINITY, terms = [], reverse = false, limit, after } = query;
  if (after !== undefined) positionAt(after);
  const matching = all.filter(
    (entry) =>
      entry.at >= from &&
      entry.at <= to &&
      (after === undefined || (reverse ? entry.position < after : entry.position > after)) &&
      terms.every((term) => entry.terms?.includes(term)),
  );
  if (reverse) matching.reverse();
  const entries = matching.slice(0, limit).map(({ at, text, position }) => ({ at, text, position }));
  const last = entries.at(-1);
  return { entries, ...(matching.length > limit && last && { next: last.position }) };
}
