import { rmSync } from "node:fs";
import { dirname } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeRootKey, fixedRootKey } from "../../src/sealing/rootKey.ts";
import { StoreLocked } from "../../src/storage/errors.ts";
import { LevelStore } from "../../src/storage/level.ts";
import { bundle, newEncodedKey, start, temporaryDirectory } from "./children.ts";

describe("two processes on one data directory", () => {
  let script = "";
  beforeAll(async () => {
    script = await bundle("worker");
  });
  afterAll(() => rmSync(dirname(script), { recursive: true, force: true }));

  it("refuses the second, naming the first, until that one has ended", async () => {
    const { dir, remove } = temporaryDirectory();
    const rootKey = newEncodedKey();
    const child = start(script, [dir, "1"], rootKey);
    try {
      expect(await child.firstLine, child.errors()).toBe("ready");
      const open = () => LevelStore.open({ dir, rootKey: fixedRootKey(decodeRootKey(rootKey)) });
      await expect(open()).rejects.toThrow(StoreLocked);
      await expect(open()).rejects.toThrow(`(pid ${child.process.pid})`);
      child.process.kill("SIGKILL");
      await child.lines;
      await (await open()).close();
    } finally {
      child.process.kill("SIGKILL");
      await child.lines;
      remove();
    }
  });

  it("refuses a second opening in the same process", async () => {
    const { dir, remove } = temporaryDirectory();
    const rootKey = fixedRootKey(decodeRootKey(newEncodedKey()));
    const store = await LevelStore.open({ dir, rootKey });
    await expect(LevelStore.open({ dir, rootKey })).rejects.toThrow(StoreLocked);
    await store.transact(async (tx) => tx.put("a", Buffer.of(1)));
    await store.close();
    remove();
  });
});
