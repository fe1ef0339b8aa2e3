import type { StructureShape } from "./contract.ts";
import type { WireRequest, WireResponse } from "./wire.ts";

/** An error with everything that the contract knows of it. */
export interface ResolvedError {
  /** The modelled shape, absent for AWS's common errors. */
  shape?: StructureShape;
  /** Shape name, or the common error's own name. JSON services name the shape, not the wire code. */
  name: string;
  /** The code of the query and REST-XML protocols: "NoSuchEntity" of `NoSuchEntityException`. */
  code: string;
  status: number;
  fault: "client" | "server";
  message: string;
  members: Record<string, unknown>;
  headers?: Readonly<Record<string, string>>;
}

export type ReadRequest = (request: WireRequest) => Record<string, unknown>;
export type WriteResponse = (output: Record<string, unknown>, requestId: string) => WireResponse;

/** One wire protocol over one contract. Readers and writers are compiled by the call that asks for them. */
export interface ProtocolCodec {
  reader(operation: string): ReadRequest;
  writer(operation: string): WriteResponse;
  writeError(error: ResolvedError, requestId: string): WireResponse;
}

/** `Type;Code` and so on as the JSON and CBOR protocols of formerly query services send it. */
export function queryErrorHeader(error: ResolvedError): string {
  return `${error.code};${error.fault === "client" ? "Sender" : "Receiver"}`;
}

/** An answer with its length, which `writeHead` does not work out; one in pieces has told its own. */
export function response(status: number, headers: string[], body: WireResponse["body"]): WireResponse {
  if (headers.includes("Content-Length")) return { status, headers, body };
  if (typeof body !== "string" && !Buffer.isBuffer(body))
    throw new Error("output: a stream without a length");
  headers.push("Content-Length", String(typeof body === "string" ? Buffer.byteLength(body) : body.length));
  return { status, headers, body };
}
