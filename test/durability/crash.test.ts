import { rmSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeRootKey, fixedRootKey } from "../../src/sealing/rootKey.ts";
import { LevelStore } from "../../src/storage/level.ts";
import { bundle, newEncodedKey, start, temporaryDirectory } from "./children.ts";

const cycles = Number(process.env.CLOUDKEEP_CRASH_CYCLES ?? 100);
const writers = 16;
const longestRunMs = 250;
const timeoutMs = 60_000 + cycles * 3000;

describe("kill -9", () => {
  let script = "";
  beforeAll(async () => {
    script = await bundle("worker");
  });
  afterAll(() => rmSync(dirname(script), { recursive: true, force: true }));

  it(
    `loses nothing that was acknowledged, and keeps state and log as one, ${cycles} times`,
    async () => {
      const { dir, remove } = temporaryDirectory();
      const rootKey = newEncodedKey();
      const told = new Array<number>(writers).fill(0);
      const checked = { counts: new Array<number>(writers).fill(0), after: undefined as string | undefined };
      try {
        for (let cycle = 0; cycle < cycles; cycle += 1) {
          await writeUntilKilled(script, dir, rootKey, told, cycle);
          // Every other time the next child recovers, under load.
          if (cycle % 2 === 1) await check(dir, rootKey, told, checked);
        }
        await check(dir, rootKey, told, checked);
        expect(told.every((count) => count > 0)).toBe(true);
      } finally {
        remove();
      }
    },
    timeoutMs,
  );
});

async function writeUntilKilled(
  script: string,
  dir: string,
  rootKey: string,
  told: number[],
  cycle: number,
): Promise<void> {
  const child = start(script, [dir, String(writers)], rootKey);
  // Every tenth is killed while it starts, which is while it recovers.
  if (cycle % 10 !== 9) expect(await child.firstLine, child.errors()).toBe("ready");
  await setTimeout(Math.random() * longestRunMs);
  child.process.kill("SIGKILL");
  for (const line of await child.lines) {
    if (line === "ready") continue;
    const [writer, count] = line.split(" ").map(Number) as [number, number];
    told[writer] = Math.max(told[writer] as number, count);
  }
}

/** Rows hold all that was told, and the log holds each count of each row once, in order, and no other. */
async function check(
  dir: string,
  rootKey: string,
  told: number[],
  checked: { counts: number[]; after: string | undefined },
): Promise<void> {
  const store = await LevelStore.open({ dir, rootKey: fixedRootKey(decodeRootKey(rootKey)) });
  try {
    const rows = await store.transact((tx) => tx.range("count/", "count0"));
    const stored = new Array<number>(writers).fill(0);
    for (const [key, value] of rows)
      stored[Number(key.slice("count/".length))] = Number(Buffer.from(value).toString());
    for (let writer = 0; writer < writers; writer += 1)
      expect(stored[writer]).toBeGreaterThanOrEqual(told[writer] as number);
    for (;;) {
      const { after } = checked;
      const page = await store.log("counts").read({ limit: 5000, ...(after !== undefined && { after }) });
      for (const { text } of page.entries) {
        const { writer, next } = JSON.parse(text) as { writer: number; next: number };
        expect(next).toBe((checked.counts[writer] as number) + 1);
        checked.counts[writer] = next;
      }
      checked.after = page.entries.at(-1)?.position ?? after;
      if (page.next === undefined) break;
    }
    expect(checked.counts).toEqual(stored);
  } finally {
    await store.close();
  }
}
