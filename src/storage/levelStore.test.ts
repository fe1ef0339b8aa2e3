import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WrongRootKey } from "../sealing/keyring.ts";
import {
  defaultKeyFile,
  defaultRootKeySource,
  fixedRootKey,
  newRootKey,
  rotateKeyFile,
} from "../sealing/rootKey.ts";
import { type DirectWrites, type Level, openLevel } from "./database.ts";
import { StoreCorrupt, StoreUnavailable } from "./errors.ts";
import { LevelStore } from "./level.ts";
import { get, put, signal } from "./suite/helpers.ts";

describe("LevelStore", () => {
  let dir = "";
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "cloudkeep-store-"));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));
  const root = newRootKey();
  const open = (rootKey = fixedRootKey(root), level?: (directory: string) => Level) =>
    LevelStore.open({ dir, rootKey, ...(level && { openLevel: level }) });

  /** LevelDB whose batches wait while `held` is pending, and are counted. */
  function slow(): { open: (directory: string) => Level; hold: () => () => void; batches: () => number } {
    let held = Promise.resolve();
    let batches = 0;
    return {
      batches: () => batches,
      hold() {
        const { promise, resolve } = signal();
        held = promise;
        return resolve;
      },
      open(directory) {
        const level = openLevel(directory);
        const direct = level as unknown as DirectWrites;
        const batch = direct._batch.bind(level);
        direct._batch = async (...args) => {
          batches += 1;
          await held;
          return batch(...args);
        };
        return level;
      },
    };
  }

  const settled = async (promise: Promise<unknown>) => {
    let done = false;
    void promise.then(() => {
      done = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    return done;
  };

  it("keeps what it acknowledged over a reopening", async () => {
    let store = await open();
    await put(store, "a", "1");
    await store.transact(async (tx) => tx.append("log", { at: 1, text: "entry" }));
    await store.close();
    await expect(put(store, "a", "2")).rejects.toThrow(StoreUnavailable);
    store = await open();
    expect(await get(store, "a")).toBe("1");
    expect((await store.log("log").read({ limit: 5 })).entries.map(({ text }) => text)).toEqual(["entry"]);
    await store.close();
  });

  it("refuses a wrong root key, and a store whose data keys are gone", async () => {
    const store = await open();
    await put(store, "a", "1");
    await store.close();
    await expect(open(fixedRootKey(newRootKey()))).rejects.toThrow(WrongRootKey);
    const level = openLevel(join(dir, "state"));
    await level.open();
    await level.clear({ gte: Buffer.from("key/"), lt: Buffer.from("key0") });
    await level.close();
    await expect(open()).rejects.toThrow(StoreCorrupt);
  });

  it("acknowledges a write, and a read of it, only once it is on disk", async () => {
    const level = slow();
    const store = await open(undefined, level.open);
    await put(store, "a", "old");
    const release = level.hold();
    const write = put(store, "a", "new");
    await new Promise((resolve) => setImmediate(resolve));
    const read = get(store, "a");
    const range = store.transact((tx) => tx.range("a", "b"));
    const failing = store.transact(async (tx) => {
      await tx.get("a");
      throw new Error("taken");
    });
    const failed = failing.then(
      () => undefined,
      (error: Error) => error.message,
    );
    expect(await Promise.all([write, read, range, failed].map(settled))).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(await get(store, "other")).toBeUndefined();
    release();
    expect(await read).toBe("new");
    expect(await range).toHaveLength(1);
    expect(await failed).toBe("taken");
    await store.close();
  });

  it("puts all that waits into one batch", async () => {
    const level = slow();
    const store = await open(undefined, level.open);
    const before = level.batches();
    const release = level.hold();
    const first = put(store, "first", "1");
    await new Promise((resolve) => setTimeout(resolve, 5));
    const rest = Array.from({ length: 100 }, (_, i) => put(store, `k${i}`, "1"));
    await new Promise((resolve) => setTimeout(resolve, 5));
    release();
    await Promise.all([first, ...rest]);
    expect(level.batches() - before).toBe(2);
    await store.close();
  });

  it("changes its root key, all of it or nothing", async () => {
    const environment = { XDG_CONFIG_HOME: join(dir, "config") };
    const rootKey = defaultRootKeySource({ environment });
    let store = await open(rootKey);
    await put(store, "a", "1");
    const file = defaultKeyFile(store.identity.id, environment);
    await rotateKeyFile(file, (next) => store.rewrap(next));
    await put(store, "b", "2");
    await store.close();
    store = await open(rootKey);
    expect([await get(store, "a"), await get(store, "b")]).toEqual(["1", "2"]);
    const failing = rotateKeyFile(file, async () => {
      throw new Error("cut short");
    });
    await expect(failing).rejects.toThrow("cut short");
    await store.close();
    store = await open(rootKey);
    expect(await get(store, "a")).toBe("1");
    await store.close();
    chmodSync(file, 0o644);
    await expect(open(rootKey)).rejects.toThrow("chmod 600");
  });

  it("finishes a reset that was cut short", async () => {
    let clears = 0;
    let store = await open(undefined, (directory) => {
      const level = openLevel(directory);
      level.clear = async () => {
        clears += 1;
        throw new Error("IO error: cut short");
      };
      return level;
    });
    await put(store, "a", "1");
    await expect(store.reset()).rejects.toThrow(StoreUnavailable);
    expect(clears).toBe(1);
    await expect(get(store, "a")).rejects.toThrow(StoreUnavailable);
    await store.close();
    store = await open();
    expect(await get(store, "a")).toBeUndefined();
    await put(store, "a", "2");
    await store.close();
  });

  it("never mixes states from before and after a reset", async () => {
    const store = await open();
    await put(store, "a", "1");
    await put(store, "b", "1");
    const { promise, resolve } = signal();
    let runs = 0;
    const straddling = store.transact(async (tx) => {
      runs += 1;
      const a = await tx.get("a");
      if (runs === 1) await promise;
      return [a, await tx.get("b")];
    });
    await store.reset();
    resolve();
    expect(await straddling).toEqual([undefined, undefined]);
    expect(runs).toBe(2);
    await store.close();
  });
});
