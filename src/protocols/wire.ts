import type { Protocol } from "./contract.ts";

/** One HTTP request, as the protocols see it. Header names are in lower case. */
export interface WireRequest {
  method: string;
  /** Path as sent, still percent-encoded, without the query. */
  path: string;
  /** Query as sent, without "?"; "" if none. */
  query: string;
  headers: Record<string, string | undefined>;
  body: Buffer;
  /** Parameters of the query and of a form body, once they were read: see form.ts. */
  parameters?: Map<string, string>;
}

/** One HTTP answer. `headers` alternates names and values, as `writeHead` takes them fastest. */
export interface WireResponse {
  status: number;
  headers: string[];
  /** Pieces, for what is too large to be held: their length stands among the headers. */
  body: Buffer | string | AsyncIterable<Buffer>;
}

/** An error as a client sees it. `code` is a shape name of the contract (or its wire code) or one of AWS's common errors. */
export interface WireError {
  code: string;
  message: string;
  /** HTTP status; left out, the contract's. */
  status?: number;
  fault?: "client" | "server";
  /** Further members of the modelled error. */
  members?: Record<string, unknown>;
  headers?: Readonly<Record<string, string>>;
}

/** One operation of one contract, compiled on first use. */
export interface OperationCodec {
  readonly name: string;
  /** Reads the input from the wire. Throws `SerializationError` on what the contract cannot express. */
  read(protocol: Protocol, request: WireRequest): Record<string, unknown>;
  /** Checks the contract's constraints. Throws `ValidationFailure` listing each violation in AWS's words. */
  validate(input: Record<string, unknown>): void;
  write(protocol: Protocol, output: Record<string, unknown>, requestId: string): WireResponse;
}

export interface ServiceCodec {
  operation(name: string): OperationCodec | undefined;
  writeError(protocol: Protocol, error: WireError, requestId: string): WireResponse;
  /** Reads an input from a parsed JSON document, whatever wires the service speaks. */
  readDocument(operation: string, document: Record<string, unknown>): Record<string, unknown>;
}
