/**
 * The HTTP bindings of inputs: labels, query, headers, payload.
 * https://smithy.io/2.0/spec/http-bindings.html
 */
import { isUtf8 } from "node:buffer";
import { isScalar, membersOf, setEntry, shapeNamed, structureNamed } from "./compile.ts";
import type { Contract, Member, ScalarType, Shape, StructureShape } from "./contract.ts";
import { SerializationError } from "./errors.ts";
import type { ReadRequest } from "./protocol.ts";
import { parseText } from "./queryValues.ts";
import { matchPath, parseTemplate, queryParameters } from "./routes.ts";
import type { WireRequest } from "./wire.ts";

/** How the body of a REST protocol holds structures. */
export interface BodyReader {
  /** Members of a structure that the whole body is. */
  members(
    shape: StructureShape,
    keep: (member: Member) => boolean,
  ): (body: Buffer) => Record<string, unknown>;
  /** A body that is one member of structured type. */
  payload(member: Member): (body: Buffer) => unknown;
}

interface Parts {
  request: WireRequest;
  labels: Record<string, string>;
  query: Map<string, string[]>;
}

type Bind = (parts: Parts, input: Record<string, unknown>) => void;

export function isUnbound(member: Member): boolean {
  return !(
    member.httpLabel ||
    member.httpHeader !== undefined ||
    member.httpQuery !== undefined ||
    member.httpPrefixHeaders !== undefined ||
    member.httpQueryParams ||
    member.httpPayload ||
    member.httpResponseCode
  );
}

export function restReader(contract: Contract, operation: string, body: BodyReader): ReadRequest {
  const { input: inputName, http } = contract.operations[operation] ?? { input: "", http: undefined };
  const shape = structureNamed(contract, inputName);
  const template = parseTemplate(http?.uri ?? "/");
  const binds = membersOf(shape).flatMap(
    ([name, member]) => bindMember(contract, shape, name, member, body) ?? [],
  );
  const hasBody = membersOf(shape).some(([, member]) => isUnbound(member));
  const readBody = hasBody ? body.members(shape, isUnbound) : undefined;
  return (request) => {
    const labels = matchPath(template, request.path);
    if (!labels) throw new SerializationError("The request URI does not match the operation", "InvalidURI");
    const parts = { request, labels, query: queryParameters(request.query) };
    const input = readBody && request.body.length > 0 ? readBody(request.body) : {};
    for (const bind of binds) bind(parts, input);
    return input;
  };
}

function bindMember(
  contract: Contract,
  structure: StructureShape,
  name: string,
  member: Member,
  body: BodyReader,
): Bind | undefined {
  const shape = shapeNamed(contract, member.shape);
  if (member.httpLabel) {
    const read = textReader(contract, shape);
    return ({ labels }, input) => {
      const text = labels[name];
      if (text !== undefined) input[name] = read([text]);
    };
  }
  if (member.httpQuery !== undefined) {
    const { httpQuery } = member;
    const read = textReader(contract, shape);
    // As recorded from S3: "max-parts=" says nothing.
    const mayBeEmpty = shape.type === "string" || shape.type === "list";
    return ({ query }, input) => {
      const texts = query.get(httpQuery);
      if (texts && (mayBeEmpty || texts[0] !== "")) input[name] = read(texts);
    };
  }
  if (member.httpHeader !== undefined) return bindHeader(contract, name, member, shape);
  if (member.httpPrefixHeaders !== undefined) return bindPrefix(name, member.httpPrefixHeaders.toLowerCase());
  if (member.httpQueryParams) return bindQueryMap(contract, structure, name, shape);
  return member.httpPayload ? bindPayload(name, member, shape, body) : undefined;
}

function textReader(contract: Contract, shape: Shape): (texts: string[]) => unknown {
  const scalar = (type: ScalarType) => (text: string) =>
    type === "blob" ? Buffer.from(text) : parseText(type, text);
  if (isScalar(shape)) {
    const read = scalar(shape.type);
    return (texts) => read(texts[0] as string);
  }
  if (shape.type !== "list") throw new Error(`${contract.service}: ${shape.type} bound to text`);
  const item = shapeNamed(contract, shape.member.shape);
  if (!isScalar(item)) throw new Error(`${contract.service}: list of ${item.type} bound to text`);
  const read = scalar(item.type);
  return (texts) => texts.map(read);
}

function bindHeader(contract: Contract, name: string, member: Member, shape: Shape): Bind {
  const header = (member.httpHeader as string).toLowerCase();
  const read = textReader(contract, shape);
  const item = shape.type === "list" ? shapeNamed(contract, shape.member.shape) : undefined;
  const isJson = member.mediaType !== undefined && shape.type === "string";
  return ({ request }, input) => {
    const text = request.headers[header];
    if (text === undefined) return;
    if (item) input[name] = read(splitHeader(text, item.type === "timestamp"));
    // Strings with a media type travel as Base64, for headers hold no line breaks.
    else if (isJson) input[name] = Buffer.from(text, "base64").toString("utf8");
    else input[name] = read([text.trim()]);
  };
}

/** Items at commas; quotes hold items that have commas of their own, and an HTTP date has exactly one. */
function splitHeader(text: string, dates: boolean): string[] {
  const items = text.match(/"(?:\\.|[^"\\])*"|[^,\s"][^,"]*/g) ?? [];
  if (!dates) return items.map((item) => (item.startsWith('"') ? unquote(item) : item.trim()));
  if (!text.includes("GMT")) return items.map((item) => item.trim());
  const pairs: string[] = [];
  for (let index = 0; index < items.length; index += 2)
    pairs.push(`${items[index]?.trim()}, ${items[index + 1]?.trim()}`);
  return pairs;
}

function unquote(item: string): string {
  return item.slice(1, -1).replace(/\\(.)/g, "$1");
}

function bindPrefix(name: string, prefix: string): Bind {
  return ({ request }, input) => {
    let entries: Record<string, string> | undefined;
    for (const header of Object.keys(request.headers)) {
      const value = request.headers[header];
      if (value === undefined || !header.startsWith(prefix) || header === prefix) continue;
      entries ??= {};
      setEntry(entries, header.slice(prefix.length), value);
    }
    if (entries) input[name] = entries;
  };
}

/** Every parameter that neither the template nor another member takes. */
function bindQueryMap(contract: Contract, structure: StructureShape, name: string, shape: Shape): Bind {
  const taken = new Set(membersOf(structure).map(([, { httpQuery }]) => httpQuery));
  const lists = shape.type === "map" && shapeNamed(contract, shape.value.shape).type === "list";
  return ({ query }, input) => {
    const entries: Record<string, unknown> = {};
    for (const [key, values] of query)
      if (!taken.has(key)) setEntry(entries, key, lists ? values : values[0]);
    if (Object.keys(entries).length > 0) input[name] = entries;
  };
}

function bindPayload(name: string, member: Member, shape: Shape, body: BodyReader): Bind {
  // An event stream is read message by message while the operation runs: see eventStream.ts.
  if (member.streaming && shape.type === "union") return () => {};
  const read =
    shape.type === "blob"
      ? (bytes: Buffer) => bytes
      : shape.type === "string"
        ? textBody
        : body.payload(member);
  return ({ request }, input) => {
    if (request.body.length > 0 || member.streaming) input[name] = read(request.body);
  };
}

function textBody(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new SerializationError("Invalid UTF-8 in request body");
  return bytes.toString("utf8");
}
