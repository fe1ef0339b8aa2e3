import { createServer as createHttp1, type Server as Http1Server, type ServerResponse } from "node:http";
import { createServer as createHttp2, type Http2Server } from "node:http2";
import { createServer as createTcp, type Server, type Socket } from "node:net";
import { createServer as createTls } from "node:tls";
import type { Logger } from "pino";
import { AwsError } from "../kit/errors.ts";
import { timedUuid } from "../kit/ids.ts";
import type { WireResponse } from "../protocols/wire.ts";
import { ClientGone } from "./body.ts";
import type { Gateway } from "./callTypes.ts";
import { isPreflight, originHeaders, preflightAnswer } from "./cors.ts";
import { nameOf } from "./dialect.ts";
import { DirectConnection } from "./direct.ts";
import { endpointAnswer } from "./endpoints.ts";
import { BadRequestLine, exchangeOf, type HttpRequest, type HttpResponse } from "./exchange.ts";
import { answer, errorResponse, Fault } from "./pipeline.ts";
import { send } from "./send.ts";

/** Limits on what one client may hold open or send. */
export const limits = {
  maxHeaderBytes: 32 * 1024,
  maxHeaders: 200,
  headersTimeoutMs: 15_000,
  keepAliveTimeoutMs: 65_000,
  maxConnections: 10_000,
  maxHttp2Streams: 250,
  firstByteTimeoutMs: 15_000,
};

/** Where HTTP/2 without TLS begins. https://www.rfc-editor.org/rfc/rfc9113#section-3.4 */
const http2Preface = "PRI * HTTP/2.0";

export interface ServerOptions {
  gateway: Gateway;
  log: Logger;
  tls?: { cert: string | Buffer; key: string | Buffer };
}

export interface Listening {
  port: number;
  close(): Promise<void>;
}

/** HTTP/1.1 and HTTP/2 on one port: the first bytes of a connection (or ALPN under TLS) tell which. */
export async function listen(options: ServerOptions, host: string, port: number): Promise<Listening> {
  const serve = (request: HttpRequest, response: HttpResponse) => {
    exchange(request, response, options).catch((error: unknown) => {
      // Not even the failure could be told: the connection ends, the process does not.
      options.log.fatal({ err: error }, "no answer could be written");
      response.destroy();
    });
  };
  const http1 = http1Server(serve);
  const http2 = http2Server(serve);
  const sockets = new Set<Socket>();
  const accept = (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
  };
  const server = options.tls ? tlsServer(options.tls, http1, http2, serve) : plainServer(http1, http2, serve);
  server.on(options.tls ? "secureConnection" : "connection", accept);
  server.maxConnections = limits.maxConnections;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => resolve());
  });
  // Node starts to watch for slow requests when its own server listens; this one is handed its connections.
  http1.emit("listening");
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      // Ends the watch; that it never listened itself is no error.
      http1.close(() => {});
      await closed;
    },
  };
}

type Serve = (request: HttpRequest, response: HttpResponse) => void;

/** The latest answer on a connection. */
const latest = Symbol("latest answer");
type AnsweredSocket = { [latest]?: ServerResponse };

function http1Server(serveAny: Serve): Http1Server {
  const serve: Serve = (request, response) => {
    (request.socket as AnsweredSocket)[latest] = response as ServerResponse;
    serveAny(request, response);
  };
  const server = createHttp1(
    {
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: limits.headersTimeoutMs,
      // A body may take as long as it needs, if it keeps coming: see body.ts.
      requestTimeout: 0,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: Math.min(5_000, limits.headersTimeoutMs),
      noDelay: true,
    },
    serve,
  );
  server.maxHeadersCount = limits.maxHeaders;
  server.on("checkContinue", serve);
  // Any other expectation is none that changes the answer.
  server.on("checkExpectation", serve);
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable) return void socket.destroy();
    // What follows a whole request cannot be read: that request still gets its answer, and first.
    const pending = (socket as AnsweredSocket)[latest];
    if (pending?.req.complete && !pending.writableFinished && !pending.destroyed) {
      pending.once("finish", () => socket.end());
      return;
    }
    const status =
      error.code === "HPE_HEADER_OVERFLOW"
        ? "431 Request Header Fields Too Large"
        : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
          ? "408 Request Timeout"
          : "400 Bad Request";
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  });
  return server;
}

