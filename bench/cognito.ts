/**
 * Cognito user pools: users loaded, sign-in and lists in pools of different sizes by turns, tokens beside bare
 * signatures. Run: `node --import tsx bench/cognito.ts`. `BENCH_USERS=1000,100000` says how many users the two pools
 * have, `BENCH_COUNT` how many sign in, `BENCH_CALLS` how many are made call by call, `BENCH_PEER` asks another server,
 * `BENCH_TRIES` how often a wrong password and a wrong user are compared.
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { CognitoIdentityProvider } from "@aws-sdk/client-cognito-identity-provider";
import { compareTimes } from "./cognitoTimes.ts";
import { type CloudkeepServer, cpuMs, removeData, startCloudkeepProcess } from "./processes.ts";
import { settle } from "./seed.ts";
import { call, type SignedIn, signInBySrp } from "./srp.ts";
import { measureTokens } from "./tokens.ts";
import { measureCalls } from "./userCalls.ts";
import { emailOf, loadByCalls, loadByFiles, makePool, optionsOf, type Pool, password } from "./users.ts";

const sizes = (process.env.BENCH_USERS ?? "1000,1000000").split(",").filter(Boolean).map(Number);
const signIns = Number(process.env.BENCH_COUNT ?? 300);
const calls = Number(process.env.BENCH_CALLS ?? 100_000);
const warmUps = 20;

interface Stand extends Pool {
  size: number;
  url: string;
  server: CloudkeepServer;
}

const median = (values: number[]) =>
  [...values].sort((x, y) => x - y)[Math.floor(values.length / 2)] as number;

/** All that is resident, and the pages of mapped files in it: the system's cache of tables that LevelDB reads. */
function memoryMb({ pid }: CloudkeepServer): { all: number; mapped: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const of = (name: string) => Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1024);
  return { all: of("VmRSS"), mapped: of("RssFile") };
}

const loads: Record<string, string | number>[] = [];

function noteLoad(how: string, { users, seconds, jobs }: { users: number; seconds: number; jobs: number }) {
  const perSecond = Math.round(users / seconds);
  loads.push({ how, users, jobs, seconds: seconds.toFixed(1), "users per second": perSecond });
}

/** A pool of a size, loaded from files, in which some can sign in. */
async function stand(size: number): Promise<Stand> {
  const first = await startCloudkeepProcess();
  const pool = await makePool(first);
  noteLoad("from files", await loadByFiles(pool, size));
  for (let i = 0; i < signIns + warmUps; i += 1) {
    const user = { UserPoolId: pool.UserPoolId, Username: `signer-${i}` };
    await pool.idp.adminCreateUser({ ...user, MessageAction: "SUPPRESS" });
    await pool.idp.adminSetUserPassword({ ...user, Password: password, Permanent: true });
  }
  if (size === Math.min(...sizes) && calls > 0) noteLoad("call by call", await callByCall());
  await first.stop();
  // Users that came over months were merged as they came.
  if (size > 100_000) await settle(first.directory);
  const server = await startCloudkeepProcess(first.directory);
  const idp = new CognitoIdentityProvider(optionsOf(server));
  return { ...pool, idp, size, server, url: `http://127.0.0.1:${server.port}/` };
}

/** On a server of its own. */
async function callByCall() {
  const server = await startCloudkeepProcess();
  try {
    return await loadByCalls(server, await makePool(server), calls);
  } finally {
    await server.stop();
    removeData(server);
  }
}

const columns = ["signIn", "refresh", "getUser", "equal", "prefix", "first"] as const;
type Times = Record<(typeof columns)[number], number[]> & { cpu: number[] };

