import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createContext, Script } from "node:vm";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compilePattern, rewrittenPatterns } from "./patterns.ts";

interface Constrained {
  pattern?: string;
  max?: number;
}

const context = createContext({});
const script = new Script("expression.test(text)");

/** Whether the expression answers within a time that no honest match needs. */
function answers(expression: RegExp, text: string): boolean {
  Object.assign(context, { expression, text });
  try {
    script.runInContext(context, { timeout: 500 });
    return true;
  } catch {
    return false;
  }
}

const own = fileURLToPath(new URL("../../contracts/limits/", import.meta.url));
const all = fileURLToPath(new URL("../../../shared/limits/", import.meta.url));
const folders = [own, ...(existsSync(all) ? [all] : [])];

test.each(folders)("every pattern in %s compiles, and none backtracks without end", (folder) => {
  for (const file of readdirSync(folder)) {
    const { shapes } = JSON.parse(readFileSync(folder + file, "utf8")) as {
      shapes: Record<string, Constrained>;
    };
    for (const [name, { pattern, max }] of Object.entries(shapes)) {
      if (pattern === undefined) continue;
      const expression = compilePattern(pattern);
      expect(expression, `${file} ${name} ${pattern}`).toBeDefined();
      const length = Math.min(4 * (max ?? 16_384), 65_536);
      for (const unit of ["a", "0", "-", "a.", "arn:", " ", "A0"]) {
        const text = `${unit.repeat(Math.ceil(length / unit.length))}\u0000`;
        expect(expression && answers(expression, text), `${file} ${name} '${unit}' ${pattern}`).toBe(true);
      }
    }
  }
});

describe("rewritten patterns say the same", () => {
  const text = fc.string({
    unit: fc.constantFrom("a", "A", "0", ".", "-", "_", "/", "*", ":", " ", "\t", "~", "\n"),
    maxLength: 12,
  });
  test.each(rewrittenPatterns)("%s", (original) => {
    const plain = new RegExp(original);
    const compiled = compilePattern(original);
    fc.assert(
      fc.property(text, (given) => {
        expect(compiled?.test(given)).toBe(plain.test(given));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("Java's dialect", () => {
  test.each([
    ["[\\p{Alpha}]+", "abc", true],
    ["\\p{Print}*", "a\u0001", false],
    ["\\p{Print}+", "policy one", true],
    ["[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*", "ü 1", true],
    ["(?s).*", "a\nb", true],
    [".*", "a\nb", false],
    ["[\\u0020-\\uD7FF\\uE000-\\uFFFD\\ud800\\udc00-\\udbff\\udfff\\r\\n\\t]*", "😀", true],
    ["a|b", "ab", false],
    ["[a-z]++", "abc", true],
  ])("%s on %s", (pattern, given, fits) => {
    expect(compilePattern(pattern)?.test(given)).toBe(fits);
  });
});
