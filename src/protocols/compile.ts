import type { Contract, Member, ScalarShape, Shape, StructureShape } from "./contract.ts";

/** The shape of that name. A contract that lacks it is broken: generating it is a build step. */
export function shapeNamed(contract: Contract, name: string): Shape {
  const shape = contract.shapes[name];
  if (!shape) throw new Error(`${contract.service}: contract has no shape ${name}`);
  return shape;
}

export function structureNamed(contract: Contract, name: string): StructureShape {
  const shape = shapeNamed(contract, name);
  if (!isStructure(shape)) throw new Error(`${contract.service}: ${name} is not a structure`);
  return shape;
}

export function isStructure(shape: Shape): shape is StructureShape {
  return shape.type === "structure" || shape.type === "union";
}

export function isScalar(shape: Shape): shape is ScalarShape {
  return !isStructure(shape) && shape.type !== "list" && shape.type !== "map";
}

/**
 * Compiles functions on first use and keeps them. A shape that contains itself gets, while it is being compiled,
 * a function that forwards to the finished one.
 */
export class Compiled<Key extends string, Args extends unknown[], Result> {
  private readonly done = new Map<Key, (...args: Args) => Result>();
  private readonly compile: (key: Key) => (...args: Args) => Result;

  constructor(compile: (key: Key) => (...args: Args) => Result) {
    this.compile = compile;
  }

  get(key: Key): (...args: Args) => Result {
    const known = this.done.get(key);
    if (known) return known;
    let finished: ((...args: Args) => Result) | undefined;
    this.done.set(key, (...args) => (finished as (...args: Args) => Result)(...args));
    finished = this.compile(key);
    this.done.set(key, finished);
    return finished;
  }
}

/** Computes a value on the first call. */
export function lazy<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** Sets a key that a client chose. Plain assignment to `__proto__` would replace the prototype. */
export function setEntry<T>(target: Record<string, T>, key: string, value: T): void {
  if (key === "__proto__") {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    target[key] = value;
  }
}

/** Members of a structure in the model's order, as pairs. */
export function membersOf(shape: StructureShape): [string, Member][] {
  return Object.entries(shape.members);
}
