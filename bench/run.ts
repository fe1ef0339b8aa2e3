/** Every benchmark, one table, and the same as JSON in `bench/results/`. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { IAM } from "@aws-sdk/client-iam";
import { type LoadResult, runLoad, runPeerLoad } from "./load.ts";
import { type CloudkeepServer, removeData, startBare, startCloudkeepProcess } from "./processes.ts";
import {
  type Account,
  seedAccounts,
  seedKeys,
  seedRoles,
  seedUsers,
  settle,
  usersPerAccount,
  withStore,
} from "./seed.ts";
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
  if (!name.includes(only)) return;
  const bare = await startBare(answerBytes);
  let own: LoadResult | undefined;
  let floor: LoadResult | undefined;
  try {
    for (let round = 0; round < rounds; round++) {
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

function residentMb(pid: number): number {
  const match = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(match?.[1] ?? 0) / 1024;
}

const home = "000000000000";
const rounds = 2;
/** Another server that answers the same calls, to measure beside: "http://127.0.0.1:5000". */
const peer = process.env.BENCH_PEER;
const peerCount = 2_000;
/** Measures only what has this in its name. */
const only = process.env.BENCH_ONLY ?? "";
/** Rows that stand when the writes are measured again. */
const million = Number(process.env.BENCH_ROWS ?? 1_000_000);

let serial = 0;

interface Seeded {
  accounts: Account[];
  keyIds: string[];
}

/** CreateUser spread over accounts, each within IAM's quota; Encrypt of 1 KiB under keys at random. */
async function writes(suffix: string, server: CloudkeepServer, { accounts, keyIds }: Seeded): Promise<void> {
  const { port } = server;
  const makers = accounts.map(({ credentials }) => requestMaker({ port, service: "iam", credentials }));
  const kms = requestMaker({ port, service: "kms", credentials: server.credentials });
  const Plaintext = Buffer.alloc(1024, 7).toString("base64");
  const createUsers = () =>
    Array.from({ length: count }, () => {
      const maker = makers[serial % makers.length] as (typeof makers)[number];
      return maker.query({ Action: "CreateUser", Version: "2010-05-08", UserName: `user-${serial++}` });
    });
  const encrypts = () =>
    Array.from({ length: Math.min(count, Math.max(keyIds.length, 64)) }, () => {
      const KeyId = keyIds[Math.floor(Math.random() * keyIds.length)] as string;
      return kms.json("TrentService.Encrypt", { KeyId, Plaintext });
    });
  await compare(`KMS Encrypt 1 KiB${suffix}`, 0.33, server, encrypts, 1560);
  await compare(`CreateUser${suffix}`, 0.25, server, createUsers, 520);
}

/** Accounts that have room for what a measurement makes beside what stands in them. */
function accountsFor(standing: number): number {
  return Math.max(64, Math.ceil((standing + count * rounds) / usersPerAccount) + 8);
}

async function seed(directory: string, rowsOfEach: number): Promise<Seeded> {
  return await withStore(directory, async (store) => {
    const accounts = await seedAccounts(store, accountsFor(rowsOfEach));
    if (rowsOfEach > 0) await seedUsers(store, accounts, Math.floor(rowsOfEach / accounts.length));
    return { accounts, keyIds: await seedKeys(store, home, Math.max(1, rowsOfEach)) };
  });
}

/** Statements of one of a user's policies: twelve, most of them of other services, some with conditions. */
function policyOf(number: number): string {
  const other = Array.from({ length: 11 }, (_, i) => ({
    Effect: "Allow",
    Action: [`s3:Get${i}`, `sqs:*${i}`],
    Resource: `arn:aws:s3:::bucket-${number}-${i}/*`,
    Condition: { StringEquals: { "aws:PrincipalTag/team": `team-${i}` } },
  }));
  const own = {
    Effect: "Allow",
    Action: "iam:GetUser",
    Resource: "*",
    Condition: { IpAddress: { "aws:SourceIp": "127.0.0.0/8" } },
  };
  return JSON.stringify({ Version: "2012-10-17", Statement: number === 4 ? [...other, own] : other });
}

/** A user of five policies asks for itself, in an account of so many users and roles. */
async function inAnAccountOf(count: number): Promise<void> {
  const name = `GetUser in an account of ${count.toLocaleString("en")}`;
  if (!name.includes(only)) return;
  const first = await startCloudkeepProcess();
  await first.stop();
  const [account] = await withStore(first.directory, async (store) => {
    const accounts = await seedAccounts(store, 1);
    await seedUsers(store, accounts, count);
    await seedRoles(store, accounts[0] as Account, count);
    return accounts;
  });
  const server = await startCloudkeepProcess(first.directory);
  try {
    const options = { endpoint: `http://127.0.0.1:${server.port}`, region: "us-east-1" };
    const iam = new IAM({ ...options, credentials: (account as Account).credentials });
    const UserName = "seeded-0";
    for (let i = 0; i < 5; i += 1) {
      const { Policy } = await iam.createPolicy({ PolicyName: `policy-${i}`, PolicyDocument: policyOf(i) });
      await iam.attachUserPolicy({ UserName, PolicyArn: Policy?.Arn });
    }
    const { AccessKey } = await iam.createAccessKey({ UserName });
    const credentials = {
      accessKeyId: AccessKey?.AccessKeyId ?? "",
      secretAccessKey: AccessKey?.SecretAccessKey ?? "",
    };
    const maker = requestMaker({ port: server.port, service: "iam", credentials });
    const getUser = maker.query({ Action: "GetUser", Version: "2010-05-08" });
    await compare(name, 0, server, () => [getUser], 620);
  } finally {
    await server.stop();
    removeData(server);
  }
}

async function main(): Promise<void> {
  const first = await startCloudkeepProcess();
  const firstStartMs = first.startMs;
  await first.stop();
  const seeded = await seed(first.directory, 0);
  const server = await startCloudkeepProcess(first.directory);
  const facts = { firstStartMs, startMs: server.startMs, idleMb: residentMb(server.pid) };
  try {
    const sts = requestMaker({ port: server.port, service: "sts", credentials: server.credentials });
    const identity = sts.query({ Action: "GetCallerIdentity", Version: "2011-06-15" });
    await compare("GetCallerIdentity", 0.4, server, () => [identity], 420);
    await writes("", server, seeded);
  } finally {
    await server.stop();
    removeData(server);
  }
  for (const users of [10, 10_000]) await inAnAccountOf(users);
  if (million > 0) await amongAMillion();
  report(facts);
}

async function amongAMillion(): Promise<void> {
  const first = await startCloudkeepProcess();
  await first.stop();
  const seeded = await seed(first.directory, million);
  await settle(first.directory);
  const server = await startCloudkeepProcess(first.directory);
  try {
    await writes(` among ${million.toLocaleString("en")}`, server, seeded);
  } finally {
    await server.stop();
    removeData(server);
  }
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
