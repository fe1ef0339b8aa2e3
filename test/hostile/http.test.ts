import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bodyTimeouts, maxUnprovenBodyBytes } from "../../src/gateway/body.ts";
import { limits } from "../../src/gateway/server.ts";
import { type Cloudkeep, start } from "../../src/start.ts";
import { MemoryStore } from "../../src/storage/memory.ts";
import { newCertificate } from "../certificate.ts";
import { clients, startForTest } from "../harness.ts";
import { send, sendBytes } from "./raw.ts";
import { signed } from "./sign.ts";

/** What no client should send. Each gets a clear error, costs bounded memory, and harms nobody else. */

const mebibyte = 1024 * 1024;
const original = { ...limits };

let cloudkeep: Cloudkeep;
let sts: ReturnType<typeof clients>["sts"];
beforeAll(async () => {
  // Patience is the same code at any length; a test has less of it.
  Object.assign(limits, { headersTimeoutMs: 400, firstByteTimeoutMs: 400 });
  bodyTimeouts.wholeMs = 1_200;
  cloudkeep = await startForTest();
  ({ sts } = clients(cloudkeep, cloudkeep.credentials));
});
afterAll(async () => {
  await cloudkeep.stop();
  Object.assign(limits, original);
});

/** The status of a raw answer; 0 if the connection just ended. */
function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
}

async function stillServes(): Promise<void> {
  const { Account } = await sts.send(new GetCallerIdentityCommand({}));
  expect(Account).toBe(cloudkeep.accountId);
}

/** Writes pieces until the server has had enough; how many bytes it let through, and what it said. */
function flood(head: string, piece: Buffer, maxBytes: number): Promise<{ sent: number; answer: string }> {
  return new Promise((resolve) => {
    const socket = connect(cloudkeep.port, "127.0.0.1");
    let sent = 0;
    let answer = "";
    const write = () => {
      while (sent < maxBytes && !socket.destroyed) {
        sent += piece.length;
        if (!socket.write(piece)) return;
      }
      if (sent >= maxBytes) socket.destroy();
    };
    socket.on("data", (chunk) => {
      answer += chunk.toString("latin1");
    });
    socket.on("drain", write);
    socket.on("error", () => {});
    socket.on("close", () => resolve({ sent, answer }));
    socket.on("connect", () => {
      socket.write(head);
      write();
    });
  });
}

const requestLine = "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n";

describe("headers", () => {
  it("that are too long are refused", async () => {
    const answer = await sendBytes(cloudkeep.port, [
      `${requestLine}X-Long: ${"a".repeat(64 * 1024)}\r\n\r\n`,
    ]);
    expect(statusOf(answer)).toBe(431);
    await stillServes();
  });

  it("that never end are cut off", async () => {
    const { sent, answer } = await flood(
      requestLine,
      Buffer.from(`X-More: ${"b".repeat(1000)}\r\n`),
      64 * mebibyte,
    );
    expect(sent).toBeLessThan(16 * mebibyte);
    expect([0, 431]).toContain(statusOf(answer));
    await stillServes();
  });

  it("that arrive too slowly are given up", async () => {
    const started = Date.now();
    const answer = await sendBytes(cloudkeep.port, [`${requestLine}X-Slow: `], 5_000);
    expect(statusOf(answer)).toBe(408);
    expect(Date.now() - started).toBeLessThan(4_000);
  });

  it("that never begin are given up", async () => {
    const started = Date.now();
    expect(await sendBytes(cloudkeep.port, [], 5_000)).toBe("");
    expect(Date.now() - started).toBeLessThan(4_000);
  });
});

