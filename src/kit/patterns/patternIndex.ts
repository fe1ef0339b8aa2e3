import { type Conjunction, conjunctionMatches, type Fields, type Pattern } from "./pattern.ts";
import type { Leaf, Predicate } from "./predicates.ts";

/**
 * Many patterns, matched together: for each path, what each value means for all patterns at once. The cost of an event
 * grows with the fields that the patterns name and with the patterns that its values speak for, not with all patterns.
 */
export class PatternIndex<T> {
  readonly #owners: T[] = [];
  readonly #conjunctions: Conjunction[] = [];
  readonly #paths = new Map<string, PathIndex>();
  readonly #withAbsent: [path: string, index: PathIndex][] = [];
  /** How many paths of each conjunction are met, in the event of round `#round`. */
  readonly #met: Uint16Array;
  readonly #rounds: Uint32Array;
  /** The path that counted last for each conjunction: a path counts once, however many of its values fit. */
  readonly #lastPath: Int32Array;
  #round = 0;

  constructor(patterns: Iterable<readonly [owner: T, pattern: Pattern]>) {
    for (const [owner, pattern] of patterns) for (const one of pattern) this.#add(owner, one);
    const { length } = this.#conjunctions;
    this.#met = new Uint16Array(length);
    this.#rounds = new Uint32Array(length);
    this.#lastPath = new Int32Array(length);
    for (const [path, index] of this.#paths)
      if (index.absent.length > 0) this.#withAbsent.push([path, index]);
  }

  get size(): number {
    return this.#owners.length;
  }

  /** Owners of the patterns that an event matches, each once. */
  match(fields: Fields): Set<T> {
    const matched = new Set<T>();
    this.#round += 1;
    const meet = (id: number, path: number) => {
      if (this.#rounds[id] !== this.#round) {
        this.#rounds[id] = this.#round;
        this.#met[id] = 0;
        this.#lastPath[id] = -1;
      }
      if (this.#lastPath[id] === path) return;
      this.#lastPath[id] = path;
      const met = (this.#met[id] as number) + 1;
      this.#met[id] = met;
      const conjunction = this.#conjunctions[id] as Conjunction;
      if (met !== conjunction.size) return;
      if (fields.hasArrays && !conjunctionMatches(conjunction, fields)) return;
      matched.add(this.#owners[id] as T);
    };
    for (const [path, found] of fields.values) {
      const index = this.#paths.get(path);
      if (index === undefined) continue;
      for (const id of index.present) meet(id, index.number);
      for (const { value } of found) index.each(value, meet);
    }
    for (const [path, index] of this.#withAbsent) {
      if (!fields.values.has(path)) for (const id of index.absent) meet(id, index.number);
    }
    return matched;
  }

  #add(owner: T, conjunction: Conjunction): void {
    const id = this.#owners.length;
    this.#owners.push(owner);
    this.#conjunctions.push(conjunction);
    for (const [path, predicates] of conjunction) {
      let index = this.#paths.get(path);
      if (index === undefined) {
        index = new PathIndex(this.#paths.size);
        this.#paths.set(path, index);
      }
      for (const predicate of predicates) index.add(predicate, id);
    }
  }
}

/** Conjunctions by what they ask of the values at one path. */
class PathIndex {
  readonly number: number;
  readonly present: number[] = [];
  readonly absent: number[] = [];
  readonly #exact = new Map<Leaf, number[]>();
  readonly #ignoreCase = new Map<string, number[]>();
  readonly #prefixes = new Affixes((value, length) => value.slice(0, length));
  readonly #suffixes = new Affixes((value, length) => value.slice(value.length - length));
  readonly #tests = new Map<string, { test: (value: Leaf) => boolean; ids: number[] }>();

  constructor(number: number) {
    this.number = number;
  }

  add(predicate: Predicate, id: number): void {
    const { kind } = predicate;
    if (kind === "exact") push(this.#exact, predicate.value, id);
    else if (kind === "exists") (predicate.exists ? this.present : this.absent).push(id);
    else if (kind === "prefix") this.#prefixes.add(predicate.text, id);
    else if (kind === "suffix") this.#suffixes.add(predicate.text, id);
    else if (kind === "ignoreCase") push(this.#ignoreCase, predicate.text, id);
    else {
      const known = this.#tests.get(predicate.id);
      if (known === undefined) this.#tests.set(predicate.id, { test: predicate.test, ids: [id] });
      else known.ids.push(id);
    }
  }

  each(value: Leaf, meet: (id: number, path: number) => void): void {
    for (const id of this.#exact.get(value) ?? none) meet(id, this.number);
    if (typeof value === "string") {
      if (this.#ignoreCase.size > 0)
        for (const id of this.#ignoreCase.get(value.toLowerCase()) ?? none) meet(id, this.number);
      this.#prefixes.each(value, (id) => meet(id, this.number));
      this.#suffixes.each(value, (id) => meet(id, this.number));
    }
    for (const { test, ids } of this.#tests.values())
      if (test(value)) for (const id of ids) meet(id, this.number);
  }
}

const none: readonly number[] = [];

function push<K>(map: Map<K, number[]>, key: K, id: number): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [id]);
  else known.push(id);
}

/** Beginnings or ends, found by one lookup for each length that any has. */
class Affixes {
  readonly #cut: (value: string, length: number) => string;
  readonly #byText = new Map<string, number[]>();
  readonly #lengths = new Set<number>();

  constructor(cut: (value: string, length: number) => string) {
    this.#cut = cut;
  }

  add(text: string, id: number): void {
    push(this.#byText, text, id);
    this.#lengths.add(text.length);
  }

  each(value: string, meet: (id: number) => void): void {
    for (const length of this.#lengths) {
      if (length > value.length) continue;
      for (const id of this.#byText.get(this.#cut(value, length)) ?? none) meet(id);
    }
  }
}
