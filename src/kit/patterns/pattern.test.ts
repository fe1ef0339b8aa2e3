import { existsSync, readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fieldsOf, matches, parsePattern } from "./pattern.ts";
import { PatternIndex } from "./patternIndex.ts";
import { InvalidPattern } from "./predicates.ts";

const folder = "../shared/vectors/event-patterns";
const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith(".json5")) : [];
if (files.length === 0) console.warn(`Skipped: ${folder} is absent.`);

/** JSON with comments and trailing commas. */
function parse(text: string): { Event: unknown; EventPattern: unknown } {
  const plain = text.replace(/("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (_, quoted) => quoted ?? "");
  return JSON.parse(plain.replace(/,(\s*[}\]])/g, "$1"));
}

/** By the precise rule and by the index, which must agree. */
function matched(pattern: string, event: unknown): boolean {
  const parsed = parsePattern(pattern);
  const fields = fieldsOf(event);
  const alone = matches(parsed, fields);
  expect(new PatternIndex([["it", parsed]]).match(fields).has("it")).toBe(alone);
  return alone;
}

describe.skipIf(files.length === 0)("event patterns", () => {
  it.each(files)("%s", (file) => {
    const { Event, EventPattern } = parse(readFileSync(`${folder}/${file}`, "utf8"));
    const pattern = JSON.stringify(EventPattern);
    if (file.includes("_EXC")) expect(() => parsePattern(pattern)).toThrow(InvalidPattern);
    else expect(matched(pattern, Event)).toBe(!file.includes("_NEG"));
  });
});

describe("values in arrays of objects", () => {
  const event = {
    detail: {
      items: [
        { name: "a", size: 1 },
        { name: "b", size: 2 },
      ],
    },
  };
  it.each([
    [{ detail: { items: { name: ["a"], size: [1] } } }, true],
    [{ detail: { items: { name: ["a"], size: [2] } } }, false],
    [{ detail: { items: { name: ["a", "b"], size: [2] } } }, true],
  ])("%j: %s, for they must stand in one element", (pattern, expected) => {
    expect(matched(JSON.stringify(pattern), event)).toBe(expected);
  });
});

describe("what is no pattern", () => {
  it.each([
    ["[]", "Filter is not an object"],
    ["{}", "Empty objects are not allowed"],
    ['{"a": 1}', '"a" must be an object or an array'],
    ['{"a": [[1]]}', "Match value must be String, number, true, false, or null"],
    ['{"a": [{"prefix": "x", "suffix": "y"}]}', "Only one key allowed in match expression"],
    ['{"a": [{"constructor": "x"}]}', "Unrecognized match type constructor"],
    ['{"a": [{"wildcard": "a\\\\b"}]}', "Invalid escape character at pos 1"],
  ])("%s: %s", (pattern, reason) => expect(() => parsePattern(pattern)).toThrow(reason));

  it("may not multiply without end", () => {
    const or = Array.from({ length: 11 }, (_, i) => ({ [`f${i}`]: ["x"] }));
    const nested = { a: { $or: or }, b: { $or: or }, c: { $or: or } };
    expect(() => parsePattern(JSON.stringify(nested))).toThrow(/too complex/);
  });
});

describe("the index", () => {
  const leaf = fc.constantFrom<unknown>("a", "b", "ab", 1, 2, true, null);
  const predicate = fc.oneof(
    leaf,
    fc.constantFrom<unknown>(
      { exists: true },
      { exists: false },
      { prefix: "a" },
      { suffix: "b" },
      { "anything-but": ["a", 1] },
      { numeric: [">", 1] },
      { "equals-ignore-case": "AB" },
      { wildcard: "a*" },
    ),
  );
  const name = fc.constantFrom("x", "y", "z");
  const list = fc.array(predicate, { minLength: 1, maxLength: 3 });
  const pattern = fc.dictionary(name, fc.oneof(list, fc.dictionary(name, list, { minKeys: 1 })), {
    minKeys: 1,
  });
  const inner = fc.dictionary(name, fc.oneof(leaf, fc.array(leaf, { maxLength: 3 })));
  const event = fc.dictionary(name, fc.oneof(leaf, inner, fc.array(inner, { maxLength: 3 })));

  it("finds exactly the patterns that match one by one", () => {
    fc.assert(
      fc.property(
        fc.array(pattern, { maxLength: 20 }),
        fc.array(event, { maxLength: 5 }),
        (patterns, events) => {
          const parsed = patterns.map((one, i) => [i, parsePattern(JSON.stringify(one))] as const);
          const index = new PatternIndex(parsed);
          for (const one of events) {
            const fields = fieldsOf(one);
            const expected = parsed.filter(([, each]) => matches(each, fields)).map(([i]) => i);
            expect([...index.match(fields)].sort((a, b) => a - b)).toEqual(expected);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
