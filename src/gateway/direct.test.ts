import { createServer, type Server as HttpServer, type IncomingMessage } from "node:http";
import { type AddressInfo, connect, createServer as createTcp, type Server, type Socket } from "node:net";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DirectConnection, type DirectRequest, DirectResponse, readWhole } from "./direct.ts";

const limits = { keepAliveTimeoutMs: 300, maxHeaders: 50 };
const noSocket = {} as Socket;

/** A request as both ways read it. */
interface Read {
  method: string;
  url: string;
  rawHeaders: readonly string[];
  body: string;
}

function listening(server: Server | HttpServer): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

/** Sends bytes; what came back when the other side has ended, or has been silent for a while. */
function exchanged(port: number, pieces: readonly (string | Buffer)[]): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    let answer = "";
    socket.on("data", (piece) => {
      answer += piece.toString("latin1");
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(answer));
    socket.on("connect", async () => {
      for (const piece of pieces) {
        socket.write(piece);
        await new Promise((next) => setTimeout(next, 20));
      }
    });
  });
}

describe("readWhole", () => {
  let server: HttpServer;
  let port: number;
  let seen: Read[] = [];
  beforeAll(async () => {
    server = createServer({ keepAlive: true }, (request: IncomingMessage, response) => {
      let body = "";
      request.setEncoding("latin1");
      request.on("data", (piece) => {
        body += piece;
      });
      request.on("end", () => {
        const { method = "", url = "", rawHeaders } = request;
        seen.push({ method, url, rawHeaders, body });
        response.shouldKeepAlive = false;
        response.end();
      });
    });
    port = await listening(server);
  });
  afterAll(() => void server.close());

  /** Mostly what clients send, now and then something else. */
  const name = fc.constantFrom(
    "Host",
    "X-Amz-Date",
    "content-length",
    "Connection",
    "X_y",
    "Transfer-Encoding",
    "Bad Name",
    "",
  );
  const value = fc.constantFrom(
    "a",
    "",
    "keep-alive",
    "close",
    "chunked",
    "0",
    "3",
    "+3",
    "a b",
    "\té\t",
    "a\u0000b",
    "a\rb",
    "a\nb",
    "a\u007fb",
    "x  ",
  );
  const separator = fc.constantFrom(": ", ": ", ":", ":\t ", " : ", "");
  const ending = fc.constantFrom("\r\n", "\r\n", "\r\n", "\n", "\r", "\r\n ");
  const header = fc.tuple(name, separator, value, ending).map((parts) => parts.join(""));
  const line = fc
    .tuple(
      fc.constantFrom("GET", "POST", "PUT", "DELETE", "HEAD", "get", "BREW"),
      fc.constantFrom(" ", " ", " ", "  ", "\t"),
      fc.constantFrom("/", "/a?b=c", "/%00", "/é", "*", "http://h/x", ""),
      fc.constantFrom(" HTTP/1.1", " HTTP/1.1", " HTTP/1.1", " HTTP/1.0", " HTTP/2.0", ""),
    )
    .map((parts) => parts.join(""));
  const host = fc.constantFrom("Host: h\r\n", "Host: h\r\n", "host:h\r\n", "");
  const body = fc.constantFrom("", "abc", "abcd", "abcGET / HTTP/1.1\r\n\r\n");
  const length = fc.constantFrom("", "Content-Length: 3\r\n", "Content-Length: 0\r\n");
  const request = fc
    .tuple(
      line,
      fc.constantFrom("\r\n", "\r\n", "\n"),
      host,
      fc.array(header, { maxLength: 3 }),
      length,
      body,
    )
    .map(([first, end, named, headers, sized, rest]) =>
      Buffer.from(`${first}${end}${named}${headers.join("")}${sized}\r\n${rest}`, "latin1"),
    );

  it("takes nothing that Node's server would read differently", async () => {
    let taken = 0;
    const property = fc.asyncProperty(request, async (bytes) => {
      const read = readWhole(bytes, noSocket, limits.maxHeaders);
      if (read === undefined) return;
      taken += 1;
      seen = [];
      await exchanged(port, [bytes]);
      const { method, url, rawHeaders } = read;
      expect(seen).toEqual([{ method, url, rawHeaders, body: read.body.toString("latin1") }]);
    });
    await fc.assert(property, { numRuns: 20_000 });
    expect(taken).toBeGreaterThan(10);
  });

  it.each([
    ["a request without a body", "GET /a?b HTTP/1.1\r\nHost: h\r\n\r\n"],
    [
      "a request with one",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\nabc",
    ],
  ])("takes %s", (_, text) => {
    expect(readWhole(Buffer.from(text), noSocket, limits.maxHeaders)).toBeDefined();
  });

  it.each([
    ["less than the body", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nabc"],
    ["more than the body", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nabc"],
    ["two lengths", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc"],
    ["a length that is no number", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x3\r\n\r\nabc"],
    ["chunks", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
    [
      "chunks beside a length",
      "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\ntransfer-encoding: chunked\r\n\r\nabc",
    ],
    ["an expectation", "PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n"],
    ["an upgrade", "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\n\r\n"],
    ["a last request", "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"],
    ["no host", "GET / HTTP/1.1\r\n\r\n"],
    ["a folded header", "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n"],
    ["a space before the colon", "GET / HTTP/1.1\r\nHost: h\r\nA : b\r\n\r\n"],
    ["a bare line feed", "GET / HTTP/1.1\nHost: h\n\n"],
    ["a head without an end", "GET / HTTP/1.1\r\nHost: h\r\n"],
    ["a long head", `GET / HTTP/1.1\r\nHost: h\r\nA: ${"a".repeat(8_192)}\r\n\r\n`],
    ["many headers", `GET / HTTP/1.1\r\nHost: h\r\n${"A: b\r\n".repeat(60)}\r\n`],
  ])("leaves %s to Node's server", (_, text) => {
    expect(readWhole(Buffer.from(text), noSocket, limits.maxHeaders)).toBeUndefined();
  });
});

describe("DirectConnection", () => {
  let server: Server;
  let port: number;
  let handedOver: string[];
  beforeAll(async () => {
    server = createTcp((socket) => {
      const handOver = (from: Socket, piece: Buffer) => {
        handedOver.push(piece.toString("latin1"));
        from.end("handed over");
      };
      new DirectConnection(socket, answer, handOver, limits);
      socket.on("error", () => {});
    });
    port = await listening(server);
  });
  afterAll(() => void server.close());

  /** Answers by the path. */
  async function answer({ url, body }: DirectRequest, response: DirectResponse): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, url === "/slow" ? 500 : 1));
    if (url === "/empty") response.writeHead(204, []);
    else if (url === "/last") response.writeHead(200, ["Connection", "close"]);
    else if (url === "/sized") response.writeHead(200, ["Content-Length", "6"]);
    else if (url === "/bytes") response.writeHead(200, ["Content-Type", "text/plain"]);
    else response.writeHead(200, []);
    if (url === "/bytes") return response.end(Buffer.from("bytes"));
    if (url === "/pieces" || url === "/sized") {
      response.on("drain", () => {});
      response.write(Buffer.from("one"));
      response.write(Buffer.from("two"));
      return response.end();
    }
    response.end(`é ${url} ${body.toString()}`);
  }

  const ask = (url: string, body = "") =>
    `POST ${url} HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const answersOf = async (...pieces: string[]) => {
    handedOver = [];
    const text = Buffer.from(await exchanged(port, pieces), "latin1").toString();
    return text.replace(/Date: [^\r]*\r\n/g, "");
  };

  it("answers one request after the other, and ends when none comes", async () => {
    expect(await answersOf(ask("/a", "1"), ask("/b", "2"))).toBe(
      "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: timeout=0\r\nContent-Length: 7\r\n\r\né /a 1" +
        "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: timeout=0\r\nContent-Length: 7\r\n\r\né /b 2",
    );
  });

  it("answers what comes before its answer in its turn, and takes its time for an answer", async () => {
    const answers = await answersOf(ask("/slow"), ask("/b"));
    expect(answers.match(/é \/\w+/g)).toEqual(["é /slow", "é /b"]);
    expect(handedOver).toEqual([]);
  });

  it("writes answers without a body, of bytes, in pieces, and the last one", async () => {
    expect(await answersOf(ask("/empty"))).toBe(
      "HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\nKeep-Alive: timeout=0\r\n\r\n",
    );
    expect(await answersOf(ask("/bytes"))).toMatch(/Content-Length: 5\r\n\r\nbytes$/);
    expect(await answersOf(ask("/sized"))).toMatch(/Content-Length: 6\r\n(?:.*\r\n)*\r\nonetwo$/);
    expect(await answersOf(ask("/pieces"))).toMatch(/chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n$/);
    expect(await answersOf(ask("/last"))).toMatch(/Connection: close/);
  });

  it("hands a connection over with what it does not take, once its answers are out", async () => {
    const odd = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    expect(await answersOf(ask("/a"), odd)).toMatch(/é \/a handed over$/);
    expect(handedOver).toEqual([odd]);
    expect(await answersOf(ask("/slow"), odd)).toMatch(/é \/slow handed over$/);
    const two = ask("/a") + ask("/b");
    expect(await answersOf(two)).toBe("handed over");
    expect(handedOver).toEqual([two]);
  });

  it.each(["a\r\nSet-Cookie: b", "a\u0000", "\u{1f600}"])("writes no header that holds %j", (value) => {
    const response = new DirectResponse(noSocket, "", () => {});
    expect(() => response.writeHead(200, ["x-amz-meta-a", value])).toThrow(
      "Invalid character in header content",
    );
  });

  it.each(["", "a b", "a:b", "a\r\nSet-Cookie", "é"])("writes no header by the name %j", (name) => {
    const response = new DirectResponse(noSocket, "", () => {});
    expect(() => response.writeHead(200, [name, "value"])).toThrow("Header name must be a valid HTTP token");
  });
});
