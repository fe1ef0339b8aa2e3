import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LogEntry, LogQuery, Store } from "../store.ts";
import type { ExercisedStore } from "./helpers.ts";

/** All pages of a query, one after the other. */
export async function readAll(store: Store, log: string, query: LogQuery): Promise<string[]> {
  const texts: string[] = [];
  let after: string | undefined;
  for (;;) {
    const page = await store.log(log).read({ ...query, ...(after !== undefined && { after }) });
    expect(page.entries.length).toBeLessThanOrEqual(query.limit);
    texts.push(...page.entries.map(({ text }) => text));
    if (page.next === undefined) return texts;
    expect(page.entries).toHaveLength(query.limit);
    after = page.next;
  }
}

const entry = fc.record({
  at: fc.integer({ min: 0, max: 30 }),
  text: fc.constantFrom("a", "zwei\n", '{"a":"é😀"}', ""),
  terms: fc.subarray(["x=1", "y=2", "z=3"]),
});
const query = fc.record(
  {
    from: fc.integer({ min: 0, max: 35 }),
    to: fc.integer({ min: 0, max: 35 }),
    terms: fc.subarray(["x=1", "y=2", "w=4"]),
    reverse: fc.boolean(),
    limit: fc.integer({ min: 1, max: 7 }),
  },
  { requiredKeys: ["limit"] },
);

/** What a log must answer. */
function expected(entries: LogEntry[], { from = 0, to = 1e9, terms = [], reverse }: LogQuery): string[] {
  let last = 0;
  const found: string[] = [];
  for (const { at, text, terms: has = [] } of entries) {
    last = Math.max(last, at);
    if (last >= from && last <= to && terms.every((term) => has.includes(term))) found.push(text);
  }
  return reverse ? found.reverse() : found;
}

export function logSuite(store: () => ExercisedStore): void {
  describe("logs", () => {
    it("pages through entries by time and terms, in both directions, as a filtered list would", async () => {
      const property = fc.asyncProperty(
        fc.array(fc.array(entry, { maxLength: 5 }), { maxLength: 8 }),
        fc.array(query, { maxLength: 6 }),
        async (commits, queries) => {
          await store().reset();
          for (const entries of commits) {
            await store().transact(async (tx) => {
              for (const one of entries) tx.append("log", one);
            });
          }
          for (const one of queries) {
            expect(await readAll(store(), "log", one)).toEqual(expected(commits.flat(), one));
          }
        },
      );
      await fc.assert(property, { numRuns: 60 });
    });

    it("keeps time from running backward, and positions in order", async () => {
      for (const at of [10, 5, 20, 20, 1]) {
        await store().transact(async (tx) => tx.append("log", { at, text: String(at) }));
      }
      const { entries } = await store().log("log").read({ limit: 10 });
      expect(entries.map(({ at }) => at)).toEqual([10, 10, 20, 20, 20]);
      const positions = entries.map(({ position }) => position);
      expect([...positions].sort()).toEqual(positions);
      expect(new Set(positions).size).toBe(5);
    });

    it("keeps logs apart, whatever their names", async () => {
      const names = ["a", "a\u0000", "a\u0000r", "a\u0001", "a/b", "", "\u{1f600}"];
      await store().transact(async (tx) => {
        for (const name of names) tx.append(name, { at: 1, text: `in ${name}` });
      });
      for (const name of names) expect(await readAll(store(), name, { limit: 3 })).toEqual([`in ${name}`]);
    });

    it("continues behind a position although entries were added meanwhile", async () => {
      const append = (text: string) => store().transact(async (tx) => tx.append("log", { at: 1, text }));
      for (const text of ["a", "b", "c"]) await append(text);
      const page = await store().log("log").read({ limit: 2 });
      await append("d");
      const rest = await store()
        .log("log")
        .read({ limit: 9, after: page.next as string });
      expect(rest.entries.map(({ text }) => text)).toEqual(["c", "d"]);
    });

    it("refuses positions and times that are none", async () => {
      await expect(store().log("log").read({ limit: 1, after: "x" })).rejects.toThrow(RangeError);
      await expect(
        store().transact(async (tx) => tx.append("log", { at: Number.NaN, text: "" })),
      ).rejects.toThrow(RangeError);
    });

    it("drops entries by age", async () => {
      for (const at of [1, 2, 3, 4])
        await store().transact(async (tx) => tx.append("log", { at, text: String(at) }));
      await store().trim("log", 3);
      expect(await readAll(store(), "log", { limit: 2 })).toEqual(["3", "4"]);
      await store().transact(async (tx) => tx.append("log", { at: 1, text: "late" }));
      expect(await readAll(store(), "log", { limit: 2 })).toEqual(["3", "4", "late"]);
    });
  });
}
