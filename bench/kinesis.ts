/** Kinesis: how fast records go in and come out, alone and among many. `node --import tsx bench/kinesis.ts` */

import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runLoad } from "./load.ts";
import { removeData, startCloudkeepProcess } from "./processes.ts";
import { requestMaker } from "./signed.ts";

const recordBytes = 1_000;
const recordsPerPut = 500;
const puts = Number(process.env.BENCH_PUTS ?? 2_000);
/** So many that the limits of each shard, 1 MB and 1,000 records a second, are above what is measured. */
const shards = 100;
const StreamName = "bench";
/** kinesalite's URL, already running: `kinesalite --shardLimit 1000`. */
const peer = process.env.BENCH_PEER;

const rows: Record<string, string | number>[] = [];
const server = await startCloudkeepProcess();
const make = requestMaker({ port: server.port, service: "kinesis", credentials: server.credentials });
const call = (operation: string, input: object) => make.json(`Kinesis_20131202.${operation}`, input);

let serial = 0;
const newRecord = () => ({
  Data: randomBytes(recordBytes).toString("base64"),
  PartitionKey: `key-${serial++}`,
});
const putRequest = () =>
  call("PutRecords", { StreamName, Records: Array.from({ length: recordsPerPut }, newRecord) });

async function load(requests: Buffer[], count: number, connections = 16) {
  const result = await runLoad({ port: server.port, connections, requests, count });
  if (result.failed > 0) throw new Error(`${result.failed} calls failed: ${result.firstFailure}`);
  return result;
}

async function ask(operation: string, input: object): Promise<Record<string, unknown>> {
  let text = "";
  const follow = (answer: Buffer) => {
    text = answer.toString();
    return undefined;
  };
  // The answer of the only call is seen by its follower, which runs for all but the last: so it is asked twice.
  await runLoad({ port: server.port, connections: 1, requests: [call(operation, input)], count: 2, follow });
  return JSON.parse(text.slice(text.indexOf("\r\n\r\n") + 4)) as Record<string, unknown>;
}

/** Calls whose cost must not grow with the number of records that are stored. */
async function single(stored: number): Promise<void> {
  const shardIds = Array.from({ length: shards }, (_, i) => `shardId-${String(i).padStart(12, "0")}`);
  const iterators = [];
  for (const ShardId of shardIds) {
    const asked = { StreamName, ShardId, ShardIteratorType: "TRIM_HORIZON" };
    iterators.push((await ask("GetShardIterator", asked)).ShardIterator);
  }
  const calls: [name: string, requests: Buffer[], count: number][] = [
    [
      "PutRecord",
      Array.from({ length: 400 }, () => call("PutRecord", { StreamName, ...newRecord() })),
      4_000,
    ],
    [
      "GetRecords, first 10",
      iterators.map((ShardIterator) => call("GetRecords", { ShardIterator, Limit: 10 })),
      4 * shards,
    ],
    [
      "GetShardIterator, latest",
      shardIds.map((ShardId) =>
        call("GetShardIterator", { StreamName, ShardId, ShardIteratorType: "LATEST" }),
      ),
      4_000,
    ],
  ];
  for (const [name, requests, count] of calls) {
    const { perSecond, p50Ms, p99Ms } = await load(requests, count);
    rows.push({
      what: `${name}, ${stored.toLocaleString("en")} stored`,
      "per second": Math.round(perSecond),
      "p50 ms": p50Ms.toFixed(2),
      "p99 ms": p99Ms.toFixed(2),
    });
  }
}

/** Reads all shards from their beginning, each as fast as its limits let. */
async function readAll(): Promise<void> {
  const connections = 8;
  const next = await Promise.all(
    Array.from({ length: shards }, async (_, i) => {
      const ShardId = `shardId-${String(i).padStart(12, "0")}`;
      const { ShardIterator } = await ask("GetShardIterator", {
        StreamName,
        ShardId,
        ShardIteratorType: "TRIM_HORIZON",
      });
      return ShardIterator as string;
    }),
  );
  let bytes = 0;
  const follow = (answer: Buffer) => {
    bytes += answer.length;
    return undefined;
  };
  // Twice as much as a shard gives in a second; more would have the next call refused.
  const requests = next.map((ShardIterator) => call("GetRecords", { ShardIterator, Limit: 2_000 }));
  const begun = performance.now();
  await runLoad({ port: server.port, connections, requests, count: shards + 1, follow });
  const seconds = (performance.now() - begun) / 1000;
  rows.push({
    what: "GetRecords of 2,000",
    "MB per second": Math.round((bytes * 0.75) / seconds / 1e6),
    bar: 100,
  });
}

async function besidePeer(requests: Buffer[], singles: Buffer[]): Promise<void> {
  if (peer === undefined) return;
  const port = Number(new URL(peer).port);
  const create = call("CreateStream", { StreamName, ShardCount: shards });
  await runLoad({ port, connections: 1, requests: [create], count: 1 });
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  for (const [what, list, count, perCall] of [
    ["PutRecords", requests, 60, recordsPerPut],
    ["PutRecord", singles, 4_000, 1],
  ] as const) {
    const same = { connections: 16, requests: [...list], count };
    const theirs = await runLoad({ port, ...same });
    const ours = await runLoad({ port: server.port, ...same });
    rows.push({
      what: `${what}, beside kinesalite`,
      "records per second": Math.round(ours.perSecond * perCall),
      "peer's": Math.round(theirs.perSecond * perCall),
      "times as fast": (ours.perSecond / theirs.perSecond).toFixed(1),
      "peer failed": theirs.failed,
    });
  }
}

try {
  await load([call("CreateStream", { StreamName, ShardCount: shards })], 1, 1);
  const requests = Array.from({ length: 60 }, putRequest);
  await load(requests, 20);
  await single(20 * recordsPerPut);
  const { perSecond, p50Ms, p99Ms } = await load(requests, puts);
  rows.push({
    what: "PutRecords of 500 x 1 KB",
    "MB per second": Math.round((perSecond * recordsPerPut * recordBytes) / 1e6),
    "p50 ms": p50Ms.toFixed(2),
    "p99 ms": p99Ms.toFixed(2),
    bar: 60,
  });
  await single((puts + 20) * recordsPerPut);
  await readAll();
  const singles = Array.from({ length: 400 }, () => call("PutRecord", { StreamName, ...newRecord() }));
  await besidePeer(requests, singles);
  console.table(rows);
  const folder = fileURLToPath(new URL("results/", import.meta.url));
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}kinesis.json`, `${JSON.stringify({ node: process.version, rows }, null, 2)}\n`);
} finally {
  await server.stop();
  removeData(server);
}
