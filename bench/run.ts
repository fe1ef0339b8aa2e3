/** Every benchmark, one table, and the same as JSON in `bench/results/`. */

import { readFileSync } from "node:fs";
import { IAM } from "@aws-sdk/client-iam";
import { compare, count, only, report, rounds } from "./compare.ts";
import { type CloudkeepServer, removeData, startCloudkeepProcess } from "./processes.ts";
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

function residentMb(pid: number): number {
  const match = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(match?.[1] ?? 0) / 1024;
}

const home = "000000000000";
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
  report(facts, "gate");
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

await main();
