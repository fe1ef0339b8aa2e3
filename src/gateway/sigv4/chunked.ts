import { createHash, hash } from "node:crypto";
import type { Claim } from "./claim.ts";
import type { KeyCache } from "./keys.ts";
import { signatureMatches } from "./verify.ts";

/**
 * Bodies in `aws-chunked` encoding: signed chunk by chunk, or unsigned with trailing headers.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 */

/** The words of `x-amz-content-sha256` that announce such a body. */
export const streamingForms = new Map<string, { signed: boolean; trailer: boolean }>([
  ["STREAMING-AWS4-HMAC-SHA256-PAYLOAD", { signed: true, trailer: false }],
  ["STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", { signed: true, trailer: true }],
  ["STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD", { signed: true, trailer: false }],
  ["STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER", { signed: true, trailer: true }],
  ["STREAMING-UNSIGNED-PAYLOAD-TRAILER", { signed: false, trailer: true }],
]);

const maxChunkHeaderBytes = 512;
/** A signed chunk is held until its signature is judged; an unsigned one passes, however long it is. */
const maxChunkBytes = 16 * 1024 * 1024;
const maxTrailerBytes = 8 * 1024;
const emptyHash = hash("sha256", "", "hex");

export type ChunkProblem = "malformed" | "signature" | "length";

export class BadChunk extends Error {
  readonly problem: ChunkProblem;
  constructor(problem: ChunkProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}

export interface ChunkedOptions {
  form: { signed: boolean; trailer: boolean };
  claim: Claim;
  secret: string;
  keys: KeyCache;
  /** From `x-amz-decoded-content-length`. */
  decodedLength: number;
}

/**
 * Decodes and verifies an `aws-chunked` body as it passes. `push` returns the data that the chunks completed
 * so far prove; `end` throws unless the body closed with its final chunk, trailer and length.
 */
export class ChunkedBody {
  /** Trailing headers, once the body has ended. */
  readonly trailers: Record<string, string> = {};
  readonly #options: ChunkedOptions;
  #buffered: Buffer[] = [];
  #bufferedBytes = 0;
  /** Bytes that must be buffered before a look at them can lead further. */
  #neededBytes = 0;
  #previous: string;
  #decodedBytes = 0;
  #state: "chunk" | "trailer" | "done" = "chunk";
  /** Bytes of an unsigned chunk that are still to come, its line end included. */
  #passing = 0;

  constructor(options: ChunkedOptions) {
    this.#options = options;
    this.#previous = options.claim.signature;
  }

