import { Aggregates } from "./aggregates.ts";
import { cellsOf, columnsOf } from "./columns.ts";
import { compileExpression, type Evaluate, type QueryFacts, regexOf } from "./compile.ts";
import { sorting, withoutDuplicates } from "./ordering.ts";
import { Row } from "./record.ts";
import { type Before, maxGroups, maxLimit, type Stage } from "./stage.ts";
import { type Command, type Named, QueryError } from "./syntax.ts";
import { isStructure, isTrue, Timestamp, textOf, type Value } from "./values.ts";

/** Commands of a query as stages: rows go in at the first, and come out of the last. */

/** Rows that a query answers with, if it does not say how many. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax-Limit.html */
export const defaultLimit = 10_000;

export interface Pipeline {
  push(row: Row): void;
  /** The answer, each row with its fields in order; call once. */
  finish(): [field: string, value: string][][];
  /** Rows that have passed all filters before the first command that needs them together. */
  readonly matched: number;
}

export async function compilePipeline(
  commands: readonly Command[],
  facts: QueryFacts,
  limit: number | undefined,
): Promise<Pipeline> {
  const answers: Row[] = [];
  const last: Stage = { push: (row) => void answers.push(row), end: () => {} };
  const withLimit = commands.some(({ kind }) => kind === "limit")
    ? commands
    : [...commands, { kind: "limit", count: limit ?? defaultLimit } as const];
  const stages: Before[] = [];
  const columnNames = new Set<string>();
  const known: QueryFacts = { ...facts, columns: columnNames };
  let passing = true;
  const counter = { matched: 0 };
  for (const [i, command] of withLimit.entries()) {
    if (passing && !streaming.has(command.kind)) {
      passing = false;
      stages.push(counting(counter));
    }
    stages.push(await stageOf(command, withLimit[i + 1], known));
    for (const name of namesMadeBy(command)) columnNames.add(name);
  }
  const first = stages.reduceRight<Stage>((next, before) => before(next), last);
  const columns = columnsOf(commands);
  return {
    push: (row) => first.push(row),
    finish: () => {
      first.end();
      return answers.map((row) => cellsOf(row, columns));
    },
    get matched() {
      return counter.matched;
    },
  };
}

function namesMadeBy(command: Command): string[] {
  const items = "items" in command ? command.items : [];
  const by = "by" in command ? command.by : [];
  return [...items, ...by].map(({ name }) => name);
}

const streaming = new Set<Command["kind"]>(["fields", "display", "filter", "parse"]);

function counting(counter: { matched: number }): Before {
  return (next) => ({
    push: (row) => {
      counter.matched += 1;
      next.push(row);
    },
    end: () => next.end(),
  });
}

async function stageOf(command: Command, following: Command | undefined, facts: QueryFacts): Promise<Before> {
  switch (command.kind) {
    case "fields":
    case "display":
      return await computing(command.items, facts);
    case "filter":
      return filtering(await compileExpression(command.condition, facts));
    case "parse":
      return await parsing(command, facts);
    case "stats":
      return await aggregating(command, facts);
    case "sort": {
      const keep = following?.kind === "limit" ? following.count : undefined;
      return await sorting(command.keys, keep, facts);
    }
    case "dedup":
      return await withoutDuplicates(command.keys, facts);
    case "limit":
      if (command.count > maxLimit) throw new QueryError(`the limit is at most ${maxLimit}`);
      return limiting(command.count);
  }
}

async function computing(items: readonly Named[], facts: QueryFacts): Promise<Before> {
  const made: { name: string; of: Evaluate }[] = [];
  for (const { name, expression } of items) {
    if (expression.kind === "field" && expression.name === name) continue;
    made.push({ name, of: await compileExpression(expression, facts) });
  }
  if (made.length === 0) return (next) => next;
  return (next) => ({
    push: (row) => {
      for (const { name, of } of made) row.set(name, of(row));
      next.push(row);
    },
    end: () => next.end(),
  });
}

