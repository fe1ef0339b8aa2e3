/** Drives official clients without a network: what they would send, and what they make of our answers. */
import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import type { Contract, Protocol } from "./contract.ts";
import { identify, serviceCodec } from "./index.ts";
import type { WireError, WireRequest, WireResponse } from "./wire.ts";

export const requestId = "8d1d3cd0-4fd1-4f0b-9a5c-1d0a6a3c1f11";

export function contractOf(service: string): Contract {
  const file = new URL(`../../build/contracts/${service}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")) as Contract;
}

/** A request as `@smithy/core` hands it to a client's transport. */
interface ClientRequest {
  method: string;
  path: string;
  query: Record<string, string | string[] | null>;
  headers: Record<string, string>;
  body?: unknown;
}

export async function wireRequest(request: ClientRequest): Promise<WireRequest> {
  const pairs: string[] = [];
  for (const [name, value] of Object.entries(request.query ?? {})) {
    for (const item of Array.isArray(value) ? value : [value]) {
      const suffix = item === null ? "" : `=${encodeURIComponent(item)}`;
      pairs.push(encodeURIComponent(name) + suffix);
    }
  }
  const headers: WireRequest["headers"] = {};
  for (const [name, value] of Object.entries(request.headers)) headers[name.toLowerCase()] = value;
  return {
    method: request.method,
    path: request.path,
    query: pairs.join("&"),
    headers,
    body: await bytesOfBody(request.body),
  };
}

async function bytesOfBody(body: unknown): Promise<Buffer> {
  if (body === undefined || body === null) return Buffer.alloc(0);
  if (typeof body === "string") return Buffer.from(body);
  if (body instanceof Uint8Array) return Buffer.from(body);
  const chunks: Buffer[] = [];
  for await (const chunk of body as AsyncIterable<Uint8Array>) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** Answers the client's request from `answer`. Give it to a client as `requestHandler`. */
export function transport(answer: (request: WireRequest) => WireResponse) {
  return {
    async handle(request: ClientRequest) {
      const { status, headers, body } = answer(await wireRequest(request));
      const named: Record<string, string> = {};
      for (let index = 0; index < headers.length; index += 2) {
        named[(headers[index] as string).toLowerCase()] = headers[index + 1] as string;
      }
      const whole = typeof body === "string" || Buffer.isBuffer(body) ? [Buffer.from(body)] : body;
      return { response: { statusCode: status, headers: named, body: Readable.from(whole) } };
    },
    updateHttpClientConfig() {},
    httpHandlerConfigs: () => ({}),
  };
}

export const clientConfig = {
  region: "us-east-1",
  endpoint: "http://localhost:1",
  credentials: { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "secret" },
  maxAttempts: 1,
};

export interface Exchange {
  protocol: Protocol;
  operation: string;
  /** What the server read. */
  input: Record<string, unknown>;
  request: WireRequest;
  response: WireResponse;
}

/** A client transport that serves one contract, recording each exchange. */
export function server(
  contract: Contract,
  answer: (operation: string) => Record<string, unknown> | WireError,
) {
  const codec = serviceCodec(contract);
  const exchanges: Exchange[] = [];
  const requestHandler = transport((request) => {
    const found = identify(contract, request);
    if (!found) throw new Error(`no operation in ${request.method} ${request.path}?${request.query}`);
    const { protocol, operation } = found;
    const compiled = codec.operation(operation);
    if (!compiled) throw new Error(operation);
    const input = compiled.read(protocol, request);
    const output = answer(operation);
    const response =
      "code" in output
        ? codec.writeError(protocol, output as WireError, requestId)
        : compiled.write(protocol, output, requestId);
    exchanges.push({ protocol, operation, input, request, response });
    return response;
  });
  return { requestHandler, exchanges };
}

/** A hand-made request. */
export function request(parts: Partial<Omit<WireRequest, "body">> & { body?: string | Buffer }): WireRequest {
  return {
    method: "POST",
    path: "/",
    query: "",
    headers: {},
    ...parts,
    body: typeof parts.body === "string" ? Buffer.from(parts.body) : (parts.body ?? Buffer.alloc(0)),
  };
}
