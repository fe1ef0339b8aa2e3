import { randomBytes } from "node:crypto";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BodyBroken, ByteStore, chunkBytes, type FinishedBody, type Range, WrongBodyKey } from "./bytes.ts";
import { MemoryStore } from "./memory.ts";

const sealedChunkBytes = chunkBytes + 16;

describe("ByteStore", () => {
  let dir = "";
  let store: MemoryStore;
  let bodies: ByteStore;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "cloudkeep-bytes-"));
    store = new MemoryStore();
    bodies = new ByteStore(dir, store);
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  async function finish(content: Buffer, pieceBytes = 50_000): Promise<FinishedBody> {
    const staged = await bodies.stage();
    for (let at = 0; at < content.length; at += pieceBytes)
      await staged.write(content.subarray(at, at + pieceBytes));
    return staged.finish();
  }

  async function save(content: Buffer, pieceBytes?: number, under?: Buffer): Promise<FinishedBody> {
    const body = await finish(content, pieceBytes);
    await store.transact(async (tx) => bodies.adopt(tx, body, under));
    return body;
  }

  async function read(id: string, range?: Range, under?: Buffer): Promise<Buffer> {
    const pieces: Buffer[] = [];
    const opened = await store.transact((tx) => bodies.open(tx, id, range, under));
    if (Buffer.isBuffer(opened)) return opened;
    for await (const piece of opened) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  async function remove(id: string): Promise<string | undefined> {
    return await store.transact((tx) => bodies.remove(tx, id));
  }

  const fileOf = (id: string) => join(dir, id.slice(-2), id);

  it("returns what was written, whatever the sizes, in any range", async () => {
    const size = fc.oneof(
      fc.nat(10),
      fc.integer({ min: chunkBytes - 2, max: chunkBytes + 2 }),
      fc.integer({ min: 2 * chunkBytes - 1, max: 3 * chunkBytes + 1 }),
      fc.integer({ min: 16 * chunkBytes - 1, max: 18 * chunkBytes + 1 }),
    );
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    const property = fc.asyncProperty(
      size,
      fc.integer({ min: 1000, max: 200_000 }),
      share,
      share,
      async (length, pieceBytes, a, b) => {
        const content = randomBytes(length);
        const { id, size } = await save(content, pieceBytes);
        expect(size).toBe(length);
        expect((await read(id)).equals(content)).toBe(true);
        const [start, end] = [a, b].map((x) => Math.round(x * length)).sort((x, y) => x - y) as [
          number,
          number,
        ];
        expect((await read(id, { start, end })).equals(content.subarray(start, end))).toBe(true);
      },
    );
    await fc.assert(property, { numRuns: 40 });
  });

  it("removes a body and its file", async () => {
    const { id } = await save(Buffer.from("abc"));
    await bodies.discardNow(id);
    expect((await read(id)).toString()).toBe("abc");
    expect(await remove(id)).toBe(id);
    await bodies.discardNow(id);
    expect(existsSync(fileOf(id))).toBe(false);
    expect(await remove(id)).toBeUndefined();
  });

  it("keeps small bodies in a row, without a file", async () => {
    const id = await store.transact(async (tx) => bodies.keep(tx, Buffer.from("small")));
    expect((await read(id)).toString()).toBe("small");
    expect((await read(id, { start: 1, end: 3 })).toString()).toBe("ma");
    expect(readdirSync(dir)).toEqual([]);
    expect(await remove(id)).toBeUndefined();
    await expect(read(id)).rejects.toThrow(BodyBroken);
  });

  it("shares a file between bodies, and gives it up with the last", async () => {
    const [first, second] = [randomBytes(32), randomBytes(32)];
    const { id } = await save(Buffer.from("abc"), 1, first);
    const copy = await store.transact((tx) => bodies.share(tx, id, first, second));
    const third = await store.transact((tx) => bodies.share(tx, copy, second));
    expect(await remove(id)).toBeUndefined();
    expect((await read(copy, {}, second)).toString()).toBe("abc");
    expect(await remove(copy)).toBeUndefined();
    await bodies.discardNow(id);
    expect((await read(third)).toString()).toBe("abc");
    expect(await remove(third)).toBe(id);
    await bodies.discardNow(id);
    expect(existsSync(fileOf(id))).toBe(false);
  });

  it("opens a wrapped body with its key only", async () => {
    const [right, wrong] = [randomBytes(32), randomBytes(32)];
    const { id } = await save(Buffer.from("abc"), 1, right);
    const small = await store.transact(async (tx) => bodies.keep(tx, Buffer.from("abc"), right));
    for (const one of [id, small]) {
      expect((await read(one, {}, right)).toString()).toBe("abc");
      await expect(read(one, {}, wrong)).rejects.toThrow(WrongBodyKey);
      await expect(read(one)).rejects.toThrow(WrongBodyKey);
    }
  });

  it("sweeps what earlier openings staged and no transaction named", async () => {
    const kept = await save(Buffer.from("kept"));
    const lost = await finish(Buffer.from("lost"));
    await (await bodies.stage()).write(Buffer.from("unfinished"));
    const discarded = await bodies.stage();
    await discarded.discard();
    expect(await bodies.sweep()).toBe(0);
    const reopened = new ByteStore(dir, store);
    expect(await reopened.sweep()).toBe(2);
    expect(existsSync(fileOf(lost.id))).toBe(false);
    expect((await read(kept.id)).toString()).toBe("kept");
  });

  it("refuses changed, moved, exchanged and cut off chunks", async () => {
    const content = randomBytes(3 * chunkBytes);
    const { id } = await save(content);
    const other = await save(randomBytes(3 * chunkBytes));
    const file = fileOf(id);
    const whole = readFileSync(file);
    const attempts: [name: string, change: (copy: Buffer) => Buffer][] = [
      ["changed", (copy) => copy.fill((copy[70_000] as number) ^ 1, 70_000, 70_001)],
      ["cut off in a chunk", (copy) => copy.subarray(0, copy.length - 1)],
      ["cut off between chunks", (copy) => copy.subarray(0, 2 * sealedChunkBytes)],
      [
        "exchanged",
        (copy) =>
          Buffer.concat([
            copy.subarray(sealedChunkBytes, 2 * sealedChunkBytes),
            copy.subarray(0, sealedChunkBytes),
            copy.subarray(2 * sealedChunkBytes),
          ]),
      ],
      ["of another body", () => readFileSync(fileOf(other.id))],
    ];
    for (const [name, change] of attempts) {
      writeFileSync(file, change(Buffer.from(whole)));
      await expect(read(id), name).rejects.toThrow(BodyBroken);
    }
    rmSync(file);
    await expect(read(id)).rejects.toThrow(BodyBroken);
  });

  it("notices that an empty body was cut off", async () => {
    const { id } = await save(Buffer.alloc(0));
    expect(await read(id)).toHaveLength(0);
    truncateSync(fileOf(id), 0);
    await expect(read(id)).rejects.toThrow(BodyBroken);
  });

  it("holds nothing in the clear, and takes no file names from outside", async () => {
    const secret = "correct-horse-battery-staple";
    const { id } = await save(Buffer.from(secret));
    expect(readdirSync(dir)).toHaveLength(1);
    expect(readFileSync(fileOf(id)).includes(secret)).toBe(false);
    await expect(read("../../etc/passwd")).rejects.toThrow(TypeError);
  });
});
