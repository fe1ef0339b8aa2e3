import { describe, expect, it } from "vitest";
import { bytes, type ExercisedStore, get, put, text } from "./helpers.ts";

export function savepointSuite(store: () => ExercisedStore): void {
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
