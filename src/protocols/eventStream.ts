/**
 * Event streams of the contract: each message is one member of a union.
 * https://smithy.io/2.0/spec/streaming.html#event-streams
 */
import { awsCborFormat, awsCborType } from "./awsCbor.ts";
import { decodeCbor, encodeCbor } from "./cbor.ts";
import { membersOf, shapeNamed, structureNamed } from "./compile.ts";
import type { Contract, Member, Protocol, StructureShape } from "./contract.ts";
import { SerializationError } from "./errors.ts";
import {
  decodeMessage,
  type EventHeader,
  type EventMessage,
  encodeMessage,
  MessageSplitter,
} from "./eventFrames.ts";
import { jsonFormat, parseJson } from "./json.ts";
import type { WriteResponse } from "./protocol.ts";
import { headerWriter } from "./restOutput.ts";
import { cborFormat } from "./rpcv2Cbor.ts";
import { ValueCodec } from "./values.ts";
import { parseXml } from "./xml.ts";
import { XmlReader } from "./xmlReader.ts";
import { XmlWriter } from "./xmlWriter.ts";

export { decodeMessage, type EventHeader, type EventMessage, encodeMessage, MessageSplitter };

/** One event: a union value, such as `{ Records: { Payload } }`. */
export type StreamEvent = Record<string, Record<string, unknown>>;

export interface EventStreamCodec {
  /** Frames one event; a member that is a modelled error goes out as an exception. */
  write(event: StreamEvent): Buffer;
  /** Frames what an RPC protocol answers before the first event. */
  writeInitial(shapeName: string, output: Record<string, unknown>): Buffer;
  /** Frames an error that the union does not model. The client ends the stream. */
  writeError(code: string, message: string): Buffer;
  /** Reads one event; undefined for a kind that the contract does not know. */
  read(message: EventMessage): StreamEvent | undefined;
}

interface PayloadFormat {
  contentType: string;
  write(
    shapeName: string,
    shape: StructureShape,
    keep: (member: Member) => boolean,
  ): (value: unknown) => Buffer;
  read(
    shapeName: string,
    shape: StructureShape,
    keep: (member: Member) => boolean,
  ): (payload: Buffer) => Record<string, unknown>;
}

/** Compiles the codec of one union of a contract. */
export function eventStreamCodec(
  contract: Contract,
  protocol: Protocol,
  unionName: string,
): EventStreamCodec {
  const format = payloadFormat(contract, protocol);
  const kinds = membersOf(structureNamed(contract, unionName));
  const writers = new Map(kinds.map(([name, member]) => [name, eventWriter(contract, format, name, member)]));
  const readers = new Map(kinds.map(([name, member]) => [name, eventReader(contract, format, member)]));
  return {
    write(event) {
      const [name, value] = Object.entries(event).find(([, body]) => body !== undefined) ?? ["", {}];
      const write = writers.get(name);
      if (!write) throw new TypeError(`output: ${unionName} has no event ${name}`);
      return write(value);
    },
    writeInitial(shapeName, output) {
      const write = format.write(
        shapeName,
        structureNamed(contract, shapeName),
        (member) => !isStream(contract, member),
      );
      const headers = {
        ":message-type": "event",
        ":event-type": "initial-response",
        ":content-type": format.contentType,
      };
      return encodeMessage({ headers, payload: write(output) });
    },
    writeError(code, message) {
      const headers = {
        ":message-type": "error",
        ":error-code": code,
        ":error-message": message.slice(0, 1_000),
      };
      return encodeMessage({ headers, payload: Buffer.alloc(0) });
    },
    read({ headers, payload }) {
      const type = headers[":message-type"];
      const name = headers[type === "exception" ? ":exception-type" : ":event-type"];
      const read = typeof name === "string" ? readers.get(name) : undefined;
      return read && { [name as string]: read(headers, payload) };
    },
  };
}

const rpc: ReadonlySet<Protocol> = new Set<Protocol>(["awsCbor1_1", "awsJson1_0", "awsJson1_1", "rpcv2Cbor"]);
const eventStreamType = "application/vnd.amazon.eventstream";

/** Writes the answer of an operation whose output is a stream of events; undefined for other operations. */
export function eventStreamWriter(
  contract: Contract,
  protocol: Protocol,
  operation: string,
): WriteResponse | undefined {
  const { output = "", eventStream } = contract.operations[operation] ?? {};
  if ((eventStream !== "output" && eventStream !== "both") || protocol === "restXml") return undefined;
  const members = membersOf(structureNamed(contract, output));
  const [name, member] = members.find(([, one]) => isStream(contract, one)) ?? [];
  if (name === undefined || member === undefined) return undefined;
  const codec = eventStreamCodec(contract, protocol, member.shape);
  if (!rpc.has(protocol)) return restStreamWriter(contract, output, name, codec);
  return (value, requestId) => {
    const headers = ["x-amzn-RequestId", requestId, "Content-Type", eventStreamType];
    const initial = codec.writeInitial(output, value);
    return { status: 200, headers, body: frames(codec, initial, value[name] as AsyncIterable<StreamEvent>) };
  };
}

/** Over REST, what comes before the first event stands in headers. */
function restStreamWriter(
  contract: Contract,
  output: string,
  stream: string,
  codec: EventStreamCodec,
): WriteResponse {
  const writeHeaders = headerWriter(contract, structureNamed(contract, output));
  return (value, requestId) => {
    const headers = ["x-amzn-RequestId", requestId];
    writeHeaders(value, headers);
    if (!headers.includes("Content-Type")) headers.push("Content-Type", eventStreamType);
    const events = value[stream] as AsyncIterable<StreamEvent>;
    return { status: 200, headers, body: frames(codec, undefined, events) };
  };
}

