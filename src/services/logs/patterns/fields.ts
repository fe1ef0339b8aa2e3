import { type Condition, takeComparison, takeOperator } from "./conditions.ts";
import { PatternError } from "./errors.ts";
import type { Pattern } from "./pattern.ts";
import { Scanner } from "./scanner.ts";

/**
 * Patterns for lines of fields with blanks between them: `[ip, user, ..., status = 4*, size > 100]`.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html#matching-term-space-delimited-log-events
 */

interface Field {
  name: string;
  condition?: Condition;
}

/** Any number of fields without names. */
const ellipsis = Symbol("...");

export async function compileFields(text: string): Promise<Pattern> {
  if (!text.endsWith("]")) {
    throw new PatternError("If a filter pattern starts with '[' it must end with ']'");
  }
  const compiler = new FieldsCompiler(text.slice(1, -1));
  const { before, after } = await compiler.whole();
  const found = (message: string) => placed(fieldsOf(message), before, after);
  return {
    kind: "fields",
    regexes: compiler.regexes,
    matches: (message) => {
      const fields = found(message);
      return fields?.every(({ field, value }) => field?.condition?.(value) ?? true) ?? false;
    },
    values: (message) =>
      Object.fromEntries((found(message) ?? []).map(({ name, value }) => [`$${name}`, value])),
    value: (message, wanted) => found(message)?.find(({ name }) => `$${name}` === wanted)?.value,
  };
}

interface Placed {
  name: string;
  value: string;
  field?: Field;
}

/** Values under the names of the pattern's fields; undefined if the message has too few. `after`: behind "...". */
function placed(
  values: readonly string[],
  before: readonly Field[],
  after: readonly Field[] | undefined,
): Placed[] | undefined {
  if (after === undefined) {
    if (values.length < before.length || before.length === 0) return undefined;
    return before.map((field, i) => {
      // The last takes all that is left.
      const value = i === before.length - 1 ? values.slice(i).join(" ") : (values[i] as string);
      return { name: field.name || String(i + 1), value, field };
    });
  }
  if (values.length < before.length + after.length) return undefined;
  const firstAfter = values.length - after.length;
  return values.map((value, i) => {
    const field = i < before.length ? before[i] : i >= firstAfter ? after[i - firstAfter] : undefined;
    return { name: field?.name || String(i + 1), value, ...(field && { field }) };
  });
}

const closing: Readonly<Record<string, string>> = { "[": "]", '"': '"' };
const blank = /\s/;

/** What stands in brackets or quotes is one field. Each character is looked at once, whatever the message. */
function fieldsOf(message: string): string[] {
  const fields: string[] = [];
  const unclosed = new Set<string>();
  for (let at = 0; at < message.length; ) {
    const char = message[at] as string;
    if (blank.test(char)) {
      at += 1;
      continue;
    }
    const close = closing[char];
    const end = close === undefined || unclosed.has(close) ? -1 : message.indexOf(close, at + 1);
    if (end >= 0) {
      fields.push(message.slice(at + 1, end));
      at = end + 1;
      continue;
    }
    if (close !== undefined) unclosed.add(close);
    const start = at;
    while (at < message.length && !blank.test(message[at] as string)) at += 1;
    fields.push(message.slice(start, at));
  }
  return fields;
}

class FieldsCompiler {
  readonly #scanner: Scanner;
  regexes = 0;

  constructor(text: string) {
    this.#scanner = new Scanner(text);
  }

  async whole(): Promise<{ before: Field[]; after: Field[] | undefined }> {
    const before: Field[] = [];
    let after: Field[] | undefined;
    do {
      const one = await this.#field();
      if (one === ellipsis) {
        if (after !== undefined) throw new PatternError("Invalid filter pattern");
        after = [];
      } else (after ?? before).push(one);
    } while (this.#scanner.take(","));
    if (!this.#scanner.done) throw this.#scanner.problem();
    // "[a, b,]" has no third field.
    const list = after ?? before;
    if (list.length > 1 && list.at(-1)?.name === "") list.pop();
    return { before, after };
  }

  async #field(): Promise<Field | typeof ellipsis> {
    const scanner = this.#scanner;
    scanner.skipBlanks();
    if (scanner.take("...")) {
      scanner.skipBlanks();
      return ellipsis;
    }
    const name = scanner.match(/[\p{L}\p{N}_-]+/uy) ?? "";
    scanner.skipBlanks();
    const first = name === "" ? undefined : await this.#condition();
    if (first === undefined) return { name };
    // "&&" binds more tightly than "||".
    const either: Condition[][] = [[first]];
    for (;;) {
      const and = scanner.take("&&");
      if (!and && !scanner.take("||")) break;
      scanner.skipBlanks();
      // All conditions of one place speak of the same field.
      if (scanner.match(/[\p{L}\p{N}_-]+/uy) !== name) throw new PatternError("Invalid filter pattern");
      scanner.skipBlanks();
      const condition = await this.#condition();
      if (condition === undefined) throw scanner.problem();
      if (and) (either.at(-1) as Condition[]).push(condition);
      else either.push([condition]);
    }
    return { name, condition: (value) => either.some((all) => all.every((one) => one(value))) };
  }

  async #condition(): Promise<Condition | undefined> {
    const scanner = this.#scanner;
    const operator = takeOperator(scanner);
    if (operator === undefined) return undefined;
    scanner.skipBlanks();
    const { condition, isRegex } = await takeComparison(operator, scanner, /[^\s,&|"]+/y);
    if (isRegex) this.regexes += 1;
    scanner.skipBlanks();
    return condition;
  }
}
