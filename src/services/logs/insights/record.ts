import type { Chunk } from "../store/chunk.ts";
import { lambdaField } from "./lambdaFields.ts";
import { Timestamp, type Value } from "./values.ts";

/** One line, or one row of an aggregation, as the commands of a query see it. */

export interface LineSource {
  chunk: Chunk;
  line: number;
  streamName: string;
  /** "account:group" */
  log: string;
  pointer(): string;
  /** The line in the form that its group's transformer gives it. */
  transformed?: ((message: string) => object | undefined) | undefined;
}

export class Row {
  readonly line: LineSource | undefined;
  /** What commands have made. */
  #made: Map<string, Value> | undefined;
  #message: string | undefined;
  #json: unknown;

  constructor(line?: LineSource) {
    this.line = line;
  }

  set(name: string, value: Value): void {
    this.#made ??= new Map();
    this.#made.set(name, value);
  }

  /** The value of a field by its name and path. */
  get(name: string, path: readonly (string | number)[]): Value {
    if (this.#made !== undefined) {
      if (this.#made.has(name)) return this.#made.get(name);
      const [head] = path;
      if (path.length > 1 && typeof head === "string" && this.#made.has(head)) {
        return follow(this.#made.get(head), path.slice(1));
      }
    }
    if (this.line === undefined) return undefined;
    return name.startsWith("@") ? this.#system(name, this.line) : this.#discovered(path);
  }

  /** The row as its line was written, behind all masks. */
  get unmasked(): Row {
    const original = this.line?.chunk.original;
    return this.line === undefined || original === undefined
      ? this
      : new Row({ ...this.line, chunk: original });
  }

  get message(): string {
    this.#message ??= this.line?.chunk.message(this.line.line) ?? "";
    return this.#message;
  }

  #system(name: string, { chunk, line, streamName, log, pointer }: LineSource): Value {
    switch (name) {
      case "@timestamp":
        return new Timestamp(chunk.time(line));
      case "@message":
        return this.message;
      case "@logStream":
        return streamName;
      case "@log":
        return log;
      case "@ingestionTime":
        return new Timestamp(chunk.ingestion(line));
      case "@ptr":
        return pointer();
      default:
        return lambdaField(name, this.message) ?? this.#discovered([name]);
    }
  }

  /** A field of a message that is a JSON object. */
  #discovered(path: readonly (string | number)[]): Value {
    return follow(this.json, path);
  }

  get json(): unknown {
    if (this.#json === undefined) {
      this.#json = this.line?.transformed?.(this.message) ?? jsonOf(this.message) ?? null;
    }
    return this.#json;
  }
}

export function jsonOf(message: string): object | undefined {
  const start = message.indexOf("{");
  if (start < 0 || message.slice(0, start).trim() !== "") return undefined;
  try {
    return JSON.parse(message) as object;
  } catch {
    return undefined;
  }
}

/** A member by its path; a member's own name may hold dots. */
export function follow(value: unknown, path: readonly (string | number)[]): Value {
  if (path.length === 0) return presentOf(value);
  if (typeof value !== "object" || value === null || value instanceof Timestamp) return undefined;
  const [head = ""] = path;
  if (Object.hasOwn(value, head)) {
    const found = follow((value as Record<string, unknown>)[head], path.slice(1));
    if (found !== undefined) return found;
  }
  const joined = path.join(".");
  return path.length > 1 && Object.hasOwn(value, joined)
    ? presentOf((value as Record<string, unknown>)[joined])
    : undefined;
}

function presentOf(value: unknown): Value {
  return value === null ? undefined : (value as Value);
}
