import { validation } from "../words.ts";
import { type ExpressionKind, type Path, shownPath } from "./nodes.ts";

/** Paths gathered into a tree, in which none may reach into another. */
export interface PathTree {
  /** Set where a path ends. */
  path?: Path;
  members?: Map<string, PathTree>;
  items?: Map<number, PathTree>;
}

export function treeOf(paths: readonly Path[], kind: ExpressionKind): PathTree {
  const root: PathTree = {};
  for (const path of paths) add(root, path, kind);
  return root;
}

function add(root: PathTree, path: Path, kind: ExpressionKind): void {
  let node = root;
  for (const step of path) {
    if (node.path !== undefined) throw overlap(kind, node.path, path);
    if (typeof step === "number") {
      if (node.members !== undefined) throw conflict(kind, firstOf(node), path);
      node.items ??= new Map();
      node = child(node.items, step);
    } else {
      if (node.items !== undefined) throw conflict(kind, firstOf(node), path);
      node.members ??= new Map();
      node = child(node.members, step);
    }
  }
  if (node.path !== undefined || node.members !== undefined || node.items !== undefined)
    throw overlap(kind, firstOf(node), path);
  node.path = path;
}

function child<Key>(children: Map<Key, PathTree>, key: Key): PathTree {
  let node = children.get(key);
  if (node === undefined) {
    node = {};
    children.set(key, node);
  }
  return node;
}

function firstOf(node: PathTree): Path {
  if (node.path !== undefined) return node.path;
  const [first] = [...(node.members?.values() ?? []), ...(node.items?.values() ?? [])];
  return first === undefined ? [] : firstOf(first);
}

function overlap(kind: ExpressionKind, one: Path, two: Path): Error {
  return validation(
    `Invalid ${kind}: Two document paths overlap with each other; must remove or rewrite one of these paths; path one: ${shownPath(one)}, path two: ${shownPath(two)}`,
  );
}

function conflict(kind: ExpressionKind, one: Path, two: Path): Error {
  return validation(
    `Invalid ${kind}: Two document paths conflict with each other; must remove or rewrite one of these paths; path one: ${shownPath(one)}, path two: ${shownPath(two)}`,
  );
}