  push(arrived: Buffer): Buffer[] {
    const passed: Buffer[] = [];
    const bytes = this.#pass(arrived, passed);
    if (bytes.length === 0) return passed;
    this.#buffered.push(bytes);
    this.#bufferedBytes += bytes.length;
    if (this.#bufferedBytes < this.#neededBytes) return passed;
    const proven = passed;
    let rest = this.#buffered.length === 1 ? bytes : Buffer.concat(this.#buffered, this.#bufferedBytes);
    while (this.#state === "chunk") {
      const taken = this.#chunk(rest, proven);
      if (taken === 0) break;
      rest = rest.subarray(taken);
    }
    if (this.#state === "done" && rest.length > 0)
      throw new BadChunk("malformed", "The body goes on after its end.");
    if (this.#state === "trailer" && rest.length > maxTrailerBytes) {
      throw new BadChunk("malformed", "The trailing headers are too long.");
    }
    this.#buffered = rest.length > 0 ? [rest] : [];
    this.#bufferedBytes = rest.length;
    return proven;
  }

  /** Hands on what belongs to the unsigned chunk that is passing; returns what follows it. */
  #pass(bytes: Buffer, passed: Buffer[]): Buffer {
    if (this.#passing === 0) return bytes;
    const data = bytes.subarray(0, Math.max(0, Math.min(bytes.length, this.#passing - 2)));
    if (data.length > 0) passed.push(data);
    this.#count(data.length);
    this.#passing -= data.length;
    let at = data.length;
    for (; at < bytes.length && this.#passing > 0 && this.#passing <= 2; at += 1, this.#passing -= 1) {
      if (bytes[at] !== (this.#passing === 2 ? 0x0d : 0x0a)) {
        throw new BadChunk("malformed", "A chunk does not end where its size says.");
      }
    }
    return bytes.subarray(at);
  }

  #count(bytes: number): void {
    this.#decodedBytes += bytes;
    if (this.#decodedBytes > this.#options.decodedLength) {
      throw new BadChunk("length", "The body is longer than x-amz-decoded-content-length says.");
    }
  }

  /** Takes one whole chunk from `rest`; returns the bytes taken, 0 if it has not arrived whole. */
  #chunk(rest: Buffer, proven: Buffer[]): number {
    const lineEnd = rest.subarray(0, maxChunkHeaderBytes).indexOf("\r\n");
    if (lineEnd < 0) {
      if (rest.length >= maxChunkHeaderBytes)
        throw new BadChunk("malformed", "A chunk's header is too long.");
      return 0;
    }
    const { size, signature } = this.#header(rest.toString("latin1", 0, lineEnd));
    const start = lineEnd + 2;
    if (size === 0) return this.#lastChunk(rest, start, signature);
    if (!this.#options.form.signed) {
      this.#passing = size + 2;
      const left = this.#pass(rest.subarray(start), proven);
      return rest.length - left.length;
    }
    this.#neededBytes = start + size + 2;
    if (rest.length < this.#neededBytes) return 0;
    this.#neededBytes = 0;
    if (rest[start + size] !== 0x0d || rest[start + size + 1] !== 0x0a) {
      throw new BadChunk("malformed", "A chunk does not end where its size says.");
    }
    const data = rest.subarray(start, start + size);
    this.#proveChunk(data, signature);
    this.#count(size);
    proven.push(data);
    return start + size + 2;
  }

  #header(line: string): { size: number; signature: string } {
    const match = /^([0-9a-fA-F]{1,12})(?:;chunk-signature=([0-9a-f*]{1,160}))?$/.exec(line);
    const size = match?.[1] === undefined ? Number.NaN : Number.parseInt(match[1], 16);
    const largest = this.#options.form.signed ? maxChunkBytes : this.#options.decodedLength;
    if (!(size <= largest)) throw new BadChunk("malformed", "A chunk's header cannot be read.");
    const signature = match?.[2];
    if (this.#options.form.signed !== (signature !== undefined)) {
      throw new BadChunk("malformed", "A chunk's header cannot be read.");
    }
    return { size, signature: signature ?? "" };
  }

  #lastChunk(rest: Buffer, start: number, signature: string): number {
    if (this.#options.form.trailer) {
      this.#proveChunk(Buffer.alloc(0), signature);
      this.#state = "trailer";
      return start;
    }
    if (rest.length < start + 2) return 0;
    if (rest[start] !== 0x0d || rest[start + 1] !== 0x0a)
      throw new BadChunk("malformed", "The last chunk is not empty.");
    this.#proveChunk(Buffer.alloc(0), signature);
    this.#state = "done";
    return start + 2;
  }

  #prove(kind: "PAYLOAD" | "TRAILER", body: string, signature: string): void {
    const { claim, secret, keys } = this.#options;
    const stringToSign = `${claim.algorithm}-${kind}\n${claim.timestamp}\n${claim.scope}\n${this.#previous}\n${body}`;
    // SigV4A pads chunk signatures with "*" to a fixed length, because DER signatures vary in theirs.
    const unpadded = signature.replace(/\*+$/, "");
    if (!signatureMatches(stringToSign, claim, secret, keys, unpadded)) {
      throw new BadChunk(
        "signature",
        "The chunk signature we calculated does not match the one you provided.",
      );
    }
    this.#previous = unpadded;
  }

  #proveChunk(data: Buffer, signature: string): void {
    if (!this.#options.form.signed) return;
    const dataHash = createHash("sha256").update(data).digest("hex");
    this.#prove("PAYLOAD", `${emptyHash}\n${dataHash}`, signature);
  }

  /** Call when the transport's body has ended. */
  end(): void {
    if (this.#state === "trailer") this.#readTrailer(Buffer.concat(this.#buffered).toString("latin1"));
    else if (this.#state !== "done") throw new BadChunk("length", "The body ended before its last chunk.");
    if (this.#decodedBytes !== this.#options.decodedLength) {
      throw new BadChunk("length", "The body is shorter than x-amz-decoded-content-length says.");
    }
  }

  #readTrailer(text: string): void {
    if (!text.endsWith("\r\n\r\n"))
      throw new BadChunk("length", "The body ended within its trailing headers.");
    let signature: string | undefined;
    let canonical = "";
    for (const line of text.slice(0, -4).split("\r\n")) {
      // One spelling only: what a signature does not cover must not vary.
      const [, name = "", value = ""] = /^([a-z0-9-]+):(\S+)$/.exec(line) ?? [];
      if (name === "" || Object.hasOwn(this.trailers, name))
        throw new BadChunk("malformed", "A trailing header cannot be read.");
      if (name === "x-amz-trailer-signature") {
        signature = value;
        continue;
      }
      if (signature !== undefined)
        throw new BadChunk("malformed", "A trailing header follows the trailer's signature.");
      this.trailers[name] = value;
      canonical += `${name}:${value}\n`;
    }
    this.#state = "done";
    if (!this.#options.form.signed) return;
    if (signature === undefined) throw new BadChunk("signature", "The trailing headers are not signed.");
    this.#prove("TRAILER", hash("sha256", canonical, "hex"), signature);
  }
}
