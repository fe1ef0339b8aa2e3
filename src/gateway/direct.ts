import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";

/**
 * The short way for the requests that most clients send most of the time: whole, in one piece, plain HTTP/1.1.
 * Node's own server takes two and a half times as long for them. Whatever is not exactly so goes to Node's server,
 * and its connection stays there: it knows about slow clients, chunks, expectations, upgrades and everything odd.
 */

/** A request that came in one piece, its body with it. */
export interface DirectRequest {
  readonly method: string;
  readonly url: string;
  /** Names and values in turn, as sent. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  readonly socket: Socket;
  readonly complete: true;
  readonly httpVersionMajor: 1;
}

export interface DirectLimits {
  keepAliveTimeoutMs: number;
  maxHeaders: number;
}

/** Longer heads are Node's server's. */
const maxHeadBytes = 8 * 1024;

const requestLine = /^(GET|POST|PUT|DELETE) (\/[!-~]*) HTTP\/1\.1\r\n/;
/** One header, as RFC 9112 has it, without folds. */
const headerLine = /[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~\x80-\xff]*\r\n/y;
/** Headers that change how a request is read, or what becomes of its connection. */
const changesTheRest =
  /^(?:connection|expect|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade)$/i;
const noBody = Buffer.alloc(0);

/** The request that a piece of a connection is, exactly; undefined if it is less, more, or anything but simple. */
export function readWhole(piece: Buffer, socket: Socket, maxHeaders: number): DirectRequest | undefined {
  const text = piece.toString("latin1", 0, Math.min(piece.length, maxHeadBytes));
  const end = text.indexOf("\r\n\r\n");
  const line = requestLine.exec(text);
  if (end < 0 || line === null) return undefined;
  const rawHeaders: string[] = [];
  let length: string | undefined;
  let hasHost = false;
  let at = line[0].length;
  while (at < end + 2) {
    headerLine.lastIndex = at;
    if (!headerLine.test(text) || rawHeaders.length >= 2 * maxHeaders) return undefined;
    const colon = text.indexOf(":", at);
    const name = text.slice(at, colon);
    const value = withoutSpace(text, colon + 1, headerLine.lastIndex - 2);
    if (changesTheRest.test(name) && !(/^connection$/i.test(name) && /^keep-alive$/i.test(value)))
      return undefined;
    if (name.length === 4 && name.toLowerCase() === "host") hasHost = true;
    if (name.length === 14 && name.toLowerCase() === "content-length") {
      if (length !== undefined || !/^\d{1,9}$/.test(value)) return undefined;
      length = value;
    }
    rawHeaders.push(name, value);
    at = headerLine.lastIndex;
  }
  if (at !== end + 2 || !hasHost || piece.length - end - 4 !== Number(length ?? 0)) return undefined;
  const body = length === undefined ? noBody : piece.subarray(end + 4);
  const [, method = "", url = ""] = line;
  return { method, url, rawHeaders, body, socket, complete: true, httpVersionMajor: 1 };
}

/** A part of a text without the blanks and tabs around it. */
function withoutSpace(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isSpace(text.charCodeAt(start))) start += 1;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** A connection, for as long as its requests are simple. */
export class DirectConnection {
  readonly #socket: Socket;
  readonly #serve: (request: DirectRequest, response: DirectResponse) => void;
  readonly #handOver: (socket: Socket, piece: Buffer) => void;
  readonly #limits: DirectLimits;
  readonly #keepAlive: string;
  /** What came while an answer was on its way. */
  #waiting: Buffer[] = [];
  #isBusy = false;

