/**
 * A small XML reader for request bodies: elements, attributes, text, CDATA. No DTD, no entities but XML's own five,
 * so nothing expands and nothing is fetched. Works without recursion, within named bounds.
 */
import { isUtf8 } from "node:buffer";
import { SerializationError } from "./errors.ts";
import { maxXmlNesting, maxXmlNodes } from "./limits.ts";

export interface XmlElement {
  /** Without its namespace prefix. */
  name: string;
  /** By full name, prefix included: "xsi:type". */
  attributes: Map<string, string> | undefined;
  children: XmlElement[];
  text: string;
}

/** S3's code and words. https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
export function malformedXml(): SerializationError {
  return new SerializationError(
    "The XML you provided was not well-formed or did not validate against our published schema",
    "MalformedXML",
  );
}

const name = /[A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?/y;
const attribute = /\s+([A-Za-z_][\w.:-]*)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y;
const tagEnd = /\s*(\/?)>/y;
const reference = /&(#x[0-9a-fA-F]{1,6}|#\d{1,7}|[a-z]+);|&/g;
const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

export function parseXml(body: Buffer): XmlElement {
  if (!isUtf8(body)) throw malformedXml();
  return new XmlParser(body.toString("utf8")).parse();
}

class XmlParser {
  private readonly source: string;
  private position = 0;
  private nodes = 0;
  private readonly open: { element: XmlElement; fullName: string }[] = [];
  private root: XmlElement | undefined;

  constructor(source: string) {
    this.source = source.charCodeAt(0) === 0xfeff ? source.slice(1) : source;
  }

  parse(): XmlElement {
    const { source } = this;
    while (this.position < source.length) {
      const next = source.indexOf("<", this.position);
      this.addText(source.slice(this.position, next < 0 ? source.length : next));
      if (next < 0) break;
      this.position = next;
      this.readMarkup();
    }
    if (!this.root || this.open.length > 0) throw malformedXml();
    return this.root;
  }

  private readMarkup(): void {
    const { source, position } = this;
    if (source.startsWith("</", position)) this.closeElement();
    else if (source.startsWith("<!--", position)) this.skipTo("-->", 4);
    else if (source.startsWith("<![CDATA[", position)) {
      const start = position + 9;
      this.skipTo("]]>", 9);
      const top = this.open.at(-1);
      if (!top) throw malformedXml();
      top.element.text += source.slice(start, this.position - 3);
    } else if (source.startsWith("<?", position)) this.skipTo("?>", 2);
    // A document type is where entities are declared: refused with everything else that is no element.
    else this.openElement();
  }

  private skipTo(end: string, offset: number): void {
    const found = this.source.indexOf(end, this.position + offset);
    if (found < 0) throw malformedXml();
    this.position = found + end.length;
  }

  private match(expression: RegExp, at: number): RegExpExecArray | null {
    expression.lastIndex = at;
    return expression.exec(this.source);
  }

  private openElement(): void {
    const tag = this.match(name, this.position + 1);
    if (!tag || this.open.length >= maxXmlNesting) throw malformedXml();
    this.countNode();
    let at = name.lastIndex;
    let attributes: Map<string, string> | undefined;
    for (let found = this.match(attribute, at); found; found = this.match(attribute, at)) {
      at = attribute.lastIndex;
      this.countNode();
      attributes ??= new Map();
      const [, key, double, single] = found;
      if (attributes.has(key as string)) throw malformedXml();
      attributes.set(key as string, unescapeXml(double ?? single ?? ""));
    }
    const end = this.match(tagEnd, at);
    if (!end) throw malformedXml();
    this.position = tagEnd.lastIndex;
    const fullName = tag[0];
    const element: XmlElement = {
      name: fullName.slice(fullName.indexOf(":") + 1),
      attributes,
      children: [],
      text: "",
    };
    this.attach(element);
    if (end[1] === "") this.open.push({ element, fullName });
  }

  private attach(element: XmlElement): void {
    const parent = this.open.at(-1);
    if (parent) parent.element.children.push(element);
    else if (this.root) throw malformedXml();
    else this.root = element;
  }

  private closeElement(): void {
    const tag = this.match(name, this.position + 2);
    const end = tag && this.match(tagEnd, name.lastIndex);
    if (!tag || !end || end[1] !== "" || this.open.pop()?.fullName !== tag[0]) throw malformedXml();
    this.position = tagEnd.lastIndex;
  }

  private addText(text: string): void {
    if (text === "") return;
    const top = this.open.at(-1);
    if (top) top.element.text += unescapeXml(text);
    else if (text.trim() !== "") throw malformedXml();
  }

  private countNode(): void {
    this.nodes++;
    if (this.nodes > maxXmlNodes) throw malformedXml();
  }
}

function unescapeXml(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(reference, (_, body: string | undefined) => {
    if (body === undefined) throw malformedXml();
    if (!body.startsWith("#")) {
      const known = Object.hasOwn(entities, body) ? entities[body] : undefined;
      if (known === undefined) throw malformedXml();
      return known;
    }
    const code = body.startsWith("#x") ? Number.parseInt(body.slice(2), 16) : Number(body.slice(1));
    if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw malformedXml();
    return String.fromCodePoint(code);
  });
}
