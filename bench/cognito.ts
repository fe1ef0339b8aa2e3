/**
 * Cognito user pools: sign-in and lists in pools of different sizes, tokens beside bare signatures.
 * Run: `node --import tsx bench/cognito.ts`; `BENCH_USERS=1000,100000` says how many users.
 */

import {
  createDiffieHellman,
  createHash,
  createHmac,
  generateKeyPairSync,
  hkdfSync,
  randomBytes,
  sign,
} from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { CognitoIdentityProvider } from "@aws-sdk/client-cognito-identity-provider";
import { makeVerifier } from "../src/services/cognito-idp/auth/srp.ts";
import { type PoolRow, shortName } from "../src/services/cognito-idp/pools/poolRow.ts";
import { pools } from "../src/services/cognito-idp/tables.ts";
import { addUser } from "../src/services/cognito-idp/users/put.ts";
import { cpuMs, removeData, startCloudkeepProcess } from "./processes.ts";
import { settle, withStore } from "./seed.ts";

const account = "000000000000";
const region = "us-east-1";
const sizes = (process.env.BENCH_USERS ?? "1000,1000000").split(",").map(Number);
const signIns = Number(process.env.BENCH_COUNT ?? 300);
const usersPerBatch = 500;
const password = "Correct-horse-1";
const rows: Record<string, string | number>[] = [];

/** The group of RFC 5054 that Cognito uses, as Node knows it: OpenSSL's own. */
const group = createDiffieHellman(readModulus(), Buffer.of(2));

function readModulus(): Buffer {
  const source = readFileSync(new URL("../src/services/cognito-idp/auth/srp.ts", import.meta.url), "utf8");
  return Buffer.from([...source.matchAll(/"([0-9A-F]{90,})"/g)].map(([, hex]) => hex).join(""), "hex");
}

const N = BigInt(`0x${readModulus().toString("hex")}`);
const big = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
const fixed = (number: bigint) => Buffer.from(number.toString(16).padStart(768, "0"), "hex");
const sha = (...parts: Uint8Array[]) => createHash("sha256").update(Buffer.concat(parts)).digest();

function padded(number: bigint): Buffer {
  const hex = number.toString(16);
  const bytes = Buffer.from(hex.length % 2 ? `0${hex}` : hex, "hex");
  return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
}

function power(base: bigint, exponent: bigint): bigint {
  group.setPrivateKey(padded(exponent));
  return big(group.computeSecret(fixed(base)));
}

const k = big(sha(padded(N), padded(2n)));

/** Seeds users as sign-up writes them, index and all; every password is the same. */
async function seed(directory: string, poolId: string, count: number): Promise<void> {
  await withStore(directory, async (store) => {
    const pool = (await store.transact((tx) => pools.get(tx, account, region, poolId))) as PoolRow;
    const secret = makeVerifier(shortName(pool), "user-0", password);
    for (let from = 0; from < count; from += usersPerBatch) {
      await store.transact(async (tx) => {
        for (let i = from; i < Math.min(from + usersPerBatch, count); i += 1) {
          await addUser(
            pool,
            {
              username: `user-${i}`,
              sub: `00000000-0000-4000-8000-${String(i).padStart(12, "0")}`,
              enabled: true,
              status: "CONFIRMED",
              createdMs: 0,
              modifiedMs: 0,
              attributes: { email: `${i.toString(36)}-person@example.com`, email_verified: "true" },
              // Verifiers are bound to names: only the first user signs in.
              password: { ...secret, setMs: 0 },
              mfa: { enabled: [] },
            },
            { tx },
          );
        }
      });
    }
  });
}

const timestamp = () =>
  new Date().toUTCString().replace(/^(\w+), 0?(\d+) (\w+) (\d+) (\S+) GMT$/, "$1 $3 $2 $5 UTC $4");

/** Signs in by SRP; ms that the server's two answers took. */
async function srp(
  idp: CognitoIdentityProvider,
  ClientId: string,
  poolName: string,
): Promise<[number, string]> {
  const a = big(randomBytes(32));
  const A = power(2n, a);
  const begun = performance.now();
  const { ChallengeParameters = {} } = await idp.initiateAuth({
    AuthFlow: "USER_SRP_AUTH",
    ClientId,
    AuthParameters: { USERNAME: "user-0", SRP_A: A.toString(16) },
  });
  const first = performance.now() - begun;
  const { SRP_B = "", SALT = "", SECRET_BLOCK = "" } = ChallengeParameters;
  const B = BigInt(`0x${SRP_B}`);
  const u = sha(padded(A), padded(B));
  const identity = createHash("sha256").update(`${poolName}user-0:${password}`).digest();
  const x = big(sha(padded(BigInt(`0x${SALT}`)), identity));
  const base = (((B - k * power(2n, x)) % N) + N) % N;
  const S = power(base, a + big(u) * x);
  const key = Buffer.from(hkdfSync("sha256", padded(S), padded(big(u)), "Caldera Derived Key", 16));
  const TIMESTAMP = timestamp();
  const mac = createHmac("sha256", key)
    .update(`${poolName}user-0`)
    .update(Buffer.from(SECRET_BLOCK, "base64"));
  const again = performance.now();
  const { AuthenticationResult } = await idp.respondToAuthChallenge({
    ClientId,
    ChallengeName: "PASSWORD_VERIFIER",
    ChallengeResponses: {
      USERNAME: "user-0",
      PASSWORD_CLAIM_SECRET_BLOCK: SECRET_BLOCK,
      PASSWORD_CLAIM_SIGNATURE: mac.update(TIMESTAMP).digest("base64"),
      TIMESTAMP,
    },
  });
  return [first + performance.now() - again, AuthenticationResult?.AccessToken ?? ""];
}

