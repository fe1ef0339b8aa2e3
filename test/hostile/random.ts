import { type Contract, type Member, type ScalarShape, unit } from "../../src/protocols/contract.ts";
import { compilePattern } from "../../src/protocols/patterns.ts";
import type { Value } from "./examples.ts";

/** Inputs at random from a contract: mostly within its limits, with what confuses programs among the values. */

/** A generator of numbers in [0, 1) that gives the same ones for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** What stands where a text is expected, beside texts that mean something. */
const odd = [
  "",
  " ",
  "0",
  "-1",
  "null",
  "undefined",
  "__proto__",
  "constructor",
  "toString",
  "*",
  "?",
  "/",
  "..",
  "a/b/c",
  ":",
  "::::::",
  "arn:aws:iam::",
  "arn:aws:iam::000000000000:",
  "arn:aws:kms:us-east-1:000000000000:key/",
  "arn:aws:iam::000000000000:role/",
  "alias/",
  "alias/aws/s3",
  "{}",
  "[]",
  '""',
  '{"Version":"2012-10-17","Statement":[]}',
  '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Principal":"*"}}',
  "%00",
  "%7B%7D",
  "ü€😀",
  "\u0001",
  "a\u0000b",
  "W10",
  "eyJhIjoxfQ",
  "x".repeat(300),
  "9".repeat(40),
];

const maxDepth = 6;

export interface Source {
  random: () => number;
  /** Texts that mean something here: names and ARNs of what exists. */
  texts: readonly string[];
}

export function randomInput(contract: Contract, operation: string, source: Source): Record<string, Value> {
  const { input } = contract.operations[operation] ?? { input: unit };
  return input === unit ? {} : (value(contract, { shape: input }, source, 0) as Record<string, Value>);
}

function pick<T>(list: readonly T[], { random }: Source): T {
  return list[Math.floor(random() * list.length)] as T;
}

function value(contract: Contract, member: Member, source: Source, depth: number): Value {
  const shape = contract.shapes[member.shape];
  if (shape === undefined) throw new Error(`${member.shape} is not in the contract.`);
  const { random } = source;
  if (shape.type === "structure" || shape.type === "union") {
    const names = Object.keys(shape.members);
    const required = new Set(shape.type === "union" ? [pick(names, source)] : (shape.required ?? []));
    // One required member in twenty is left out, and of the optional ones every second.
    const taken = names.filter((name) => (required.has(name) ? random() > 0.05 : random() < 0.5));
    const deep = depth >= maxDepth ? taken.filter((name) => required.has(name)) : taken;
    return Object.fromEntries(
      deep.map((name) => [name, value(contract, shape.members[name] as Member, source, depth + 1)]),
    );
  }
  if (shape.type === "list") {
    if (depth >= maxDepth) return [];
    const length = Math.floor(random() * 4);
    return Array.from({ length }, () => value(contract, shape.member, source, depth + 1));
  }
  if (shape.type === "map") {
    const length = depth >= maxDepth ? 0 : Math.floor(random() * 3);
    const entries = Array.from({ length }, () => [
      pick([...odd, ...source.texts], source),
      value(contract, shape.value, source, depth + 1),
    ]);
    return Object.fromEntries(entries);
  }
  return scalar(shape as ScalarShape, source);
}

function scalar(shape: ScalarShape, source: Source): Value {
  const { random } = source;
  switch (shape.type) {
    case "string":
      return text(shape, source);
    case "boolean":
      return random() < 0.5;
    case "blob":
      return Buffer.alloc(pick([0, 1, 16, 32, 64, 256, 4096], source), Math.floor(random() * 256));
    case "timestamp":
      return new Date(pick([0, 1, 1_700_000_000_000, 1_800_000_000_000, 4_000_000_000_000], source));
    default:
      return pick(
        [0, 1, 2, 7, 30, 365, 900, 3600, 1000, -1, 2_147_483_647, shape.min ?? 1, shape.max ?? 1],
        source,
      );
  }
}

function text(shape: ScalarShape, source: Source): string {
  const { random, texts } = source;
  if (shape.enum !== undefined && random() < 0.9) return pick(shape.enum, source);
  const pattern = shape.pattern === undefined ? undefined : compilePattern(shape.pattern);
  const fits = (one: string) =>
    one.length >= (shape.min ?? 0) &&
    one.length <= (shape.max ?? Number.POSITIVE_INFINITY) &&
    (pattern?.test(one) ?? true);
  const meant = random() < 0.5 ? texts : odd;
  const fitting = meant.filter(fits);
  // One in ten is beyond the limits.
  return fitting.length > 0 && random() > 0.1 ? pick(fitting, source) : pick(meant, source);
}