function http2Server(serve: Serve): Http2Server {
  const server = createHttp2(
    {
      settings: { maxConcurrentStreams: limits.maxHttp2Streams, maxHeaderListSize: limits.maxHeaderBytes },
      maxHeaderListPairs: limits.maxHeaders,
      maxSessionMemory: 32,
    },
    serve,
  );
  server.on("checkContinue", serve);
  server.on("sessionError", () => {});
  server.on("session", (session) => session.setTimeout(limits.keepAliveTimeoutMs, () => session.close()));
  return server;
}

function plainServer(http1: Http1Server, http2: Http2Server, serve: Serve): Server {
  return createTcp({ noDelay: true, pauseOnConnect: false }, (socket) => {
    onFirstBytes(socket, (first) => {
      const preface = first.toString("latin1", 0, http2Preface.length);
      if (http2Preface.startsWith(preface) && preface.length > 2) handOver(http2, socket, first);
      else direct(http1, socket, serve).take(first);
    });
  });
}

/** Whoever connects must say something soon. */
function onFirstBytes(socket: Socket, take: (first: Buffer) => void): void {
  const tooLate = () => socket.destroy();
  socket.setTimeout(limits.firstByteTimeoutMs, tooLate);
  socket.once("data", (first: Buffer) => {
    socket.off("timeout", tooLate);
    take(first);
  });
}

/** Serves a connection of HTTP/1.1 directly for as long as that will do. */
function direct(http1: Http1Server, socket: Socket, serve: Serve): DirectConnection {
  return new DirectConnection(socket, serve, (from, piece) => handOver(http1, from, piece), limits);
}

/** Gives a connection to a server of Node's, with what was read of it. */
function handOver(server: Http1Server | Http2Server, socket: Socket, piece: Buffer): void {
  socket.setTimeout(0);
  socket.pause();
  server.emit("connection", socket);
  socket.unshift(piece);
  process.nextTick(() => socket.resume());
}

function tlsServer(
  tls: { cert: string | Buffer; key: string | Buffer },
  http1: Http1Server,
  http2: Http2Server,
  serve: Serve,
): Server {
  return createTls(
    { ...tls, ALPNProtocols: ["h2", "http/1.1"], minVersion: "TLSv1.2", handshakeTimeout: 15_000 },
    (socket) => {
      if (socket.alpnProtocol === "h2") http2.emit("connection", socket);
      else onFirstBytes(socket, (first) => direct(http1, socket, serve).take(first));
    },
  );
}

async function exchange(
  request: HttpRequest,
  response: HttpResponse,
  { gateway, log }: ServerOptions,
): Promise<void> {
  const requestId = timedUuid(gateway.clock.now());
  let crossOrigin: readonly string[] = [];
  try {
    const read = exchangeOf(request, requestId, response);
    const served = endpointAnswer(read, gateway);
    if (served !== undefined) return await send(response, await served, [], request);
    if (isPreflight(request)) return await send(response, await preflightAnswer(read, gateway), [], request);
    if (read.headers.origin !== undefined) crossOrigin = await originHeaders(read, gateway);
    const pouring = send(response, await answer(read, gateway), crossOrigin, request);
    if (pouring !== undefined) await pouring;
  } catch (error) {
    if (error instanceof ClientGone) return;
    if (response.headersSent) {
      // Half an answer cannot be taken back: the client learns by the connection's end.
      log.error({ requestId, err: error }, "an answer broke off");
      return void response.destroy();
    }
    if (error instanceof BadRequestLine) {
      const refused = new AwsError("InvalidRequest", error.message, { status: 400 });
      return await send(
        response,
        errorResponse(gateway, undefined, "awsQuery", refused, requestId),
        crossOrigin,
        request,
      );
    }
    log.error({ requestId, err: error instanceof Fault ? error.cause : error }, "internal failure");
    await send(response, failure(error, gateway, requestId), crossOrigin, request);
  }
}

/** The client of an internal fault learns the request id and nothing else. */
function failure(error: unknown, gateway: Gateway, requestId: string): WireResponse {
  const { protocol, service } =
    error instanceof Fault ? error : { protocol: "awsQuery" as const, service: undefined };
  const cause = error instanceof Fault ? error.cause : error;
  const kind = cause instanceof Error && cause.name === "StoreUnavailable" ? "unavailable" : "internal";
  const { code, status } = nameOf(kind, protocol);
  const message = `The request processing has failed because of an unknown error, exception or failure. Request id: ${requestId}`;
  return errorResponse(gateway, service, protocol, new AwsError(code, message, { status }), requestId);
}
