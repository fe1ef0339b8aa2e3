import { type Contract, type Member, type ScalarShape, unit } from "../../src/protocols/contract.ts";
import { compilePattern } from "../../src/protocols/patterns.ts";

/** Requests made from a contract alone: the smallest input of an operation that its limits allow. */

export type Value = string | number | boolean | Buffer | Date | Value[] | { [name: string]: Value };

/** Texts for members that have a meaning; the first that fits the member's limits is taken. */
export interface Texts {
  /** By the member's name, or by service and member: "events.ResourceARN". */
  named: Record<string, string>;
  /** For every other member, in order of preference. */
  others: readonly string[];
  /** Stands in every member that the contract marks sensitive, the optional ones too. */
  secret?: string;
}

export function exampleInput(contract: Contract, operation: string, texts: Texts): Record<string, Value> {
  const { input } = contract.operations[operation] ?? { input: unit };
  if (input === unit) return {};
  return example(contract, { shape: input }, "", texts, 0) as Record<string, Value>;
}

/** Longest way down a recursive shape. */
const maxDepth = 12;

function example(contract: Contract, member: Member, name: string, texts: Texts, depth: number): Value {
  const shape = contract.shapes[member.shape];
  if (shape === undefined || depth > maxDepth) throw new Error(`No example of ${member.shape}.`);
  if (shape.type === "structure" || shape.type === "union") {
    const named = shape.type === "union" ? [] : (shape.required ?? []);
    // Without members a structure would not be there at all in some protocols.
    const required = named.length > 0 || depth === 0 ? named : Object.keys(shape.members).slice(0, 1);
    const secret = Object.keys(shape.members).filter((one) => texts.secret && shape.members[one]?.sensitive);
    return Object.fromEntries(
      [...new Set([...required, ...secret])].map((one) => [
        one,
        example(contract, shape.members[one] as Member, one, texts, depth + 1),
      ]),
    );
  }
  if (shape.type === "list") {
    return Array.from({ length: Math.max(1, shape.min ?? 1) }, () =>
      example(contract, shape.member, name, texts, depth + 1),
    );
  }
  if (shape.type === "map") {
    if (!shape.min) return {};
    const key = example(contract, shape.key, name, texts, depth + 1) as string;
    return { [key]: example(contract, shape.value, name, texts, depth + 1) };
  }
  const { secret } = texts;
  if (member.sensitive && secret !== undefined && shape.type === "string") return secret;
  if (member.sensitive && secret !== undefined && shape.type === "blob") return Buffer.from(secret);
  return scalar(shape as ScalarShape, name, contract.service, texts);
}

function scalar(shape: ScalarShape, name: string, service: string, texts: Texts): Value {
  switch (shape.type) {
    case "string":
      return text(shape, name, service, texts);
    case "boolean":
      return false;
    case "blob":
      return Buffer.alloc(Math.max(1, shape.min ?? 1), 7);
    case "timestamp":
      return new Date("2026-11-01T00:00:00Z");
    default:
      return Math.max(1, shape.min ?? 1);
  }
}

function text(shape: ScalarShape, name: string, service: string, { named, others }: Texts): string {
  const [first] = shape.enum ?? [];
  if (first !== undefined) return first;
  const pattern = shape.pattern === undefined ? undefined : compilePattern(shape.pattern);
  const fits = (one: string) =>
    one.length >= (shape.min ?? 0) &&
    one.length <= (shape.max ?? Number.POSITIVE_INFINITY) &&
    (pattern?.test(one) ?? true);
  const given = [named[`${service}.${name}`], named[name], ...others].find(
    (one) => one !== undefined && fits(one),
  );
  if (given === undefined) throw new Error(`No example fits ${name} (${JSON.stringify(shape)}): add one.`);
  return given;
}
