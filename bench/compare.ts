import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Follow, type LoadResult, runLoad, runPeerLoad } from "./load.ts";
import { type CloudkeepServer, startBare } from "./processes.ts";

/** Measures calls beside a bare server, and reports them in one table. */

export const connections = 64;
/** Calls in a round. */
export const count = Number(process.env.BENCH_COUNT ?? 30_000);
export const rounds = 2;
/** Another server that answers the same calls, to measure beside: "http://127.0.0.1:5000". */
const peer = process.env.BENCH_PEER;
const peerCount = 2_000;
/** Measures only what has this in its name. */
export const only = process.env.BENCH_ONLY ?? "";

interface Row {
  name: string;
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** Share of the bare server's requests per second, in the same run. */
  share: number;
  bar: number;
}

const rows: Row[] = [];

/** Cloudkeep and the bare server in turn, twice each; the better of each counts, so that a hiccup harms neither. */
export async function compare(
  name: string,
  bar: number,
  server: CloudkeepServer,
  requests: () => Buffer[],
  answerBytes: number,
  follow?: Follow,
): Promise<void> {
  if (!name.includes(only)) return;
  const bare = await startBare(answerBytes);
  let own: LoadResult | undefined;
  let floor: LoadResult | undefined;
  try {
    for (let round = 0; round < rounds; round++) {
      const list = requests();
      const measured = await runLoad({
        port: server.port,
        connections,
        requests: list,
        count,
        ...(follow && { follow }),
      });
      if (measured.failed > 0)
        throw new Error(`${name}: ${measured.failed} calls failed, first: ${measured.firstFailure}`);
      const base = await runLoad({ port: bare.port, connections, requests: list, count });
      if (own === undefined || measured.perSecond > own.perSecond) own = measured;
      if (floor === undefined || base.perSecond > floor.perSecond) floor = base;
    }
  } finally {
    await bare.stop();
  }
  if (own === undefined || floor === undefined) return;
  rows.push({ name: `${name} (bare)`, ...floor, share: 1, bar: 1 });
  rows.push({ name, ...own, share: own.perSecond / floor.perSecond, bar });
  if (peer !== undefined && !name.includes("among"))
    await measurePeer(name, peer, requests(), floor.perSecond);
}

/** The peer may check no signature, so requests signed for Cloudkeep's port serve it as well. */
async function measurePeer(name: string, url: string, requests: Buffer[], floor: number): Promise<void> {
  const measured = await runPeerLoad(url, connections, requests, peerCount);
  if (measured.failed > 0)
    console.log(`${name} of the peer: ${measured.failed} of ${peerCount} calls failed.`);
  rows.push({ name: `${name} (peer)`, ...measured, share: measured.perSecond / floor, bar: 0 });
}

/** Prints what was measured, and writes it to `bench/results/`. */
export function report(facts: Record<string, number>, file: string): void {
  const table = rows.map((row) => ({
    call: row.name,
    "per second": Math.round(row.perSecond),
    "p50 ms": row.p50Ms.toFixed(2),
    "p99 ms": row.p99Ms.toFixed(2),
    "of bare": `${(row.share * 100).toFixed(0)}%`,
    bar: `${(row.bar * 100).toFixed(0)}%`,
  }));
  console.table(table);
  for (const [name, value] of Object.entries(facts)) console.log(`${name}: ${value.toFixed(0)}`);
  const folder = fileURLToPath(new URL("results/", import.meta.url));
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    `${folder}${file}.json`,
    `${JSON.stringify({ node: process.version, rows, facts }, null, 2)}\n`,
  );
}
