/** Opened values of rows, so that a hot row is neither read nor unsealed again. Bounded by bytes. */
export const defaultCacheBytes = 16 * 2 ** 20;
/** What an entry costs beside key and value: map slots, headers. An estimate. */
const entryOverheadBytes = 160;

/**
 * Two generations: what is used moves into the young one; when that is full, the old one is dropped whole. A
 * list in order of use would do the same, but taking single entries off the front of a large Map costs a walk
 * over the holes that earlier ones left.
 */
export class RowCache {
  #young = new Map<string, Uint8Array | null>();
  #old = new Map<string, Uint8Array | null>();
  readonly #maxGenerationBytes: number;
  #youngBytes = 0;
  #oldBytes = 0;
  hits = 0;
  misses = 0;

  constructor(maxBytes = defaultCacheBytes) {
    this.#maxGenerationBytes = maxBytes / 2;
  }

  /** At most; a row in both generations counts twice. */
  get bytes(): number {
    return this.#youngBytes + this.#oldBytes;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** The same instance for as long as the row is unchanged and cached; null: no such row; undefined: unknown. */
  get(key: string): Uint8Array | null | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) {
      this.hits += 1;
      return young;
    }
    const old = this.#old.get(key);
    if (old === undefined) {
      this.misses += 1;
      return undefined;
    }
    this.hits += 1;
    this.set(key, old);
    return old;
  }

  set(key: string, value: Uint8Array | null): void {
    const cost = entryCost(key, value);
    const before = this.#young.get(key);
    if (before !== undefined) this.#youngBytes -= entryCost(key, before);
    // One large value must not push out many small ones.
    if (cost > this.#maxGenerationBytes / 8) {
      this.#young.delete(key);
      this.#old.delete(key);
      return;
    }
    this.#young.set(key, value);
    this.#youngBytes += cost;
    if (this.#youngBytes <= this.#maxGenerationBytes) return;
    [this.#old, this.#oldBytes] = [this.#young, this.#youngBytes];
    this.#young = new Map();
    this.#youngBytes = 0;
  }

  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
    this.#youngBytes = 0;
    this.#oldBytes = 0;
  }
}

function entryCost(key: string, value: Uint8Array | null): number {
  return key.length * 2 + (value?.byteLength ?? 0) + entryOverheadBytes;
}
