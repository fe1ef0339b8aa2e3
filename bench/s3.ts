/** S3: small objects beside a bare server, large ones beside the disk, listings and writes among a million. */

import { randomBytes } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { S3 } from "@aws-sdk/client-s3";
import { runLoad } from "./load.ts";
import { type CloudkeepServer, cpuMs, removeData, startBare, startCloudkeepProcess } from "./processes.ts";
import { seedObjects, settle, withStore } from "./seed.ts";
import { requestMaker } from "./signed.ts";

const connections = 64;
const count = Number(process.env.BENCH_COUNT ?? 10_000);
const million = Number(process.env.BENCH_ROWS ?? 1_000_000);
const mebibyte = 2 ** 20;
const largeBytes = 64 * mebibyte;
const rounds = 2;
const largeRounds = Number(process.env.BENCH_LARGE_ROUNDS ?? 4);
const Bucket = "benchmark";

type Row = { call: string; figure: string; beside: string; share: string; bar: string };
const rows: Row[] = [];

function clientOf(server: CloudkeepServer): S3 {
  const endpoint = `http://127.0.0.1:${server.port}`;
  return new S3({ endpoint, region: "us-east-1", credentials: server.credentials, forcePathStyle: true });
}

/** PutObject and GetObject of 4 KiB, beside a bare server that reads and answers as many bytes. */
async function small(server: CloudkeepServer): Promise<void> {
  const maker = requestMaker({ port: server.port, service: "s3", credentials: server.credentials });
  const body = randomBytes(4096);
  let serial = 0;
  const puts = () =>
    Array.from({ length: count }, () => maker.rest("PUT", `/${Bucket}/small/${serial++}`, body));
  const gets = () =>
    Array.from({ length: 1_000 }, (_, i) => maker.rest("GET", `/${Bucket}/small/${i}`, Buffer.of()));
  for (const [name, requests, answerBytes, bar] of [
    ["PutObject 4 KiB", puts, 0, 1 / 6],
    ["GetObject 4 KiB", gets, 4096, 0],
  ] as const) {
    const bare = await startBare(answerBytes);
    let [own, floor] = [0, 0];
    for (let round = 0; round < rounds; round++) {
      const list = requests();
      const measured = await runLoad({ port: server.port, connections, requests: list, count });
      if (measured.failed > 0) throw new Error(`${name}: ${measured.firstFailure}`);
      own = Math.max(own, measured.perSecond);
      const base = await runLoad({ port: bare.port, connections, requests: list, count });
      floor = Math.max(floor, base.perSecond);
    }
    await bare.stop();
    report(name, `${Math.round(own)}/s`, `${Math.round(floor)}/s bare`, own / floor, bar);
  }
}

/** Writing and syncing the same bytes to a file, MiB/s: the better of three. */
function diskSpeed(directory: string, body: Buffer): number {
  let best = 0;
  for (let i = 0; i < 3; i += 1) {
    const started = performance.now();
    const file = openSync(join(directory, "plain"), "w");
    for (let at = 0; at < body.length; at += mebibyte) writeSync(file, body, at, mebibyte);
    fsyncSync(file);
    closeSync(file);
    best = Math.max(best, body.length / mebibyte / ((performance.now() - started) / 1000));
  }
  return best;
}

function exchange(port: number, raw: Buffer): Promise<number> {
  const end = raw.indexOf("\r\n\r\n");
  const [line = "", ...lines] = raw.toString("latin1", 0, end).split("\r\n");
  const [method, path] = line.split(" ");
  const headers = Object.fromEntries(lines.map((one) => one.split(/: (.*)/).slice(0, 2)));
  return new Promise((resolve, reject) => {
    const call = request({ port, host: "127.0.0.1", method, path, headers }, (response) => {
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
      });
      response.on("end", () =>
        response.statusCode === 200 ? resolve(bytes) : reject(new Error(String(response.statusCode))),
      );
    });
    call.on("error", reject);
    call.end(raw.subarray(end + 4));
  });
}

