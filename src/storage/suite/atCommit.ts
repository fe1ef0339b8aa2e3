import { setImmediate } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { bytes, type ExercisedStore, get, put, text } from "./helpers.ts";

export function atCommitSuite(store: () => ExercisedStore): void {
  describe("what is written at the commit", () => {
    it("is part of it", async () => {
      await store().transact((tx) => {
        tx.put("a", bytes("0"));
        tx.atCommit(() => {
          tx.put("a", bytes("1"));
          tx.put("b", bytes("2"));
        });
      });
      expect([await get(store(), "a"), await get(store(), "b")]).toEqual(["1", "2"]);
    });

    it("is in the order of the commits, whoever began first", async () => {
      let last = 0;
      const begun: number[] = [];
      const numbers = await Promise.all(
        Array.from({ length: 50 }, async (_, writer) => {
          let number = 0;
          await store().transact(async (tx) => {
            for (let turns = (writer * 7) % 11; turns > 0; turns -= 1) await setImmediate();
            begun.push(writer);
            tx.atCommit(() => {
              last += 1;
              number = last;
              tx.put(`n/${String(number).padStart(3, "0")}`, bytes(String(writer)));
            });
          });
          return number;
        }),
      );
      expect([...numbers].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
      const rows = await store().transact((tx) => tx.range("n/", "n0"));
      expect(rows.map(([, value]) => text(value))).toEqual(
        numbers
          .map((number, writer) => ({ number, writer }))
          .sort((a, b) => a.number - b.number)
          .map(({ writer }) => String(writer)),
      );
      expect(begun.length).toBe(50);
    });

    it("runs once, though the transaction ran again", async () => {
      await put(store(), "a", "0");
      let runs = 0;
      let writes = 0;
      await store().transact(async (tx) => {
        runs += 1;
        await tx.get("a");
        tx.atCommit(() => {
          writes += 1;
          tx.put("b", bytes(String(runs)));
        });
        if (runs === 1) await put(store(), "a", "1");
      });
      expect([runs, writes, await get(store(), "b")]).toEqual([2, 1, "2"]);
    });

    it("is dropped by a rollback, and with a body that fails", async () => {
      await store().transact((tx) => {
        const savepoint = tx.savepoint();
        tx.atCommit(() => tx.put("a", bytes("1")));
        tx.rollback(savepoint);
        tx.put("b", bytes("1"));
      });
      const failed = store().transact((tx) => {
        tx.atCommit(() => tx.put("a", bytes("2")));
        throw new Error("no");
      });
      await expect(failed).rejects.toThrow("no");
      expect([await get(store(), "a"), await get(store(), "b")]).toEqual([undefined, "1"]);
    });
  });
}
