import { InvalidPattern, type Leaf, type Predicate, parsePredicate } from "./predicates.ts";

/**
 * Event patterns: which fields an event must have, with which values.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
 */

/** One way to match: every path must have a value that fits one of its predicates. */
export type Conjunction = ReadonlyMap<string, readonly Predicate[]>;

/** A pattern matches if one of its conjunctions does. */
export type Pattern = readonly Conjunction[];

/** `$or` may not multiply a pattern beyond this. */
const maxConjunctions = 1_000;
const maxDepth = 100;

/** Reads a pattern. Throws `InvalidPattern` with AWS's reason. */
export function parsePattern(text: string): Pattern {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InvalidPattern(error instanceof Error ? error.message : "not JSON");
  }
  return patternOf(value);
}

/** The pattern that a parsed JSON document says. */
export function patternOf(value: unknown): Pattern {
  if (!isObject(value)) throw new InvalidPattern("Filter is not an object");
  const conjunctions = objectPattern(value, "", 0);
  if (conjunctions.length === 1 && (conjunctions[0] as Conjunction).size === 0)
    throw new InvalidPattern("Empty objects are not allowed");
  return conjunctions;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function objectPattern(object: Record<string, unknown>, at: string, depth: number): Conjunction[] {
  if (depth > maxDepth) throw new InvalidPattern("Event pattern is nested too deeply");
  let all: Conjunction[] = [new Map()];
  const entries = Object.entries(object);
  if (entries.length === 0) throw new InvalidPattern("Empty objects are not allowed");
  for (const [name, value] of entries) {
    if (name === "$or" && isAlternatives(value)) {
      all = combined(
        all,
        value.flatMap((one) => objectPattern(one, at, depth + 1)),
      );
      continue;
    }
    const path = at === "" ? name : `${at}.${name}`;
    if (Array.isArray(value)) all = combined(all, [new Map([[path, predicates(value)]])]);
    else if (isObject(value)) all = combined(all, objectPattern(value, path, depth + 1));
    else throw new InvalidPattern(`"${name}" must be an object or an array`);
  }
  return all;
}

/** A field may be named "$or"; it is the operator only over two or more objects. */
function isAlternatives(value: unknown): value is Record<string, unknown>[] {
  return Array.isArray(value) && value.length >= 2 && value.every(isObject) && !value.every(isPredicateLike);
}

const predicateNames = new Set([
  "exists",
  "prefix",
  "suffix",
  "numeric",
  "cidr",
  "wildcard",
  "anything-but",
  "equals-ignore-case",
]);

function isPredicateLike(value: Record<string, unknown>): boolean {
  const names = Object.keys(value);
  return names.length === 1 && predicateNames.has(names[0] as string);
}

function predicates(list: unknown[]): Predicate[] {
  if (list.length === 0) throw new InvalidPattern("Empty arrays are not allowed");
  return list.map(parsePredicate);
}

/** Every one of `left` with every one of `right`. A path that both have must fit both, so the later list counts. */
function combined(left: Conjunction[], right: Conjunction[]): Conjunction[] {
  if (left.length * right.length > maxConjunctions) {
    throw new InvalidPattern(
      "Rule is too complex - try using fewer $or alternatives; they may combine to 1000 at the most",
    );
  }
  return left.flatMap((one) => right.map((other) => new Map([...one, ...other])));
}

/** A value of an event, and in which elements of which arrays it stands. */
export interface Found {
  value: Leaf;
  /** Array by its path, and the index of the element; undefined outside of arrays of objects. */
  within: ReadonlyMap<string, number> | undefined;
}

/** An event's values by their paths, arrays spread. */
export interface Fields {
  values: Map<string, Found[]>;
  /** Some values stand in different elements of one array, so that it matters whether they go together. */
  hasArrays: boolean;
}

export function fieldsOf(event: unknown): Fields {
  const fields: Fields = { values: new Map(), hasArrays: false };
  if (isObject(event)) gather(event, "", undefined, fields, 0);
  return fields;
}

function gather(
  value: unknown,
  path: string,
  within: ReadonlyMap<string, number> | undefined,
  fields: Fields,
  depth: number,
): void {
  if (depth > maxDepth) return;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i += 1) {
      const inner: unknown = value[i];
      const isNested = typeof inner === "object" && inner !== null;
      if (isNested && value.length > 1) fields.hasArrays = true;
      const inside = isNested && value.length > 1 ? new Map([...(within ?? []), [path, i]]) : within;
      gather(inner, path, inside, fields, depth + 1);
    }
  } else if (typeof value === "object" && value !== null) {
    for (const name in value) {
      const inner = (value as Record<string, unknown>)[name];
      gather(inner, path === "" ? name : `${path}.${name}`, within, fields, depth + 1);
    }
  } else {
    const found = { value: value as Leaf, within };
    const known = fields.values.get(path);
    if (known === undefined) fields.values.set(path, [found]);
    else known.push(found);
  }
}

export function satisfies(predicate: Predicate, value: Leaf): boolean {
  switch (predicate.kind) {
    case "exact":
      return value === predicate.value;
    case "exists":
      return predicate.exists;
    case "prefix":
      return typeof value === "string" && value.startsWith(predicate.text);
    case "suffix":
      return typeof value === "string" && value.endsWith(predicate.text);
    case "ignoreCase":
      return typeof value === "string" && value.toLowerCase() === predicate.text;
    case "test":
      return predicate.test(value);
  }
}

/** Whether the event fits, values of one array taken from one element of it. */
export function conjunctionMatches(conjunction: Conjunction, { values }: Fields): boolean {
  const choices: Found[][] = [];
  for (const [path, wanted] of conjunction) {
    const found = values.get(path);
    if (found === undefined) {
      if (!wanted.some((one) => one.kind === "exists" && !one.exists)) return false;
      continue;
    }
    const fitting = found.filter(({ value }) => wanted.some((one) => satisfies(one, value)));
    if (fitting.length === 0) return false;
    choices.push(fitting);
  }
  return consistent(choices, 0, new Map());
}

function consistent(choices: Found[][], at: number, chosen: ReadonlyMap<string, number>): boolean {
  const options = choices[at];
  if (options === undefined) return true;
  return options.some(({ within }) => {
    if (within === undefined) return consistent(choices, at + 1, chosen);
    for (const [array, index] of within) {
      const other = chosen.get(array);
      if (other !== undefined && other !== index) return false;
    }
    return consistent(choices, at + 1, new Map([...chosen, ...within]));
  });
}

/** Whether one pattern matches an event. For many patterns at once, see `PatternIndex`. */
export function matches(pattern: Pattern, fields: Fields): boolean {
  return pattern.some((one) => conjunctionMatches(one, fields));
}