async function* frames(
  codec: EventStreamCodec,
  initial: Buffer | undefined,
  events: AsyncIterable<StreamEvent>,
): AsyncGenerator<Buffer> {
  if (initial !== undefined) yield initial;
  for await (const event of events) yield codec.write(event);
}

function isStream(contract: Contract, member: Member): boolean {
  return Boolean(member.streaming) && shapeNamed(contract, member.shape).type === "union";
}

function isInBody(member: Member): boolean {
  return !member.eventHeader && !member.eventPayload;
}

function eventWriter(contract: Contract, format: PayloadFormat, name: string, member: Member) {
  const shape = structureNamed(contract, member.shape);
  const payload = membersOf(shape).find(([, inner]) => inner.eventPayload);
  const bound = membersOf(shape).filter(([, inner]) => inner.eventHeader);
  const [contentType, write] = payload
    ? payloadWriter(contract, format, ...payload)
    : [format.contentType, format.write(member.shape, shape, isInBody)];
  const fixed: Record<string, EventHeader> = shape.error
    ? { ":message-type": "exception", ":exception-type": name, ":content-type": contentType }
    : { ":message-type": "event", ":event-type": name, ":content-type": contentType };
  return (value: Record<string, unknown>) => {
    const headers = { ...fixed };
    for (const [headerName] of bound) {
      const field = value[headerName];
      if (field !== undefined && field !== null) headers[headerName] = field as EventHeader;
    }
    return encodeMessage({ headers, payload: write(value) });
  };
}

type WritePayload = (value: Record<string, unknown>) => Buffer;

function payloadWriter(
  contract: Contract,
  format: PayloadFormat,
  name: string,
  member: Member,
): [string, WritePayload] {
  const shape = shapeNamed(contract, member.shape);
  if (shape.type === "blob") {
    return ["application/octet-stream", (value) => Buffer.from((value[name] ?? "") as Uint8Array)];
  }
  if (shape.type === "string") return ["text/plain", (value) => Buffer.from(String(value[name] ?? ""))];
  const write = format.write(member.shape, structureNamed(contract, member.shape), () => true);
  return [format.contentType, (value) => write(value[name] ?? {})];
}

function eventReader(contract: Contract, format: PayloadFormat, member: Member) {
  const shape = structureNamed(contract, member.shape);
  const payload = membersOf(shape).find(([, inner]) => inner.eventPayload);
  const bound = membersOf(shape).filter(([, inner]) => inner.eventHeader);
  const readBody = format.read(member.shape, shape, isInBody);
  const readPayload = payload && payloadReader(contract, format, payload[1]);
  return (headers: Record<string, EventHeader>, bytes: Buffer): Record<string, unknown> => {
    const value: Record<string, unknown> = payload || bytes.length === 0 ? {} : readBody(bytes);
    if (payload && readPayload) value[payload[0]] = readPayload(bytes);
    for (const [name, inner] of bound) {
      const header = headers[name];
      if (header !== undefined) value[name] = checkedHeader(contract, inner, header);
    }
    return value;
  };
}

/** A header has a type of its own; it must be the member's. */
function checkedHeader(contract: Contract, member: Member, header: EventHeader): EventHeader {
  const { type } = shapeNamed(contract, member.shape);
  const fits =
    type === "string" || type === "boolean"
      ? typeof header === type
      : type === "blob"
        ? Buffer.isBuffer(header)
        : type === "timestamp"
          ? header instanceof Date
          : typeof header === "number" || typeof header === "bigint";
  if (!fits) throw new SerializationError("An event header has the wrong type");
  return typeof header === "bigint" ? Number(header) : header;
}

function payloadReader(
  contract: Contract,
  format: PayloadFormat,
  member: Member,
): (bytes: Buffer) => unknown {
  const shape = shapeNamed(contract, member.shape);
  if (shape.type === "blob") return (bytes) => bytes;
  if (shape.type === "string") return (bytes) => bytes.toString("utf8");
  return format.read(member.shape, structureNamed(contract, member.shape), () => true);
}

function payloadFormat(contract: Contract, protocol: Protocol): PayloadFormat {
  if (protocol === "restXml") return xmlPayload(contract);
  const isCbor = protocol === "rpcv2Cbor" || protocol === "awsCbor1_1";
  const cbor = protocol === "awsCbor1_1" ? awsCborFormat : cborFormat;
  const values = new ValueCodec(contract, isCbor ? cbor : jsonFormat(protocol === "restJson1"));
  return {
    contentType: protocol === "awsCbor1_1" ? awsCborType : isCbor ? "application/cbor" : "application/json",
    write(_, shape, keep) {
      const write = values.structureWriter(shape, keep);
      return (value) => (isCbor ? encodeCbor(write(value)) : Buffer.from(JSON.stringify(write(value))));
    },
    read(_, shape, keep) {
      const read = values.structureReader(shape, keep);
      return (bytes) => read(isCbor ? decodeCbor(bytes) : parseJson(bytes), 0) as Record<string, unknown>;
    },
  };
}

function xmlPayload(contract: Contract): PayloadFormat {
  const writer = new XmlWriter(contract);
  const reader = new XmlReader(contract);
  return {
    contentType: "text/xml",
    write(shapeName, shape, keep) {
      const write = writer.structure(shape, keep);
      const name = shape.xmlName ?? shapeName;
      return (value) => Buffer.from(`<${name}>${write(value)}</${name}>`);
    },
    read(_, shape, keep) {
      const read = reader.structure(shape, keep);
      return (bytes) => read(parseXml(bytes)) as Record<string, unknown>;
    },
  };
}
