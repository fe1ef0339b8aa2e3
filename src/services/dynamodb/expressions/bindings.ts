import { AwsError } from "../../../kit/errors.ts";
import { checkedValue, type Value } from "../values.ts";
import { validation } from "../words.ts";
import type { ExpressionKind } from "./nodes.ts";

/** The placeholders of one request, and which of them its expressions use. */

export interface Placeholders {
  ExpressionAttributeNames?: Record<string, string> | undefined;
  ExpressionAttributeValues?: Record<string, unknown> | undefined;
}

const placeholder = { "#": /^#[A-Za-z0-9_]+$/, ":": /^:[A-Za-z0-9_]+$/ };

export class Bindings {
  readonly #names: Record<string, string>;
  readonly #values: Record<string, unknown>;
  readonly #checked = new Map<string, Value>();
  readonly #used = new Set<string>();

  /** `expressions`: those that the request has, by their names; `takesValues`: which of them may hold values. */
  constructor(
    input: Placeholders,
    expressions: Readonly<Record<string, string | undefined>>,
    takesValues: readonly string[] = Object.keys(expressions),
  ) {
    const { ExpressionAttributeNames: names, ExpressionAttributeValues: values } = input;
    this.#names = names ?? {};
    this.#values = values ?? {};
    if (names === undefined && values === undefined) return;
    const isGiven = (name: string) => expressions[name] !== undefined;
    if (names !== undefined) {
      if (!Object.keys(expressions).some(isGiven))
        throw validation("ExpressionAttributeNames can only be specified when using expressions");
      checkKeys("ExpressionAttributeNames", names, "#");
    }
    if (values === undefined) return;
    if (!takesValues.some(isGiven)) {
      const which =
        takesValues.length === 1 ? `${takesValues[0]} is null` : `${takesValues.join(" and ")} are null`;
      throw validation(`ExpressionAttributeValues can only be specified when using expressions: ${which}`);
    }
    checkKeys("ExpressionAttributeValues", values, ":");
    for (const [name, value] of Object.entries(values)) this.#checked.set(name, checkedBound(name, value));
  }

  name(reference: string, kind: ExpressionKind): string {
    const name = Object.hasOwn(this.#names, reference) ? this.#names[reference] : undefined;
    if (name === undefined) {
      throw validation(
        `Invalid ${kind}: An expression attribute name used in the document path is not defined; attribute name: ${reference}`,
      );
    }
    if (name === "") throw validation(`Invalid ${kind}: Empty attribute name`);
    this.#used.add(reference);
    return name;
  }

  value(reference: string, kind: ExpressionKind): Value {
    const value = this.#checked.get(reference);
    if (value === undefined) {
      throw validation(
        `Invalid ${kind}: An expression attribute value used in expression is not defined; attribute value: ${reference}`,
      );
    }
    this.#used.add(reference);
    return value;
  }

  /** Placeholders that no expression uses are refused. */
  checkUsed(): void {
    this.#checkAll("ExpressionAttributeNames", this.#names);
    this.#checkAll("ExpressionAttributeValues", this.#values);
  }

  #checkAll(member: string, given: Record<string, unknown>): void {
    const unused = Object.keys(given).filter((one) => !this.#used.has(one));
    if (unused.length === 0) return;
    throw validation(`Value provided in ${member} unused in expressions: keys: {${unused.join(", ")}}`);
  }
}

function checkKeys(member: string, given: Record<string, unknown>, sign: "#" | ":"): void {
  const keys = Object.keys(given);
  if (keys.length === 0) throw validation(`${member} must not be empty`);
  const wrong = keys.find((key) => !placeholder[sign].test(key));
  if (wrong !== undefined) throw validation(`${member} contains invalid key: Syntax error; key: "${wrong}"`);
}

function checkedBound(name: string, value: unknown): Value {
  try {
    return checkedValue(value);
  } catch (error) {
    if (!(error instanceof AwsError) || error.code !== "ValidationException") throw error;
    throw validation(`ExpressionAttributeValues contains invalid value: ${error.message} for key ${name}`);
  }
}
