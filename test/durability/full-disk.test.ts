import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { decodeRootKey, fixedRootKey } from "../../src/sealing/rootKey.ts";
import { type DirectWrites, type Level, openLevel } from "../../src/storage/database.ts";
import { StoreUnavailable } from "../../src/storage/errors.ts";
import { LevelStore } from "../../src/storage/level.ts";
import { newEncodedKey, temporaryDirectory } from "./children.ts";

const rootKey = fixedRootKey(decodeRootKey(newEncodedKey()));
const retryForMs = 5000;

/** A file system of this size, or why there is none. */
function mountSmall(dir: string, size: string): string | undefined {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${size}`, "tmpfs", dir], { stdio: "pipe" });
    return undefined;
  } catch (error) {
    return (error as Error).message.split("\n")[0];
  }
}

/** Counts up in a row and a log until it fails; returns the last count that was acknowledged. */
async function countUntilFailure(
  store: LevelStore,
  from: number,
): Promise<{ acknowledged: number; error: unknown }> {
  const padding = randomBytes(6000).toString("base64");
  for (let n = from + 1; ; n += 1) {
    try {
      await store.transact(async (tx) => {
        tx.put("count", Buffer.from(String(n)));
        tx.put(`count/${String(n).padStart(8, "0")}`, Buffer.from(padding));
        tx.append("log", { at: n, text: String(n) });
      });
    } catch (error) {
      return { acknowledged: n - 1, error };
    }
  }
}

async function untilItWorks<T>(work: () => Promise<T>): Promise<T> {
  const end = performance.now() + retryForMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || performance.now() > end) throw error;
      await setTimeout(50);
    }
  }
}

/** The count and every row and entry up to it: at least `acknowledged`, and one more at most. */
async function expectWhole(store: LevelStore, acknowledged: number): Promise<number> {
  const { count, rows } = await untilItWorks(() =>
    store.transact(async (tx) => ({
      count: Number(Buffer.from((await tx.get("count")) as Uint8Array).toString()),
      rows: (await tx.range("count/", "count0")).length,
    })),
  );
  expect(count).toBeGreaterThanOrEqual(acknowledged);
  // What failed may have reached the disk after all; then all of it did.
  expect(count).toBeLessThanOrEqual(acknowledged + 1);
  expect(rows).toBe(count);
  const { entries } = await store.log("log").read({ limit: 10_000 });
  expect(entries.map(({ text }) => text)).toEqual(Array.from({ length: count }, (_, i) => String(i + 1)));
  return count;
}

describe("a full disk", () => {
  it("fails calls, loses nothing, and works again when there is space", {
    timeout: 60_000,
  }, async (context) => {
    const { dir, remove } = temporaryDirectory();
    const disk = join(dir, "disk");
    mkdirSync(disk);
    const reason = mountSmall(disk, "48m");
    if (reason !== undefined) {
      remove();
      return context.skip(`cannot mount a small file system: ${reason}`);
    }
    try {
      const ballast = join(disk, "ballast");
      writeFileSync(ballast, Buffer.alloc(20 * 2 ** 20, 1));
      const store = await LevelStore.open({ dir: join(disk, "data"), rootKey });
      const { acknowledged, error } = await countUntilFailure(store, 0);
      expect(error).toBeInstanceOf(StoreUnavailable);
      expect((error as Error).message).toContain("no space is left");
      expect(acknowledged).toBeGreaterThan(100);
      await expect(store.transact(async (tx) => tx.put("x", Buffer.of(1)))).rejects.toThrow(StoreUnavailable);
      rmSync(ballast);
      const count = await expectWhole(store, acknowledged);
      const again = await countUntilFailure(store, count);
      expect(again.acknowledged).toBeGreaterThan(count);
      await store.close();
      writeFileSync(join(dir, "note"), "");
    } finally {
      execFileSync("umount", [disk]);
      remove();
    }
  });

  for (const mode of ["before", "after"] as const) {
    it(`is survived when a write fails ${mode} reaching the disk, by all that waited`, async () => {
      const { dir, remove } = temporaryDirectory();
      let failing = false;
      const store = await LevelStore.open({ dir, rootKey, openLevel: failingWhen(() => failing, mode) });
      await store.transact(async (tx) => tx.put("a", Buffer.from("old")));
      failing = true;
      const write = (key: string) => store.transact(async (tx) => tx.put(key, Buffer.from("new")));
      const first = write("a");
      // Reads what is not yet on disk, so it fails with it.
      const reader = new Promise<unknown>((resolve) =>
        setImmediate(() => resolve(store.transact((tx) => tx.get("a")))),
      );
      const results = await Promise.allSettled([first, reader, write("b")]);
      expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
      failing = false;
      const value = await untilItWorks(() => store.transact((tx) => tx.get("a")));
      expect(Buffer.from(value as Uint8Array).toString()).toBe(mode === "before" ? "old" : "new");
      await write("c");
      await store.close();
      const reopened = await LevelStore.open({ dir, rootKey });
      expect(await reopened.transact((tx) => tx.get("c"))).toBeDefined();
      await reopened.close();
      remove();
    });
  }
});

/** LevelDB whose batches fail, before or after they were written. */
function failingWhen(failing: () => boolean, mode: "before" | "after"): (directory: string) => Level {
  return (directory) => {
    const level = openLevel(directory);
    const direct = level as unknown as DirectWrites;
    const batch = direct._batch.bind(level);
    direct._batch = async (operations, options) => {
      if (failing() && mode === "before") throw new Error("IO error: No space left on device");
      await batch(operations, options);
      if (failing()) throw new Error("IO error: sync failed");
    };
    return level;
  };
}
