import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { deflateRaw, deflateRawSync, inflateRaw, inflateRawSync } from "node:zlib";

/**
 * Lines as they are stored: a chunk is a head (JSON: times and lengths in columns, as differences, which compress
 * well) and all messages behind each other, compressed, and sealed under the customer's data key where the group has
 * one. The store seals it once more.
 */

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/** The lowest level: log lines shrink to a sixth and less, at several times the speed of the default. */
const compressionLevel = 1;
/** What is smaller is done at once: handing it to another thread takes longer. */
const smallBytes = 4 * 1024;
const smallCompressedBytes = 1024;
const lengthBytes = 4;
const nonceBytes = 12;
const tagBytes = 16;

/** What PutLogEvents took in one call. */
export interface Batch {
  /** Ingestion time, ms since the epoch. */
  at: number;
  /** Tells batches of the same millisecond apart; below 10^15. */
  number: number;
}

/** The position of a line in its group, which tells it from all others and stays the same when chunks are merged. */
export interface LineKey {
  time: number;
  at: number;
  number: number;
  /** Its index in its batch. */
  item: number;
}

interface Head {
  /** Event times, each as the difference from the one before. */
  time: number[];
  /** Lengths of the messages in UTF-16 units. */
  length: number[];
  batches: [at: number, number: number][];
  /** For chunks of several batches: each line's batch, and its index there. Else the index of the first line. */
  batch?: number[];
  item?: number[];
  firstItem?: number;
}

/** Lines of one stream, ascending by key. */
export class Chunk {
  readonly times: readonly number[];
  readonly #ends: readonly number[];
  readonly #text: string;
  readonly #batches: readonly Batch[];
  readonly #batch: readonly number[] | undefined;
  readonly #items: readonly number[] | undefined;
  readonly #firstItem: number;
  readonly #head: Head;
  /** The chunk as it was written, where this one shows it otherwise. */
  readonly original: Chunk | undefined;

  constructor(head: Head, text: string, original?: Chunk) {
    this.#head = head;
    this.original = original;
    this.times = summed(head.time);
    this.#ends = summed(head.length);
    this.#text = text;
    this.#batches = head.batches.map(([at, number]) => ({ at, number }));
    this.#batch = head.batch;
    this.#items = head.item;
    this.#firstItem = head.firstItem ?? 0;
  }

  /** The same lines, each message as `rewrite` has it, of the same length. */
  rewritten(rewrite: (message: string, line: number) => string): Chunk {
    let text = "";
    for (let line = 0; line < this.lines; line += 1) text += rewrite(this.message(line), line);
    return text === this.#text ? this : new Chunk(this.#head, text, this);
  }

  get lines(): number {
    return this.times.length;
  }

  /** All messages behind each other. */
  get text(): string {
    return this.#text;
  }

