/** CBOR (RFC 8949) as Smithy uses it: text keys, tag 1 for timestamps, no other tags. Bounded in depth and items. */
import { isUtf8 } from "node:buffer";
import { setEntry } from "./compile.ts";
import { SerializationError } from "./errors.ts";
import { maxCborItems, maxNesting } from "./limits.ts";
import { fromEpochSeconds } from "./timestamps.ts";

const stop = Symbol("break");

export function decodeCbor(bytes: Buffer): unknown {
  return new CborDecoder(bytes).decode();
}

class CborDecoder {
  private readonly bytes: Buffer;
  private position = 0;
  private items = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  decode(): unknown {
    const value = this.read(0);
    if (value === stop || this.position !== this.bytes.length) throw this.invalid();
    return value;
  }

  private invalid(): SerializationError {
    return new SerializationError("Unable to parse the request body as CBOR");
  }

  private take(count: number): number {
    const start = this.position;
    if (count > this.bytes.length - start) throw this.invalid();
    this.position = start + count;
    return start;
  }

  private read(depth: number): unknown {
    if (depth > maxNesting) throw new SerializationError(`Nesting exceeds ${maxNesting} levels.`);
    this.items++;
    if (this.items > maxCborItems) throw new SerializationError(`More than ${maxCborItems} CBOR items`);
    const head = this.bytes[this.take(1)] as number;
    const major = head >> 5;
    const info = head & 31;
    switch (major) {
      case 0:
        return this.argument(info);
      case 1: {
        const value = this.argument(info);
        return typeof value === "bigint" ? -1n - value : -1 - value;
      }
      case 2:
        return this.byteString(info);
      case 3:
        return this.textString(info);
      case 4:
        return this.array(info, depth);
      case 5:
        return this.map(info, depth);
      case 6:
        return this.tagged(Number(this.argument(info)), depth);
      default:
        return this.simple(info);
    }
  }

  /** A number up to 2^53 - 1, beyond that a bigint. */
  private argument(info: number): number | bigint {
    if (info < 24) return info;
    if (info === 24) return this.bytes[this.take(1)] as number;
    if (info === 25) return this.bytes.readUInt16BE(this.take(2));
    if (info === 26) return this.bytes.readUInt32BE(this.take(4));
    if (info !== 27) throw this.invalid();
    const value = this.bytes.readBigUInt64BE(this.take(8));
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
  }

  /** Length of a definite string or container; undefined for an indefinite one. */
  private length(info: number): number | undefined {
    if (info === 31) return undefined;
    const length = this.argument(info);
    // Each byte or item takes at least one byte, so a longer one cannot be whole.
    if (typeof length === "bigint" || length > this.bytes.length - this.position) throw this.invalid();
    return length;
  }

  private byteString(info: number): Buffer {
    const length = this.length(info);
    if (length === undefined) return Buffer.concat(this.chunks(2));
    const start = this.take(length);
    return this.bytes.subarray(start, start + length);
  }

  private textString(info: number): string {
    const length = this.length(info);
    const start = length === undefined ? 0 : this.take(length);
    const bytes =
      length === undefined ? Buffer.concat(this.chunks(3)) : this.bytes.subarray(start, start + length);
    if (!isUtf8(bytes)) throw this.invalid();
    return bytes.toString("utf8");
  }

  /** Parts of an indefinite string: definite strings of the same kind. */
  private chunks(major: number): Buffer[] {
    const chunks: Buffer[] = [];
    for (;;) {
      const head = this.bytes[this.take(1)] as number;
      if (head === 0xff) return chunks;
      this.items++;
      const length = head >> 5 === major ? this.length(head & 31) : undefined;
      if (length === undefined || this.items > maxCborItems) throw this.invalid();
      const start = this.take(length);
      chunks.push(this.bytes.subarray(start, start + length));
    }
  }

  private array(info: number, depth: number): unknown[] {
    const length = this.length(info);
    const result: unknown[] = [];
    while (length === undefined || result.length < length) {
      const item = this.read(depth + 1);
      if (item === stop) {
        if (length !== undefined) throw this.invalid();
        break;
      }
      result.push(item);
    }
    return result;
  }

  private map(info: number, depth: number): Record<string, unknown> {
    const length = this.length(info);
    const result: Record<string, unknown> = {};
    for (let count = 0; length === undefined || count < length; count++) {
      const key = this.read(depth + 1);
      if (key === stop && length === undefined) break;
      const value = this.read(depth + 1);
      if (typeof key !== "string" || value === stop || Object.hasOwn(result, key)) throw this.invalid();
      setEntry(result, key, value);
    }
    return result;
  }

