/** The event that processors work on: an object of JSON, and the paths into it ("user.names[0]"). */

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

/** A processor cannot do its work on an event: then the event stays as it came. */
export class TransformFailure extends Error {}

export function partsOf(path: string): string[] {
  return path.replace(/\[(\d+)\]/g, ".$1").split(".");
}

function isContainer(value: Json | undefined): value is JsonObject | Json[] {
  return typeof value === "object" && value !== null;
}

function member(value: Json | undefined, part: string): Json | undefined {
  if (!isContainer(value) || !Object.hasOwn(value, part)) return undefined;
  return (value as JsonObject)[part];
}

export function get(event: Json, path: string): Json | undefined {
  // A key's own name may hold dots.
  const whole = member(event, path);
  if (whole !== undefined) return whole;
  let value: Json | undefined = event;
  for (const part of partsOf(path)) value = member(value, part);
  return value;
}

/** Sets an own member, whatever its name: "__proto__" is one like any other. */
export function put(object: JsonObject, key: string, value: Json): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Makes the objects on the way; what is there already stays, unless it may be overwritten. */
export function set(event: JsonObject, path: string, value: Json, overwrite = true): void {
  const parts = partsOf(path);
  const last = parts.pop() as string;
  let at: JsonObject = event;
  for (const part of parts) {
    let next = member(at, part);
    if (!isContainer(next)) {
      if (next !== undefined && !overwrite) return;
      next = {};
      put(at, part, next);
    }
    at = next as JsonObject;
  }
  if (overwrite || !Object.hasOwn(at, last)) put(at, last, value);
}

export function remove(event: JsonObject, path: string): Json | undefined {
  if (Object.hasOwn(event, path)) return take(event, path);
  const parts = partsOf(path);
  const last = parts.pop() as string;
  const holder = parts.length === 0 ? event : get(event, parts.join("."));
  return isContainer(holder) && Object.hasOwn(holder, last) ? take(holder as JsonObject, last) : undefined;
}

function take(holder: JsonObject | Json[], key: string): Json | undefined {
  const value = (holder as JsonObject)[key];
  if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else delete holder[key];
  return value;
}

/** The text at a path; a parser without one fails. */
export function textAt(event: JsonObject, path: string): string {
  const value = get(event, path);
  if (typeof value !== "string") throw new TransformFailure(`There is no text at ${path}.`);
  return value;
}

/** Puts what was parsed at the root, or where the processor says. */
export function place(event: JsonObject, found: JsonObject, destination: string | undefined): void {
  if (destination !== undefined) set(event, destination, found);
  else for (const [key, value] of Object.entries(found)) put(event, key, value);
}
