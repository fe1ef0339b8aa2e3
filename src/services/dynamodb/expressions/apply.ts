import { addNumbers } from "../numbers.ts";
import { type Item, typeOf, type Value } from "../values.ts";
import { validation } from "../words.ts";
import { valueAt } from "./evaluate.ts";
import type { Action, Path, SetValue } from "./nodes.ts";

/** Applies an update expression's actions: all of them see the item as it was. */

const badPath = "The document path provided in the update expression is invalid for update";
const badType = "An operand in the update expression has an incorrect data type";
const absent = "The provided expression refers to an attribute that does not exist in the item";

export function applied(actions: readonly Action[], before: Item): Item {
  const after: Item = { ...before };
  const changes = actions.map((action) => ({ action, value: newValue(action, before) }));
  // Items that are taken out of lists go last, from the end on, so that the others keep their places.
  const removals: Path[] = [];
  // Items that are set beyond a list's end are added in their order.
  const sets: { path: Path; value: Value }[] = [];
  for (const { action, value } of changes) {
    if (value === undefined) removals.push(action.path);
    else if (value !== unchanged) sets.push({ path: action.path, value });
  }
  for (const { path, value } of sets.sort((a, b) => byLastIndex(b.path, a.path))) put(after, path, value);
  for (const path of removals.sort(byLastIndex)) remove(after, path);
  return after;
}

function byLastIndex(a: Path, b: Path): number {
  const [x, y] = [a.at(-1), b.at(-1)];
  return typeof x === "number" && typeof y === "number" ? y - x : 0;
}

/** Stands for a value that stays as it is. */
const unchanged: Value = {};

/** What will be at the action's path; undefined where nothing will be. */
function newValue(action: Action, item: Item): Value | undefined {
  switch (action.kind) {
    case "SET":
      return computed(action.value, item);
    case "REMOVE":
      checkParent(item, action.path);
      return undefined;
    case "ADD":
      return added(valueAt(item, action.path), action.value);
    case "DELETE": {
      const held = valueAt(item, action.path);
      return held === undefined ? unchanged : without(held, action.value);
    }
  }
}

/** To remove what is not there is no error, but the way to it must be there. */
function checkParent(item: Item, path: Path): void {
  if (path.length < 2) return;
  const parent = valueAt(item, path.slice(0, -1));
  const fits = typeof path.at(-1) === "number" ? parent?.L !== undefined : parent?.M !== undefined;
  if (!fits) throw validation(badPath);
}

function computed(value: SetValue, item: Item): Value {
  switch (value.kind) {
    case "value":
      return value.value;
    case "path": {
      const found = valueAt(item, value.path);
      if (found === undefined) throw validation(absent);
      return found;
    }
    case "if_not_exists":
      return valueAt(item, value.path) ?? computed(value.otherwise, item);
    case "list_append": {
      const [left, right] = [computed(value.left, item), computed(value.right, item)];
      if (left.L === undefined || right.L === undefined) throw validation(badType);
      return { L: [...left.L, ...right.L] };
    }
    case "sum": {
      const [left, right] = [computed(value.left, item), computed(value.right, item)];
      if (left.N === undefined || right.N === undefined) throw validation(badType);
      return { N: addNumbers(left.N, right.N, value.sign) };
    }
    case "size":
      throw validation(badType);
  }
}

/** A number is added to, a set is joined. */
export function added(held: Value | undefined, more: Value): Value {
  if (held === undefined) return more;
  const type = typeOf(more);
  if (typeOf(held) !== type) throw validation(badType);
  if (type === "N") return { N: addNumbers(held.N as string, more.N as string) };
  const key = type as "SS" | "NS" | "BS";
  return { [key]: [...new Set([...(held[key] as string[]), ...(more[key] as string[])])] };
}

/** A set without some of its members; undefined if it has none left. */
export function without(held: Value, less: Value): Value | undefined {
  const key = typeOf(less) as "SS" | "NS" | "BS";
  const members = held[key];
  if (members === undefined) throw validation(badType);
  const gone = new Set(less[key]);
  const left = members.filter((one) => !gone.has(one));
  return left.length === 0 ? undefined : { [key]: left };
}

/** Sets a value at a path, with new containers on the way to it: what was read is shared. */
function put(item: Item, path: Path, value: Value): void {
  const [first] = path as [string];
  setMember(item, first, path.length === 1 ? value : changed(own(item, first), path, 1, value));
}

function own(members: Item, name: string): Value | undefined {
  return Object.hasOwn(members, name) ? members[name] : undefined;
}

function setMember(members: Item, name: string, value: Value): void {
  if (name === "__proto__") {
    Object.defineProperty(members, name, { value, enumerable: true, configurable: true, writable: true });
  } else members[name] = value;
}

/** A copy of a container in which the value at the rest of the path is another; without one, it is taken out. */
function changed(held: Value | undefined, path: Path, at: number, value: Value | undefined): Value {
  const step = path[at] as string | number;
  const isLast = at === path.length - 1;
  if (typeof step === "number") {
    if (held?.L === undefined) throw validation(badPath);
    const list = [...held.L];
    if (!isLast) {
      if (step >= list.length) throw validation(badPath);
      list[step] = changed(list[step], path, at + 1, value);
    } else if (value === undefined) list.splice(step, 1);
    else if (step >= list.length) list.push(value);
    else list[step] = value;
    return { L: list };
  }
  if (held?.M === undefined) throw validation(badPath);
  const members = { ...held.M };
  if (!isLast) setMember(members, step, changed(own(members, step), path, at + 1, value));
  else if (value === undefined) delete members[step];
  else setMember(members, step, value);
  return { M: members };
}

function remove(item: Item, path: Path): void {
  const [first] = path as [string];
  if (path.length === 1) delete item[first];
  else setMember(item, first, changed(own(item, first), path, 1, undefined));
}
