import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Reads } from "../store.ts";
import { bytes, type ExercisedStore, put, text } from "./helpers.ts";

/** The order of UTF-8 bytes, by definition. */
const compareKeys = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

export function rangeSuite(store: () => ExercisedStore): void {
  /** Few characters, so that keys collide; some whose order differs between UTF-8 and UTF-16. */
  const character = fc.constantFrom("a", "b", "\u0000", "\u0001", "é", "\uffee", "\u{1f600}");
  const key = fc.array(character, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(""));
  const rows = fc.dictionary(key, fc.string({ maxLength: 3 }), { maxKeys: 20, noNullPrototype: true });

  describe("ranges", () => {
    it("agree with a sorted model, own writes included, in both directions, with any limit", async () => {
      const change = fc.tuple(key, fc.option(fc.string({ maxLength: 3 }), { nil: undefined }));
      const query = fc.record({
        from: key,
        to: key,
        limit: fc.option(fc.nat(8), { nil: undefined }),
        reverse: fc.boolean(),
      });
      const property = fc.asyncProperty(
        rows,
        fc.array(change, { maxLength: 8 }),
        fc.array(query, { maxLength: 5 }),
        async (committed, own, queries) => {
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
              const expected = [...model]
                .filter(([k]) => compareKeys(from, k) <= 0 && compareKeys(k, to) < 0)
                .sort(([a], [b]) => compareKeys(a, b));
              if (reverse) expected.reverse();
              const found = await tx.range(from, to, { reverse, ...(limit !== undefined && { limit }) });
              expect(found.map(([k, v]) => [k, text(v)])).toEqual(expected.slice(0, limit));
            }
          });
        },
      );
      await fc.assert(property, { numRuns: 60 });
    });

    it("agree with a sorted model from commit to commit, however often they are read", async () => {
      const part = fc.constantFrom("a", "b", "b\u0001", "c");
      const row = fc
        .array(part, { minLength: 2, maxLength: 3 })
        .map((parts) => parts.map((one) => `${one}\u0000`).join(""));
      const end = fc.oneof(
        row,
        row.map((whole) => `${whole.slice(0, -1)}\u0001`),
        row.map((whole) => whole.slice(0, -1)),
      );
      const wanted = fc.record({
        from: end,
        to: end,
        limit: fc.option(fc.nat(4), { nil: undefined }),
        reverse: fc.boolean(),
      });
      const change = fc.record({
        key: row,
        value: fc.option(fc.string({ maxLength: 2 }), { nil: undefined }),
      });
      const queries = fc.array(wanted, { minLength: 1, maxLength: 4 });
      const property = fc.asyncProperty(
        queries,
        fc.array(change, { maxLength: 12 }),
        async (asked, changes) => {
          await store().reset();
          const model = new Map<string, string>();
          const readOne =
            ({ from, to, limit, reverse }: (typeof asked)[0]) =>
            (tx: Reads) =>
              tx.range(from, to, { reverse, ...(limit !== undefined && { limit }) });
          const check = async (use: ExercisedStore["peek"]) => {
            for (const one of asked) {
              const expected = [...model]
                .filter(([k]) => compareKeys(one.from, k) <= 0 && compareKeys(k, one.to) < 0)
                .sort(([a], [b]) => compareKeys(a, b));
              if (one.reverse) expected.reverse();
              const found = await use(readOne(one));
              expect(found.map(([k, v]) => [k, text(v)])).toEqual(expected.slice(0, one.limit));
            }
          };
          for (const { key, value } of changes) {
            await put(store(), key, "earlier");
            const read = () => asked.map((one) => store().peek(readOne(one)));
            // What reads began before the write, or while it is on its way, have seen must not be taken for what is there.
            const before = read();
            const written = store().transact((tx) => {
              if (value === undefined) tx.delete(key);
              else tx.put(key, bytes(value));
            });
            await Promise.all([...before, written, ...read()]);
            if (value === undefined) model.delete(key);
            else model.set(key, value);
            await check((read) => store().transact(read));
          }
        },
      );
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
