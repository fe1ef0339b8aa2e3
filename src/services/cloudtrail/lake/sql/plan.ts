import { compile, type Env, type Evaluate } from "./compile.ts";
import { type Expression, type Item, type Select, SqlError } from "./syntax.ts";
import { columns, compareValues, type Event, shown, type Value } from "./values.ts";

/** A statement as a run over events: filtered, grouped, ordered, limited. Bounded in memory by named limits. */

/** Groups, or rows that are kept to be ordered. */
const maxRows = 100_000;
/** Rows of an answer. */
const maxAnswer = 100_000;

export type AnswerRow = [name: string, value: string][];

export interface Plan {
  push(event: Event): void;
  finish(): AnswerRow[];
  readonly matched: number;
  /** Whether more events cannot change the answer. */
  readonly isFull: boolean;
}

interface Group {
  event: Event;
  states: State[];
}

interface Kept {
  values: Value[];
  keys: Value[];
}

export function planOf(select: Select): Plan {
  const items = select.items ?? columns.map(wholeColumn);
  const grouped = resolved(select, items);
  const found = aggregatesIn([...items.map(({ expression }) => expression), ...grouped.rest]);
  return found.length > 0 || grouped.by.length > 0
    ? new GroupedPlan(select, items, grouped, found)
    : new PlainPlan(select, items, grouped);
}

function wholeColumn(name: string): Item {
  return { name, expression: { kind: "column", path: [name] } };
}

interface Resolved {
  by: Expression[];
  order: { expression: Expression; descending: boolean }[];
  /** Having and order: what may hold aggregates beside the items. */
  rest: Expression[];
}

/** Numbers and names of items, in GROUP BY and ORDER BY, as what they stand for. */
function resolved({ groupBy, orderBy, having }: Select, items: readonly Item[]): Resolved {
  const meant = (expression: Expression): Expression => {
    if (expression.kind === "literal" && typeof expression.value === "number") {
      const item = items[expression.value - 1];
      if (item === undefined) throw new SqlError(`position ${expression.value} is not in the select list`);
      return item.expression;
    }
    const [name, ...more] = expression.kind === "column" ? expression.path : [];
    const item = more.length === 0 ? items.find((one) => one.name === name) : undefined;
    return item?.expression ?? expression;
  };
  const order = orderBy.map((key) => ({ ...key, expression: meant(key.expression) }));
  const rest = [...order.map(({ expression }) => expression), ...(having ? [having] : [])];
  return { by: groupBy.map(meant), order, rest };
}

type Aggregate = Expression & { kind: "aggregate" };

function aggregatesIn(expressions: readonly Expression[]): Aggregate[] {
  const found = new Set<Aggregate>();
  const walk = (part: unknown): void => {
    if (typeof part !== "object" || part === null) return;
    if ((part as Expression).kind === "aggregate") found.add(part as Aggregate);
    for (const member of Object.values(part)) walk(member);
  };
  walk(expressions);
  return [...found];
}

/** Without what is grouped by and what is gathered, no column may be left. */
function checkGrouped(expression: Expression, by: ReadonlySet<string>): void {
  if (expression.kind === "aggregate" || by.has(JSON.stringify(expression))) return;
  if (expression.kind === "column") {
    throw new SqlError(
      `'${expression.path.join(".")}' must be an aggregate expression or appear in GROUP BY clause`,
    );
  }
  const parts = Object.values(expression).flat();
  for (const part of parts) {
    if (typeof part === "object" && part !== null && "kind" in part) checkGrouped(part as Expression, by);
  }
}

abstract class Answer {
  readonly #items: readonly Item[];
  readonly #values: Evaluate[];
  readonly #keys: { of: Evaluate; descending: boolean }[];
  readonly #distinct: Set<string> | undefined;
  protected readonly where: Evaluate | undefined;
  protected readonly limit: number;
  protected kept: Kept[] = [];
  matched = 0;

  constructor(select: Select, items: readonly Item[], { order }: Resolved) {
    this.#items = items;
    this.#values = items.map(({ expression }) => compile(expression));
    this.#keys = order.map(({ expression, descending }) => ({ of: compile(expression), descending }));
    this.#distinct = select.distinct ? new Set() : undefined;
    this.where = select.where && compile(select.where);
    this.limit = Math.min(select.limit ?? maxAnswer, maxAnswer);
  }

  protected get ordered(): boolean {
    return this.#keys.length > 0;
  }

