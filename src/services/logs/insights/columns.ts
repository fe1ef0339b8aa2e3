import type { Row } from "./record.ts";
import type { Command } from "./syntax.ts";
import { textOf } from "./values.ts";

/** What of its rows a query shows. */

interface Column {
  name: string;
  path: (string | number)[];
}

/** Which fields the answer shows, in order. */
export function columnsOf(commands: readonly Command[]): Column[] {
  let names: string[] = [];
  let isLines = true;
  for (const command of commands) {
    if (command.kind === "fields") names.push(...command.items.map(({ name }) => name));
    if (command.kind === "display") names = command.items.map(({ name }) => name);
    if (command.kind === "parse") names.push(...namesOf(command));
    if (command.kind === "stats") {
      names = [...command.by, ...command.items].map(({ name }) => name);
      isLines = false;
    }
  }
  const shows = commands.some(({ kind }) => kind === "fields" || kind === "display" || kind === "stats");
  if (!shows) names = ["@timestamp", "@message", ...names];
  if (isLines) names.push("@ptr");
  return [...new Set(names)].map((name) => ({ name, path: pathOf(name, commands) }));
}

function namesOf({ pattern, names }: Command & { kind: "parse" }): string[] {
  if ("glob" in pattern) return names;
  return [
    ...names,
    ...Array.from(pattern.regex.matchAll(/\(\?P?<([A-Za-z_]\w*)>/g), ([, name = ""]) => name),
  ];
}

/** The path of a field as the query wrote it. */
function pathOf(name: string, commands: readonly Command[]): (string | number)[] {
  for (const command of commands) {
    if (command.kind !== "fields" && command.kind !== "display") continue;
    for (const { expression } of command.items) {
      if (expression.kind === "field" && expression.name === name) return expression.path;
    }
  }
  return [name];
}

export function cellsOf(row: Row, columns: readonly Column[]): [string, string][] {
  const cells: [string, string][] = [];
  for (const { name, path } of columns) {
    const text = textOf(row.get(name, path));
    if (text !== undefined) cells.push([name, text]);
  }
  return cells;
}