/** One round in one pool: a user who has not signed in before does so, and what apps and administrators then ask. */
async function round(one: Stand, i: number, times: Times): Promise<void> {
  const { url, idp, ClientId, UserPoolId, size, server } = one;
  const cpu = cpuMs(server.pid);
  const signedIn: SignedIn = await signInBySrp(url, one, `signer-${i}`, password);
  times.cpu.push(cpuMs(server.pid) - cpu);
  times.signIn.push(signedIn.ms);
  const { AccessToken, RefreshToken: REFRESH_TOKEN } = signedIn;
  const refresh = { AuthFlow: "REFRESH_TOKEN_AUTH", ClientId, AuthParameters: { REFRESH_TOKEN } };
  times.refresh.push((await call(url, "InitiateAuth", refresh))[0]);
  times.getUser.push((await call(url, "GetUser", { AccessToken }))[0]);
  const some = emailOf(Math.floor((((i * 7919) % 997) * size) / 997));
  const list = async (Filter?: string) => {
    const begun = performance.now();
    await idp.listUsers({ UserPoolId, ...(Filter !== undefined && { Filter }) });
    return performance.now() - begun;
  };
  times.equal.push(await list(`email = "${some}"`));
  times.prefix.push(await list(`email ^= "${some.slice(0, some.indexOf("-") + 2)}"`));
  times.first.push(await list());
}

async function measure(stands: Stand[]): Promise<Record<string, string | number>[]> {
  const times = stands.map(
    (): Times => ({ signIn: [], refresh: [], getUser: [], equal: [], prefix: [], first: [], cpu: [] }),
  );
  for (let i = 0; i < warmUps; i += 1)
    for (const one of stands) await signInBySrp(one.url, one, `signer-${signIns + i}`, password);
  for (let i = 0; i < signIns; i += 1) {
    const turns = [...stands.keys()];
    // Who comes second finds the machine warmer.
    for (const at of i % 2 === 0 ? turns : turns.reverse())
      await round(stands[at] as Stand, i, times[at] as Times);
  }
  return stands.map(({ size, server }, at) => {
    const own = times[at] as Times;
    const [signIn, refresh, getUser, equal, prefix, first] = columns.map((name) => median(own[name]));
    const ms = (value = 0) => value.toFixed(2);
    return {
      users: size,
      "SRP sign-in, ms": ms(signIn),
      "of it CPU, ms": ms(own.cpu.reduce((sum, one) => sum + one, 0) / signIns),
      "beside the first": ((signIn ?? 0) / median((times[0] as Times).signIn)).toFixed(2),
      "refresh (2 tokens), ms": ms(refresh),
      "GetUser, ms": ms(getUser),
      "email =, ms": ms(equal),
      "email ^=, ms": ms(prefix),
      "first page, ms": ms(first),
      "memory, MB": memoryMb(server).all,
      "of it mapped files, MB": memoryMb(server).mapped,
    };
  });
}

/** The same calls here and, where one is named, of a peer. */
async function compare() {
  const server = await startCloudkeepProcess();
  try {
    const own = await measureCalls("Cloudkeep", optionsOf(server).endpoint, server.credentials);
    const { BENCH_PEER: peer } = process.env;
    return peer === undefined ? [own] : [own, await measureCalls(peer, peer, server.credentials)];
  } finally {
    await server.stop();
    removeData(server);
  }
}

const stands: Stand[] = [];
try {
  for (const size of sizes) stands.push(await stand(size));
  const rows = await measure(stands);
  const [one] = stands;
  for (const { server } of stands) await server.stop();
  const tokens = one && [await measureTokens(one.server.directory, one.UserPoolId, one.ClientId, "signer-0")];
  const times = await compareTimes();
  console.table(loads);
  console.table(rows);
  console.table(tokens);
  console.table(times);
  const compared = await compare();
  console.table(compared);
  const folder = fileURLToPath(new URL("results/", import.meta.url));
  mkdirSync(folder, { recursive: true });
  const result = { node: process.version, loads, rows, tokens, times, calls: compared };
  writeFileSync(`${folder}cognito.json`, `${JSON.stringify(result, null, 2)}\n`);
} finally {
  for (const { server } of stands) {
    await server.stop();
    removeData(server);
  }
}
