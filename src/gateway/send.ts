import type { Http2ServerResponse } from "node:http2";
import type { WireResponse } from "../protocols/wire.ts";
import type { HttpRequest, HttpResponse } from "./exchange.ts";

/** A client that takes nothing more of its answer for so long is gone. */
const stalledReaderMs = 60_000;

/** What all answers have in common; the types of Node's overloads do not go together. */
interface Answer {
  writeHead(status: number, headers: string[]): void;
  write(bytes: Buffer): boolean;
  end(body?: string | Buffer): void;
}

/** Writes an answer; one whose body comes in pieces is written when the promise resolves. */
export function send(
  response: HttpResponse,
  wire: WireResponse,
  crossOrigin: readonly string[],
  request: HttpRequest,
): Promise<void> | undefined {
  const { body } = wire;
  if (response.destroyed || response.headersSent) return undefined;
  if (typeof body !== "string" && !Buffer.isBuffer(body)) {
    return sendPieces(response, wire, body[Symbol.asyncIterator](), crossOrigin, request);
  }
  writeHead(response, wire, crossOrigin, request);
  (response as Answer).end(body);
  return undefined;
}

async function sendPieces(
  response: HttpResponse,
  wire: WireResponse,
  pieces: AsyncIterator<Buffer>,
  crossOrigin: readonly string[],
  request: HttpRequest,
): Promise<void> {
  // What cannot be read at all shows before the head says otherwise.
  const first = await pieces.next();
  writeHead(response, wire, crossOrigin, request);
  await pour(response, pieces, first);
}

function writeHead(
  response: HttpResponse,
  wire: WireResponse,
  crossOrigin: readonly string[],
  request: HttpRequest,
): void {
  const { headers } = wire;
  headers.push(...crossOrigin);
  // A body that was refused unread would otherwise be taken for the next request on the connection.
  if (!request.complete && request.httpVersionMajor === 1) headers.push("Connection", "close");
  if (request.httpVersionMajor === 1) (response as Answer).writeHead(wire.status, headers);
  else writeHttp2Head(response as Http2ServerResponse, wire);
}

/** Writes pieces as fast as the client takes them, until it has them all or goes away. */
async function pour(
  response: HttpResponse,
  pieces: AsyncIterator<Buffer>,
  first: IteratorResult<Buffer>,
): Promise<void> {
  let wake: (() => void) | undefined;
  const awake = () => wake?.();
  response.on("drain", awake);
  response.on("close", awake);
  response.on("error", awake);
  try {
    for (let next = first; !next.done; next = await pieces.next()) {
      if (response.destroyed) return;
      const goesOn = (response as Answer).write(next.value);
      if (goesOn || response.destroyed) continue;
      const stalled = setTimeout(() => response.destroy(), stalledReaderMs);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      clearTimeout(stalled);
    }
    (response as Answer).end();
  } finally {
    await pieces.return?.();
  }
}

function writeHttp2Head(response: Http2ServerResponse, wire: WireResponse): void {
  response.statusCode = wire.status;
  for (let i = 0; i < wire.headers.length; i += 2) {
    const name = (wire.headers[i] as string).toLowerCase();
    const value = wire.headers[i + 1] as string;
    // Cookies alone come in several headers of one name.
    if (name === "set-cookie") response.appendHeader(name, value);
    else response.setHeader(name, value);
  }
}
