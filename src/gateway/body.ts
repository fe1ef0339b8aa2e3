import type { MaybePromise } from "../storage/maybe.ts";
import type { DirectRequest } from "./direct.ts";
import type { HttpRequest } from "./exchange.ts";
import { Refused } from "./refuse.ts";

/** Bodies of callers who have not proved themselves, and of the operations that AWS leaves unsigned. */
export const maxUnprovenBodyBytes = 1024 * 1024;
/** Bodies that are read whole. */
export const maxBodyBytes = 16 * 1024 * 1024;
/** A body that is read whole must have come by then; one that streams may pause this long. */
export const bodyTimeouts = { wholeMs: 120_000, pauseMs: 60_000 };

/** A body that is read whole. Most have come with their requests, and are at hand. */
export function readBody(
  request: HttpRequest,
  headers: Record<string, string | undefined>,
  maxBytes: number,
): MaybePromise<Buffer> {
  const declared = headers["content-length"];
  if (declared === "0") return empty;
  if (declared === undefined && headers["transfer-encoding"] === undefined && !(":authority" in headers))
    return empty;
  if (declared !== undefined && Number(declared) > maxBytes) throw tooLarge(maxBytes);
  return "body" in request ? request.body : collect(request, maxBytes);
}

function collect(request: Exclude<HttpRequest, DirectRequest>, maxBytes: number): Promise<Buffer> {
  return new Promise<Buffer>((resolve, reject) => {
    const reading: Reading = {
      untilMs: performance.now() + bodyTimeouts.wholeMs,
      giveUp() {
        request.pause();
        reject(new Refused("tooSlow", "The request's body did not arrive in time."));
      },
    };
    watch(reading);
    let first: Buffer | undefined;
    let rest: Buffer[] | undefined;
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) {
        readings.delete(reading);
        request.pause();
        reject(tooLarge(maxBytes));
      } else if (first === undefined) first = chunk;
      else if (rest === undefined) rest = [first, chunk];
      else rest.push(chunk);
    });
    let whole = false;
    request.on("end", () => {
      whole = true;
      readings.delete(reading);
      resolve(rest ? Buffer.concat(rest, bytes) : (first ?? empty));
    });
    request.on("error", (error) => {
      readings.delete(reading);
      reject(error);
    });
    request.on("close", () => {
      if (whole) return;
      readings.delete(reading);
      reject(new ClientGone());
    });
  });
}

interface Reading {
  /** By `performance.now()`. */
  untilMs: number;
  giveUp(): void;
}

/** Bodies that are being read. One timer watches them all: one for each took more time than the reading. */
const readings = new Set<Reading>();
let watching: NodeJS.Timeout | undefined;

function watch(reading: Reading): void {
  readings.add(reading);
  watching ??= setInterval(giveUpLate, Math.min(1_000, bodyTimeouts.wholeMs)).unref();
}

function giveUpLate(): void {
  const now = performance.now();
  for (const reading of readings) {
    // In the order in which they began, and so in that of their ends.
    if (reading.untilMs > now) return;
    readings.delete(reading);
    reading.giveUp();
  }
  if (readings.size > 0) return;
  clearInterval(watching);
  watching = undefined;
}

/** The pieces of a body as they come. Ends with ClientGone if the client leaves before its end. */
export async function* piecesOf(request: HttpRequest): AsyncGenerator<Buffer> {
  if ("body" in request) {
    if (request.body.length > 0) yield request.body;
    return;
  }
  let timer: NodeJS.Timeout | undefined;
  const pieces = request.iterator({ destroyOnReturn: false });
  const tooSlow = () => {
    request.destroy(new Refused("tooSlow", "The request's body did not arrive in time."));
  };
  try {
    timer = setTimeout(tooSlow, bodyTimeouts.pauseMs);
    for await (const piece of pieces as AsyncIterable<Buffer>) {
      timer.refresh();
      yield piece;
    }
  } catch (error) {
    throw error instanceof Refused ? error : new ClientGone();
  } finally {
    clearTimeout(timer);
  }
  // HTTP/2 ends a stream that was reset without an error.
  if (!request.complete) throw new ClientGone();
}

/** The client went away before its request was whole. */
export class ClientGone extends Error {}

const empty = Buffer.alloc(0);

function tooLarge(maxBytes: number): Refused {
  return new Refused("tooLarge", `Request size exceeded ${maxBytes} bytes`);
}
