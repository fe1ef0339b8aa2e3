import { describe, expect, it } from "vitest";
import type { Transaction } from "../store.ts";
import { bytes, type ExercisedStore, get, put, signal, text } from "./helpers.ts";

export function conflictSuite(store: () => ExercisedStore): void {
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