  protected keep(env: Env): void {
    const values = this.#values.map((value) => value(env));
    if (this.#distinct !== undefined) {
      const id = JSON.stringify(values.map(shown));
      if (this.#distinct.has(id)) return;
      if (this.#distinct.size >= maxRows) throw new SqlError(`more than ${maxRows} distinct rows`);
      this.#distinct.add(id);
    }
    this.kept.push({ values, keys: this.#keys.map(({ of }) => of(env)) });
    if (this.kept.length <= maxRows * 2) return;
    this.#sort();
    this.kept.length = maxRows;
  }

  /** Nulls come last, as Trino has them. */
  #sort(): void {
    if (!this.ordered) return;
    this.kept.sort((a, b) => {
      for (const [i, { descending }] of this.#keys.entries()) {
        const [x, y] = [a.keys[i], b.keys[i]];
        if (x === undefined || y === undefined) {
          if (x === y) continue;
          return x === undefined ? 1 : -1;
        }
        const order = compareValues(x, y) ?? 0;
        if (order !== 0) return descending ? -order : order;
      }
      return 0;
    });
  }

  protected rows(): AnswerRow[] {
    this.#sort();
    return this.kept
      .slice(0, this.limit)
      .map(({ values }) => this.#items.map(({ name }, i): [string, string] => [name, shown(values[i])]));
  }
}

class PlainPlan extends Answer implements Plan {
  constructor(select: Select, items: readonly Item[], grouped: Resolved) {
    super(select, items, grouped);
    if (select.having !== undefined) throw new SqlError("HAVING needs GROUP BY or an aggregate");
  }

  push(event: Event): void {
    const env = { event };
    if (this.isFull || (this.where !== undefined && this.where(env) !== true)) return;
    this.matched += 1;
    this.keep(env);
  }

  get isFull(): boolean {
    return !this.ordered && this.kept.length >= this.limit;
  }

  finish(): AnswerRow[] {
    return this.rows();
  }
}

class GroupedPlan extends Answer implements Plan {
  readonly #by: Evaluate[];
  readonly #having: Evaluate | undefined;
  readonly #aggregates: { aggregate: Aggregate; of: Evaluate | undefined }[];
  readonly #groups = new Map<string, Group>();
  readonly isFull = false;

  constructor(select: Select, items: readonly Item[], grouped: Resolved, found: readonly Aggregate[]) {
    super(select, items, grouped);
    const by = new Set(grouped.by.map((one) => JSON.stringify(one)));
    for (const { expression } of items) checkGrouped(expression, by);
    for (const one of grouped.rest) checkGrouped(one, by);
    this.#by = grouped.by.map(compile);
    this.#having = select.having && compile(select.having);
    this.#aggregates = found.map((aggregate) => ({ aggregate, of: aggregate.of && compile(aggregate.of) }));
    if (this.#by.length === 0) this.#group("[]", {});
  }

  #group(id: string, event: Event): Group {
    let group = this.#groups.get(id);
    if (group === undefined) {
      if (this.#groups.size >= maxRows) throw new SqlError(`more than ${maxRows} groups`);
      group = { event, states: this.#aggregates.map(({ aggregate }) => new State(aggregate)) };
      this.#groups.set(id, group);
    }
    return group;
  }

  push(event: Event): void {
    const env = { event };
    if (this.where !== undefined && this.where(env) !== true) return;
    this.matched += 1;
    const id = JSON.stringify(this.#by.map((of) => shown(of(env))));
    const { states } = this.#group(id, event);
    for (const [i, { of }] of this.#aggregates.entries()) states[i]?.add(of === undefined ? true : of(env));
  }

  finish(): AnswerRow[] {
    for (const { event, states } of this.#groups.values()) {
      const gathered = new Map(
        this.#aggregates.map(({ aggregate }, i) => [aggregate as Expression, states[i]?.result()]),
      );
      const env = { event, gathered };
      if (this.#having === undefined || this.#having(env) === true) this.keep(env);
    }
    return this.rows();
  }
}

/** What one aggregate has gathered of one group; nulls do not count. */
class State {
  readonly #aggregate: Aggregate;
  readonly #seen: Set<string> | undefined;
  #count = 0;
  #sum = 0;
  #best: Value;

  constructor(aggregate: Aggregate) {
    this.#aggregate = aggregate;
    this.#seen = aggregate.distinct ? new Set() : undefined;
  }

  add(value: Value): void {
    if (value === undefined) return;
    if (this.#seen !== undefined) {
      const text = shown(value);
      if (this.#seen.has(text)) return;
      if (this.#seen.size >= maxRows) throw new SqlError(`more than ${maxRows} distinct values`);
      this.#seen.add(text);
    }
    this.#count += 1;
    this.#sum += Number(value);
    const order = this.#best === undefined ? undefined : compareValues(value, this.#best);
    const isBetter = order === undefined || (this.#aggregate.name === "min" ? order < 0 : order > 0);
    if (isBetter) this.#best = value;
  }

  result(): Value {
    const { name } = this.#aggregate;
    if (name === "count") return this.#count;
    if (this.#count === 0) return undefined;
    if (name === "min" || name === "max") return this.#best;
    const number = name === "sum" ? this.#sum : this.#sum / this.#count;
    return Number.isNaN(number) ? undefined : number;
  }
}
