/** CloudWatch: how fast values come in, and what reading them costs meanwhile and after. `node --import tsx bench/metrics.ts` */

import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runLoad } from "./load.ts";
import { removeData, startCloudkeepProcess } from "./processes.ts";
import { requestMaker } from "./signed.ts";

const valuesPerCall = 1_000;
const calls = Number(process.env.BENCH_CALLS ?? 3_000);
const Namespace = "Bench";

const server = await startCloudkeepProcess();
const make = requestMaker({ port: server.port, service: "monitoring", credentials: server.credentials });
const call = (operation: string, input: object) =>
  make.json(`GraniteServiceVersion20100801.${operation}`, input, "application/x-amz-json-1.0");

const rows: Record<string, string | number>[] = [];

/** 1,000 metrics with one value each: hosts times names. */
function singles(number: number): Buffer {
  const MetricData = Array.from({ length: valuesPerCall }, (_, i) => ({
    MetricName: `metric-${i % 20}`,
    Value: ((number * valuesPerCall + i) * 7919) % 1_000,
    Unit: "Milliseconds",
    Dimensions: [
      { Name: "Host", Value: `host-${Math.floor(i / 20)}` },
      { Name: "Service", Value: "orders" },
    ],
  }));
  return call("PutMetricData", { Namespace, MetricData });
}

/** Ten metrics with 100 values each. */
function lists(number: number): Buffer {
  const MetricData = Array.from({ length: 10 }, (_, i) => ({
    MetricName: `list-${i}`,
    Values: Array.from({ length: 100 }, (__, j) => ((number * 1_000 + i * 100 + j) * 7919) % 1_000),
    Unit: "Milliseconds",
  }));
  return call("PutMetricData", { Namespace, MetricData });
}

async function put(what: string, requestOf: (number: number) => Buffer): Promise<void> {
  const requests = Array.from({ length: 200 }, (_, i) => requestOf(i));
  await runLoad({ port: server.port, connections: 16, requests, count: 200 });
  const load = { port: server.port, connections: 16, requests, count: calls };
  const { perSecond, p50Ms, p99Ms, failed, firstFailure } = await runLoad(load);
  if (failed > 0) throw new Error(`${failed} calls failed: ${firstFailure}`);
  rows.push({
    what,
    "values per second": Math.round(perSecond * valuesPerCall),
    "p50 ms": p50Ms.toFixed(1),
    "p99 ms": p99Ms.toFixed(1),
    bar: 200_000,
  });
}

async function read(when: string): Promise<void> {
  const now = Date.now();
  const query = {
    Namespace,
    MetricName: "metric-0",
    Dimensions: [
      { Name: "Host", Value: "host-0" },
      { Name: "Service", Value: "orders" },
    ],
    StartTime: Math.floor(now / 1000) - 3_600,
    EndTime: Math.ceil(now / 1000) + 60,
    Period: 60,
    Statistics: ["Average"],
    ExtendedStatistics: undefined,
  };
  const small = call("PutMetricData", { Namespace: "Small", MetricData: [{ MetricName: "m", Value: 1 }] });
  const list = call("ListMetrics", { Namespace });
  for (const [what, request] of [
    ["GetMetricStatistics, one hour", call("GetMetricStatistics", query)],
    ["ListMetrics, 500", list],
    ["PutMetricData, one value", small],
  ] as const) {
    const load = { port: server.port, connections: 16, requests: [request], count: 500 };
    const { perSecond, p50Ms, failed, firstFailure } = await runLoad(load);
    if (failed > 0) throw new Error(`${what}: ${firstFailure}`);
    rows.push({ what: `${what}, ${when}`, "per second": Math.round(perSecond), "p50 ms": p50Ms.toFixed(1) });
  }
}

try {
  await put("1,000 metrics, one value each", singles);
  await put("10 metrics, 100 values each", lists);
  await read("while batches wait");
  await new Promise((resolve) => setTimeout(resolve, 25_000));
  await read("after they were merged");
  console.table(rows);
  const folder = fileURLToPath(new URL("results/", import.meta.url));
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}metrics.json`, `${JSON.stringify({ node: process.version, rows }, null, 2)}\n`);
} finally {
  await server.stop();
  removeData(server);
}
