import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { isStructure, shapeNamed } from "./compile.ts";
import type { Contract, Member } from "./contract.ts";
import { ValidationFailure, type Violation } from "./errors.ts";
import { serviceCodec } from "./index.ts";
import { lowerFirst } from "./javaText.ts";
import { contractOf } from "./testing.ts";

function messageOf(service: string, operation: string, input: Record<string, unknown>): string {
  return failureOf(contractOf(service), operation, input)?.message ?? "valid";
}

function failureOf(contract: Contract, operation: string, input: Record<string, unknown>) {
  try {
    serviceCodec(contract).operation(operation)?.validate(input);
    return undefined;
  } catch (error) {
    if (error instanceof ValidationFailure) return error;
    throw error;
  }
}

describe("validation speaks AWS's words", () => {
  test.each([
    [
      "kms",
      "GenerateRandom",
      { NumberOfBytes: 0 },
      "1 validation error detected: Value '0' at 'numberOfBytes' failed to satisfy constraint: Member must have value greater than or equal to 1",
    ],
    ["kms", "GenerateRandom", { NumberOfBytes: 1024 }, "valid"],
    [
      "kms",
      "Encrypt",
      { KeyId: "k" },
      "1 validation error detected: Value null at 'plaintext' failed to satisfy constraint: Member must not be null",
    ],
    [
      "kms",
      "Encrypt",
      { KeyId: "k", Plaintext: Buffer.alloc(4097) },
      "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length less than or equal to 4096",
    ],
    [
      "kms",
      "Decrypt",
      { CiphertextBlob: Buffer.alloc(0) },
      "1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=0 cap=0]' at 'ciphertextBlob' failed to satisfy constraint: Member must have length greater than or equal to 1",
    ],
    [
      "kms",
      "TagResource",
      {
        KeyId: "k",
        Tags: [
          { TagKey: "a", TagValue: "b" },
          { TagKey: "", TagValue: "" },
        ],
      },
      "1 validation error detected: Value '' at 'tags.2.member.tagKey' failed to satisfy constraint: Member must have length greater than or equal to 1",
    ],
    [
      "kms",
      "UntagResource",
      { KeyId: "", TagKeys: [""] },
      "2 validation errors detected: Value '' at 'keyId' failed to satisfy constraint: Member must have length greater than or equal to 1; Value '[]' at 'tagKeys' failed to satisfy constraint: Member must satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1, Member must not be null]",
    ],
    [
      "iam",
      "UpdateAccessKey",
      { AccessKeyId: "AKIAIOSFODNN7EXAMPLE", Status: "x" },
      "1 validation error detected: Value at 'status' failed to satisfy constraint: Member must satisfy enum value set",
    ],
    [
      "sts",
      "AssumeRole",
      { RoleArn: "arn:aws:iam::111111111111:role/r", RoleSessionName: "😀😀" },
      "1 validation error detected: Value '😀😀' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*",
    ],
    [
      "lambda",
      "UpdateAlias",
      { FunctionName: "f", Name: "n", RoutingConfig: { AdditionalVersionWeights: { 2: 2 } } },
      "1 validation error detected: Value '{2=2.0}' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must have value greater than or equal to 0.0, Member must not be null]",
    ],
  ])("%s %s", (service, operation, input, message) => {
    expect(messageOf(service, operation, input)).toBe(message);
  });

  test("characters are code points", () => {
    const name = (RoleSessionName: string) =>
      failureOf(contractOf("sts"), "AssumeRole", {
        RoleArn: `arn:${"x".repeat(20)}`,
        RoleSessionName,
      })?.errors.map(({ constraint }) => constraint);
    // Both over-long texts break the pattern as well; only the longer one breaks the length.
    expect(name("😀".repeat(64))).toHaveLength(1);
    expect(name("😀".repeat(65))).toHaveLength(2);
  });

  test("a hostile number of violations is bounded", () => {
    const Tags = Array.from({ length: 5_000 }, () => ({}));
    const failure = failureOf(contractOf("kms"), "TagResource", { KeyId: "k", Tags });
    expect(failure?.errors).toHaveLength(100);
  });
});

const recorded = fileURLToPath(new URL("../../../shared/vectors/aws-recorded", import.meta.url));
const folders: Record<string, string> = {
  iam: "iam",
  sts: "sts",
  kms: "kms",
  lambda_: "lambda",
  kinesis: "kinesis",
  cloudwatch: "cloudwatch",
};

/**
 * Recorded messages that the models cannot yield: Lambda answers from rules of its own (other patterns, other
 * limits, a longer enum), and values hidden by a placeholder cannot be sent. This list may only shrink.
 */