/** 64 MiB up, beside the disk; and down. */
async function large(server: CloudkeepServer): Promise<void> {
  const maker = requestMaker({ port: server.port, service: "s3", credentials: server.credentials });
  const body = randomBytes(largeBytes);
  const directory = mkdtempSync(join(tmpdir(), "cloudkeep-bench-disk-"));
  const put = maker.rest("PUT", `/${Bucket}/large`, body);
  const get = maker.rest("GET", `/${Bucket}/large`, Buffer.of());
  let [up, down, disk, cpu] = [0, 0, 0, Infinity];
  for (let round = 0; round < largeRounds; round += 1) {
    disk = Math.max(disk, diskSpeed(directory, body));
    const [cpuBefore, started] = [cpuMs(server.pid), performance.now()];
    await exchange(server.port, put);
    const between = performance.now();
    cpu = Math.min(cpu, (cpuMs(server.pid) - cpuBefore) / (largeBytes / mebibyte));
    if ((await exchange(server.port, get)) !== largeBytes) throw new Error("GetObject answered too little.");
    up = Math.max(up, largeBytes / mebibyte / ((between - started) / 1000));
    down = Math.max(down, largeBytes / mebibyte / ((performance.now() - between) / 1000));
  }
  rmSync(directory, { recursive: true });
  report("PutObject 64 MiB", `${Math.round(up)} MiB/s`, `${Math.round(disk)} MiB/s disk`, up / disk, 0.5);
  rows.push({ call: "its CPU time", figure: `${cpu.toFixed(1)} ms/MiB`, beside: "", share: "", bar: "" });
  report("GetObject 64 MiB", `${Math.round(down)} MiB/s`, `${Math.round(disk)} MiB/s disk`, down / disk, 0);
}

/** Time of a call, ms, one at a time: the median. */
async function medianMs(times: number, call: (i: number) => Promise<unknown>): Promise<number> {
  const taken: number[] = [];
  for (let i = 0; i < times; i += 1) {
    const started = performance.now();
    await call(i);
    taken.push(performance.now() - started);
  }
  return taken.sort((a, b) => a - b)[Math.floor(times / 2)] ?? 0;
}

async function among(objects: number): Promise<Record<string, number>> {
  const first = await startCloudkeepProcess();
  await clientOf(first).createBucket({ Bucket });
  await first.stop();
  await withStore(first.directory, (store) => seedObjects(store, Bucket, objects));
  await settle(first.directory);
  const server = await startCloudkeepProcess(first.directory);
  try {
    const s3 = clientOf(server);
    const maker = requestMaker({ port: server.port, service: "s3", credentials: server.credentials });
    const body = randomBytes(4096);
    const key = () => `seeded/${String(Math.floor(Math.random() * objects)).padStart(8, "0")}`;
    const put = () => exchange(server.port, maker.rest("PUT", `/${Bucket}/${key()}x`, body));
    const list = () => s3.listObjectsV2({ Bucket, MaxKeys: 100, StartAfter: key() });
    const head = () => s3.headObject({ Bucket, Key: key() });
    for (const call of [put, list, head]) await medianMs(50, call);
    return {
      PutObject: await medianMs(300, put),
      "ListObjectsV2 of 100": await medianMs(300, list),
      HeadObject: await medianMs(300, head),
    };
  } finally {
    await server.stop();
    removeData(server);
  }
}

function report(call: string, figure: string, beside: string, share: number, bar: number): void {
  const percent = (part: number) => `${(part * 100).toFixed(0)}%`;
  rows.push({ call, figure, beside, share: percent(share), bar: bar === 0 ? "" : percent(bar) });
}

function residentMb(pid: number): number {
  const match = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(match?.[1] ?? 0) / 1024;
}

async function main(): Promise<void> {
  const server = await startCloudkeepProcess();
  try {
    await clientOf(server).createBucket({ Bucket });
    if (count > 0) await small(server);
    await large(server);
    rows.push({
      call: "most memory",
      figure: `${residentMb(server.pid).toFixed(0)} MB`,
      beside: "",
      share: "",
      bar: "",
    });
  } finally {
    await server.stop();
    removeData(server);
  }
  if (million > 0) {
    const [few, many] = [await among(1_000), await among(million)];
    for (const [call, ms] of Object.entries(many)) {
      const before = few[call] ?? ms;
      report(
        `${call} among ${million.toLocaleString("en")}`,
        `${ms.toFixed(2)} ms`,
        `${before.toFixed(2)} ms among 1,000`,
        ms / before,
        1.3,
      );
    }
  }
  console.table(rows);
  const folder = fileURLToPath(new URL("results/", import.meta.url));
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}s3.json`, `${JSON.stringify({ node: process.version, rows }, null, 2)}\n`);
}

await main();
