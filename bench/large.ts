/** Memory of the server while one large object goes up and down. `node --import tsx bench/large.ts` */

import { readFileSync } from "node:fs";
import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { S3 } from "@aws-sdk/client-s3";
import { removeData, startCloudkeepProcess } from "./processes.ts";

/** A single PutObject takes no more than 5 GB. */
const bytes = Number(process.env.BENCH_BYTES ?? 5_000_000_000);
const block = Buffer.alloc(1_000_000, 7);

const server = await startCloudkeepProcess();
const { port, credentials, pid } = server;
const options = { endpoint: `http://127.0.0.1:${port}`, region: "us-east-1", credentials };
const s3 = new S3({ ...options, forcePathStyle: true });
const at = { Bucket: "large", Key: "object" };

function peakMb(): number {
  const match = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Math.round(Number(match?.[1] ?? 0) / 1024);
}

function* blocks(): Generator<Buffer> {
  for (let sent = 0; sent < bytes; sent += block.length) yield block.subarray(0, bytes - sent);
}

async function timed(what: string, work: () => Promise<unknown>): Promise<void> {
  const begun = Date.now();
  await work();
  const perSecond = bytes / 2 ** 20 / ((Date.now() - begun) / 1_000);
  console.log(`${what}: ${bytes} bytes, ${perSecond.toFixed(0)} MiB/s; peak of the server ${peakMb()} MB`);
}

await s3.createBucket(at);
console.log(`at rest: ${peakMb()} MB`);
await timed("up", () =>
  s3.putObject({ ...at, Body: Readable.from(blocks(), { objectMode: false }), ContentLength: bytes }),
);
await timed("down", async () => {
  const { Body } = await s3.getObject(at);
  await pipeline(Body as Readable, new Writable({ write: (_piece, _encoding, done) => done() }));
});
await server.stop();
removeData(server);
