import { createHash, type Hash, hash } from "node:crypto";
import { chain, type MaybePromise } from "../storage/maybe.ts";
import { piecesOf, readBody } from "./body.ts";
import type { Exchange } from "./exchange.ts";
import { Refused } from "./refuse.ts";
import { BadChunk, type ChunkedBody } from "./sigv4/chunked.ts";

/**
 * A body whose request has proved itself by its headers, and which is still to come. What it yields may be looked
 * at and staged, but counts only once it has ended without a refusal.
 */
export interface Incoming {
  /** Bytes of the payload, at most, as the headers tell. */
  readonly size: number;
  /** Names of the trailing headers that are to come; and the headers, once the body has ended. */
  readonly announced: readonly string[];
  readonly trailers: Readonly<Record<string, string>>;
  /** The client waits for a word before it sends the body. */
  readonly isAwaited: boolean;
  /** A small body at once. */
  whole(maxBytes: number): MaybePromise<Buffer>;
  /** The payload in pieces. Throws Refused if it is not the one that was signed. */
  pieces(): AsyncIterable<Buffer>;
}

/** A body that is there already. */
export function arrived(body: Buffer): Incoming {
  return {
    size: body.length,
    announced: [],
    trailers: {},
    isAwaited: false,
    whole: () => body,
    async *pieces() {
      yield body;
    },
  };
}

/** A body on its way from the client. */
export class Arriving implements Incoming {
  readonly size: number;
  readonly #exchange: Exchange;
  readonly #proof: BodyProof;

  constructor(exchange: Exchange, proof: BodyProof, size: number) {
    this.#exchange = exchange;
    this.#proof = proof;
    this.size = size;
  }

  get trailers(): Readonly<Record<string, string>> {
    return this.#proof.trailers;
  }

  get announced(): readonly string[] {
    const names = this.#exchange.headers["x-amz-trailer"] ?? "";
    return names === "" ? [] : names.toLowerCase().split(/\s*,\s*/);
  }

  get isAwaited(): boolean {
    return this.#exchange.awaited;
  }

  whole(maxBytes: number): MaybePromise<Buffer> {
    this.#exchange.proceed();
    const { request, headers } = this.#exchange;
    return chain(readBody(request, headers, maxBytes), (raw) => this.#proof.whole(raw));
  }

  async *pieces(): AsyncGenerator<Buffer> {
    this.#exchange.proceed();
    for await (const raw of piecesOf(this.#exchange.request)) yield* this.#proof.push(raw);
    this.#proof.end();
  }
}

/** Holds a body against what its request said of it, as it passes or at once. All methods throw Refused. */
export interface BodyProof {
  /** The payload of a body that is there already. */
  whole(raw: Buffer): Buffer;
  push(raw: Buffer): Buffer[];
  end(): void;
  readonly trailers: Readonly<Record<string, string>>;
}

const noTrailers: Readonly<Record<string, string>> = {};

/** Nothing was signed for the body, or nothing more than its length. */
export const unproven: BodyProof = {
  whole: (raw) => raw,
  push: (raw) => [raw],
  end: () => {},
  trailers: noTrailers,
};

const mismatch =
  "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";

/** The body's SHA-256 was signed. */
export class HashProof implements BodyProof {
  readonly trailers = noTrailers;
  readonly #declared: string;
  /** Made for bodies that stream: its native part costs the garbage collector far more than a hash in one shot. */
  #hash: Hash | undefined;

  constructor(declared: string) {
    this.#declared = declared;
  }

  whole(raw: Buffer): Buffer {
    this.#check(hash("sha256", raw, "hex"));
    return raw;
  }

  push(raw: Buffer): Buffer[] {
    this.#hash ??= createHash("sha256");
    this.#hash.update(raw);
    return [raw];
  }

  end(): void {
    this.#check(this.#hash?.digest("hex") ?? hash("sha256", "", "hex"));
  }

  #check(digest: string): void {
    // Neither is a secret: the client sent both the body and its hash.
    if (digest === this.#declared) return;
    throw new Refused("payloadMismatch", mismatch, "the body is not the one that was signed");
  }
}

/** The body comes in chunks, each signed, or with trailing headers. */
export class ChunkProof implements BodyProof {
  readonly #chunks: ChunkedBody;

  constructor(chunks: ChunkedBody) {
    this.#chunks = chunks;
  }

  get trailers(): Readonly<Record<string, string>> {
    return this.#chunks.trailers;
  }

  whole(raw: Buffer): Buffer {
    const pieces = this.push(raw);
    this.end();
    return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
  }

  push(raw: Buffer): Buffer[] {
    return orRefused(() => this.#chunks.push(raw));
  }

  end(): void {
    orRefused(() => this.#chunks.end());
  }
}

function orRefused<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof BadChunk)) throw error;
    throw new Refused(error.problem === "signature" ? "badSignature" : "incompleteBody", error.message);
  }
}
