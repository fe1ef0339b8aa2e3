import type { HttpRequest } from "./exchange.ts";
import { Refused } from "./refuse.ts";

/** Bodies of callers who have not proved themselves, and of the operations that AWS leaves unsigned. */
export const maxUnprovenBodyBytes = 1024 * 1024;
/** Bodies that are read whole. */
export const maxBodyBytes = 16 * 1024 * 1024;

/** A body can arrive with the request's first packet, so most are read without waiting. */
export async function readBody(
  request: HttpRequest,
  headers: Record<string, string | undefined>,
  maxBytes: number,
): Promise<Buffer> {
  const declared = headers["content-length"];
  if (declared === "0") return empty;
  if (declared === undefined && headers["transfer-encoding"] === undefined && !(":authority" in headers))
    return empty;
  if (declared !== undefined && Number(declared) > maxBytes) throw tooLarge(maxBytes);
  return await new Promise<Buffer>((resolve, reject) => {
    let first: Buffer | undefined;
    let rest: Buffer[] | undefined;
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) {
        request.pause();
        reject(tooLarge(maxBytes));
      } else if (first === undefined) first = chunk;
      else if (rest === undefined) rest = [first, chunk];
      else rest.push(chunk);
    });
    let whole = false;
    request.on("end", () => {
      whole = true;
      resolve(rest ? Buffer.concat(rest, bytes) : (first ?? empty));
    });
    request.on("error", reject);
    request.on("close", () => {
      if (!whole) reject(new ClientGone());
    });
  });
}

/** The client went away before its request was whole. */
export class ClientGone extends Error {}

const empty = Buffer.alloc(0);

function tooLarge(maxBytes: number): Refused {
  return new Refused("tooLarge", `Request size exceeded ${maxBytes} bytes`);
}