const median = (values: number[]) =>
  [...values].sort((x, y) => x - y)[Math.floor(values.length / 2)] as number;

async function timed(count: number, work: (i: number) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const begun = performance.now();
    await work(i);
    times.push(performance.now() - begun);
  }
  return median(times);
}

function memoryMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
}

/** RS256 signatures of node:crypto alone, in ms. */
function bareSignature(): number {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const data = randomBytes(600);
  const begun = performance.now();
  for (let i = 0; i < 1_000; i += 1) sign("sha256", data, privateKey);
  return (performance.now() - begun) / 1_000;
}

async function measure(count: number): Promise<void> {
  const first = await startCloudkeepProcess();
  const options = ({ port, credentials }: typeof first) => ({
    endpoint: `http://127.0.0.1:${port}`,
    region,
    credentials,
  });
  const setup = new CognitoIdentityProvider(options(first));
  const { UserPool } = await setup.createUserPool({ PoolName: "bench" });
  const UserPoolId = UserPool?.Id ?? "";
  const { UserPoolClient } = await setup.createUserPoolClient({
    UserPoolId,
    ClientName: "bench",
    ExplicitAuthFlows: ["ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
  });
  const ClientId = UserPoolClient?.ClientId ?? "";
  await first.stop();
  const seeding = performance.now();
  await seed(first.directory, UserPoolId, count);
  if (count > 100_000) await settle(first.directory);
  const seedSeconds = (performance.now() - seeding) / 1_000;
  const server = await startCloudkeepProcess(first.directory);
  try {
    const idp = new CognitoIdentityProvider(options(server));
    const poolName = UserPoolId.split("_")[1] ?? "";
    for (let i = 0; i < 20; i += 1) await srp(idp, ClientId, poolName);
    const cpuBefore = cpuMs(server.pid);
    const times: number[] = [];
    let token = "";
    for (let i = 0; i < signIns; i += 1) {
      const [ms, AccessToken] = await srp(idp, ClientId, poolName);
      times.push(ms);
      token = AccessToken;
    }
    const cpu = (cpuMs(server.pid) - cpuBefore) / signIns;
    const { AuthenticationResult } = await idp.initiateAuth({
      AuthFlow: "USER_PASSWORD_AUTH",
      ClientId,
      AuthParameters: { USERNAME: "user-0", PASSWORD: password },
    });
    const REFRESH_TOKEN = AuthenticationResult?.RefreshToken ?? "";
    const refresh = { AuthFlow: "REFRESH_TOKEN_AUTH" as const, ClientId, AuthParameters: { REFRESH_TOKEN } };
    const some = (i: number) => Math.floor(((i * 7919) % 997) * (count / 997));
    const filter = (i: number) =>
      idp.listUsers({ UserPoolId, Filter: `email = "${some(i).toString(36)}-person@example.com"` });
    const prefix = (i: number) =>
      idp.listUsers({ UserPoolId, Filter: `email ^= "${some(i).toString(36)}-p"` });
    const tokenCpu = cpuMs(server.pid);
    const refreshMs = await timed(signIns, () => idp.initiateAuth(refresh));
    const refreshCpu = (cpuMs(server.pid) - tokenCpu) / signIns;
    rows.push({
      users: count,
      "SRP sign-in, ms": times.length > 0 ? median(times).toFixed(2) : "",
      "its CPU, ms": cpu.toFixed(2),
      "refresh (2 tokens), ms": refreshMs.toFixed(2),
      "refresh CPU, ms": refreshCpu.toFixed(2),
      "GetUser, ms": (await timed(signIns, () => idp.getUser({ AccessToken: token }))).toFixed(2),
      "email =, ms": (await timed(100, filter)).toFixed(2),
      "email ^=, ms": (await timed(100, prefix)).toFixed(2),
      "first page, ms": (await timed(50, () => idp.listUsers({ UserPoolId }))).toFixed(2),
      estimate: (await idp.describeUserPool({ UserPoolId })).UserPool?.EstimatedNumberOfUsers ?? 0,
      "memory, MB": Math.round(memoryMb(server.pid)),
      "bare RS256, ms": bareSignature().toFixed(2),
      "seeded in, s": Math.round(seedSeconds),
    });
  } finally {
    await server.stop();
    removeData(server);
  }
}

for (const size of sizes) await measure(size);
console.table(rows);
const folder = fileURLToPath(new URL("results/", import.meta.url));
mkdirSync(folder, { recursive: true });
writeFileSync(`${folder}cognito.json`, `${JSON.stringify({ node: process.version, rows }, null, 2)}\n`);
