import { writeSync } from "node:fs";
import { LevelStore } from "../../src/storage/level.ts";

/**
 * Writes until it is killed; the other side of crash.test.ts. Each writer counts in a row of its own and logs
 * each count in the same transaction; a count is told to the parent once it is acknowledged.
 */
const [dir = "", writers = "16"] = process.argv.slice(2);
const padding = "p".repeat(1000);

const store = await LevelStore.open({ dir });
writeSync(1, "ready\n");
await Promise.all(Array.from({ length: Number(writers) }, (_, writer) => count(writer)));

async function count(writer: number): Promise<never> {
  for (;;) {
    const next = await store.transact(async (tx) => {
      const value = await tx.get(`count/${writer}`);
      const next = Number(value === undefined ? 0 : Buffer.from(value).toString()) + 1;
      tx.put(`count/${writer}`, Buffer.from(String(next)));
      tx.append("counts", {
        at: Date.now(),
        text: JSON.stringify({ writer, next, padding }),
        terms: [`writer=${writer}`],
      });
      return next;
    });
    // Synchronous, so that nothing is told after the kill that was not acknowledged before it.
    writeSync(1, `${writer} ${next}\n`);
  }
}
