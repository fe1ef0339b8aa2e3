import { describe, expect, it } from "vitest";
import type { Transaction } from "../store.ts";
import { bytes, type ExercisedStore, get, put, text } from "./helpers.ts";

export function rowSuite(store: () => ExercisedStore): void {
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
      await expect((async () => kept?.get("a"))()).rejects.toThrow("has ended");
    });

    it("peeks at what is committed, and at nothing else", async () => {
      await put(store(), "a", "1");
      await store().transact(async (tx) => {
        tx.put("a", bytes("2"));
        tx.put("b", bytes("2"));
        const seen = await store().peek(async (reads) => [
          text(await reads.get("a")),
          (await reads.range("a", "z")).map(([key]) => key),
        ]);
        expect(seen).toEqual(["1", ["a"]]);
      });
      expect(text(await store().peek((reads) => reads.get("b")))).toBe("2");
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