  /** Index of the line at a position of `text`. */
  lineAt(position: number): number {
    let low = 0;
    let high = this.#ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ends[middle] as number) <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Where the line's message begins in `text`. */
  startOf(line: number): number {
    return line === 0 ? 0 : (this.#ends[line - 1] as number);
  }

  endOf(line: number): number {
    return this.#ends[line] as number;
  }

  time(line: number): number {
    return this.times[line] as number;
  }

  message(line: number): string {
    return this.#text.slice(this.startOf(line), this.endOf(line));
  }

  ingestion(line: number): number {
    return this.#batchOf(line).at;
  }

  key(line: number): LineKey {
    const { at, number } = this.#batchOf(line);
    return { time: this.time(line), at, number, item: this.#items?.[line] ?? this.#firstItem + line };
  }

  #batchOf(line: number): Batch {
    return this.#batches[this.#batch?.[line] ?? 0] as Batch;
  }
}

function summed(differences: readonly number[]): number[] {
  const sums = new Array<number>(differences.length);
  let sum = 0;
  for (let i = 0; i < differences.length; i += 1) {
    sum += differences[i] as number;
    sums[i] = sum;
  }
  return sums;
}

export function compareKeys(a: LineKey, b: LineKey): number {
  return a.time - b.time || a.at - b.at || a.number - b.number || a.item - b.item;
}

/** One line on its way into a chunk. */
export interface NewLine {
  key: LineKey;
  message: string;
}

/** The chunk of one batch: its events in order, from index `firstItem` of the call on. */
export function encodeBatch(
  events: readonly { timestamp: number; message: string }[],
  batch: Batch,
  firstItem: number,
): Promise<Buffer> {
  const time: number[] = [];
  const length: number[] = [];
  let text = "";
  let before = 0;
  for (const { timestamp, message } of events) {
    time.push(timestamp - before);
    before = timestamp;
    length.push(message.length);
    text += message;
  }
  return compressed({ time, length, batches: [[batch.at, batch.number]], firstItem }, text);
}

/** The chunk of lines of several batches, sorted by key. */
export function encodeLines(lines: readonly NewLine[]): Promise<Buffer> {
  const head: Required<Omit<Head, "firstItem">> = { time: [], length: [], batches: [], batch: [], item: [] };
  const known = new Map<string, number>();
  let text = "";
  let before = 0;
  for (const { key, message } of lines) {
    const name = `${key.at}-${key.number}`;
    let batch = known.get(name);
    if (batch === undefined) {
      batch = head.batches.push([key.at, key.number]) - 1;
      known.set(name, batch);
    }
    head.time.push(key.time - before);
    before = key.time;
    head.length.push(message.length);
    head.batch.push(batch);
    head.item.push(key.item);
    text += message;
  }
  return compressed(head, text);
}

async function compressed(head: Head, text: string): Promise<Buffer> {
  const json = JSON.stringify(head);
  const headBytes = Buffer.byteLength(json);
  const content = Buffer.allocUnsafe(lengthBytes + headBytes + Buffer.byteLength(text));
  content.writeUInt32LE(headBytes);
  content.write(json, lengthBytes);
  content.write(text, lengthBytes + headBytes);
  if (content.length <= smallBytes) return deflateRawSync(content, { level: compressionLevel });
  return await deflate(content, { level: compressionLevel });
}

export async function decodeChunk(bytes: Uint8Array): Promise<Chunk> {
  const content = bytes.length <= smallCompressedBytes ? inflateRawSync(bytes) : await inflate(bytes);
  const textAt = lengthBytes + content.readUInt32LE();
  const head = JSON.parse(content.toString("utf8", lengthBytes, textAt)) as Head;
  return new Chunk(head, content.toString("utf8", textAt));
}

/** A group's data key in the clear, for one call. */
export interface DataKey {
  number: number;
  key: Uint8Array;
}

/** A chunk's value: the number of the data key that seals it (0: none), and the chunk. `place` is authenticated. */
export function sealChunk(bytes: Uint8Array, place: string, key: DataKey | undefined): Buffer {
  const number = Buffer.alloc(lengthBytes);
  if (key === undefined) return Buffer.concat([number, bytes]);
  number.writeUInt32LE(key.number);
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", key.key, nonce).setAAD(Buffer.from(place));
  return Buffer.concat([number, nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
}

/** Number of the data key that a value is sealed under; 0 if none. */
export function keyNumberOf(value: Uint8Array): number {
  return asBuffer(value).readUInt32LE();
}

export function openChunk(value: Uint8Array, place: string, key: Uint8Array | undefined): Uint8Array {
  const rest = asBuffer(value).subarray(lengthBytes);
  if (key === undefined) return rest;
  const decipher = createDecipheriv("aes-256-gcm", key, rest.subarray(0, nonceBytes));
  decipher.setAAD(Buffer.from(place)).setAuthTag(rest.subarray(rest.length - tagBytes));
  return Buffer.concat([
    decipher.update(rest.subarray(nonceBytes, rest.length - tagBytes)),
    decipher.final(),
  ]);
}

function asBuffer(value: Uint8Array): Buffer {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}
