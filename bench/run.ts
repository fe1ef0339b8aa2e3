/** Every benchmark, one table, and the same as JSON in `bench/results/`. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type LoadResult, runLoad } from "./load.ts";
import { type CloudkeepServer, removeData, startBare, startCloudkeepProcess } from "./processes.ts";
import { requestMaker } from "./signed.ts";

const connections = 64;
const count = Number(process.env.BENCH_COUNT ?? 30_000);

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
async function compare(
  name: string,
  bar: number,
  server: CloudkeepServer,
  requests: () => Buffer[],
  answerBytes: number,
): Promise<void> {
  const bare = await startBare(answerBytes);
  let own: LoadResult | undefined;
  let floor: LoadResult | undefined;
  try {
    for (let round = 0; round < 2; round++) {
      const list = requests();
      const measured = await runLoad({ port: server.port, connections, requests: list, count });
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
}

function residentMb(pid: number): number {
  const match = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(match?.[1] ?? 0) / 1024;
}

let serial = 0;

async function main(): Promise<void> {
  const first = await startCloudkeepProcess();
  const firstStartMs = first.startMs;
  await first.stop();
  const server = await startCloudkeepProcess(first.directory);
  const facts = { firstStartMs, startMs: server.startMs, idleMb: residentMb(server.pid) };
  const { port, credentials } = server;
  const sts = requestMaker({ port, service: "sts", credentials });
  const iam = requestMaker({ port, service: "iam", credentials });
  await compare(
    "GetCallerIdentity",
    0.4,
    server,
    () => [sts.query({ Action: "GetCallerIdentity", Version: "2011-06-15" })],
    420,
  );
  await compare(
    "CreateUser",
    0.25,
    server,
    () =>
      Array.from({ length: count }, () =>
        iam.query({ Action: "CreateUser", Version: "2010-05-08", UserName: `user-${serial++}` }),
      ),
    520,
  );
  await server.stop();
  removeData(server);
  report(facts);
}

function report(facts: Record<string, number>): void {
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
  writeFileSync(`${folder}gate.json`, `${JSON.stringify({ node: process.version, rows, facts }, null, 2)}\n`);
}

await main();
