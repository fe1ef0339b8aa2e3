/**
 * Framing of application/vnd.amazon.eventstream: length, headers, payload, two CRCs.
 * https://smithy.io/2.0/aws/amazon-eventstream.html
 */
import { crc32 } from "node:zlib";
import { setEntry } from "./compile.ts";
import { SerializationError } from "./errors.ts";
import { maxEventBytes, maxEventHeaderBytes } from "./limits.ts";

/** Integers are written as 32-bit ones, bigints as 64-bit ones. */
export type EventHeader = boolean | number | bigint | string | Buffer | Date;

export interface EventMessage {
  headers: Record<string, EventHeader>;
  payload: Buffer;
}

const preludeBytes = 12;
const minMessageBytes = preludeBytes + 4;

export function encodeMessage({ headers, payload }: EventMessage): Buffer {
  const head = Buffer.concat(Object.entries(headers).map(([name, value]) => encodeHeader(name, value)));
  const total = minMessageBytes + head.length + payload.length;
  if (head.length > maxEventHeaderBytes || total > maxEventBytes)
    throw new RangeError("event message is too large");
  const message = Buffer.allocUnsafe(total);
  message.writeUInt32BE(total, 0);
  message.writeUInt32BE(head.length, 4);
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8);
  head.copy(message, preludeBytes);
  payload.copy(message, preludeBytes + head.length);
  message.writeUInt32BE(crc32(message.subarray(0, total - 4)), total - 4);
  return message;
}

function encodeHeader(name: string, value: EventHeader): Buffer {
  const nameBytes = Buffer.from(name);
  if (nameBytes.length === 0 || nameBytes.length > 255) throw new RangeError("event header name");
  return Buffer.concat([Buffer.from([nameBytes.length]), nameBytes, encodeHeaderValue(value)]);
}

function encodeHeaderValue(value: EventHeader): Buffer {
  if (typeof value === "boolean") return Buffer.from([value ? 0 : 1]);
  if (typeof value === "string" || Buffer.isBuffer(value)) {
    const bytes = Buffer.from(value as string);
    if (bytes.length > 0x7fff) throw new RangeError("event header value");
    return Buffer.concat([
      Buffer.from([Buffer.isBuffer(value) ? 6 : 7, bytes.length >> 8, bytes.length & 255]),
      bytes,
    ]);
  }
  if (typeof value === "number") {
    const bytes = Buffer.alloc(5, 4);
    bytes.writeInt32BE(value, 1);
    return bytes;
  }
  const bytes = Buffer.alloc(9, value instanceof Date ? 8 : 5);
  bytes.writeBigInt64BE(value instanceof Date ? BigInt(value.getTime()) : value, 1);
  return bytes;
}

function broken(): SerializationError {
  return new SerializationError("The event stream is malformed");
}

/** Decodes one whole message. */
export function decodeMessage(message: Buffer): EventMessage {
  const headerBytes = checkPrelude(message);
  const total = message.length;
  if (message.readUInt32BE(0) !== total) throw broken();
  if (crc32(message.subarray(0, total - 4)) !== message.readUInt32BE(total - 4)) throw broken();
  const headerEnd = preludeBytes + headerBytes;
  return {
    headers: decodeHeaders(message.subarray(preludeBytes, headerEnd)),
    payload: message.subarray(headerEnd, total - 4),
  };
}

/** Checks the first twelve bytes, and gives the length of the headers. */
function checkPrelude(bytes: Buffer): number {
  if (bytes.length < preludeBytes) throw broken();
  const total = bytes.readUInt32BE(0);
  const headerBytes = bytes.readUInt32BE(4);
  if (crc32(bytes.subarray(0, 8)) !== bytes.readUInt32BE(8)) throw broken();
  if (total > maxEventBytes || headerBytes > maxEventHeaderBytes) throw broken();
  if (total < minMessageBytes + headerBytes) throw broken();
  return headerBytes;
}

function decodeHeaders(bytes: Buffer): Record<string, EventHeader> {
  const headers: Record<string, EventHeader> = {};
  let at = 0;
  const take = (count: number) => {
    const start = at;
    at += count;
    if (at > bytes.length) throw broken();
    return start;
  };
  while (at < bytes.length) {
    const nameBytes = bytes[take(1)] as number;
    const start = take(nameBytes);
    const name = bytes.toString("utf8", start, start + nameBytes);
    if (nameBytes === 0 || Object.hasOwn(headers, name)) throw broken();
    setEntry(headers, name, decodeHeaderValue(bytes, take));
  }
  return headers;
}

function decodeHeaderValue(bytes: Buffer, take: (count: number) => number): EventHeader {
  const type = bytes[take(1)];
  switch (type) {
    case 0:
    case 1:
      return type === 0;
    case 2:
      return bytes.readInt8(take(1));
    case 3:
      return bytes.readInt16BE(take(2));
    case 4:
      return bytes.readInt32BE(take(4));
    case 5:
      return bytes.readBigInt64BE(take(8));
    case 6:
    case 7: {
      const length = bytes.readUInt16BE(take(2));
      const start = take(length);
      return type === 6
        ? bytes.subarray(start, start + length)
        : bytes.toString("utf8", start, start + length);
    }
    case 8:
      return new Date(Number(bytes.readBigInt64BE(take(8))));
    case 9: {
      const start = take(16);
      return bytes.subarray(start, start + 16);
    }
    default:
      throw broken();
  }
}

/** Cuts a byte stream into messages. Holds at most one message that is not whole yet. */
export class MessageSplitter {
  private pending: Buffer[] = [];
  private pendingBytes = 0;
  /** Length of the message being gathered; 0 while its prelude is not there. */
  private wanted = 0;

  /** The messages that these bytes complete. */
  push(chunk: Buffer): EventMessage[] {
    this.pending.push(chunk);
    this.pendingBytes += chunk.length;
    const messages: EventMessage[] = [];
    for (;;) {
      if (this.wanted === 0 && this.pendingBytes >= preludeBytes) {
        const prelude = this.gathered();
        checkPrelude(prelude);
        this.wanted = prelude.readUInt32BE(0);
      }
      if (this.wanted === 0 || this.pendingBytes < this.wanted) return messages;
      const bytes = this.gathered();
      messages.push(decodeMessage(bytes.subarray(0, this.wanted)));
      this.pending = [bytes.subarray(this.wanted)];
      this.pendingBytes = bytes.length - this.wanted;
      this.wanted = 0;
    }
  }

  /** Throws if the stream ended inside a message. */
  end(): void {
    if (this.pendingBytes > 0) throw broken();
  }

  private gathered(): Buffer {
    const bytes = this.pending.length === 1 ? (this.pending[0] as Buffer) : Buffer.concat(this.pending);
    this.pending = [bytes];
    return bytes;
  }
}
