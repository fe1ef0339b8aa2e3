import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { compareKeys } from "./keys.ts";
import { logSuite } from "./logs/suite.ts";
import { serializabilitySuite } from "./serializabilitySuite.ts";
import type { Store, Transaction } from "./store.ts";

/** A store under exercise: what every backend offers beside the interface. */
export interface ExercisedStore extends Store {
  reset(): Promise<void>;
  stats(): Record<string, unknown>;
  trim(log: string, beforeMs: number): Promise<void>;
}

export interface Exercise {
  /** Gives a new, empty store. */
  open(): Promise<ExercisedStore>;
  /** Called after each test; closes and removes the store. */
  dispose(store: ExercisedStore): Promise<void>;
}

export const bytes = (text: string): Uint8Array => Buffer.from(text);
export const text = (value: Uint8Array | undefined): string | undefined => value && Buffer.from(value).toString();

export async function put(store: Store, key: string, value: string): Promise<void> {
  await store.transact(async (tx) => tx.put(key, bytes(value)));
}

export async function get(store: Store, key: string): Promise<string | undefined> {
  return store.transact(async (tx) => text(await tx.get(key)));
}

/** A promise that is resolved from outside. */
export function signal(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** What every backend must pass. */
export function exerciseStore(name: string, exercise: Exercise): void {
  describe(name, () => {
    let store: ExercisedStore;
    beforeEach(async () => {
      store = await exercise.open();
    });
    afterEach(() => exercise.dispose(store));
    const current = () => store;
    rowSuite(current);
    rangeSuite(current);
    conflictSuite(current);
    savepointSuite(current);
    logSuite(current);
    serializabilitySuite(current);
  });
}

function rowSuite(store: () => ExercisedStore): void {
  describe("rows", () => {
    it("returns what was put, after the commit and to others", async () => {
      await put(store(), "a", "1");
      expect(await get(store(), "a")).toBe("1");
      expect(await get(store(), "b")).toBeUndefined();
    });

    it("keeps empty values apart from missing ones", async () => {
      await put(store(), "a", "");
      expect(await get(store(), "a")).toBe("");
    });

    it("deletes", async () => {
      await put(store(), "a", "1");
      await store().transact(async (tx) => tx.delete("a"));
      expect(await get(store(), "a")).toBeUndefined();
    });

    it("lets a transaction read its own writes", async () => {
      await put(store(), "a", "1");
      await store().transact(async (tx) => {
        tx.put("a", bytes("2"));
        tx.put("b", bytes("3"));
        expect(text(await tx.get("a"))).toBe("2");
        tx.delete("a");
        expect(await tx.get("a")).toBeUndefined();
        expect((await tx.range("a", "z")).map(([key]) => key)).toEqual(["b"]);
      });
    });

    it("returns the same instance while a row is unchanged", async () => {
      await put(store(), "a", "1");
      const read = () => store().transact((tx) => tx.get("a"));
      expect(await read()).toBe(await read());
      const ranged = await store().transact((tx) => tx.range("a", "b"));
      expect(ranged[0]?.[1]).toBe(await read());
    });

    it("drops everything if the body throws, and rethrows", async () => {
      const failing = store().transact(async (tx) => {
        tx.put("a", bytes("1"));
        tx.append("log", { at: 1, text: "1" });
        throw new TypeError("no");
      });
      await expect(failing).rejects.toThrow(new TypeError("no"));
      expect(await get(store(), "a")).toBeUndefined();
      expect((await store().log("log").read({ limit: 10 })).entries).toEqual([]);
    });

    it("refuses keys with half a surrogate pair, and a transaction that has ended", async () => {
      await expect(get(store(), "a\ud800")).rejects.toThrow(TypeError);
      let kept: Transaction | undefined;
      await store().transact(async (tx) => {
        kept = tx;
      });
      await expect(kept?.get("a")).rejects.toThrow("has ended");
    });

    it("drops all state on reset, and works on", async () => {
      await put(store(), "a", "1");
      await store().transact(async (tx) => tx.append("log", { at: 5, text: "1" }));
      await store().reset();
      expect(await get(store(), "a")).toBeUndefined();
      expect((await store().log("log").read({ limit: 1 })).entries).toEqual([]);
      await put(store(), "a", "2");
      expect(await get(store(), "a")).toBe("2");
    });
  });
}

function rangeSuite(store: () => ExercisedStore): void {
  /** Few characters, so that keys collide; some whose order differs between UTF-8 and UTF-16. */
  const character = fc.constantFrom("a", "b", "\u0000", "\u0001", "é", "\uffee", "\u{1f600}");
  const key = fc.array(character, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(""));
  const rows = fc.dictionary(key, fc.string({ maxLength: 3 }), { maxKeys: 20, noNullPrototype: true });

  describe("ranges", () => {
    it("agree with a sorted model, own writes included, in both directions, with any limit", async () => {
      const change = fc.tuple(key, fc.option(fc.string({ maxLength: 3 }), { nil: undefined }));
      const query = fc.record({ from: key, to: key, limit: fc.option(fc.nat(8), { nil: undefined }), reverse: fc.boolean() });
      const property = fc.asyncProperty(rows, fc.array(change, { maxLength: 8 }), fc.array(query, { maxLength: 5 }), async (committed, own, queries) => {
        await store().reset();
        await store().transact(async (tx) => {
          for (const [k, v] of Object.entries(committed)) tx.put(k, bytes(v));
        });
        const model = new Map(Object.entries(committed));
        await store().transact(async (tx) => {
          for (const [k, v] of own) {
            if (v === undefined) tx.delete(k);
            else tx.put(k, bytes(v));
            if (v === undefined) model.delete(k);
            else model.set(k, v);
          }
          for (const { from, to, limit, reverse } of queries) {
            const expected = [...model].filter(([k]) => compareKeys(k, from) >= 0 && compareKeys(k, to) < 0).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
            if (reverse) expected.reverse();
            const found = await tx.range(from, to, { reverse, ...(limit !== undefined && { limit }) });
            expect(found.map(([k, v]) => [k, text(v)])).toEqual(expected.slice(0, limit));
          }
        });
      });
      await fc.assert(property, { numRuns: 60 });
    });

    it("reads many rows", async () => {
      const keys = Array.from({ length: 3000 }, (_, i) => `k${String(i).padStart(5, "0")}`);
      await store().transact(async (tx) => {
        for (const k of keys) tx.put(k, bytes(k));
      });
      const found = await store().transact((tx) => tx.range("k", "l"));
      expect(found.map(([k]) => k)).toEqual(keys);
      const last = await store().transact((tx) => tx.range("k", "l", { reverse: true, limit: 2 }));
      expect(last.map(([k]) => k)).toEqual(["k02999", "k02998"]);
    });
  });
}

function conflictSuite(store: () => ExercisedStore): void {
  /** Runs `body` whose first run is overtaken by `meanwhile` at the moment when it waits. */
  async function overtaken<T>(
    body: (tx: Transaction, run: number, wait: () => Promise<void>) => Promise<T>,
    meanwhile: () => Promise<void>,
  ): Promise<{ runs: number; result: T }> {
    const waiting = signal();
    const go = signal();
    let runs = 0;
    const result = store().transact(async (tx) => {
      runs += 1;
      const first = runs === 1;
      return body(tx, runs, async () => {
        if (!first) return;
        waiting.resolve();
        await go.promise;
      });
    });
    await waiting.promise;
    await meanwhile();
    go.resolve();
    return { result: await result, runs };
  }

  describe("conflicts", () => {
    it("runs again if a row that was read has changed", async () => {
      await put(store(), "a", "1");
      const { runs } = await overtaken(
        async (tx, _, wait) => {
          const value = text(await tx.get("a"));
          await wait();
          tx.put("b", bytes(`saw ${value}`));
        },
        () => put(store(), "a", "2"),
      );
      expect(runs).toBe(2);
      expect(await get(store(), "b")).toBe("saw 2");
    });

    it("runs again if a row that was missing has appeared, also in a range", async () => {
      const { result } = await overtaken(
        async (tx, run, wait) => {
          const found = run % 2 ? await tx.range("a", "c") : [["b", await tx.get("b")] as const];
          await wait();
          tx.put("x", bytes("1"));
          return found.length;
        },
        () => put(store(), "b", "1"),
      );
      expect(result).toBe(1);
    });

    it("does not run again for rows that were not read", async () => {
      await put(store(), "a", "1");
      const { runs } = await overtaken(
        async (tx, _, wait) => {
          await tx.get("a");
          await tx.range("c", "e", { limit: 10 });
          await wait();
          tx.put("a", bytes("2"));
        },
        () => put(store(), "b", "1"),
      );
      expect(runs).toBe(1);
    });

    it("does not run again for rows behind the last one that a limited range returned", async () => {
      for (const k of ["a", "b", "c"]) await put(store(), k, "1");
      const forward = await overtaken(
        async (tx, _, wait) => {
          await tx.range("a", "z", { limit: 2 });
          await wait();
          tx.put("x", bytes("1"));
        },
        () => put(store(), "b2", "1"),
      );
      expect(forward.runs).toBe(1);
      const backward = await overtaken(
        async (tx, _, wait) => {
          await tx.range("a", "d", { limit: 1, reverse: true });
          await wait();
          tx.put("x", bytes("1"));
        },
        () => put(store(), "b", "2"),
      );
      expect(backward.runs).toBe(1);
    });

    it("never shows two states to one run", async () => {
      await store().transact(async (tx) => {
        tx.put("a", bytes("1"));
        tx.put("b", bytes("1"));
      });
      const seen: unknown[] = [];
      await overtaken(
        async (tx, _, wait) => {
          const a = text(await tx.get("a"));
          await wait();
          seen.push([a, text(await tx.get("b"))]);
        },
        () =>
          store().transact(async (tx) => {
            tx.put("a", bytes("2"));
            tx.put("b", bytes("2"));
          }),
      );
      expect(seen).toEqual([["2", "2"]]);
    });

    it("runs a failed body again if what it read has changed", async () => {
      await put(store(), "taken", "yes");
      const { result } = await overtaken(
        async (tx, _, wait) => {
          const taken = await tx.get("taken");
          await wait();
          if (taken !== undefined) throw new Error("taken");
          return "free";
        },
        () => store().transact(async (tx) => tx.delete("taken")),
      );
      expect(result).toBe("free");
    });

    it("lets appends depend on reads", async () => {
      await put(store(), "open", "yes");
      await overtaken(
        async (tx, _, wait) => {
          const open = (await tx.get("open")) !== undefined;
          await wait();
          tx.append("log", { at: 1, text: open ? "while open" : "after" });
        },
        () => store().transact(async (tx) => tx.delete("open")),
      );
      const { entries } = await store().log("log").read({ limit: 5 });
      expect(entries.map((entry) => entry.text)).toEqual(["after"]);
    });

    it("carries many callers through one row", async () => {
      const increment = () =>
        store().transact(async (tx) => {
          const value = Number(text(await tx.get("n")) ?? 0);
          await tx.get("other");
          tx.put("n", bytes(String(value + 1)));
        });
      await Promise.all(Array.from({ length: 200 }, increment));
      expect(await get(store(), "n")).toBe("200");
    });
  });
}

function savepointSuite(store: () => ExercisedStore): void {
  describe("savepoints", () => {
    it("drop what came since, and nothing else", async () => {
      await put(store(), "a", "0");
      await store().transact(async (tx) => {
        tx.put("a", bytes("1"));
        tx.append("log", { at: 1, text: "1" });
        const outer = tx.savepoint();
        tx.put("a", bytes("2"));
        tx.delete("b");
        const inner = tx.savepoint();
        tx.put("b", bytes("3"));
        tx.append("log", { at: 1, text: "2" });
        tx.rollback(inner);
        expect(await tx.get("b")).toBeUndefined();
        tx.rollback(outer);
        expect(text(await tx.get("a"))).toBe("1");
      });
      expect(await get(store(), "a")).toBe("1");
      const { entries } = await store().log("log").read({ limit: 5 });
      expect(entries.map((entry) => entry.text)).toEqual(["1"]);
    });

    it("are refused by another transaction", async () => {
      const savepoint = await store().transact(async (tx) => tx.savepoint());
      await expect(store().transact(async (tx) => tx.rollback(savepoint))).rejects.toThrow(TypeError);
    });
  });
}
