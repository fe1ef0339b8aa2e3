/**
 * Management policies of a path through the tree, merged.
 * https://docs.aws.amazon.com/organizations/latest/userguide/policy-operators.html
 */

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

const operators = ["@@assign", "@@append", "@@remove"] as const;
type Operator = (typeof operators)[number];
const childControl = "@@operators_allowed_for_child_policies";
const allOperators: ReadonlySet<string> = new Set(operators);
const noOperators: ReadonlySet<string> = new Set();
/** As deep as AWS's documents get, and far from what would exhaust the stack. */
const maxDepth = 32;

/** A setting, or what holds settings; `allowed` is what levels above let those below do. */
interface Node {
  value?: Json;
  allowed: ReadonlySet<string>;
  children: Map<string, Node>;
}

function isOperator(name: string): name is Operator {
  return allOperators.has(name);
}

function isObject(value: Json | undefined): value is { [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What is wrong with a document of this setting; undefined if nothing is. */
export function problemOf(content: string, setting: string): string | undefined {
  let document: Json;
  try {
    document = JSON.parse(content) as Json;
  } catch {
    return "it is no JSON";
  }
  if (!isObject(document)) return "it is no object";
  const other = Object.keys(document).find((name) => name !== setting);
  if (other !== undefined) return `it has ${other}, where only ${setting} belongs`;
  const settings = document[setting];
  return isObject(settings) ? problemIn(settings, 0) : `${setting} is no object`;
}

function problemIn(part: { [name: string]: Json }, depth: number): string | undefined {
  if (depth > maxDepth) return "it is nested too deeply";
  for (const [name, value] of Object.entries(part)) {
    if (name === childControl) {
      const known = (each: Json) =>
        typeof each === "string" && (isOperator(each) || /^@@(?:all|none)$/.test(each));
      if (!Array.isArray(value) || !value.every(known)) return `${name} is no list of operators`;
    } else if (name === "@@append" || name === "@@remove") {
      if (!Array.isArray(value)) return `${name} takes a list`;
    } else if (name.startsWith("@@") && !isOperator(name)) {
      return `there is no operator ${name}`;
    } else if (!isOperator(name)) {
      const problem = isObject(value)
        ? problemIn(value, depth + 1)
        : `${name} has a value without an operator`;
      if (problem !== undefined) return problem;
    }
  }
  return undefined;
}

/** Documents by level, the root's first; undefined where they set nothing. Each must be without problems. */
export function effectivePolicy(levels: readonly (readonly string[])[]): string | undefined {
  const root: Node = { allowed: allOperators, children: new Map() };
  for (const documents of levels) {
    // What a level says of those below does not bind its own documents.
    const controls: (() => void)[] = [];
    for (const document of documents) apply(root, JSON.parse(document) as { [name: string]: Json }, controls);
    for (const control of controls) control();
  }
  const merged = settingOf(root);
  return merged === undefined ? undefined : JSON.stringify(merged);
}

function apply(node: Node, part: { [name: string]: Json }, controls: (() => void)[]): void {
  for (const [name, value] of Object.entries(part)) {
    if (name === childControl) controls.push(() => restrict(node, value as string[]));
    else if (isOperator(name)) {
      if (node.allowed.has(name)) node.value = changed(node.value, name, value);
    } else apply(childOf(node, name), value as { [name: string]: Json }, controls);
  }
}

/** A setting that nobody has named yet is bound by what binds its place. */
function childOf(node: Node, name: string): Node {
  let child = node.children.get(name);
  if (child === undefined) {
    child = { allowed: node.allowed, children: new Map() };
    node.children.set(name, child);
  }
  return child;
}

/** What was once forbidden stays so. */
function restrict(node: Node, names: string[]): void {
  if (names.includes("@@all")) return;
  node.allowed = names.includes("@@none")
    ? noOperators
    : new Set(names.filter((name) => node.allowed.has(name)));
}

function changed(held: Json | undefined, operator: Operator, value: Json): Json {
  if (operator === "@@assign") return value;
  const list = Array.isArray(held) ? held : [];
  const given = value as Json[];
  if (operator === "@@append") return [...list, ...given.filter((each) => !list.includes(each))];
  return list.filter((each) => !given.includes(each));
}

function settingOf(node: Node): Json | undefined {
  if (node.value !== undefined) return node.value;
  const entries = [...node.children].map(([name, child]) => [name, settingOf(child)] as const);
  const set = entries.filter(([, value]) => value !== undefined);
  return set.length === 0 ? undefined : (Object.fromEntries(set) as { [name: string]: Json });
}
