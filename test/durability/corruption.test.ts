import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SealBroken } from "../../src/sealing/keyring.ts";
import { decodeRootKey, fixedRootKey } from "../../src/sealing/rootKey.ts";
import { openLevel } from "../../src/storage/database.ts";
import { LevelStore } from "../../src/storage/level.ts";
import { newEncodedKey, temporaryDirectory } from "./children.ts";

const rows = 300;
const flipsPerFile = 40;
const rootKey = fixedRootKey(decodeRootKey(newEncodedKey()));
const valueAt = (i: number) => `value ${i} ${"v".repeat(200)}`;

/** A store of which some is in tables and some in the write-ahead log. */
async function fill(dir: string): Promise<void> {
  for (let part = 0; part < 2; part += 1) {
    const store = await LevelStore.open({ dir, rootKey });
    for (let i = part * (rows / 2); i < (part + 1) * (rows / 2); i += 1) {
      await store.transact(async (tx) => {
        tx.put(`row${String(i).padStart(4, "0")}`, Buffer.from(valueAt(i)));
        tx.append("log", { at: i, text: valueAt(i) });
      });
    }
    await store.close();
  }
}

/** Everything as it was written, or an error. */
async function readWhole(dir: string): Promise<void> {
  const store = await LevelStore.open({ dir, rootKey });
  try {
    const found = await store.transact((tx) => tx.range("row", "rox"));
    expect(found.map(([, value]) => Buffer.from(value).toString())).toEqual(
      Array.from({ length: rows }, (_, i) => valueAt(i)),
    );
    const { entries } = await store.log("log").read({ limit: rows + 1 });
    expect(entries.map(({ text }) => text)).toEqual(Array.from({ length: rows }, (_, i) => valueAt(i)));
  } finally {
    await store.close();
  }
}

describe("a flipped bit", () => {
  const source = temporaryDirectory();
  const copy = temporaryDirectory();
  beforeAll(() => fill(source.dir));
  afterAll(() => {
    source.remove();
    copy.remove();
  });

  /** Whether reading the copy with one bit flipped at `at` of `file` gave an error; fails on wrong data. */
  async function isDetected(file: string, at: number): Promise<boolean> {
    rmSync(copy.dir, { recursive: true, force: true });
    cpSync(source.dir, copy.dir, { recursive: true });
    const path = join(copy.dir, "state", file);
    const content = readFileSync(path);
    content[at] = (content[at] as number) ^ (1 << (at % 8));
    writeFileSync(path, content);
    try {
      await readWhole(copy.dir);
      return false;
    } catch (error) {
      if ((error as Error).name === "AssertionError") throw error;
      return true;
    }
  }

  it("reads whole when nothing is flipped", async () => {
    cpSync(source.dir, copy.dir, { recursive: true });
    await readWhole(copy.dir);
  });

  for (const kind of [/\.log$/, /\.ldb$/]) {
    it(`is detected wherever it is in a ${kind.source} file`, { timeout: 120_000 }, async () => {
      const state = join(source.dir, "state");
      const files = readdirSync(state).filter(
        (name) => kind.test(name) && statSync(join(state, name)).size > 0,
      );
      expect(files.length).toBeGreaterThan(0);
      for (const file of files) {
        const { size } = statSync(join(state, file));
        for (let i = 0; i < flipsPerFile; i += 1) {
          const at = Math.floor((i + Math.random()) * (size / flipsPerFile));
          expect(await isDetected(file, at), `byte ${at} of ${size} in ${file}`).toBe(true);
        }
      }
    });
  }

  it("never yields wrong data from LevelDB's own files", { timeout: 120_000 }, async () => {
    for (const file of readdirSync(join(source.dir, "state")).filter((name) =>
      /^(MANIFEST|CURRENT)/.test(name),
    )) {
      const { size } = statSync(join(source.dir, "state", file));
      for (let at = 0; at < size; at += Math.ceil(size / flipsPerFile)) await isDetected(file, at);
    }
  });
});

describe("a value in the wrong place", () => {
  const raw = async (dir: string, change: (level: ReturnType<typeof openLevel>) => Promise<void>) => {
    const level = openLevel(join(dir, "state"));
    await level.open();
    await change(level);
    await level.close();
  };

  it("is refused: exchanged rows, a value from another row, a row turned into another", async () => {
    const { dir, remove } = temporaryDirectory();
    const store = await LevelStore.open({ dir, rootKey });
    await store.transact(async (tx) => {
      tx.put("a", Buffer.from("of a"));
      tx.put("b", Buffer.from("of b"));
    });
    await store.close();
    await raw(dir, async (level) => {
      const value = level.getSync(Buffer.from("row/a")) as Buffer;
      await level.batch([{ type: "put", key: Buffer.from("row/b"), value }], { sync: true });
    });
    const opened = await LevelStore.open({ dir, rootKey });
    await expect(opened.transact((tx) => tx.get("b"))).rejects.toThrow(SealBroken);
    await expect(opened.transact((tx) => tx.get("b"))).rejects.toThrow('"row/b"');
    await expect(opened.transact((tx) => tx.range("a", "z"))).rejects.toThrow(SealBroken);
    expect(Buffer.from((await opened.transact((tx) => tx.get("a"))) as Uint8Array).toString()).toBe("of a");
    await opened.close();
    remove();
  });

  it("holds nothing in the clear", async () => {
    const { dir, remove } = temporaryDirectory();
    const store = await LevelStore.open({ dir, rootKey });
    const secret = "correct-horse-battery-staple";
    await store.transact(async (tx) => {
      tx.put("a", Buffer.from(secret));
      tx.append("log", { at: 1, text: secret, terms: [secret] });
    });
    await store.compact("log");
    await store.close();
    for (const name of readdirSync(join(dir, "state"))) {
      expect(readFileSync(join(dir, "state", name)).includes(secret), name).toBe(false);
    }
    expect(existsSync(join(dir, "STORE"))).toBe(true);
    remove();
  });
});
