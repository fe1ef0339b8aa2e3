import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HeadObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { clients, errorOf } from "../../../test/harness.ts";
import { send, sendBytes } from "../../../test/hostile/raw.ts";
import { type Draft, type Mode, signed } from "../../../test/hostile/sign.ts";
import { type Cloudkeep, start } from "../../start.ts";
import { MemoryStore } from "../../storage/memory.ts";
import { newBucket, newUser, put, read } from "./testing.ts";

/** Bodies that are not what they claim leave nothing behind: no object, and no file. */

const bytesDir = mkdtempSync(join(tmpdir(), "cloudkeep-bodies-"));
let cloudkeep: Cloudkeep;
let root: ReturnType<typeof clients>;
let Bucket: string;
beforeAll(async () => {
  const store = Object.assign(new MemoryStore(), { identity: { bytesDir } });
  cloudkeep = await start({ store });
  root = clients(cloudkeep, cloudkeep.credentials);
  Bucket = await newBucket(root.s3);
});
afterAll(async () => {
  await cloudkeep.stop();
  rmSync(bytesDir, { recursive: true, force: true });
});

const small = "q".repeat(1_000);
const large = "z".repeat(200_000);

function draft(mode: Mode, body: string, headers: Record<string, string> = {}): Draft {
  const host = `127.0.0.1:${cloudkeep.port}`;
  const path = `/${Bucket}/k`;
  const options = { credentials: cloudkeep.credentials, service: "s3", host };
  const made = signed(mode, { method: "PUT", path, query: "", headers, body }, options);
  return { ...made, headers: { ...made.headers, "content-length": String(Buffer.byteLength(made.body)) } };
}

async function nothingThere(): Promise<void> {
  const error = await errorOf(root.s3.send(new HeadObjectCommand({ Bucket, Key: "k" })));
  expect(error.$metadata?.httpStatusCode).toBe(404);
  expect(files()).toEqual([]);
}

function files(): string[] {
  return readdirSync(bytesDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);
}

function codeOf({ body }: { body: string }): string | undefined {
  return /<Code>([^<]+)/.exec(body)?.[1];
}

describe.each([
  ["small", small],
  ["large", large],
])("a %s body", (_, body) => {
  it.each(["header-hashed", "chunked"] as const)(
    "%s: is refused once a byte of it is changed",
    async (mode) => {
      const made = draft(mode, body);
      const at = made.body.lastIndexOf(body[0] as string);
      const altered = `${made.body.slice(0, at)}X${made.body.slice(at + 1)}`;
      const answer = await send(cloudkeep.port, { ...made, body: altered });
      expect([400, 403]).toContain(answer.status);
      expect(codeOf(answer)).toMatch(/^(?:XAmzContentSHA256Mismatch|SignatureDoesNotMatch)$/);
      await nothingThere();
    },
  );

  it("is refused when its checksum is another's", async () => {
    const sha256 = randomBytes(32).toString("base64");
    const answer = await send(
      cloudkeep.port,
      draft("header-hashed", body, { "x-amz-checksum-sha256": sha256 }),
    );
    expect([answer.status, codeOf(answer)]).toEqual([400, "BadDigest"]);
    const md5 = randomBytes(16).toString("base64");
    const other = await send(cloudkeep.port, draft("header-hashed", body, { "content-md5": md5 }));
    expect([other.status, codeOf(other)]).toEqual([400, "BadDigest"]);
    await nothingThere();
  });

  it("is refused when the checksum behind it is another's", async () => {
    // The trailer that is signed here is no SHA-256 of the body.
    const made = draft("chunked-trailer", body, { "x-amz-trailer": "x-amz-checksum-sha256" });
    expect(codeOf(await send(cloudkeep.port, made))).toBe("BadDigest");
    await nothingThere();
  });

  it("that ends early makes no object", async () => {
    const { method, path, headers, body: sent } = draft("header-hashed", body);
    const head = [
      `${method} ${path} HTTP/1.1`,
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ];
    const socket = connect(cloudkeep.port, "127.0.0.1");
    await new Promise((resolve) => socket.on("connect", resolve));
    socket.write(`${head.join("\r\n")}\r\n\r\n${sent.slice(0, sent.length - 10)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    socket.destroy();
    await vi.waitFor(nothingThere);
  });

  it("in chunks that end early makes no object", async () => {
    const made = draft("chunked", body);
    const cut = made.body.slice(0, made.body.lastIndexOf("0;chunk-signature"));
    const headers = { ...made.headers, "content-length": String(cut.length) };
    expect(codeOf(await send(cloudkeep.port, { ...made, headers, body: cut }))).toBe("IncompleteBody");
    await nothingThere();
  });
});

describe("a large body", () => {
  it("of who may not put it is refused unread", async () => {
    const nobody = await newUser(cloudkeep, root.iam);
    const credentials = await nobody.s3.config.credentials();
    const host = `127.0.0.1:${cloudkeep.port}`;
    const plain = { method: "PUT", path: `/${Bucket}/k`, query: "", headers: {}, body: "" };
    const presigned = signed("presigned-unsigned", plain, { credentials, service: "s3", host });
    const answer = await sendBytes(cloudkeep.port, [
      `PUT ${presigned.path}?${presigned.query} HTTP/1.1\r\nhost: ${host}\r\ncontent-length: ${5 * 2 ** 30}\r\nexpect: 100-continue\r\n\r\n`,
    ]);
    expect(answer).not.toContain("100 Continue");
    expect(answer).toContain("403");
    await nothingThere();
  });

  it("longer than S3 takes is refused unread", async () => {
    const made = draft("header-hashed", "");
    const answer = await sendBytes(cloudkeep.port, [
      `PUT ${made.path} HTTP/1.1\r\n${Object.entries({
        ...made.headers,
        "content-length": String(5 * 2 ** 30 + 1),
      })
        .map(([name, value]) => `${name}: ${value}`)
        .join("\r\n")}\r\n\r\n`,
    ]);
    expect(answer).toContain("EntityTooLarge");
  });

  it("is on disk once, sealed, and gone with its object", async () => {
    const secret = "correct-horse-battery-staple ".repeat(10_000);
    await put(root.s3, Bucket, "kept", secret);
    expect(files()).toHaveLength(1);
    expect(await read(root.s3, Bucket, "kept")).toBe(secret);
    await put(root.s3, Bucket, "kept", "small now");
    await cloudkeep.stop();
    expect(files()).toEqual([]);
  });
});