  /** `handOver` gets the connection, with what was read and not understood. */
  constructor(
    socket: Socket,
    serve: (request: DirectRequest, response: DirectResponse) => void,
    handOver: (socket: Socket, piece: Buffer) => void,
    limits: DirectLimits,
  ) {
    this.#socket = socket;
    this.#serve = serve;
    this.#handOver = handOver;
    this.#limits = limits;
    const seconds = Math.floor(limits.keepAliveTimeoutMs / 1000);
    this.#keepAlive = `Connection: keep-alive\r\nKeep-Alive: timeout=${seconds}\r\n`;
    // An answer may take as long as it needs.
    socket.setTimeout(limits.keepAliveTimeoutMs);
    socket.on("timeout", this.#onIdle);
    socket.on("data", this.take);
  }

  readonly #onIdle = () => {
    if (!this.#isBusy) this.#socket.destroy();
  };

  readonly take = (piece: Buffer): void => {
    const socket = this.#socket;
    if (this.#isBusy) {
      this.#waiting.push(piece);
      socket.pause();
      return;
    }
    const request = readWhole(piece, socket, this.#limits.maxHeaders);
    if (request === undefined) {
      socket.off("data", this.take);
      socket.off("timeout", this.#onIdle);
      socket.setTimeout(0);
      this.#handOver(socket, piece);
      return;
    }
    this.#isBusy = true;
    this.#serve(request, new DirectResponse(socket, this.#keepAlive, this.#answered));
  };

  readonly #answered = () => {
    this.#isBusy = false;
    if (this.#waiting.length === 0) return;
    const piece = Buffer.concat(this.#waiting);
    this.#waiting = [];
    this.#socket.resume();
    this.take(piece);
  };
}

let dateLine = "";
let dateUntilMs = 0;

/** The Date header, made once a second. */
function currentDate(): string {
  const nowMs = Date.now();
  if (nowMs >= dateUntilMs) {
    dateLine = `Date: ${new Date(nowMs).toUTCString()}\r\n`;
    dateUntilMs = nowMs - (nowMs % 1000) + 1000;
  }
  return dateLine;
}

/** Names can come from clients, too: those of an object's own metadata. */
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** What no header may hold: it would end the header, or the head. */
const notInHeaders = /[^\t\x20-\x7e\x80-\xff]/;
const events = ["drain", "close", "error"] as const;

/** The answer to a direct request: the part of Node's ServerResponse that is used here. */
export class DirectResponse {
  readonly #socket: Socket;
  readonly #keepAlive: string;
  readonly #ended: () => void;
  #head: string | undefined;
  #isChunked = false;
  #hasLength = false;
  #isBodiless = false;
  #closes = false;
  #listeners: [event: (typeof events)[number], listener: () => void][] = [];
  headersSent = false;

  /** `keepAlive` are the headers that say how long the connection stays. */
  constructor(socket: Socket, keepAlive: string, ended: () => void) {
    this.#socket = socket;
    this.#keepAlive = keepAlive;
    this.#ended = ended;
  }

  get destroyed(): boolean {
    return this.#socket.destroyed;
  }

  /** Names and values in turn. Throws for what would be no header. */
  writeHead(status: number, headers: readonly string[]): void {
    let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Unknown"}\r\n`;
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i] as string;
      const value = headers[i + 1] as string;
      if (!headerName.test(name)) throw new TypeError(`Header name must be a valid HTTP token ["${name}"]`);
      if (notInHeaders.test(value)) throw new TypeError(`Invalid character in header content ["${name}"]`);
      if (name.length === 14 && name.toLowerCase() === "content-length") this.#hasLength = true;
      else if (name.length === 10 && name.toLowerCase() === "connection") this.#closes = /close/i.test(value);
      head += `${name}: ${value}\r\n`;
    }
    this.#isBodiless = status === 204 || status === 304;
    head += currentDate();
    if (!this.#closes) head += this.#keepAlive;
    this.#head = head;
    this.headersSent = true;
  }

  /** A piece of the body; false if the client is slow to take it. */
  write(piece: Buffer): boolean {
    const socket = this.#socket;
    if (this.#head !== undefined) {
      this.#isChunked = !this.#hasLength && !this.#isBodiless;
      socket.write(`${this.#head}${this.#isChunked ? "Transfer-Encoding: chunked\r\n" : ""}\r\n`, "latin1");
      this.#head = undefined;
    }
    if (this.#isBodiless || piece.length === 0) return true;
    if (!this.#isChunked) return socket.write(piece);
    socket.cork();
    socket.write(`${piece.length.toString(16)}\r\n`, "latin1");
    socket.write(piece);
    const goesOn = socket.write("\r\n", "latin1");
    socket.uncork();
    return goesOn;
  }

  /** The rest of the body, or all of it. */
  end(body?: string | Buffer): void {
    const socket = this.#socket;
    if (this.#head !== undefined) this.#writeWhole(this.#head, body ?? "");
    else {
      if (body !== undefined) this.write(Buffer.from(body as string));
      if (this.#isChunked) socket.write("0\r\n\r\n", "latin1");
    }
    for (const [event, listener] of this.#listeners) socket.off(event, listener);
    this.#listeners = [];
    if (this.#closes) socket.end();
    this.#ended();
  }

  #writeWhole(head: string, body: string | Buffer): void {
    this.#head = undefined;
    const socket = this.#socket;
    if (this.#isBodiless) return void socket.write(`${head}\r\n`, "latin1");
    const bytes = typeof body === "string" ? Buffer.byteLength(body) : body.length;
    const whole = this.#hasLength ? `${head}\r\n` : `${head}Content-Length: ${bytes}\r\n\r\n`;
    // Text of ASCII alone goes out in one write with the head.
    if (typeof body === "string" && bytes === body.length) return void socket.write(whole + body, "latin1");
    socket.cork();
    socket.write(whole, "latin1");
    socket.write(body);
    socket.uncork();
  }

  on(event: (typeof events)[number], listener: () => void): void {
    this.#socket.on(event, listener);
    this.#listeners.push([event, listener]);
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
