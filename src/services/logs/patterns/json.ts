import { type Comparison, type Condition, takeComparison, takeOperator, type Value } from "./conditions.ts";
import { PatternError } from "./errors.ts";
import type { Pattern } from "./pattern.ts";
import { Scanner } from "./scanner.ts";

/**
 * Patterns for lines of JSON: `{ ($.user.id = 1) && ($.users[0].email = "John.*" || $.error IS NULL) }`.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html#matching-terms-json-log-events
 */

type Test = (root: unknown) => boolean;

/** A step from a value to those inside it: a member's name, an element's number, or all of them. */
type Step = string | number | typeof anyMember;
const anyMember = Symbol("any member");

interface Selector {
  text: string;
  steps: Step[];
}

const maxWildcards = 3;
const maxWildcardsPerSelector = 1;
/** Parentheses within parentheses. */
const maxDepth = 50;

export async function compileJson(text: string): Promise<Pattern> {
  if (!text.endsWith("}")) {
    throw new PatternError("If a filter pattern starts with '{' it must end with '}'");
  }
  const compiler = new JsonCompiler(text.slice(1, -1));
  const test = await compiler.whole();
  const { selectors } = compiler;
  return {
    kind: "json",
    regexes: compiler.regexes,
    matches: (message) => {
      const root = parsed(message);
      return root !== undefined && test(root);
    },
    values: (message) => {
      const root = parsed(message);
      return Object.fromEntries(
        selectors.flatMap(({ text: name, steps }) => {
          const value = textOf(valuesAt(root, steps)[0]);
          return value === undefined ? [] : [[name, value]];
        }),
      );
    },
    value: (message, name) => {
      const steps = selectors.find((one) => one.text === name)?.steps ?? parseSelector(name);
      return steps && textOf(valuesAt(parsed(message), steps)[0]);
    },
  };
}

/** The steps of a selector that stands alone ("$.latency", of a metric's value); undefined if it is none. */
export function parseSelector(text: string): Step[] | undefined {
  try {
    const compiler = new JsonCompiler(text);
    const { steps } = compiler.selector();
    return compiler.done ? steps : undefined;
  } catch (error) {
    if (error instanceof PatternError) return undefined;
    throw error;
  }
}

/** A message that is a JSON object or array. */
function parsed(message: string): unknown {
  const start = message.charCodeAt(0) <= 0x20 ? message.trimStart()[0] : message[0];
  if (start !== "{" && start !== "[") return undefined;
  try {
    return JSON.parse(message);
  } catch {
    return undefined;
  }
}

function valuesAt(root: unknown, steps: readonly Step[]): unknown[] {
  let values: unknown[] = [root];
  for (const step of steps) {
    values = values.flatMap((value): unknown[] => {
      if (typeof value !== "object" || value === null) return [];
      if (step === anyMember) return Object.values(value);
      if (typeof step === "number") return Array.isArray(value) && step in value ? [value[step]] : [];
      return !Array.isArray(value) && Object.hasOwn(value, step)
        ? [(value as Record<string, unknown>)[step]]
        : [];
    });
  }
  return values;
}

function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

class JsonCompiler {
  readonly #scanner: Scanner;
  readonly selectors: Selector[] = [];
  regexes = 0;
  #wildcards = 0;
  #depth = 0;

  constructor(text: string) {
    this.#scanner = new Scanner(text);
  }

  get done(): boolean {
    return this.#scanner.done;
  }

  async whole(): Promise<Test> {
    const test = await this.#either();
    if (!this.done) throw this.#scanner.problem();
    return test;
  }

  /** "&&" binds more tightly than "||". */
  async #either(): Promise<Test> {
    const tests = [await this.#both()];
    while (this.#scanner.take("||")) tests.push(await this.#both());
    return tests.length === 1 ? (tests[0] as Test) : (root) => tests.some((test) => test(root));
  }

  async #both(): Promise<Test> {
    const tests = [await this.#one()];
    while (this.#scanner.take("&&")) tests.push(await this.#one());
    return tests.length === 1 ? (tests[0] as Test) : (root) => tests.every((test) => test(root));
  }

  async #one(): Promise<Test> {
    const scanner = this.#scanner;
    scanner.skipBlanks();
    let test: Test;
    if (scanner.take("(")) {
      this.#depth += 1;
      if (this.#depth > maxDepth) throw new PatternError("Invalid filter pattern");
      test = await this.#either();
      scanner.expect(")");
      this.#depth -= 1;
    } else test = await this.#comparison();
    scanner.skipBlanks();
    return test;
  }

  async #comparison(): Promise<Test> {
    const scanner = this.#scanner;
    const selector = this.selector();
    this.selectors.push(selector);
    const { steps } = selector;
    scanner.skipBlanks();
    if (scanner.match(/NOT\s+EXISTS\b/iy)) return (root) => valuesAt(root, steps).length === 0;
    const is = scanner.match(/IS\s+(?:NULL|TRUE|FALSE)\b/iy);
    if (is !== undefined) {
      const wanted = JSON.parse(is.split(/\s+/)[1]?.toLowerCase() ?? "null") as unknown;
      return (root) => valuesAt(root, steps).includes(wanted);
    }
    const operator = takeOperator(scanner);
    if (operator === undefined) throw scanner.problem();
    scanner.skipBlanks();
    const comparison = await takeComparison(operator, scanner, /[^\s()&|"]+/y);
    return this.#testOf(steps, comparison);
  }

  #testOf(steps: readonly Step[], { condition, isRegex }: Comparison): Test {
    if (isRegex) this.regexes += 1;
    return (root) => valuesAt(root, steps).some((value) => holds(condition, value));
  }

  /** "$.a.b[0]", "$.a[*]", "$.*", "$.['a.b']". */
  selector(): Selector {
    const scanner = this.#scanner;
    const start = scanner.at;
    scanner.expect("$");
    const steps: Step[] = [];
    let wildcards = 0;
    for (;;) {
      const step = this.#step();
      if (step === undefined) break;
      if (step === anyMember) wildcards += 1;
      steps.push(step);
    }
    if (steps.length === 0) throw scanner.problem();
    this.#wildcards += wildcards;
    if (wildcards > maxWildcardsPerSelector || this.#wildcards > maxWildcards) {
      throw new PatternError("Too many wildcard selectors in the filter pattern.");
    }
    return { text: scanner.text.slice(start, scanner.at), steps };
  }

  #step(): Step | undefined {
    const scanner = this.#scanner;
    if (scanner.take(".") && scanner.char !== "[") {
      if (scanner.take("*")) return anyMember;
      const name = scanner.match(/[\p{L}\p{N}_-]+/uy);
      if (name === undefined) throw scanner.problem();
      return name;
    }
    if (!scanner.take("[")) return undefined;
    if (scanner.take("*]")) return anyMember;
    const number = scanner.match(/\d+\]/y);
    if (number !== undefined) return Number(number.slice(0, -1));
    const name = scanner.match(/'[^']*'\]|"[^"]*"\]/y);
    if (name === undefined) throw scanner.problem();
    return name.slice(1, -2);
  }
}

/** Objects and arrays are no values: nothing can be said of them but that they are there. */
function holds(condition: Condition, value: unknown): boolean {
  return typeof value !== "object" && value !== undefined && condition(value as Value);
}
