import { createHash, randomBytes } from "node:crypto";
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
import { BodyBroken, ByteStore, chunkBytes, type FinishedBody } from "./bytes.ts";
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

  async function save(content: Buffer, pieceBytes?: number): Promise<FinishedBody> {
    const body = await finish(content, pieceBytes);
    await store.transact(async (tx) => bodies.adopt(tx, body));
    return body;
  }

  async function read(id: string, range?: { start?: number; end?: number }): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for await (const piece of bodies.read(id, range)) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  const fileOf = (id: string) => join(dir, id.slice(-2), id);

  it("returns what was written, whatever the sizes, in any range", async () => {
    const size = fc.oneof(
      fc.nat(10),
      fc.integer({ min: chunkBytes - 2, max: chunkBytes + 2 }),
      fc.integer({ min: 2 * chunkBytes - 1, max: 3 * chunkBytes + 1 }),
    );
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    const property = fc.asyncProperty(
      size,
      fc.integer({ min: 1000, max: 200_000 }),
      share,
      share,
      async (length, pieceBytes, a, b) => {
        const content = randomBytes(length);
        const { id, size, sha256 } = await save(content, pieceBytes);
        expect(size).toBe(length);
        expect(sha256).toBe(createHash("sha256").update(content).digest("hex"));
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

  it("tells size and checksum, and removes", async () => {
    const { id } = await save(Buffer.from("abc"));
    const stat = () => store.transact((tx) => bodies.stat(tx, id));
    expect(await stat()).toEqual({ size: 3, sha256: createHash("sha256").update("abc").digest("hex") });
    await bodies.discard(id);
    expect((await read(id)).toString()).toBe("abc");
    await store.transact(async (tx) => bodies.remove(tx, id));
    expect(await stat()).toBeUndefined();
    await bodies.discard(id);
    expect(existsSync(fileOf(id))).toBe(false);
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
