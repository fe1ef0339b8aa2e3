/** Reads typed inputs from the parameter tree of awsQuery and ec2Query, one closure per shape. */
import { decodeBase64 } from "./base64.ts";
import { Compiled, isScalar, membersOf, setEntry, shapeNamed } from "./compile.ts";
import type { Contract, ListShape, MapShape, Member, ScalarType, StructureShape } from "./contract.ts";
import { SerializationError } from "./errors.ts";
import { type FormNode, numbered } from "./form.ts";
import { parseAnyTimestamp } from "./timestamps.ts";

type Read = (node: FormNode) => unknown;

export function invalidText(text: string, type: string): SerializationError {
  return new SerializationError(
    `${JSON.stringify(text.slice(0, 100))} is not a valid ${type}`,
    "MalformedInput",
  );
}

const wholeNumber = /^[+-]?\d{1,19}$/;
const decimalNumber = /^[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})([eE][+-]?\d{1,3})?$/;

/** Reads a scalar written as text: query parameters, XML content, headers and labels share these rules. */
export function parseText(type: ScalarType, text: string): unknown {
  switch (type) {
    case "string":
    case "document":
      return text;
    case "boolean":
      if (text === "true" || text === "True" || text === "TRUE") return true;
      if (text === "false" || text === "False" || text === "FALSE") return false;
      throw invalidText(text, "boolean");
    case "integer":
    case "long":
    case "bigInteger": {
      const value = Number(text);
      if (!wholeNumber.test(text) || (type === "integer" && value !== (value | 0)))
        throw invalidText(text, type);
      return value;
    }
    case "float":
    case "double":
    case "bigDecimal":
      if (text === "NaN" || text === "Infinity" || text === "-Infinity") return Number(text);
      if (!decimalNumber.test(text)) throw invalidText(text, type);
      return Number(text);
    case "timestamp": {
      const date = parseAnyTimestamp(text);
      if (!date) throw invalidText(text, "timestamp");
      return date;
    }
    case "blob": {
      const bytes = decodeBase64(text);
      if (!bytes) throw invalidText("", "Base64 text");
      return bytes;
    }
  }
}

export class QueryReader {
  private readonly contract: Contract;
  private readonly ec2: boolean;
  private readonly readers = new Compiled<string, [FormNode], unknown>((name) => this.compile(name));

  constructor(contract: Contract, ec2: boolean) {
    this.contract = contract;
    this.ec2 = ec2;
  }

  reader(shapeName: string): Read {
    return this.readers.get(shapeName);
  }

  private compile(name: string): Read {
    const shape = shapeNamed(this.contract, name);
    if (isScalar(shape)) return scalar(shape.type);
    if (shape.type === "list") return this.list(shape, false);
    if (shape.type === "map") return this.map(shape, false);
    return this.structure(shape);
  }

  private member(member: Member): Read {
    if (!member.xmlFlattened) return this.reader(member.shape);
    const shape = shapeNamed(this.contract, member.shape);
    if (shape.type === "list") return this.list(shape, true);
    return shape.type === "map" ? this.map(shape, true) : this.reader(member.shape);
  }

  private structure(shape: StructureShape): Read {
    const members = new Map<string, { name: string; read: Read }>();
    for (const [name, member] of membersOf(shape)) {
      members.set(this.wireName(name, member), { name, read: this.member(member) });
    }
    return (node) => {
      const result: Record<string, unknown> = {};
      for (const [key, child] of node.children ?? []) {
        const member = members.get(key);
        if (!member) continue;
        const value = member.read(child);
        if (value !== undefined) result[member.name] = value;
      }
      return result;
    };
  }

  private wireName(name: string, member: Member): string {
    if (!this.ec2) return member.xmlName ?? name;
    if (member.ec2Name) return member.ec2Name;
    const text = member.xmlName ?? name;
    return text.charAt(0).toUpperCase() + text.slice(1);
  }

  private list(shape: ListShape, flattened: boolean): Read {
    const read = this.member(shape.member);
    const flat = flattened || this.ec2;
    const itemName = shape.member.xmlName ?? "member";
    return (node) => {
      const entries = flat ? node : node.children?.get(itemName);
      // `Tags=` is how clients write an empty list.
      if (!entries?.children) return node.value === "" || entries?.value === "" ? [] : undefined;
      return numbered(entries).map(read);
    };
  }

  private map(shape: MapShape, flattened: boolean): Read {
    const readKey = this.member(shape.key);
    const readValue = this.member(shape.value);
    const keyName = shape.key.xmlName ?? "key";
    const valueName = shape.value.xmlName ?? "value";
    return (node) => {
      const entries = flattened ? node : node.children?.get("entry");
      if (!entries?.children) return node.value === "" ? {} : undefined;
      const result: Record<string, unknown> = {};
      for (const entry of numbered(entries)) {
        const key = entry.children?.get(keyName);
        const value = entry.children?.get(valueName);
        if (key && value) setEntry(result, String(readKey(key)), readValue(value));
      }
      return result;
    };
  }
}

function scalar(type: ScalarType): Read {
  return (node) => (node.value === undefined ? undefined : parseText(type, node.value));
}
