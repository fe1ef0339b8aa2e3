/** CloudWatch Logs: how fast lines come in, and how fast they are found among many. `node --import tsx bench/logs.ts` */

import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { CloudWatchLogs } from "@aws-sdk/client-cloudwatch-logs";
import { runLoad } from "./load.ts";
import { removeData, startCloudkeepProcess } from "./processes.ts";
import { requestMaker } from "./signed.ts";

const linesPerBatch = 1_000;
const batches = Number(process.env.BENCH_BATCHES ?? 1_000);
/** A line of about 100 bytes. */
const lineOf = (n: number) =>
  `{"level":"${n % 50 === 0 ? "error" : "info"}","path":"/orders/${n % 997}","ms":${(n * 7919) % 1000},"request":"${String(n).padStart(12, "0")}","note":"ok"}`;
const logGroupName = "bench";
const streams = 8;

const server = await startCloudkeepProcess();
const credentials = server.credentials;
const logs = new CloudWatchLogs({
  endpoint: `http://127.0.0.1:${server.port}`,
  region: "us-east-1",
  credentials,
});
const make = requestMaker({ port: server.port, service: "logs", credentials });
const call = (operation: string, input: object) => make.json(`Logs_20140328.${operation}`, input);

const start = Date.now() - batches * linesPerBatch;
const rows: Record<string, string | number>[] = [];

function putRequest(batch: number): Buffer {
  const logEvents = Array.from({ length: linesPerBatch }, (_, i) => {
    const n = batch * linesPerBatch + i;
    return { timestamp: start + n, message: lineOf(n) };
  });
  return call("PutLogEvents", { logGroupName, logStreamName: `s${batch % streams}`, logEvents });
}

async function put(first: number, count: number, connections: number): Promise<number> {
  const requests = Array.from({ length: count }, (_, i) => putRequest(first + i));
  const { perSecond, failed, firstFailure } = await runLoad({
    port: server.port,
    connections,
    requests,
    count,
  });
  if (failed > 0) throw new Error(`${failed} batches failed: ${firstFailure}`);
  return perSecond * linesPerBatch;
}

/** The calls whose cost must not grow with the number of lines that are stored. */
async function single(stored: number): Promise<void> {
  const last = start + stored - 1;
  const calls: [name: string, request: Buffer][] = [
    ["GetLogEvents, last 100", call("GetLogEvents", { logGroupName, logStreamName: "s0", limit: 100 })],
    ["FilterLogEvents, first 100", call("FilterLogEvents", { logGroupName, limit: 100 })],
    [
      "FilterLogEvents, one second of one stream",
      call("FilterLogEvents", {
        logGroupName,
        logStreamNames: ["s0"],
        startTime: start,
        endTime: start + 999,
        limit: 100,
      }),
    ],
    [
      "PutLogEvents, one line",
      call("PutLogEvents", {
        logGroupName,
        logStreamName: "s0",
        logEvents: [{ timestamp: last, message: "x" }],
      }),
    ],
  ];
  for (const [name, request] of calls) {
    const count = 1_000;
    await runLoad({ port: server.port, connections: 16, requests: [request], count: 200 });
    const { perSecond, p50Ms, failed, firstFailure } = await runLoad({
      port: server.port,
      connections: 16,
      requests: [request],
      count,
    });
    if (failed > 0) throw new Error(`${name}: ${firstFailure}`);
    rows.push({
      what: `${name}, ${stored.toLocaleString("en")} stored`,
      "per second": Math.round(perSecond),
      "p50 ms": p50Ms.toFixed(2),
    });
  }
}

async function timed(what: string, stored: number, work: () => Promise<number>): Promise<void> {
  const begun = performance.now();
  const found = await work();
  const seconds = (performance.now() - begun) / 1000;
  rows.push({ what, found, "lines per second": Math.round(stored / seconds), seconds: seconds.toFixed(2) });
}

async function filter(filterPattern: string): Promise<number> {
  let found = 0;
  let nextToken: string | undefined;
  do {
    const page = await logs.filterLogEvents({ logGroupName, filterPattern, nextToken });
    found += page.events?.length ?? 0;
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return found;
}

async function query(queryString: string): Promise<number> {
  const range = { startTime: Math.floor(start / 1000), endTime: Math.ceil(Date.now() / 1000) };
  const { queryId } = await logs.startQuery({ logGroupName, queryString, ...range });
  for (;;) {
    const { status, results } = await logs.getQueryResults({ queryId });
    if (status === "Complete") return results?.length ?? 0;
    if (status !== "Scheduled" && status !== "Running") throw new Error(`The query ended with ${status}.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

try {
  await logs.createLogGroup({ logGroupName });
  for (let i = 0; i < streams; i += 1) await logs.createLogStream({ logGroupName, logStreamName: `s${i}` });
  await put(0, 1, 1);
  await single(linesPerBatch);
  const perSecond = await put(1, batches - 1, 16);
  rows.push({ what: "PutLogEvents, lines", "lines per second": Math.round(perSecond), bar: 200_000 });
  const stored = batches * linesPerBatch;
  await new Promise((resolve) => setTimeout(resolve, 8_000));
  await single(stored);
  for (const pattern of [
    "nowhere",
    "0000000777",
    '{ $.ms = 7 && $.level = "error" }',
    "%orders/7[0-9]+.,.ms.:7,%",
  ]) {
    await timed(`FilterLogEvents ${pattern}`, stored, () => filter(pattern));
  }
  for (const text of [
    "fields @timestamp, @message | filter @message like 'error' | sort @timestamp desc | limit 100",
    "filter level = 'error' | stats count(*), avg(ms), pct(ms, 99) by path | sort path",
    "stats count(*) by bin(1m)",
  ]) {
    await timed(`Insights ${text}`, stored, () => query(text));
  }
  console.table(rows);
  const folder = fileURLToPath(new URL("results/", import.meta.url));
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}logs.json`, `${JSON.stringify({ node: process.version, rows }, null, 2)}\n`);
} finally {
  await server.stop();
  removeData(server);
}
