import { type History, ReadSet } from "./history.ts";
import { checkKey, compareKeys, keyAfter } from "./keys.ts";
import { wholeTime } from "./logs/position.ts";
import type { Entry, LogEntry, RangeOptions, Reads, Savepoint, Transaction } from "./store.ts";

/** A value, or null where the key was deleted. */
export type Written = Uint8Array | null;

/** Committed state, as an open transaction sees it. */
export interface Base {
  readonly history: History;
  /** The committed value, on disk or on its way there; raises `reader.needs` to the commit that it came from. */
  read(key: string, reader: Reader): Uint8Array | undefined;
  /** Committed entries as of the moment of the call, in order or reverse. */
  scan(from: string, to: string, options: { reverse: boolean; limit: number }, reader: Reader): Scan;
}

/** Who reads: what must be on disk before the reader's result may be told. */
export interface Reader {
  needs: number;
}

export interface Scan {
  /** Commits on their way to disk, sorted in the direction of the scan; they hide entries of `disk`. */
  pending: [key: string, value: Written][];
  disk: AsyncIterable<readonly DiskEntry[]> | Iterable<readonly DiskEntry[]>;
}

export interface DiskEntry {
  readonly key: string;
  /** Of the value, or about as many. */
  readonly bytes: number;
  value(): Uint8Array;
}

/** Thrown into a body whose reads are no longer current, so that it never acts on a mixture of two states. */
export class ReadsOutdated extends Error {
  constructor() {
    super("What this transaction has read was changed by another; it is run again.");
    this.name = "ReadsOutdated";
  }
}

/** Values longer than this belong into the byte store. */
export const maxValueBytes = 16 * 2 ** 20;

/** One run of a transaction's body. Reads are consistent as of `#asOf`, which moves on while nothing read changed. */
export class OpenTransaction implements Transaction, Reader {
  needs = 0;
  readonly writes = new Map<string, Written>();
  readonly appends: { log: string; entry: LogEntry }[] = [];
  readonly #atCommit: (() => void)[] = [];
  readonly #base: Base;
  readonly #reads = new ReadSet();
  readonly #undo: [key: string, before: Written | undefined][] = [];
  #asOf: number;
  #open = true;
  #outdated = false;

  constructor(base: Base) {
    this.#base = base;
    this.#asOf = base.history.sequence;
  }

  get asOf(): number {
    return this.#asOf;
  }

  get readOnly(): boolean {
    return this.writes.size === 0 && this.appends.length === 0 && this.#atCommit.length === 0;
  }

  /** Whether a read was refused because earlier ones are no longer current: whatever the body did then is void. */
  get outdated(): boolean {
    return this.#outdated;
  }

  /** Whether everything read is still as it was. */
  current(): boolean {
    return !this.#outdated && !this.#reads.changed(this.#base.history, this.#asOf);
  }

  /** The body is done: nothing may be read or written any more. */
  end(): void {
    this.#open = false;
  }