describe("framing", () => {
  const cases: [string, string][] = [
    ["two lengths", `${requestLine}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`],
    ["a length and chunks", `${requestLine}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ["a negative length", `${requestLine}Content-Length: -1\r\n\r\n`],
    ["a length that is no number", `${requestLine}Content-Length: 0x10\r\n\r\n`],
    ["an unknown transfer encoding", `${requestLine}Transfer-Encoding: gzip, identity\r\n\r\n`],
    [
      "a chunk size that is no number",
      `${requestLine}Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n`,
    ],
    ["a chunk longer than it says", `${requestLine}Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n`],
    [
      "a chunk size that overflows",
      `${requestLine}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc\r\n`,
    ],
    ["a header without a colon", `${requestLine}nonsense\r\n\r\n`],
    ["a header name with a space", `${requestLine}Content Length: 3\r\n\r\nabc`],
    ["a folded header", `${requestLine}X-A: b\r\n c\r\n\r\n`],
    ["a bare line feed in a header", `${requestLine}X-A: b\nX-B: c\r\n\r\n`],
    ["a NUL in a header", `${requestLine}X-A: b\u0000c\r\n\r\n`],
    ["a method of its own", "NONSENSE / HTTP/1.1\r\nHost: a\r\n\r\n"],
    ["no request at all", "\u0000\u0001\u0002\u0003\r\n\r\n"],
    ["a version to come", "POST / HTTP/7.3\r\nHost: a\r\n\r\n"],
  ];
  it.each(cases)("with %s is refused", async (_, bytes) => {
    const answer = await sendBytes(cloudkeep.port, [bytes]);
    expect(statusOf(answer)).toBeGreaterThanOrEqual(400);
    expect(statusOf(answer)).toBeLessThan(500);
    await stillServes();
  });

  it("of a refused body never becomes the next request", async () => {
    const smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
    const answer = await sendBytes(cloudkeep.port, [
      `${requestLine}Content-Length: ${maxUnprovenBodyBytes * 2}\r\n\r\n${smuggled.repeat(20)}`,
    ]);
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(statusOf(answer)).toBeGreaterThanOrEqual(400);
  });
});

describe("bodies", () => {
  it("with more bytes than they say leave the answer to what came before", async () => {
    const body = "Action=GetCallerIdentity&Version=2011-06-15";
    const host = `127.0.0.1:${cloudkeep.port}`;
    const draft = { method: "POST", path: "/", query: "", headers: { host }, body };
    const { headers } = signed("header", draft, { credentials: cloudkeep.credentials, service: "sts", host });
    const lines = Object.entries({ ...headers, "content-length": String(body.length) });
    const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    const answer = await sendBytes(cloudkeep.port, [`POST / HTTP/1.1\r\n${head}\r\n${body}surplus\r\n\r\n`]);
    expect(statusOf(answer)).toBe(200);
    expect(answer).toContain("<GetCallerIdentityResult>");
    await stillServes();
  });

  it("that say they are too long are refused unread", async () => {
    const answer = await sendBytes(cloudkeep.port, [`${requestLine}Content-Length: 10737418240\r\n\r\n`]);
    expect([400, 403, 413]).toContain(statusOf(answer));
  });

  it("that never end are cut off, in bounded memory", async () => {
    const before = process.memoryUsage().rss;
    const chunk = Buffer.from(`10000\r\n${"c".repeat(65_536)}\r\n`);
    const { sent } = await flood(`${requestLine}Transfer-Encoding: chunked\r\n\r\n`, chunk, 512 * mebibyte);
    expect(sent).toBeLessThan(64 * mebibyte);
    expect(process.memoryUsage().rss - before).toBeLessThan(128 * mebibyte);
    await stillServes();
  });

  it("that stop half way are given up", async () => {
    const started = Date.now();
    const answer = await sendBytes(cloudkeep.port, [`${requestLine}Content-Length: 100\r\n\r\nhalf`], 8_000);
    expect([0, 400, 403, 408]).toContain(statusOf(answer));
    expect(Date.now() - started).toBeLessThan(7_000);
  });

  it("of many clients at once harm no other", async () => {
    const slow = Array.from({ length: 100 }, () =>
      sendBytes(cloudkeep.port, [`${requestLine}Content-Length: 1000000\r\n\r\n${"d".repeat(500)}`], 3_000),
    );
    for (let i = 0; i < 20; i += 1) await stillServes();
    await Promise.all(slow);
  });
});

/** A signed call of a JSON or query operation with a body of our own. */
async function signedCall(service: string, headers: Record<string, string>, body: string) {
  const host = `127.0.0.1:${cloudkeep.port}`;
  const draft = { method: "POST", path: "/", query: "", headers, body };
  return await send(
    cloudkeep.port,
    signed("header", draft, { credentials: cloudkeep.credentials, service, host }),
  );
}

const json = { "content-type": "application/x-amz-json-1.1", "x-amz-target": "TrentService.CreateKey" };
const query = { "content-type": "application/x-www-form-urlencoded" };

describe("signed bombs", () => {
  const jsonBodies: [string, string][] = [
    ["arrays in arrays", `{"Tags":${"[".repeat(200_000)}`],
    ["closed arrays in arrays", `{"Tags":${"[".repeat(50_000)}${"]".repeat(50_000)}}`],
    ["objects in objects", `{"Tags":${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}}`],
    ["a number without end", `{"Description":${"9".repeat(1_000_000)}}`],
    ["text that is cut off", '{"Description":"abc'],
    ["no JSON", "<CreateKey/>"],
    ["a list where a structure belongs", "[]"],
    ["text where a structure belongs", '"abc"'],
  ];
  it.each(jsonBodies)("of JSON: %s", async (_, body) => {
    const answer = await signedCall("kms", json, body);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(answer.body).toContain("__type");
    await stillServes();
  });

  it("of JSON that reaches for prototypes changes none", async () => {
    const body =
      '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"Description":"plain"}';
    const answer = await signedCall("kms", json, body);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(answer.status).toBe(200);
  });

  const queries: [string, string][] = [
    ["too many parameters", `Action=ListUsers&Version=2010-05-08${"&a=1".repeat(30_000)}`],
    [
      "a list index beyond reason",
      "Action=TagUser&Version=2010-05-08&UserName=a&Tags.member.999999999.Key=b",
    ],
    ["a name of dots", `Action=ListUsers&Version=2010-05-08&${"a.".repeat(10_000)}=1`],
    ["two actions", "Action=ListUsers&Action=DeleteUser&Version=2010-05-08"],
    ["no action", "Version=2010-05-08"],
    ["broken escapes", "Action=GetUser&Version=2010-05-08&UserName=%zz%"],
  ];
  it.each(queries)("of query: %s", async (_, body) => {
    const answer = await signedCall("iam", query, body);
    expect(answer.status).toBeLessThan(500);
    expect(answer.body).toMatch(/<Error>|<ErrorResponse|<ListUsersResponse/);
    await stillServes();
  });
});

describe("HTTP/2", () => {
  it("survives streams that are reset as soon as they are opened", async () => {
    const session = connectHttp2(`http://127.0.0.1:${cloudkeep.port}`);
    session.on("error", () => {});
    await new Promise<void>((resolve) => {
      session.on("close", () => resolve());
      let opened = 0;
      const openSome = () => {
        for (let i = 0; i < 200 && !session.destroyed; i += 1) {
          const stream = session.request({ ":method": "POST", ":path": "/" });
          stream.on("error", () => {});
          stream.close(8);
          opened += 1;
        }
        if (opened < 5_000 && !session.destroyed) setImmediate(openSome);
        else session.destroy();
      };
      openSome();
    });
    await stillServes();
  });

  it("bounds its headers", async () => {
    const session = connectHttp2(`http://127.0.0.1:${cloudkeep.port}`);
    session.on("error", () => {});
    const status = await new Promise<number>((resolve) => {
      const stream = session.request({ ":method": "POST", ":path": "/", "x-long": "e".repeat(200_000) });
      stream.on("response", (headers) => resolve(Number(headers[":status"])));
      stream.on("error", () => resolve(0));
      stream.on("close", () => resolve(0));
      stream.end();
    });
    expect([0, 431]).toContain(status);
    session.destroy();
    await stillServes();
  });
});

it("a connection under TLS that says nothing is closed, as one without is", async () => {
  const { key, certificate } = await newCertificate("127.0.0.1");
  const secured = await start({ store: new MemoryStore(), tls: { cert: certificate, key } });
  try {
    const silent = [
      connect(cloudkeep.port, "127.0.0.1"),
      connectTls({ port: secured.port, host: "127.0.0.1", ca: certificate, ALPNProtocols: ["http/1.1"] }),
    ];
    for (const socket of silent) socket.on("error", () => {});
    await Promise.all(silent.map((socket) => once(socket.resume(), "close")));
  } finally {
    await secured.stop();
  }
});
