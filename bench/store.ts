import { randomInt } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { fixedRootKey, newRootKey } from "../src/sealing/rootKey.ts";
import { LevelStore } from "../src/storage/level.ts";

/**
 * Transactions per second, each on disk before it counts: one 300-byte row and one log entry of 1 KB, by callers
 * that wait for each of theirs.
 *
 *   node --import tsx bench/store.ts [--seconds 5] [--callers 64] [--large]
 *
 * `--large` adds random keys among a million, which takes a minute to fill.
 */
const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "5" },
    callers: { type: "string", default: "64" },
    large: { type: "boolean", default: false },
  },
});
const seconds = Number(values.seconds);
const callers = Number(values.callers);
const row = Buffer.alloc(300, "r");
const filler = "e".repeat(900);
const keyOf = (i: number) => `bench/rows/${String(i).padStart(8, "0")}`;

interface Figures {
  case: string;
  "per second": number;
  "p50 ms": number;
  "p99 ms": number;
  "loop delay p99 ms": number;
  "batch size": number;
}

type Body = (store: LevelStore, i: number, keys: number) => Promise<unknown>;

const write: Body = (store, i, keys) =>
  store.transact(async (tx) => {
    tx.put(keyOf(randomInt(keys)), Buffer.from(row));
    tx.append("record", entry(i));
  });

const readAndWrite: Body = (store, i, keys) =>
  store.transact(async (tx) => {
    const key = keyOf(randomInt(keys));
    await tx.get(key);
    tx.put(key, Buffer.from(row));
    tx.append("record", entry(i));
  });

const read: Body = (store, _, keys) => store.transact((tx) => tx.get(keyOf(randomInt(keys))));

const list: Body = (store, _, keys) =>
  store.transact((tx) => tx.range(keyOf(randomInt(keys)), "bench/rows/~", { limit: 10 }));

function entry(i: number) {
  const text = `{"eventName":"PutItem","requestId":"${i}","filler":"${filler}"}`;
  return { at: Date.now(), text, terms: ["EventName=PutItem", `EventId=${i}`, `Username=user${i % 50}`] };
}

async function measure(name: string, store: LevelStore, keys: number, body: Body): Promise<Figures> {
  const latencies: number[] = [];
  const before = store.stats() as { batches: number; commits: number };
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const start = performance.now();
  const end = start + seconds * 1000;
  let count = 0;
  const caller = async () => {
    for (;;) {
      const began = performance.now();
      if (began >= end) return;
      await body(store, count++, keys);
      latencies.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  const took = (performance.now() - start) / 1000;
  delay.disable();
  latencies.sort((a, b) => a - b);
  const after = store.stats() as { batches: number; commits: number };
  const at = (share: number) => Number((latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(2));
  return {
    case: name,
    "per second": Math.round(latencies.length / took),
    "p50 ms": at(0.5),
    "p99 ms": at(0.99),
    "loop delay p99 ms": Number((delay.percentile(99) / 1e6).toFixed(2)),
    "batch size": Math.round((after.commits - before.commits) / Math.max(1, after.batches - before.batches)),
  };
}

async function fill(store: LevelStore, keys: number): Promise<void> {
  const perTransaction = 1000;
  for (let i = 0; i < keys; i += perTransaction) {
    await store.transact(async (tx) => {
      for (let j = i; j < Math.min(keys, i + perTransaction); j += 1) tx.put(keyOf(j), Buffer.from(row));
    });
  }
}

async function run(keys: number): Promise<Figures[]> {
  const dir = mkdtempSync(join(tmpdir(), "cloudkeep-bench-"));
  const store = await LevelStore.open({ dir, rootKey: fixedRootKey(newRootKey()) });
  try {
    await fill(store, keys);
    const name = keys >= 1e6 ? `${keys / 1e6}M keys` : `${keys / 1e3}k keys`;
    return [
      await measure(`${name}: write`, store, keys, write),
      await measure(`${name}: read, write`, store, keys, readAndWrite),
      await measure(`${name}: read`, store, keys, read),
      await measure(`${name}: list 10`, store, keys, list),
    ];
  } finally {
    await store.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

const figures = await run(1000);
if (values.large) figures.push(...(await run(1_000_000)));
console.table(figures);
