/** Opened values of rows, so that a hot row is neither read nor unsealed again. Bounded by bytes. */
export const defaultCacheBytes = 64 * 2 ** 20;
/** What an entry costs beside key and value: map slots, headers. An estimate. */
const entryOverheadBytes = 160;

export class RowCache {
  readonly #entries = new Map<string, Uint8Array | null>();
  readonly #maxBytes: number;
  #bytes = 0;
  hits = 0;
  misses = 0;

  constructor(maxBytes = defaultCacheBytes) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The same instance for as long as the row is unchanged and cached; null: no such row; undefined: unknown. */
  get(key: string): Uint8Array | null | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) {
      this.misses += 1;
      return undefined;
    }
    this.hits += 1;
    // While there is room, order does not matter, and moving an entry costs as much as finding it.
    if (this.#bytes > this.#maxBytes / 2) {
      this.#entries.delete(key);
      this.#entries.set(key, value);
    }
    return value;
  }

  set(key: string, value: Uint8Array | null): void {
    const cost = entryCost(key, value);
    const before = this.#entries.get(key);
    if (before !== undefined) {
      this.#bytes -= entryCost(key, before);
      this.#entries.delete(key);
    }
    // One large value must not push out all small ones.
    if (cost > this.#maxBytes / 8) return;
    this.#entries.set(key, value);
    this.#bytes += cost;
    if (this.#bytes > this.#maxBytes) this.#evict();
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }

  #evict(): void {
    for (const [key, value] of this.#entries) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#entries.delete(key);
      this.#bytes -= entryCost(key, value);
    }
  }
}

function entryCost(key: string, value: Uint8Array | null): number {
  return key.length * 2 + (value?.byteLength ?? 0) + entryOverheadBytes;
}
