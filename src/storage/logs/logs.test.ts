import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fixedRootKey, newRootKey } from "../../sealing/rootKey.ts";
import { openLevel } from "../database.ts";
import { LevelStore } from "../level.ts";
import { MemoryStore } from "../memory.ts";
import { readAll } from "../suite/logs.ts";
import { maxSegmentBytes } from "./compact.ts";

describe("logs in segments", () => {
  const rootKey = fixedRootKey(newRootKey());
  let dir = "";
  let store: LevelStore;
  const open = async (maxLogBytes?: number) => {
    store = await LevelStore.open({ dir, rootKey, ...(maxLogBytes !== undefined && { maxLogBytes }) });
  };
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "cloudkeep-logs-"));
    await open();
  });
  afterEach(async () => {
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  });

  const append = (entries: { at: number; text: string; terms?: string[] }[]) =>
    store.transact(async (tx) => {
      for (const entry of entries) tx.append("log", entry);
    });

  async function rowsOfKind(letter: string): Promise<string[]> {
    await store.close();
    const level = openLevel(join(dir, "state"));
    await level.open();
    const prefix = `log/log\u0000${letter}`;
    const iterator = level.iterator({
      gte: Buffer.from(prefix),
      lt: Buffer.from(`${prefix}~`),
      highWaterMarkBytes: 1e6,
    });
    const keys = (await iterator.nextv(100_000)).map(([key]) => key.toString());
    await level.close();
    await open();
    return keys;
  }

  it("answer as a log in memory does, whatever is merged, trimmed or reopened between", async () => {
    const term = fc.subarray(["x=1", "y=2", "z=3"]);
    const entry = fc.record({
      at: fc.integer({ min: 0, max: 40 }),
      text: fc.string({ maxLength: 5 }),
      terms: term,
    });
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          kind: fc.constant("append" as const),
          entries: fc.array(entry, { maxLength: 6 }),
        }),
      },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant("compact" as const) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("trim" as const), before: fc.nat(40) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant("reopen" as const) }) },
    );
    const query = fc.record(
      {
        from: fc.nat(45),
        to: fc.nat(45),
        terms: term,
        reverse: fc.boolean(),
        limit: fc.integer({ min: 1, max: 9 }),
      },
      { requiredKeys: ["limit"] },
    );
    const property = fc.asyncProperty(
      fc.array(step, { maxLength: 20 }),
      fc.array(query, { maxLength: 8 }),
      async (steps, queries) => {
        await store.reset();
        const model = new MemoryStore();
        for (const one of steps) {
          if (one.kind === "append") {
            await append(one.entries);
            await model.transact(async (tx) => one.entries.forEach((each) => void tx.append("log", each)));
          } else if (one.kind === "compact") await store.compact("log");
          else if (one.kind === "trim") {
            await store.trim("log", one.before);
            await model.trim("log", one.before);
          } else {
            await store.close();
            await open();
          }
        }
        for (const one of queries)
          expect(await readAll(store, "log", one)).toEqual(await readAll(model, "log", one));
      },
    );
    await fc.assert(property, { numRuns: 60 });
  }, 60_000);

  it("are merged in the background, into few rows, with nothing lost for readers meanwhile", async () => {
    const count = 6_000;
    // Three segments at least.
    const filler = "x".repeat((3 * maxSegmentBytes) / count);
    let written = 0;
    const writers = Array.from({ length: 8 }, async () => {
      while (written < count) {
        const n = written++;
        await append([
          { at: 1000 + n, text: `entry ${n} ${filler}`, terms: [`n=${n}`, `even=${n % 2 === 0}`] },
        ]);
      }
    });
    const reading = (async () => {
      let seen = 0;
      while (written < count) {
        const texts = await readAll(store, "log", { limit: 1000 });
        expect(new Set(texts).size).toBe(texts.length);
        expect(texts.length).toBeGreaterThanOrEqual(seen);
        seen = texts.length;
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    await Promise.all([...writers, reading]);
    await store.compact("log");
    expect(await rowsOfKind("r")).toEqual([]);
    const segments = await rowsOfKind("s");
    expect(segments.length).toBeGreaterThanOrEqual(3);
    expect(segments.length).toBeLessThan(30);
    expect(await rowsOfKind("x")).toHaveLength(segments.length);
    expect(await readAll(store, "log", { limit: 777, terms: ["even=true"] })).toHaveLength(count / 2);
    expect(new Set(await readAll(store, "log", { limit: 5000 })).size).toBe(count);
  }, 60_000);

  it("opens only segments whose index has every term and whose time fits", async () => {
    for (let segment = 0; segment < 5; segment += 1) {
      await append([{ at: segment * 10, text: `first ${segment}`, terms: [`segment=${segment}`, "all=1"] }]);
      await append([
        { at: segment * 10 + 5, text: `last ${segment}`, terms: [`segment=${segment}`, "all=1"] },
      ]);
      await store.compact("log");
    }
    const segments = await rowsOfKind("s");
    expect(segments).toHaveLength(5);
    await store.close();
    const level = openLevel(join(dir, "state"));
    await level.open();
    await level.batch(
      [0, 1, 4].map((i) => ({ type: "del" as const, key: Buffer.from(segments[i] as string) })),
      { sync: true },
    );
    await level.close();
    await open();
    const read = (query: { from?: number; to?: number; terms?: string[]; reverse?: boolean }) =>
      readAll(store, "log", { limit: 10, ...query });
    expect(await read({ terms: ["all=1", "segment=3"] })).toEqual(["first 3", "last 3"]);
    expect(await read({ terms: ["segment=9"] })).toEqual([]);
    expect(await read({ from: 20, to: 35 })).toEqual(["first 2", "last 2", "first 3", "last 3"]);
    expect(await read({ from: 21, to: 34, reverse: true })).toEqual(["first 3", "last 2"]);
    await expect(read({ terms: ["all=1"] })).rejects.toThrow("missing");
  });

  it("stay within their size, dropping the oldest", async () => {
    await store.close();
    const maxBytes = 300_000;
    await open(maxBytes);
    const noise = () =>
      Buffer.from(Array.from({ length: 3000 }, () => Math.floor(Math.random() * 256))).toString("base64");
    for (let n = 0; n < 300; n += 1) await append([{ at: n, text: `${n} ${noise()}` }]);
    await store.compact("log");
    const texts = await readAll(store, "log", { limit: 1000 });
    const numbers = texts.map((text) => Number(text.split(" ")[0]));
    expect(numbers.at(-1)).toBe(299);
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, i) => 300 - numbers.length + i));
    expect(texts.join("").length).toBeLessThan(maxBytes * 1.5);
    expect(texts.length).toBeGreaterThan(10);
  }, 30_000);

  it("number on after a reopening, even if everything was dropped", async () => {
    await append([{ at: 50, text: "a" }]);
    const [before] = (await store.log("log").read({ limit: 1 })).entries;
    await store.trim("log", 60);
    await store.close();
    await open();
    await append([{ at: 10, text: "b" }]);
    const [after] = (await store.log("log").read({ limit: 5 })).entries;
    expect(after).toMatchObject({ at: 50, text: "b" });
    expect((after?.position ?? "") > (before?.position ?? "")).toBe(true);
  });
});
