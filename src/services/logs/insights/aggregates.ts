import { compileExpression, type Evaluate, type QueryFacts } from "./compile.ts";
import type { Row } from "./record.ts";
import { type Expression, QueryError } from "./syntax.ts";
import { isStructure, numberOf, sortOrder, Timestamp, textOf, type Value } from "./values.ts";

/**
 * Functions of stats. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Stats.html#CWL_QuerySyntax-stats-functions
 */

/** Gathers the values of one group. */
interface Accumulator {
  add(value: Value, row: Row): void;
  result(): Value;
}

/** Values that a percentile or a count of distinct values keeps of one group. */
const maxKeptValues = 1_000_000;

class Count implements Accumulator {
  #count = 0;
  add(value: Value): void {
    if (value !== undefined) this.#count += 1;
  }
  result(): Value {
    return this.#count;
  }
}

class Moments implements Accumulator {
  #count = 0;
  #mean = 0;
  #squares = 0;
  #sum = 0;
  readonly #of: "sum" | "avg" | "stddev";

  constructor(of: "sum" | "avg" | "stddev") {
    this.#of = of;
  }

  /** By Welford's method: numbers that are large beside their differences keep them. */
  add(value: Value): void {
    const number = numberOf(value);
    if (number === undefined) return;
    this.#count += 1;
    this.#sum += number;
    const from = number - this.#mean;
    this.#mean += from / this.#count;
    this.#squares += from * (number - this.#mean);
  }

  result(): Value {
    if (this.#of === "sum") return this.#sum;
    if (this.#count === 0) return undefined;
    return this.#of === "avg" ? this.#sum / this.#count : Math.sqrt(this.#squares / this.#count);
  }
}

/** The first or last by the values' own order (min and max show a time as a number), or by the lines' times. */
class Extreme implements Accumulator {
  #value: Value;
  #at = Number.NaN;
  readonly #sign: number;
  readonly #by: "value" | "time";

  constructor(sign: number, by: "value" | "time") {
    this.#sign = sign;
    this.#by = by;
  }

  add(value: Value, row: Row): void {
    if (value === undefined || isStructure(value)) return;
    if (this.#by === "value") {
      if (this.#value === undefined || this.#sign * sortOrder(value, this.#value) > 0) this.#value = value;
      return;
    }
    const at = numberOf(row.get("@timestamp", ["@timestamp"])) ?? 0;
    // Of lines of the same time the later is the latest.
    if (Number.isNaN(this.#at) || this.#sign * (at - this.#at) > 0) {
      this.#value = value;
      this.#at = at;
    }
  }

  result(): Value {
    return this.#by === "value" && this.#value instanceof Timestamp ? this.#value.ms : this.#value;
  }
}

class Distinct implements Accumulator {
  readonly #seen = new Set<string>();
  add(value: Value): void {
    const text = textOf(value);
    if (text !== undefined && this.#seen.size < maxKeptValues) this.#seen.add(text);
  }
  result(): Value {
    return this.#seen.size;
  }
}

class Percentile implements Accumulator {
  readonly #values: number[] = [];
  readonly #percent: number;
  #seen = 0;

  constructor(percent: number) {
    this.#percent = percent;
  }

  add(value: Value): void {
    const number = numberOf(value);
    if (number === undefined) return;
    this.#seen += 1;
    if (this.#values.length < maxKeptValues) this.#values.push(number);
    else {
      // A sample that every value is in with the same chance.
      const place = Math.floor(Math.random() * this.#seen);
      if (place < maxKeptValues) this.#values[place] = number;
    }
  }

  result(): Value {
    const sorted = Float64Array.from(this.#values).sort();
    if (sorted.length === 0) return undefined;
    const at = (Math.min(100, Math.max(0, this.#percent)) / 100) * (sorted.length - 1);
    const low = sorted[Math.floor(at)] as number;
    return low + ((sorted[Math.ceil(at)] as number) - low) * (at - Math.floor(at));
  }
}

const accumulators: Readonly<Record<string, (percent: number) => Accumulator>> = {
  count: () => new Count(),
  count_distinct: () => new Distinct(),
  sum: () => new Moments("sum"),
  avg: () => new Moments("avg"),
  stddev: () => new Moments("stddev"),
  min: () => new Extreme(-1, "value"),
  max: () => new Extreme(1, "value"),
  sortsfirst: () => new Extreme(-1, "value"),
  sortslast: () => new Extreme(1, "value"),
  earliest: () => new Extreme(-1, "time"),
  latest: () => new Extreme(1, "time"),
  pct: (percent) => new Percentile(percent),
  percentile: (percent) => new Percentile(percent),
  median: () => new Percentile(50),
};

/** One call of an aggregate function in the expressions of a stats command. */
interface Aggregate {
  /** The field that its result has among a group's rows. */
  field: string;
  of: Evaluate;
  make(): Accumulator;
}

/** Expressions of a stats command: their aggregates, and what is made of those. */
export class Aggregates {
  readonly #aggregates: Aggregate[] = [];
  readonly #facts: QueryFacts;

  constructor(facts: QueryFacts) {
    this.#facts = facts;
  }

  /** An expression over the results of its aggregates. */
  async compile(expression: Expression): Promise<Evaluate> {
    const replaced = await this.#replace(expression);
    return await compileExpression(replaced, this.#facts);
  }

  get count(): number {
    return this.#aggregates.length;
  }

  newGroup(): Accumulator[] {
    return this.#aggregates.map(({ make }) => make());
  }

  add(group: readonly Accumulator[], row: Row): void {
    for (const [i, { of }] of this.#aggregates.entries()) group[i]?.add(of(row), row);
  }

  /** Puts a group's results where the compiled expressions look for them. */
  finish(group: readonly Accumulator[], row: Row): void {
    for (const [i, { field }] of this.#aggregates.entries()) row.set(field, group[i]?.result());
  }

  async #replace(expression: Expression): Promise<Expression> {
    switch (expression.kind) {
      case "call":
        return expression.name in accumulators
          ? await this.#aggregate(expression)
          : await this.#inside(expression);
      case "binary":
        return {
          ...expression,
          left: await this.#replace(expression.left),
          right: await this.#replace(expression.right),
        };
      case "negate":
        return { ...expression, of: await this.#replace(expression.of) };
      default:
        return expression;
    }
  }

  async #inside(call: Expression & { kind: "call" }): Promise<Expression> {
    const args: Expression[] = [];
    for (const arg of call.args) args.push(await this.#replace(arg));
    return { ...call, args };
  }

  async #aggregate({ name, args, text }: Expression & { kind: "call" }): Promise<Expression> {
    const [of, percent] = args;
    const takesPercent = name === "pct" || name === "percentile";
    if (args.length > (takesPercent ? 2 : 1) || (of === undefined && name !== "count")) {
      throw new QueryError(`invalid arguments in the function ${name}`);
    }
    if (takesPercent && (percent?.kind !== "literal" || typeof percent.value !== "number")) {
      throw new QueryError(`${name} takes a percentage as its second argument`);
    }
    const percentage = percent?.kind === "literal" ? Number(percent.value) : 0;
    // No field of a query is named so: names hold no blanks but in backticks.
    const field = `aggregate ${this.#aggregates.length} of ${text}`;
    const make = accumulators[name] as (percent: number) => Accumulator;
    const every: Expression = { kind: "literal", value: 1 };
    this.#aggregates.push({
      field,
      of: await compileExpression(of ?? every, this.#facts),
      make: () => make(percentage),
    });
    return { kind: "field", name: field, path: [field] };
  }
}
