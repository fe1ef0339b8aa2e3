import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ExercisedStore } from "./helpers.ts";

const encode = (value: number): Uint8Array => Buffer.from(String(value));
const decode = (value: Uint8Array | undefined): number =>
  value === undefined ? 0 : Number(Buffer.from(value).toString());

/** Gives way to others a few times, so that bodies interleave. */
async function yieldTurns(turns: number): Promise<void> {
  for (let i = 0; i < turns; i += 1) await new Promise((resolve) => setImmediate(resolve));
}

interface Step {
  read: number;
  write: number;
  add: number;
  turns: number;
}

/** Concurrent transactions must leave what some order of theirs, one after another, would leave. */
export function serializabilitySuite(store: () => ExercisedStore): void {
  const keys = 4;
  const step: fc.Arbitrary<Step> = fc.record({
    read: fc.nat(keys - 1),
    write: fc.nat(keys - 1),
    add: fc.integer({ min: 1, max: 9 }),
    turns: fc.nat(2),
  });

  describe("serializability", () => {
    it("leaves random concurrent transactions as their log, replayed in order, would", async () => {
      const property = fc.asyncProperty(
        fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 8 }),
        async (transactions) => {
          await store().reset();
          await Promise.all(transactions.map((steps, i) => store().transact((tx) => runSteps(steps, i, tx))));
          const { entries } = await store().log("order").read({ limit: 100 });
          const model = new Array<number>(keys).fill(0);
          for (const { text } of entries) {
            const { i, seen } = JSON.parse(text) as { i: number; seen: number[] };
            const expected: number[] = [];
            for (const { read, write, add } of transactions[i] as Step[]) {
              expected.push(model[read] as number);
              model[write] = (model[read] as number) + add;
            }
            expect(seen).toEqual(expected);
          }
          expect(entries).toHaveLength(transactions.length);
          const state = await store().transact((tx) => tx.range("k", "l"));
          const found = new Array<number>(keys).fill(0);
          for (const [key, value] of state) found[Number(key.slice(1))] = decode(value);
          expect(found).toEqual(model);
        },
      );
      await fc.assert(property, { numRuns: 60 });
    });

    async function runSteps(
      steps: Step[],
      i: number,
      tx: Parameters<Parameters<ExercisedStore["transact"]>[0]>[0],
    ): Promise<void> {
      const seen: number[] = [];
      for (const { read, write, add, turns } of steps) {
        const value = decode(await tx.get(`k${read}`));
        seen.push(value);
        await yieldTurns(turns);
        tx.put(`k${write}`, encode(value + add));
      }
      tx.append("order", { at: 1, text: JSON.stringify({ i, seen }) });
    }

    it("keeps the sum of accounts, for writers and for readers", async () => {
      const accounts = 6;
      await store().transact(async (tx) => {
        for (let i = 0; i < accounts; i += 1) tx.put(`account${i}`, encode(100));
      });
      const transfer = (from: number, to: number) =>
        store().transact(async (tx) => {
          const source = decode(await tx.get(`account${from}`));
          await yieldTurns(1);
          const target = decode(await tx.get(`account${to}`));
          if (from === to || source < 10) return;
          tx.put(`account${from}`, encode(source - 10));
          tx.put(`account${to}`, encode(target + 10));
        });
      const sum = (wait: number) =>
        store().transact(async (tx) => {
          let total = 0;
          for (let i = 0; i < accounts / 2; i += 1) total += decode(await tx.get(`account${i}`));
          await yieldTurns(wait);
          for (const [, value] of await tx.range("account3", "account9")) total += decode(value);
          return total;
        });
      const work: Promise<unknown>[] = [];
      for (let i = 0; i < 60; i += 1) {
        work.push(transfer(i % accounts, (i * 7 + 1) % accounts));
        if (i % 4 === 0) work.push(sum(i % 3));
      }
      const results = await Promise.all(work);
      expect(new Set(results.filter((result) => result !== undefined))).toEqual(new Set([100 * accounts]));
      expect(await sum(0)).toBe(100 * accounts);
    });

    it("prevents write skew, over rows and over ranges", async () => {
      await store().transact(async (tx) => {
        tx.put("duty/a", encode(1));
        tx.put("duty/b", encode(1));
      });
      const leave = (name: string, byRange: boolean) =>
        store().transact(async (tx) => {
          const onDuty = byRange
            ? (await tx.range("duty/", "duty0")).length
            : [await tx.get("duty/a"), await tx.get("duty/b")].filter((row) => row !== undefined).length;
          await yieldTurns(2);
          if (onDuty > 1) tx.delete(`duty/${name}`);
        });
      await Promise.all([leave("a", false), leave("b", true)]);
      expect(await store().transact((tx) => tx.range("duty/", "duty0"))).toHaveLength(1);
    });
  });
}