function filtering(condition: Evaluate): Before {
  return (next) => ({
    push: (row) => {
      if (isTrue(condition(row))) next.push(row);
    },
    end: () => next.end(),
  });
}

async function parsing(command: Command & { kind: "parse" }, facts: QueryFacts): Promise<Before> {
  const { from, pattern, names } = command;
  const of = await compileExpression(from, facts);
  const extract =
    "regex" in pattern ? await regexExtractor(pattern.regex, names) : globExtractor(pattern.glob, names);
  return (next) => ({
    push: (row) => {
      const value = of(row);
      const text = isStructure(value) ? undefined : textOf(value);
      if (text !== undefined) extract(text, row);
      next.push(row);
    },
    end: () => next.end(),
  });
}

type Extract = (text: string, row: Row) => void;

async function regexExtractor(source: string, names: readonly string[]): Promise<Extract> {
  const regex = await regexOf(source);
  if (names.length === 0 && regex.names.length === 0) {
    throw new QueryError("a regular expression of parse needs named groups");
  }
  return (text, row) => {
    const found = regex.captures(text);
    if (found === undefined) return;
    for (const [i, name] of names.entries()) row.set(name, found.list[i]);
    for (const name of regex.names) row.set(name, found.named[name]);
  };
}

/** A text in which each "*" is a field: what stands between the texts around it. */
function globExtractor(glob: string, names: readonly string[]): Extract {
  const [first = "", ...rest] = glob.split("*");
  return (text, row) => {
    let at = text.indexOf(first);
    if (at < 0) return;
    at += first.length;
    const values: string[] = [];
    for (const [i, part] of rest.entries()) {
      const end = part === "" && i === rest.length - 1 ? text.length : text.indexOf(part, at);
      if (end < 0) return;
      values.push(text.slice(at, end));
      at = end + part.length;
    }
    for (const [i, name] of names.entries()) row.set(name, values[i]);
  };
}

/** What tells values of one group from those of another. */
function idOf(value: Value): string {
  if (value instanceof Timestamp) return `at ${value.ms}`;
  return value === undefined ? "missing" : `is ${textOf(value)}`;
}

async function aggregating({ items, by }: Command & { kind: "stats" }, facts: QueryFacts): Promise<Before> {
  const aggregates = new Aggregates(facts);
  const results: { name: string; of: Evaluate }[] = [];
  for (const { name, expression } of items) results.push({ name, of: await aggregates.compile(expression) });
  if (aggregates.count === 0) throw new QueryError("stats needs an aggregate function");
  const keys: { name: string; of: Evaluate }[] = [];
  for (const { name, expression } of by) keys.push({ name, of: await compileExpression(expression, facts) });
  return (next) => {
    const groups = new Map<string, { values: Value[]; gathered: ReturnType<Aggregates["newGroup"]> }>();
    return {
      push: (row) => {
        const values = keys.map(({ of }) => of(row));
        const id = values.length === 1 ? idOf(values[0]) : JSON.stringify(values.map(idOf));
        let group = groups.get(id);
        if (group === undefined) {
          if (groups.size >= maxGroups) return;
          group = { values, gathered: aggregates.newGroup() };
          groups.set(id, group);
        }
        aggregates.add(group.gathered, row);
      },
      end: () => {
        if (keys.length === 0 && groups.size === 0)
          groups.set("", { values: [], gathered: aggregates.newGroup() });
        for (const { values, gathered } of groups.values()) {
          const row = new Row();
          aggregates.finish(gathered, row);
          for (const [i, { name }] of keys.entries()) row.set(name, values[i]);
          for (const { name, of } of results) row.set(name, of(row));
          next.push(row);
        }
        next.end();
      },
    };
  };
}

function limiting(count: number): Before {
  return (next) => {
    let left = count;
    return {
      push: (row) => {
        if (left <= 0) return;
        left -= 1;
        next.push(row);
      },
      end: () => next.end(),
    };
  };
}