  private tagged(tag: number, depth: number): unknown {
    const value = this.read(depth + 1);
    const date = tag === 1 && typeof value === "number" ? fromEpochSeconds(value) : undefined;
    if (!date) throw this.invalid();
    return date;
  }

  private simple(info: number): unknown {
    switch (info) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
      case 23:
        return null;
      case 25:
        return halfFloat(this.bytes.readUInt16BE(this.take(2)));
      case 26:
        return this.bytes.readFloatBE(this.take(4));
      case 27:
        return this.bytes.readDoubleBE(this.take(8));
      case 31:
        return stop;
      default:
        throw this.invalid();
    }
  }
}

function halfFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** A double that is to be written as one, even where it is whole. */
export class CborDouble {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** A time that is to be written as whole milliseconds. */
export class CborMillis {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** Writes plain values, Buffers, Dates, `CborDouble`s and `CborMillis`. */
export function encodeCbor(value: unknown): Buffer {
  const encoder = new CborEncoder();
  encoder.write(value);
  return encoder.finish();
}

class CborEncoder {
  private buffer = Buffer.allocUnsafe(1024);
  private length = 0;

  finish(): Buffer {
    return this.buffer.subarray(0, this.length);
  }

  write(value: unknown): void {
    if (typeof value === "string") this.writeText(value);
    else if (typeof value === "number") this.writeNumber(value);
    else if (typeof value === "boolean") this.writeByte(value ? 0xf5 : 0xf4);
    else if (value === null || value === undefined) this.writeByte(0xf6);
    else if (typeof value === "bigint") this.writeHead(value < 0n ? 1 : 0, value < 0n ? -1n - value : value);
    else if (value instanceof CborDouble) this.writeDouble(value.value);
    else if (value instanceof CborMillis) {
      this.writeByte(0xc1);
      this.write(BigInt(Math.floor(value.value)));
    } else if (value instanceof Date) {
      this.writeByte(0xc1);
      this.writeDouble(value.getTime() / 1000);
    } else if (value instanceof Uint8Array) this.writeBytes(value);
    else if (Array.isArray(value)) {
      this.writeHead(4, value.length);
      for (const item of value) this.write(item);
    } else {
      const entries = Object.entries(value as object);
      this.writeHead(5, entries.length);
      for (const [key, item] of entries) {
        this.writeText(key);
        this.write(item);
      }
    }
  }

  private reserve(count: number): number {
    const start = this.length;
    this.length += count;
    if (this.length > this.buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, this.length));
      this.buffer.copy(larger, 0, 0, start);
      this.buffer = larger;
    }
    return start;
  }

  private writeByte(byte: number): void {
    const start = this.reserve(1);
    this.buffer[start] = byte;
  }

  private writeHead(major: number, argument: number | bigint): void {
    const head = major << 5;
    if (argument < 24) this.writeByte(head | Number(argument));
    else if (argument < 0x100) {
      const start = this.reserve(2);
      this.buffer[start] = head | 24;
      this.buffer[start + 1] = Number(argument);
    } else if (argument < 0x10000) {
      const start = this.reserve(3);
      this.buffer[start] = head | 25;
      this.buffer.writeUInt16BE(Number(argument), start + 1);
    } else if (argument < 0x100000000) {
      const start = this.reserve(5);
      this.buffer[start] = head | 26;
      this.buffer.writeUInt32BE(Number(argument), start + 1);
    } else {
      const start = this.reserve(9);
      this.buffer[start] = head | 27;
      this.buffer.writeBigUInt64BE(BigInt(argument), start + 1);
    }
  }

  private writeNumber(value: number): void {
    if (!Number.isSafeInteger(value)) this.writeDouble(value);
    else if (value < 0) this.writeHead(1, -1 - value);
    else this.writeHead(0, value);
  }

  private writeDouble(value: number): void {
    const start = this.reserve(9);
    this.buffer[start] = 0xfb;
    this.buffer.writeDoubleBE(value, start + 1);
  }

  private writeText(text: string): void {
    const length = Buffer.byteLength(text);
    this.writeHead(3, length);
    const start = this.reserve(length);
    this.buffer.write(text, start, "utf8");
  }

  private writeBytes(bytes: Uint8Array): void {
    this.writeHead(2, bytes.length);
    const start = this.reserve(bytes.length);
    this.buffer.set(bytes, start);
  }
}
