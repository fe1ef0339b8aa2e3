import type { FinishedBody } from "../storage/bodyFile.ts";
import type { DigestName } from "./digests.ts";

/** A body that came whole and proved to be what was signed, with what was to be known of it. */
export interface StreamedBody {
  readonly size: number;
  readonly digests: Readonly<Partial<Record<DigestName, Buffer>>>;
  /** Headers that came behind the body, in lower case. */
  readonly trailers: Readonly<Record<string, string>>;
  /** Small bodies are in memory, large ones on disk. */
  readonly content: Buffer | FinishedBody;
}

export interface ByteRange {
  /** Inclusive. */
  start?: number;
  /** Exclusive. */
  end?: number;
}

/**
 * Bodies that this transaction names: small ones stand in rows, large ones in files. `under` is a key of 32 bytes
 * without which the body does not open again; it is not kept.
 */
export interface Bytes {
  /** Keeps a body once this transaction commits; the id under which it opens. */
  keep(body: StreamedBody, under?: Uint8Array): string;
  /** The same bytes under a further id, and a key of its own; as cheap for large bodies as for small ones. */
  share(id: string, under?: Uint8Array, newUnder?: Uint8Array): Promise<string>;
  /** Bytes of a body: at once where it is small, else in pieces. Throws `WrongKey`. */
  open(id: string, range?: ByteRange, under?: Uint8Array): Promise<Buffer | AsyncIterable<Buffer>>;
  /** Gives a body up. */
  remove(id: string): Promise<void>;
}

/** What an operation says of the body that streams into it. */
export interface BodyOptions<Input, Ctx> {
  /** What is to be computed while the body passes; `trailers` are the headers announced to come behind it. */
  digests(input: Input, trailers: readonly string[]): readonly DigestName[];
  /** Largest body, in bytes; a longer one is refused unread. */
  maxBytes: number;
  /**
   * Bytes that come from elsewhere than from the client: a copy. Runs when the call is authorized, before the
   * transaction of the call itself; undefined where the handler needs no bytes.
   */
  from?(input: Input, ctx: Ctx): Promise<AsyncIterable<Buffer> | undefined>;
}
