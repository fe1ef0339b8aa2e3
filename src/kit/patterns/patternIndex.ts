import { type Conjunction, conjunctionMatches, type Fields, type Pattern } from "./pattern.ts";
import type { Leaf, Predicate } from "./predicates.ts";

/**
 * Many patterns, matched together. Each conjunction is found by one of its paths only, the one whose values it shares
 * with the fewest others, and then tried as a whole: so an event costs as much as there are patterns that its most
 * telling values speak for, not as there are patterns.
 */
export class PatternIndex<T> {
  readonly #owners: T[] = [];
  readonly #conjunctions: Conjunction[] = [];
  readonly #paths = new Map<string, PathIndex>();
  /** Conjunctions that no value points to: they are tried for every event. */
  readonly #always: number[] = [];

  constructor(patterns: Iterable<readonly [owner: T, pattern: Pattern]>) {
    for (const [owner, pattern] of patterns) {
      for (const conjunction of pattern) {
        this.#owners.push(owner);
        this.#conjunctions.push(conjunction);
      }
    }
    const shared = usesOf(this.#conjunctions);
    for (const [id, conjunction] of this.#conjunctions.entries()) this.#add(id, conjunction, shared);
  }

  get size(): number {
    return this.#owners.length;
  }

  /** Owners of the patterns that an event matches, each once. */
  match(fields: Fields): Set<T> {
    const matched = new Set<T>();
    const attempt = (id: number) => {
      const owner = this.#owners[id] as T;
      if (matched.has(owner)) return;
      if (conjunctionMatches(this.#conjunctions[id] as Conjunction, fields)) matched.add(owner);
    };
    for (const [path, index] of this.#paths) {
      for (const { value } of fields.values.get(path) ?? nothing) index.each(value, attempt);
    }
    for (const id of this.#always) attempt(id);
    return matched;
  }

  #add(id: number, conjunction: Conjunction, shared: ReadonlyMap<string, number>): void {
    let best: string | undefined;
    let fewest = Number.POSITIVE_INFINITY;
    for (const [path, predicates] of conjunction) {
      if (!predicates.every(isTelling)) continue;
      const uses = predicates.reduce((sum, one) => sum + (shared.get(useOf(path, one)) ?? 0), 0);
      if (uses >= fewest) continue;
      best = path;
      fewest = uses;
    }
    if (best === undefined) return void this.#always.push(id);
    let index = this.#paths.get(best);
    if (index === undefined) {
      index = new PathIndex();
      this.#paths.set(best, index);
    }
    for (const predicate of conjunction.get(best) ?? []) index.add(predicate, id);
  }
}

const nothing: readonly { value: Leaf }[] = [];

type Telling = Exclude<Predicate, { kind: "exists" | "test" }>;

/** Whether a value can be looked up for the predicate. */
function isTelling(predicate: Predicate): predicate is Telling {
  return predicate.kind !== "exists" && predicate.kind !== "test";
}

function useOf(path: string, predicate: Telling): string {
  const asked = predicate.kind === "exact" ? `${typeof predicate.value} ${predicate.value}` : predicate.text;
  return `${path}\n${predicate.kind}\n${asked}`;
}

/** How many conjunctions ask the same of the same path. */
function usesOf(conjunctions: readonly Conjunction[]): Map<string, number> {
  const uses = new Map<string, number>();
  for (const conjunction of conjunctions) {
    for (const [path, predicates] of conjunction) {
      for (const one of predicates) {
        if (!isTelling(one)) continue;
        const use = useOf(path, one);
        uses.set(use, (uses.get(use) ?? 0) + 1);
      }
    }
  }
  return uses;
}

/** Conjunctions by the values that they are found by, at one path. */
class PathIndex {
  readonly #exact = new Map<Leaf, number[]>();
  readonly #ignoreCase = new Map<string, number[]>();
  readonly #prefixes = new Affixes((value, length) => value.slice(0, length));
  readonly #suffixes = new Affixes((value, length) => value.slice(value.length - length));

  add(predicate: Predicate, id: number): void {
    if (predicate.kind === "exact") push(this.#exact, predicate.value, id);
    else if (predicate.kind === "prefix") this.#prefixes.add(predicate.text, id);
    else if (predicate.kind === "suffix") this.#suffixes.add(predicate.text, id);
    else if (predicate.kind === "ignoreCase") push(this.#ignoreCase, predicate.text, id);
  }

  each(value: Leaf, attempt: (id: number) => void): void {
    for (const id of this.#exact.get(value) ?? none) attempt(id);
    if (typeof value !== "string") return;
    if (this.#ignoreCase.size > 0)
      for (const id of this.#ignoreCase.get(value.toLowerCase()) ?? none) attempt(id);
    this.#prefixes.each(value, attempt);
    this.#suffixes.each(value, attempt);
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

  each(value: string, attempt: (id: number) => void): void {
    for (const length of this.#lengths) {
      if (length > value.length) continue;
      for (const id of this.#byText.get(this.#cut(value, length)) ?? none) attempt(id);
    }
  }
}
