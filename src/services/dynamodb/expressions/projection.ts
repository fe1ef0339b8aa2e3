import type { Item, Value } from "../values.ts";
import type { Bindings } from "./bindings.ts";
import type { Path } from "./nodes.ts";
import { type PathTree, treeOf } from "./paths.ts";
import { Reader } from "./reader.ts";

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ProjectionExpressions.html */
export interface Projection {
  tree: PathTree;
  /** Attributes of the item that it takes from. */
  attributes: ReadonlySet<string>;
}

export function parseProjection(text: string, bindings: Bindings): Projection {
  const reader = new Reader(text, "ProjectionExpression", bindings);
  const paths: Path[] = [reader.path()];
  while (reader.takeSign(",")) paths.push(reader.path());
  reader.expectEnd();
  return projectionOf(paths);
}

export function projectionOf(paths: readonly Path[]): Projection {
  return {
    tree: treeOf(paths, "ProjectionExpression"),
    attributes: new Set(paths.map(([first]) => String(first))),
  };
}

/** The parts of an item that a projection names. */
export function projected(item: Item, { tree }: { tree: PathTree }): Item {
  return membersAt(item, tree) ?? {};
}

function membersAt(members: Item, { members: wanted }: PathTree): Item | undefined {
  let found: Item | undefined;
  for (const [name, node] of wanted ?? []) {
    const value = Object.hasOwn(members, name) ? members[name] : undefined;
    const part = value && partOf(value, node);
    if (part === undefined) continue;
    found ??= {};
    found[name] = part;
  }
  return found;
}

function partOf(value: Value, node: PathTree): Value | undefined {
  if (node.path !== undefined) return value;
  if (node.members !== undefined) {
    const members = value.M && membersAt(value.M, node);
    return members && { M: members };
  }
  const list = value.L;
  if (list === undefined || node.items === undefined) return undefined;
  const items = [...node.items]
    .sort(([a], [b]) => a - b)
    .flatMap(([index, inner]) => {
      const item = list[index];
      const part = item && partOf(item, inner);
      return part === undefined ? [] : [part];
    });
  return items.length === 0 ? undefined : { L: items };
}
