/** Reads typed values from XML elements, one closure per shape. */
import { Compiled, isScalar, membersOf, setEntry, shapeNamed } from "./compile.ts";
import type { Contract, ListShape, MapShape, Member, ScalarType, StructureShape } from "./contract.ts";
import { SerializationError } from "./errors.ts";
import { parseText } from "./queryValues.ts";
import { malformedXml, type XmlElement } from "./xml.ts";

type Read = (element: XmlElement) => unknown;
interface MemberReader {
  name: string;
  read: Read;
  /** A flattened list or map: each element adds to what the others gave. */
  add?: (target: unknown, element: XmlElement) => unknown;
}

export class XmlReader {
  private readonly contract: Contract;
  private readonly readers = new Compiled<string, [XmlElement], unknown>((name) => this.compile(name));

  constructor(contract: Contract) {
    this.contract = contract;
  }

  reader(shapeName: string): Read {
    return this.readers.get(shapeName);
  }

  structure(shape: StructureShape, keep: (member: Member) => boolean = () => true): Read {
    const members = new Map<string, MemberReader>();
    const attributes: { name: string; wireName: string }[] = [];
    for (const [name, member] of membersOf(shape)) {
      if (!keep(member)) continue;
      if (member.xmlAttribute) attributes.push({ name, wireName: member.xmlName ?? name });
      else members.set(member.xmlName ?? name, this.member(name, member));
    }
    return (element) => {
      const result: Record<string, unknown> = {};
      for (const { name, wireName } of attributes) {
        const value = element.attributes?.get(wireName);
        if (value !== undefined) result[name] = value;
      }
      for (const child of element.children) {
        const member = members.get(child.name);
        if (!member) continue;
        if (member.add) result[member.name] = member.add(result[member.name], child);
        else if (result[member.name] !== undefined) throw malformedXml();
        else result[member.name] = member.read(child);
      }
      return result;
    };
  }

  private member(name: string, member: Member): MemberReader {
    const read = this.reader(member.shape);
    const shape = shapeNamed(this.contract, member.shape);
    if (!member.xmlFlattened) return { name, read };
    if (shape.type === "list") {
      const readItem = this.reader(shape.member.shape);
      const add = (target: unknown, element: XmlElement) => {
        const list = (target ?? []) as unknown[];
        list.push(readItem(element));
        return list;
      };
      return { name, read, add };
    }
    if (shape.type !== "map") return { name, read };
    const readEntry = this.entry(shape);
    const add = (target: unknown, element: XmlElement) =>
      readEntry((target ?? {}) as Record<string, unknown>, element);
    return { name, read, add };
  }

  private compile(name: string): Read {
    const shape = shapeNamed(this.contract, name);
    if (isScalar(shape)) return xmlScalarReader(shape.type);
    if (shape.type === "list") return this.list(shape);
    if (shape.type === "map") {
      const readEntry = this.entry(shape);
      return (element) => {
        const result: Record<string, unknown> = {};
        for (const child of element.children) if (child.name === "entry") readEntry(result, child);
        return result;
      };
    }
    return this.structure(shape);
  }

  private list(shape: ListShape): Read {
    const itemName = shape.member.xmlName ?? "member";
    const read = this.reader(shape.member.shape);
    return (element) => element.children.filter((child) => child.name === itemName).map(read);
  }

  private entry(shape: MapShape): (target: Record<string, unknown>, element: XmlElement) => unknown {
    const keyName = shape.key.xmlName ?? "key";
    const valueName = shape.value.xmlName ?? "value";
    const readValue = this.reader(shape.value.shape);
    return (target, element) => {
      const key = element.children.find((child) => child.name === keyName);
      const value = element.children.find((child) => child.name === valueName);
      if (!key || !value) throw malformedXml();
      setEntry(target, key.text, readValue(value));
      return target;
    };
  }
}

function xmlScalarReader(type: ScalarType): Read {
  if (type === "string") return (element) => element.text;
  return (element) => {
    try {
      return parseText(type, element.text.trim());
    } catch (error) {
      if (error instanceof SerializationError) throw malformedXml();
      throw error;
    }
  };
}