const beyondTheModels: RegExp[] = [/at 'functionName'/, /at 'compatibleRuntimes?'/, /at 'startingPosition'/];

interface Recorded extends Violation {
  service: string;
}

function recordedViolations(): Recorded[] {
  const found = new Map<string, Recorded>();
  for (const [folder, service] of Object.entries(folders)) {
    for (const file of readdirSync(`${recorded}/${folder}`, { recursive: true, encoding: "utf8" })) {
      if (!file.endsWith(".json")) continue;
      for (const text of stringsIn(JSON.parse(readFileSync(`${recorded}/${folder}/${file}`, "utf8")))) {
        const details = /^\d+ validation errors? detected: (.*)$/s.exec(text)?.[1];
        for (const detail of details?.split(/; (?=Value )/) ?? []) {
          const match = /^Value ?(.*?) at '([^']+)' failed to satisfy constraint: (.*?)\.?$/s.exec(detail);
          if (!match || /<[\w-]+(:\d+)?>/.test(detail)) continue;
          const [, value, path, constraint] = match as unknown as [string, string, string, string];
          found.set(`${service} ${detail}`, { service, value: value || undefined, path, constraint });
        }
      }
    }
  }
  return [...found.values()];
}

function stringsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return value && typeof value === "object" ? Object.values(value).flatMap(stringsIn) : [];
}

/** An input that has `text` at `path`, if the structure has such a member. */
function inputWith(contract: Contract, shapeName: string, path: string[], text: string | undefined): unknown {
  const shape = shapeNamed(contract, shapeName);
  if (path.length === 0) return valueFrom(contract, { shape: shapeName }, text);
  if (isStructure(shape)) {
    const entry = Object.entries(shape.members).find(([name]) => lowerFirst(name) === path[0]);
    if (!entry) return undefined;
    const inner = inputWith(contract, entry[1].shape, path.slice(1), text);
    return inner === undefined ? undefined : { [entry[0]]: inner };
  }
  if (shape.type === "list") {
    const inner = inputWith(contract, shape.member.shape, path.slice(2), text);
    return inner === undefined ? undefined : Array.from({ length: Number(path[0]) }, () => inner);
  }
  return undefined;
}

function valueFrom(contract: Contract, member: Member, text: string | undefined): unknown {
  const shape = shapeNamed(contract, member.shape);
  // Where AWS did not repeat the value: one that is in no enum and fits no pattern, or bytes that are too many.
  const content = text === undefined ? "!".repeat(shape.type === "blob" ? 5_000 : 30) : text.slice(1, -1);
  if (text === "null") return null;
  if (shape.type === "blob") return Buffer.from(content);
  if (["integer", "long", "double", "float"].includes(shape.type)) return Number(content);
  if (shape.type === "list") return content.slice(1, -1).split(", ");
  if (shape.type === "map") {
    return Object.fromEntries(
      content
        .slice(1, -1)
        .split(", ")
        .map((pair) => {
          const [key, value] = pair.split("=") as [string, string];
          return [key, Number(value)];
        }),
    );
  }
  return shape.type === "string" ? content : undefined;
}

/** Enum sets come in no particular order, and have grown since. */
function sameConstraint(ours: string, theirs: string): boolean {
  const split = (text: string) =>
    /^(.*enum value set: )\[([^\]]*)\](.*)$/.exec(text)?.slice(1) ?? [text, "", ""];
  const [start, values, end] = split(ours) as [string, string, string];
  const [theirStart, theirValues, theirEnd] = split(theirs) as [string, string, string];
  const known = new Set(values.split(", "));
  return (
    start === theirStart && end === theirEnd && theirValues.split(", ").every((value) => known.has(value))
  );
}

describe("recorded validation errors", () => {
  if (!existsSync(recorded)) {
    test.skip(`no recordings at ${recorded}`, () => {});
    return;
  }
  const cases = recordedViolations().filter(
    (one) => !beyondTheModels.some((pattern) => pattern.test(`at '${one.path}'`)),
  );
  test.each(cases)("$service $path: $constraint", ({ service, value, path, constraint }) => {
    const contract = contractOf(service);
    const seen: Violation[] = [];
    for (const [name, operation] of Object.entries(contract.operations)) {
      const input = inputWith(contract, operation.input, path.split("."), value);
      if (input === undefined) continue;
      for (const error of failureOf(contract, name, input as Record<string, unknown>)?.errors ?? []) {
        if (error.path === path) seen.push(error);
      }
    }
    const matches = seen.filter((one) => one.value === value && sameConstraint(one.constraint, constraint));
    expect(matches, JSON.stringify(seen)).not.toHaveLength(0);
  });
});