  /** What is written last, in the turn of the commit. */
  writeAtCommit(): void {
    this.#open = true;
    for (const write of this.#atCommit) write();
    this.#open = false;
  }

  get(key: string): Uint8Array | undefined {
    this.#check(key);
    const own = this.writes.get(key);
    if (own !== undefined) return own ?? undefined;
    if (this.#base.history.changed(key, this.#asOf)) this.#advance();
    this.#reads.addKey(key);
    return this.#base.read(key, this);
  }

  async range(
    from: string,
    to: string,
    { limit = Number.POSITIVE_INFINITY, reverse = false }: RangeOptions = {},
  ): Promise<Entry[]> {
    this.#check(from);
    this.#check(to);
    if (limit <= 0 || compareKeys(from, to) >= 0) return [];
    if (this.#base.history.rangeChanged(from, to, this.#asOf)) this.#advance();
    const read = this.#reads.addRange(from, to);
    const { pending, disk } = this.#base.scan(from, to, { reverse, limit }, this);
    const entries = await merge(
      layered(pending, this.#own(from, to, reverse), reverse),
      disk,
      reverse,
      limit,
    );
    const last = entries.length >= limit ? entries.at(-1)?.[0] : undefined;
    if (last !== undefined) {
      // Behind the last entry nothing was looked at, so changes there do not matter.
      if (reverse) read.from = last;
      else read.to = keyAfter(last);
    }
    return entries;
  }

  put(key: string, value: Uint8Array): void {
    if (value.byteLength > maxValueBytes)
      throw new RangeError(`A value is longer than ${maxValueBytes} bytes.`);
    this.#write(key, value);
  }

  delete(key: string): void {
    this.#write(key, null);
  }

  append(log: string, entry: LogEntry): void {
    this.#check(log);
    wholeTime(entry.at);
    this.appends.push({ log, entry });
  }

  atCommit(write: () => void): void {
    this.#atCommit.push(write);
  }

  savepoint(): Savepoint {
    const { length } = this.#atCommit;
    return new Mark(this, this.#undo.length, this.appends.length, length) as unknown as Savepoint;
  }

  rollback(to: Savepoint): void {
    const mark = to as unknown as Mark;
    if (!(mark instanceof Mark) || mark.owner !== this || mark.writes > this.#undo.length) {
      throw new TypeError("The savepoint is not one of this transaction, or was rolled back already.");
    }
    while (this.#undo.length > mark.writes) {
      const [key, before] = this.#undo.pop() as [string, Written | undefined];
      if (before === undefined) this.writes.delete(key);
      else this.writes.set(key, before);
    }
    this.appends.length = Math.min(this.appends.length, mark.appends);
    this.#atCommit.length = Math.min(this.#atCommit.length, mark.atCommit);
  }

  #write(key: string, value: Written): void {
    this.#check(key);
    this.#undo.push([key, this.writes.get(key)]);
    this.writes.set(key, value);
  }

  #check(key: string): void {
    if (!this.#open) throw new Error("The transaction has ended; await every call that its body makes.");
    checkKey(key);
  }

  /** Moves the view to now, if what was read so far is the same now. */
  #advance(): void {
    if (this.#base.history.suspended || !this.current()) {
      this.#outdated = true;
      throw new ReadsOutdated();
    }
    this.#asOf = this.#base.history.sequence;
  }

  #own(from: string, to: string, reverse: boolean): [string, Written][] {
    const own: [string, Written][] = [];
    for (const entry of this.writes) {
      if (compareKeys(entry[0], from) >= 0 && compareKeys(entry[0], to) < 0) own.push(entry);
    }
    return sortEntries(own, reverse);
  }
}

/** Reads outside of any transaction. */
export class Peek implements Reads, Reader {
  needs = 0;
  readonly #base: Base;

  constructor(base: Base) {
    this.#base = base;
  }

  get(key: string): Uint8Array | undefined {
    checkKey(key);
    return this.#base.read(key, this);
  }

  async range(
    from: string,
    to: string,
    { limit = Number.POSITIVE_INFINITY, reverse = false }: RangeOptions = {},
  ): Promise<Entry[]> {
    checkKey(from);
    checkKey(to);
    if (limit <= 0 || compareKeys(from, to) >= 0) return [];
    const { pending, disk } = this.#base.scan(from, to, { reverse, limit }, this);
    return await merge(pending, disk, reverse, limit);
  }
}

class Mark {
  readonly owner: OpenTransaction;
  readonly writes: number;
  readonly appends: number;
  readonly atCommit: number;

  constructor(owner: OpenTransaction, writes: number, appends: number, atCommit: number) {
    this.owner = owner;
    this.writes = writes;
    this.appends = appends;
    this.atCommit = atCommit;
  }
}

export function sortEntries<E extends readonly [string, unknown]>(entries: E[], reverse: boolean): E[] {
  return entries.sort(reverse ? (a, b) => compareKeys(b[0], a[0]) : (a, b) => compareKeys(a[0], b[0]));
}

/** Both sorted; where both have a key, `upper` counts. */
function layered(
  lower: [string, Written][],
  upper: [string, Written][],
  reverse: boolean,
): [string, Written][] {
  if (upper.length === 0) return lower;
  if (lower.length === 0) return upper;
  return sortEntries([...new Map([...lower, ...upper])], reverse);
}

/** Entries of `memory` and `disk`, both in order; `memory` hides the same key in `disk`. */
async function merge(
  memory: [string, Written][],
  disk: Scan["disk"],
  reverse: boolean,
  limit: number,
): Promise<Entry[]> {
  const merged: Entry[] = [];
  const sign = reverse ? -1 : 1;
  let at = 0;
  const takeMemory = () => {
    const [key, value] = memory[at++] as [string, Written];
    if (value !== null) merged.push([key, value]);
  };
  for await (const chunk of disk) {
    for (const entry of chunk) {
      let order = -1;
      while (merged.length < limit && at < memory.length) {
        order = sign * compareKeys((memory[at] as [string, Written])[0], entry.key);
        if (order >= 0) break;
        takeMemory();
      }
      if (merged.length >= limit) return merged;
      if (at < memory.length && order === 0) takeMemory();
      else merged.push([entry.key, entry.value()]);
      if (merged.length >= limit) return merged;
    }
  }
  while (merged.length < limit && at < memory.length) takeMemory();
  return merged;
}
