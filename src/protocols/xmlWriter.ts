/** Writes values as XML, one closure per shape. https://smithy.io/2.0/spec/protocol-traits.html#xml-bindings */
import { Compiled, isScalar, membersOf, shapeNamed } from "./compile.ts";
import type { Contract, ListShape, MapShape, Member, ScalarType, StructureShape } from "./contract.ts";
import { booleanOf, bytesOf, dateOf, numberOf, textOf } from "./scalars.ts";
import { formatTimestamp } from "./timestamps.ts";
import { escapeXml } from "./xmlText.ts";

/** Writes what stands inside a shape's element. */
type WriteContent = (value: unknown) => string;
/** Writes a member with its own element, or its elements if it is flattened. */
type WriteMember = (value: unknown) => string;

export class XmlWriter {
  private readonly contract: Contract;
  /** EC2 writes a structure's list as `<fooSet><item>`; its names are in the model, so only flattening differs. */
  private readonly contents = new Compiled<string, [unknown], string>((name) => this.compile(name));

  constructor(contract: Contract) {
    this.contract = contract;
  }

  /** Child elements of a structure, without an element around them. */
  content(shapeName: string): WriteContent {
    return this.contents.get(shapeName);
  }

  /** A whole element; `xmlns` is added where the member has none of its own. */
  element(name: string, member: Member, xmlns?: string): WriteMember {
    const namespace = member.xmlNamespace;
    const declared = namespace
      ? ` xmlns${namespace.prefix ? `:${namespace.prefix}` : ""}="${escapeXml(namespace.uri)}"`
      : xmlns
        ? ` xmlns="${escapeXml(xmlns)}"`
        : "";
    const shape = shapeNamed(this.contract, member.shape);
    const write = isScalar(shape) ? xmlScalar(shape.type, member) : this.content(member.shape);
    const attributes = shape.type === "structure" ? this.attributes(shape) : undefined;
    const open = `<${name}${declared}`;
    const close = `</${name}>`;
    return (value) => {
      const content = write(value);
      const start = attributes ? open + attributes(value as Record<string, unknown>) : open;
      return content === "" ? `${start}/>` : `${start}>${content}${close}`;
    };
  }

  structure(shape: StructureShape, keep: (member: Member) => boolean = () => true): WriteContent {
    const members = membersOf(shape)
      .filter(([, member]) => !member.xmlAttribute && keep(member))
      .map(([name, member]) => ({ name, write: this.member(name, member) }));
    return (value) => {
      const source = value as Record<string, unknown>;
      let text = "";
      for (const { name, write } of members) {
        const field = source[name];
        if (field !== undefined && field !== null) text += write(field);
      }
      return text;
    };
  }

  private attributes(shape: StructureShape): ((value: Record<string, unknown>) => string) | undefined {
    const attributes = membersOf(shape).filter(([, member]) => member.xmlAttribute);
    if (attributes.length === 0) return undefined;
    return (value) => {
      let text = "";
      for (const [name, member] of attributes) {
        const field = value[name];
        if (field !== undefined && field !== null) {
          text += ` ${member.xmlName ?? name}="${escapeXml(textOf(field))}"`;
        }
      }
      return text;
    };
  }

  private compile(name: string): WriteContent {
    const shape = shapeNamed(this.contract, name);
    if (isScalar(shape)) return xmlScalar(shape.type, { shape: name });
    if (shape.type === "list") return this.listItems(shape, shape.member.xmlName ?? "member");
    if (shape.type === "map") return this.mapEntries(shape, "entry");
    return this.structure(shape);
  }

  private member(name: string, member: Member): WriteMember {
    const elementName = member.xmlName ?? name;
    if (member.xmlFlattened) {
      const shape = shapeNamed(this.contract, member.shape);
      if (shape.type === "list") return this.listItems(shape, elementName);
      if (shape.type === "map") return this.mapEntries(shape, elementName);
    }
    return this.element(elementName, member);
  }

  private listItems(shape: ListShape, itemName: string): WriteContent {
    const write = this.element(itemName, shape.member);
    return (value) => {
      let text = "";
      for (const item of value as unknown[]) {
        if (item !== undefined && item !== null) text += write(item);
      }
      return text;
    };
  }

  private mapEntries(shape: MapShape, entryName: string): WriteContent {
    const writeKey = this.element(shape.key.xmlName ?? "key", shape.key);
    const writeValue = this.element(shape.value.xmlName ?? "value", shape.value);
    return (value) => {
      let text = "";
      for (const [key, item] of Object.entries(value as Record<string, unknown>)) {
        if (item === undefined || item === null) continue;
        text += `<${entryName}>${writeKey(key)}${writeValue(item)}</${entryName}>`;
      }
      return text;
    };
  }
}

/** A scalar as XML text: timestamps as date-time, blobs as Base64. */
export function xmlScalar(type: ScalarType, member: Member): WriteContent {
  switch (type) {
    case "string":
      return (value) => escapeXml(textOf(value));
    case "boolean":
      return (value) => String(booleanOf(value));
    case "blob":
      return (value) => bytesOf(value).toString("base64");
    case "timestamp": {
      const format = member.timestampFormat ?? "date-time";
      return (value) => formatTimestamp(dateOf(value), format);
    }
    case "document":
      throw new Error("XML protocols have no documents");
    default:
      return (value) => String(numberOf(value));
  }
}
