import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";

/**
 * The Runtime API, as AWS documents it, so that a runtime written for AWS runs here unchanged.
 * https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */

/** Largest answer that is not streamed. */
export const maxResponseBytes = 6_291_556;
/** https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html */
const maxStreamedBytes = 200 * 1024 * 1024;
const maxErrorBytes = 256 * 1024;

/** What an environment's runtime may ask and say. */
export interface RuntimeSide {
  /** The next invocation, once there is one; undefined if the environment ends. */
  next(): Promise<NextInvocation | undefined>;
  /** Id of the invocation that runs. */
  readonly currentId: string | undefined;
  responded(body: Buffer, contentType: string | undefined): void;
  responseTooLarge(): void;
  /** The answer is handed on as it comes. */
  streamBegins(contentType: string | undefined): void;
  streamPiece(piece: Buffer): boolean;
  streamEnds(error: FunctionError | undefined): void;
  /** Resolves when more pieces may come. */
  drained(): Promise<void>;
  failed(error: Buffer, type: string | undefined): void;
  initFailed(error: Buffer, type: string | undefined): void;
}

export interface FunctionError {
  type: string;
  body: Buffer | undefined;
}

export interface NextInvocation {
  headers: readonly string[];
  payload: Buffer;
}

const sides = new WeakMap<Socket, RuntimeSide>();

/** One server for all environments: whose request it is, its connection tells. */
export function runtimeApiServer(): { server: Server; accept(socket: Socket, side: RuntimeSide): void } {
  const server = createServer(
    { keepAliveTimeout: 0, requestTimeout: 0, noDelay: true },
    (request, response) => {
      serve(request, response).catch(() => response.destroy());
    },
  );
  // Connections are handed over, and close with their environment.
  server.timeout = 0;
  return {
    server,
    accept(socket, side) {
      socket.on("error", () => socket.destroy());
      sides.set(socket, side);
      server.emit("connection", socket);
    },
  };
}

const path =
  /^\/2018-06-01\/runtime\/(?:(invocation\/next)|invocation\/([^/]+)\/(response|error)|(init\/error))$/;

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const side = sides.get(request.socket);
  if (side === undefined) return void response.destroy();
  const [, next, id, what, init] = path.exec(request.url ?? "") ?? [];
  if (next !== undefined && request.method === "GET") return await answerNext(side, response);
  if (request.method !== "POST" || (what ?? init) === undefined) {
    request.resume();
    return refuse(response, 404, "NotFound", "404 page not found");
  }
  const type = headerOf(request, "lambda-runtime-function-error-type");
  if (init !== undefined) {
    side.initFailed((await bodyOf(request, maxErrorBytes)) ?? Buffer.alloc(0), type);
    return accepted(response);
  }
  if (id !== side.currentId) {
    request.resume();
    return refuse(response, 400, "InvalidRequestID", "Invalid request ID");
  }
  if (what === "error") {
    side.failed((await bodyOf(request, maxErrorBytes)) ?? Buffer.alloc(0), type);
    return accepted(response);
  }
  if (headerOf(request, "lambda-runtime-function-response-mode")?.toLowerCase() === "streaming")
    return await takeStream(side, request, response);
  const body = await bodyOf(request, maxResponseBytes);
  if (body === undefined) {
    side.responseTooLarge();
    const message = `Exceeded maximum allowed payload size (${maxResponseBytes} bytes).`;
    return refuse(response, 413, "RequestEntityTooLarge", message);
  }
  side.responded(body, headerOf(request, "content-type"));
  accepted(response);
}

async function answerNext(side: RuntimeSide, response: ServerResponse): Promise<void> {
  const invocation = await side.next();
  if (invocation === undefined || response.destroyed) return void response.destroy();
  response.sendDate = false;
  response.writeHead(200, [
    ...invocation.headers,
    "Content-Type",
    "application/json",
    "Content-Length",
    String(invocation.payload.length),
  ]);
  response.end(invocation.payload);
}

async function takeStream(
  side: RuntimeSide,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  side.streamBegins(headerOf(request, "content-type"));
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > maxStreamedBytes) {
      side.streamEnds({ type: "Function.ResponseSizeTooLarge", body: undefined });
      return refuse(response, 413, "RequestEntityTooLarge", "The response is too large.");
    }
    if (!side.streamPiece(piece)) await side.drained();
  }
  const type = request.trailers["lambda-runtime-function-error-type"];
  const text = request.trailers["lambda-runtime-function-error-body"];
  side.streamEnds(
    type === undefined ? undefined : { type, body: text ? Buffer.from(text, "base64") : undefined },
  );
  accepted(response);
}

function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** The body; undefined where it is larger than it may be. */
async function bodyOf(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes <= maxBytes) pieces.push(piece);
  }
  return bytes > maxBytes ? undefined : pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
}

const ok = Buffer.from('{"status":"OK"}');

function accepted(response: ServerResponse): void {
  response.sendDate = false;
  response.writeHead(202, ["Content-Type", "application/json", "Content-Length", String(ok.length)]);
  response.end(ok);
}

function refuse(response: ServerResponse, status: number, errorType: string, errorMessage: string): void {
  const body = JSON.stringify({ errorMessage, errorType });
  response.writeHead(status, {
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(body),
  });
  response.end(body);
}
