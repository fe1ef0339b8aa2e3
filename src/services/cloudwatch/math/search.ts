import type { Metric } from "../store/identity.ts";
import { BadExpression } from "./parse.ts";

/**
 * Search expressions: `{AWS/SQS,QueueName} MetricName="NumberOfMessagesSent" orders`.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
 */
export interface Search {
  /** Namespace of the schema, if it has one. */
  namespace?: string;
  matches(metric: Metric): boolean;
}

type Test = (metric: Metric) => boolean;

export function parseSearch(text: string): Search {
  const schema = /^\s*\{([^}]*)\}/.exec(text);
  const tokens = tokensOf(schema === null ? text : text.slice(schema[0].length));
  const query = tokens.length === 0 ? () => true : new QueryParser(tokens).whole();
  if (schema === null) return { matches: query };
  const [namespace = "", ...names] = namesOf(schema[1] as string);
  const wanted = names.sort().join("\n");
  return {
    namespace,
    matches: (metric) =>
      metric.namespace === namespace &&
      metric.dimensions.map(({ Name }) => Name).join("\n") === wanted &&
      query(metric),
  };
}

function namesOf(list: string): string[] {
  return [...list.matchAll(/\s*(?:"([^"]*)"|([^,]+))\s*,?/g)].map(
    ([, quoted, plain = ""]) => quoted ?? plain.trim(),
  );
}

function tokensOf(text: string): string[] {
  const found = text.match(/[()]|(?:"[^"]*"|[^\s()="]+)(?:\s*=\s*(?:"[^"]*"|[^\s()]+))?/g) ?? [];
  return found.map((token) => token.trim());
}

class QueryParser {
  readonly #tokens: string[];
  #at = 0;

  constructor(tokens: string[]) {
    this.#tokens = tokens;
  }

  whole(): Test {
    const test = this.#any();
    if (this.#at < this.#tokens.length) throw new BadExpression("The search expression is malformed.");
    return test;
  }

  #takes(word: string): boolean {
    if (this.#tokens[this.#at] !== word) return false;
    this.#at += 1;
    return true;
  }

  #any(): Test {
    const tests = [this.#all()];
    while (this.#takes("OR")) tests.push(this.#all());
    return (metric) => tests.some((test) => test(metric));
  }

  #all(): Test {
    const tests = [this.#one()];
    for (;;) {
      const next = this.#tokens[this.#at];
      if (next === undefined || next === ")" || next === "OR")
        return (metric) => tests.every((test) => test(metric));
      this.#takes("AND");
      tests.push(this.#one());
    }
  }

  #one(): Test {
    if (this.#takes("NOT")) {
      const test = this.#one();
      return (metric) => !test(metric);
    }
    if (this.#takes("(")) {
      const test = this.#any();
      if (!this.#takes(")")) throw new BadExpression("The search expression lacks a ')'.");
      return test;
    }
    const token = this.#tokens[this.#at];
    if (token === undefined || token === ")") throw new BadExpression("The search expression is malformed.");
    this.#at += 1;
    return termOf(token);
  }
}

/** A word in any of a metric's texts, or in one that it names; in quotes, all of that text. */
function termOf(token: string): Test {
  const match = /^("[^"]*"|[^="]+?)\s*=\s*("[^"]*"|.+)$/.exec(token);
  if (match === null) {
    const fits = textTest(token);
    return (metric) => textsOf(metric).some(fits);
  }
  const name = (match[1] as string).replaceAll('"', "");
  const fits = textTest(match[2] as string);
  return (metric) => propertyOf(metric, name).some(fits);
}

function propertyOf({ namespace, name, dimensions }: Metric, property: string): string[] {
  if (property === "Namespace") return [namespace];
  if (property === "MetricName") return [name];
  return dimensions.filter(({ Name }) => Name === property).map(({ Value }) => Value);
}

function textsOf({ namespace, name, dimensions }: Metric): string[] {
  return [namespace, name, ...dimensions.flatMap(({ Name, Value }) => [Name, Value])];
}

function textTest(term: string): (text: string) => boolean {
  if (term.startsWith('"')) {
    const exact = term.slice(1, -1);
    return (text) => text === exact;
  }
  const wanted = wordsOf(term);
  return (text) => {
    const words = wordsOf(text);
    return wanted.every((word) => words.includes(word));
  };
}

/** "CPUUtilization" is found by "cpuutilization", "CPU" and "utilization". */
function wordsOf(text: string): string[] {
  const parts = text.split(/[^A-Za-z0-9]+/).filter((part) => part !== "");
  const camel = parts.flatMap((part) => part.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+/g) ?? []);
  return [...parts, ...camel].map((part) => part.toLowerCase());
}
