import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { TLSSocket } from "node:tls";
import type { RequestFacts } from "../kit/context.ts";
import type { DirectRequest, DirectResponse } from "./direct.ts";
import { headerSeparator } from "./sigv4/canonical.ts";

export type HttpRequest = IncomingMessage | Http2ServerRequest | DirectRequest;
export type HttpResponse = ServerResponse | Http2ServerResponse | DirectResponse;

/** One HTTP request, its headers read, its body still to come. */
export interface Exchange {
  requestId: string;
  method: string;
  /** Percent-encoded, as sent. */
  path: string;
  query: string;
  headers: Record<string, string | undefined>;
  request: HttpRequest;
  facts: RequestFacts;
  /** The client waits for "100 Continue" before it sends its body. */
  awaited: boolean;
  /** Tells it to go on. */
  proceed(): void;
}

/** A header that decides what is asked, or of whom, stands once or not at all. */
const standsOnce = new Set([
  "authorization",
  "host",
  "content-length",
  "content-type",
  "content-encoding",
  "x-amz-content-sha256",
  "x-amz-date",
  "x-amz-decoded-content-length",
  "x-amz-security-token",
  "x-amz-target",
]);

export class BadRequestLine extends Error {}

/** Names in lower case, as they came: there are few, and each request has them all. */
const lowerNames = new Map<string, string>();
const maxLowerNames = 1_000;
const maxLowerChars = 64;

function lowerName(name: string): string {
  const known = lowerNames.get(name);
  if (known !== undefined) return known;
  // Copies: a part of a text keeps the whole of it in memory.
  const lower = Buffer.from(name.toLowerCase(), "latin1").toString("latin1");
  if (lowerNames.size < maxLowerNames && name.length <= maxLowerChars)
    lowerNames.set(Buffer.from(name, "latin1").toString("latin1"), lower);
  return lower;
}

/** Headers by lower-case name; repeated ones joined by NUL, so that a signature sees each value. */
export function headersOf(raw: readonly string[]): Record<string, string | undefined> {
  const headers: Record<string, string | undefined> = Object.create(null);
  for (let i = 0; i < raw.length; i += 2) {
    const name = lowerName(raw[i] as string);
    const value = raw[i + 1] as string;
    const known = headers[name];
    if (known === undefined) headers[name] = value;
    else if (standsOnce.has(name)) throw new BadRequestLine(`The header ${name} stands more than once.`);
    else headers[name] = known + headerSeparator + value;
  }
  // HTTP/2 names the host in a pseudo-header, and signatures cover it as "host".
  headers.host ??= headers[":authority"];
  return headers;
}

export function exchangeOf(request: HttpRequest, requestId: string, response: HttpResponse): Exchange {
  const url = request.url ?? "/";
  const mark = url.indexOf("?");
  const headers = headersOf(request.rawHeaders);
  const target = mark < 0 ? url : url.slice(0, mark);
  return {
    requestId,
    method: request.method ?? "GET",
    path: target.startsWith("/") ? target : pathOfAbsolute(target),
    query: mark < 0 ? "" : url.slice(mark + 1),
    headers,
    request,
    facts: factsOf(request, headers),
    awaited: headers.expect?.toLowerCase() === "100-continue",
    proceed() {
      if (!this.awaited) return;
      this.awaited = false;
      // A request that waits for it has not come whole, and so is none that came directly.
      (response as ServerResponse | Http2ServerResponse).writeContinue();
    },
  };
}

/** The path of a request line in absolute form, which proxies send; "*" and the like have none. */
function pathOfAbsolute(target: string): string {
  const match = /^https?:\/\/[^/]*(\/.*)?$/i.exec(target);
  if (match === null) throw new BadRequestLine("The request line has no path.");
  return match[1] ?? "/";
}

const mappedIpv4 = "::ffff:";

function factsOf(request: HttpRequest, headers: Record<string, string | undefined>): RequestFacts {
  const socket = request.socket;
  const address = socket.remoteAddress ?? "";
  const tls = "getCipher" in socket ? (socket as TLSSocket) : undefined;
  return {
    sourceIp: address.startsWith(mappedIpv4) ? address.slice(mappedIpv4.length) : address,
    userAgent: headers["user-agent"] ?? "",
    secure: tls !== undefined,
    host: headers.host ?? "",
    serverSideEncryption: headers["x-amz-server-side-encryption"],
    method: request.method,
    url: request.url,
    referer: headers.referer,
    contentSha256: headers["x-amz-content-sha256"],
    signature: undefined,
    tls: tls && { version: tls.getProtocol() ?? "", cipherSuite: tls.getCipher()?.standardName ?? "" },
  };
}

/** Calls `gone` when the client leaves before it has its answer; returns how to stop that. */
export function onGone(request: HttpRequest, gone: () => void): () => void {
  const source = "stream" in request ? request.stream : request.socket;
  source.once("close", gone);
  return () => source.off("close", gone);
}
