/**
 * Strict conversion between parsed JSON or CBOR and typed values, one closure per shape.
 * Words of the errors are AWS's, as its JSON services have sent them to clients:
 * "NUMBER_VALUE can not be converted to a String", "Start of structure or map found where not expected."
 */
import { Compiled, isScalar, membersOf, setEntry, shapeNamed } from "./compile.ts";
import type { Contract, ListShape, MapShape, Member, ScalarType, StructureShape } from "./contract.ts";
import { SerializationError } from "./errors.ts";
import { maxNesting } from "./limits.ts";

export type ReadValue = (value: unknown, depth: number) => unknown;
/** Never sees null or undefined. */
export type WriteValue = (value: unknown) => unknown;

/** How one wire format holds scalars and names members. */
export interface ValueFormat {
  jsonNames: boolean;
  readScalar(type: ScalarType, member: Member): (value: unknown) => unknown;
  writeScalar(type: ScalarType, member: Member): (value: unknown) => unknown;
}

export class ValueCodec {
  private readonly contract: Contract;
  private readonly format: ValueFormat;
  private readonly readers = new Compiled<string, [unknown, number], unknown>((name) =>
    this.compileReader(name),
  );
  private readonly writers = new Compiled<string, [unknown], unknown>((name) => this.compileWriter(name));

  constructor(contract: Contract, format: ValueFormat) {
    this.contract = contract;
    this.format = format;
  }

  /** Reader of a structure, list or map by name. */
  reader(shapeName: string): ReadValue {
    return this.readers.get(shapeName);
  }

  writer(shapeName: string): WriteValue {
    return this.writers.get(shapeName);
  }

  memberReader(member: Member): ReadValue {
    const shape = shapeNamed(this.contract, member.shape);
    return isScalar(shape) ? this.format.readScalar(shape.type, member) : this.reader(member.shape);
  }

  memberWriter(member: Member): WriteValue {
    const shape = shapeNamed(this.contract, member.shape);
    return isScalar(shape) ? this.format.writeScalar(shape.type, member) : this.writer(member.shape);
  }

  /** Readers of a structure's members by their name on the wire, those left out that `keep` refuses. */
  structureReader(shape: StructureShape, keep: (member: Member) => boolean = () => true): ReadValue {
    const members = new Map<string, { name: string; read: ReadValue }>();
    for (const [name, member] of membersOf(shape)) {
      if (keep(member)) members.set(this.wireName(name, member), { name, read: this.memberReader(member) });
    }
    const union = shape.type === "union";
    return (value, depth) => {
      const source = expectObject(value, depth);
      const result: Record<string, unknown> = {};
      let count = 0;
      for (const key in source) {
        const member = members.get(key);
        const field = source[key];
        if (member === undefined || field === null || field === undefined) continue;
        result[member.name] = member.read(field, depth + 1);
        count++;
      }
      if (union && count > 1) throw new SerializationError("Unions must have exactly one member set.");
      return result;
    };
  }

  structureWriter(shape: StructureShape, keep: (member: Member) => boolean = () => true): WriteValue {
    const members = membersOf(shape)
      .filter(([, member]) => keep(member))
      .map(([name, member]) => ({
        name,
        wireName: this.wireName(name, member),
        write: this.memberWriter(member),
      }));
    return (value) => {
      const source = value as Record<string, unknown>;
      const result: Record<string, unknown> = {};
      for (const { name, wireName, write } of members) {
        const field = source[name];
        if (field !== undefined && field !== null) result[wireName] = write(field);
      }
      return result;
    };
  }

  private wireName(name: string, member: Member): string {
    return this.format.jsonNames ? (member.jsonName ?? name) : name;
  }

  private compileReader(name: string): ReadValue {
    const shape = shapeNamed(this.contract, name);
    if (shape.type === "list") return this.listReader(shape);
    if (shape.type === "map") return this.mapReader(shape);
    if (isScalar(shape)) return this.format.readScalar(shape.type, { shape: name });
    return this.structureReader(shape);
  }

  private compileWriter(name: string): WriteValue {
    const shape = shapeNamed(this.contract, name);
    if (shape.type === "list") return this.listWriter(shape);
    if (shape.type === "map") return this.mapWriter(shape);
    if (isScalar(shape)) return this.format.writeScalar(shape.type, { shape: name });
    return this.structureWriter(shape);
  }

  private listReader(shape: ListShape): ReadValue {
    const read = this.memberReader(shape.member);
    const { sparse } = shape;
    return (value, depth) => {
      if (!Array.isArray(value)) {
        const words =
          typeof value === "object"
            ? "Start of structure or map found where not expected."
            : "Expected list or null";
        throw new SerializationError(words);
      }
      checkDepth(depth);
      const result: unknown[] = [];
      for (const item of value) {
        if (item !== null && item !== undefined) result.push(read(item, depth + 1));
        else if (sparse) result.push(null);
      }
      return result;
    };
  }

  private listWriter(shape: ListShape): WriteValue {
    const write = this.memberWriter(shape.member);
    const { sparse } = shape;
    return (value) => {
      const result: unknown[] = [];
      for (const item of value as unknown[]) {
        if (item !== null && item !== undefined) result.push(write(item));
        else if (sparse) result.push(null);
      }
      return result;
    };
  }

  private mapReader(shape: MapShape): ReadValue {
    const read = this.memberReader(shape.value);
    const { sparse } = shape;
    return (value, depth) => {
      const source = expectObject(value, depth);
      const result: Record<string, unknown> = {};
      for (const key in source) {
        const item = source[key];
        if (item !== null && item !== undefined) setEntry(result, key, read(item, depth + 1));
        else if (sparse) setEntry(result, key, null);
      }
      return result;
    };
  }

  private mapWriter(shape: MapShape): WriteValue {
    const write = this.memberWriter(shape.value);
    const { sparse } = shape;
    return (value) => {
      const source = value as Record<string, unknown>;
      const result: Record<string, unknown> = {};
      for (const key of Object.keys(source)) {
        const item = source[key];
        if (item !== null && item !== undefined) setEntry(result, key, write(item));
        else if (sparse) setEntry(result, key, null);
      }
      return result;
    };
  }
}

function checkDepth(depth: number): void {
  if (depth > maxNesting) throw new SerializationError(`Nesting exceeds ${maxNesting} levels.`);
}

function expectObject(value: unknown, depth: number): Record<string, unknown> {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array || value instanceof Date) {
    throw new SerializationError("Expected null");
  }
  if (Array.isArray(value)) throw new SerializationError("Start of list found where not expected");
  checkDepth(depth);
  return value as Record<string, unknown>;
}
