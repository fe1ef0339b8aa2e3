import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";

export interface RawAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

export interface RawRequest {
  method?: string;
  path?: string;
  query?: string;
  headers?: Record<string, string | string[]>;
  body?: Buffer | string;
  /** Of a server under TLS. */
  ca?: string;
}

/** Sends one request that no SDK would send. */
export function send(
  port: number,
  { method = "POST", path = "/", query = "", headers = {}, body = "", ca }: RawRequest,
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const request = (ca === undefined ? httpRequest : httpsRequest)(
      {
        ca,
        host: "127.0.0.1",
        port,
        method,
        path: query === "" ? path : `${path}?${query}`,
        headers,
        agent: false,
      },
      (response) => {
        const { statusCode: status = 0, headers: answered } = response;
        // A stream of events may go on for hours.
        if (answered["content-type"] === "application/vnd.amazon.eventstream") {
          response.destroy();
          return resolve({ status, headers: answered, body: "" });
        }
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () =>
          resolve({
            status,
            headers: answered,
            body: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    request.on("error", reject);
    request.end(body);
  });
}

/** Writes bytes to the port as they are; resolves with what came back when the server closes or `ms` pass. */
export function sendBytes(port: number, pieces: (Buffer | string)[], ms = 2_000): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let answer = "";
    const timer = setTimeout(() => socket.destroy(), ms);
    socket.on("data", (chunk) => {
      answer += chunk.toString("latin1");
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(answer);
    });
    socket.on("connect", () => {
      for (const piece of pieces) socket.write(piece);
    });
  });
}
