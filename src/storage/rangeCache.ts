import type { DiskEntry } from "./transaction.ts";

/** Rows that are held for ranges; most of them are in the cache of rows, too. An estimate, in bytes. */
export const defaultRangeBytes = 16 * 2 ** 20;
/** Longer ranges are read again each time. */
export const maxRangeEntries = 256;
/** Different ranges of one section, as the pages of a list are. */
const maxRangesInSection = 32;
/** What an entry costs beside its value: its objects and its key. An estimate. */
const entryOverheadBytes = 400;

const separator = "\u0000";

/** An entry as it came from disk, opened when it is first looked at. */
export class DiskRow implements DiskEntry {
  readonly key: string;
  readonly bytes: number;
  #sealed: Buffer | undefined;
  #value: Uint8Array | undefined;
  readonly #open: (sealed: Buffer) => Uint8Array;

  constructor(key: string, sealed: Buffer, open: (sealed: Buffer) => Uint8Array) {
    this.key = key;
    this.bytes = sealed.length;
    this.#sealed = sealed;
    this.#open = open;
  }

  value(): Uint8Array {
    if (this.#sealed !== undefined) {
      this.#value = this.#open(this.#sealed);
      this.#sealed = undefined;
    }
    return this.#value as Uint8Array;
  }
}

/** What is read: a range of keys, in one direction, up to a number of entries. */
export interface Wanted {
  from: string;
  to: string;
  reverse: boolean;
  limit: number;
}

/** Ranges of one section, by what was wanted. */
type Section = Map<string, readonly DiskEntry[]>;
/** Sections by the name of their table, so that writing to a table of which no range is held costs one look. */
type Generation = Map<string, Map<string, Section>>;

/**
 * Short ranges as they are on disk, until a key in their section is written: making an iterator of LevelDB costs as
 * much as all else that a call does. Keys are made of parts that each end with a separator; the section of a range is
 * the parts that all its keys share. Two generations, as in the cache of rows.
 */
export class RangeCache {
  readonly #maxGenerationBytes: number;
  #young: Generation = new Map();
  #old: Generation = new Map();
  #youngBytes = 0;
  hits = 0;
  misses = 0;

  constructor(maxBytes = defaultRangeBytes) {
    this.#maxGenerationBytes = maxBytes / 2;
  }

  get(wanted: Wanted): readonly DiskEntry[] | undefined {
    const section = sectionOf(wanted.from, wanted.to);
    const table = section && tableOf(section);
    if (!table) return undefined;
    const name = nameOf(wanted);
    const young = this.#young.get(table)?.get(section)?.get(name);
    const found = young ?? this.#old.get(table)?.get(section)?.get(name);
    if (found === undefined) this.misses += 1;
    else this.hits += 1;
    if (young === undefined && found !== undefined) this.set(wanted, found);
    return found;
  }

  /** Holds all that was found; nothing may have been written there since it was read. */
  set(wanted: Wanted, entries: readonly DiskEntry[]): void {
    const section = sectionOf(wanted.from, wanted.to);
    const table = section && tableOf(section);
    if (!table || entries.length > maxRangeEntries) return;
    const bytes = entries.reduce((sum, entry) => sum + entry.bytes + entryOverheadBytes, entryOverheadBytes);
    if (bytes > this.#maxGenerationBytes / 8) return;
    const sections = this.#young.get(table) ?? new Map<string, Section>();
    this.#young.set(table, sections);
    const known = sections.get(section);
    const ranges: Section = known !== undefined && known.size < maxRangesInSection ? known : new Map();
    sections.set(section, ranges.set(nameOf(wanted), entries));
    // What is written over, or dropped, is not taken off: a generation ends a little early.
    this.#youngBytes += bytes;
    if (this.#youngBytes <= this.#maxGenerationBytes) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#youngBytes = 0;
  }

  /** Drops all ranges that the key may lie in. */
  written(key: string): void {
    const table = tableOf(key);
    if (table === undefined) return;
    drop(this.#young.get(table), table, key);
    drop(this.#old.get(table), table, key);
  }

  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
    this.#youngBytes = 0;
  }
}

function drop(sections: Map<string, Section> | undefined, table: string, key: string): void {
  if (sections === undefined) return;
  for (let end = table.length; end > 0 && sections.size > 0; end = key.indexOf(separator, end) + 1)
    sections.delete(key.slice(0, end));
}

/** The first part of a key, its separator included. */
function tableOf(key: string): string | undefined {
  const end = key.indexOf(separator) + 1;
  return end === 0 ? undefined : key.slice(0, end);
}

/** The longest run of whole parts that every key of the range begins with. */
function sectionOf(from: string, to: string): string {
  let shared = 0;
  const length = Math.min(from.length, to.length);
  while (shared < length && from.charCodeAt(shared) === to.charCodeAt(shared)) shared += 1;
  // Behind `part\0` and before `part\1` lies nothing but what begins with `part\0`.
  const isWholePart = from[shared] === separator && to[shared] === "\u0001" && to.length === shared + 1;
  return isWholePart ? from.slice(0, shared + 1) : from.slice(0, from.lastIndexOf(separator, shared - 1) + 1);
}

function nameOf({ from, to, reverse, limit }: Wanted): string {
  return `${reverse ? "<" : ">"}${limit}\u0002${from}\u0002${to}`;
}
