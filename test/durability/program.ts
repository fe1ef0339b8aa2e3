import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { expect } from "vitest";
import { type Child, newEncodedKey, start, temporaryDirectory } from "./children.ts";

/** The program as a user starts it, with traffic upon it, killed again and again. */

const program = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const credentials = {
  accessKeyId: "AKIADURABILITYDURABI",
  secretAccessKey: "durability/only+000000000000000000000000",
};
export const account = "000000000000";

export interface Running {
  child: Child;
  /** For clients of the SDK. A call whose connection dies fails at once. */
  options: {
    endpoint: string;
    region: string;
    credentials: typeof credentials;
    maxAttempts: number;
    requestHandler: NodeHttpHandler;
  };
}

/** What is done to the program, and what must hold of it in the end. */
export interface Traffic {
  /** Makes what the traffic needs. */
  build(running: Running): Promise<void>;
  /** Calls until the process dies. */
  drive(running: Running, cycle: number): Promise<void>;
  /** Throws if anything that was acknowledged is not there. */
  check(running: Running): Promise<void>;
}

function spawned(dir: string, rootKey: string): Child {
  process.env.CLOUDKEEP_ROOT_ACCESS_KEY_ID = credentials.accessKeyId;
  process.env.CLOUDKEEP_ROOT_SECRET_ACCESS_KEY = credentials.secretAccessKey;
  process.env.XDG_CONFIG_HOME = dir;
  return start(program, ["start", "--port", "0", "--data", `${dir}/data`, "--log", "error"], rootKey);
}

async function begin(dir: string, rootKey: string): Promise<Running> {
  const child = spawned(dir, rootKey);
  const endpoint = /http:\/\/\S+/.exec((await child.firstLine) ?? "")?.[0] ?? "";
  expect(endpoint, child.errors()).not.toBe("");
  // HTTP/1.1, for Kinesis too.
  const requestHandler = new NodeHttpHandler();
  return { child, options: { endpoint, region: "us-east-1", credentials, maxAttempts: 1, requestHandler } };
}

async function end({ process: child, lines }: Child, signal: NodeJS.Signals): Promise<void> {
  child.kill(signal);
  await lines;
}

export interface Kills {
  cycles: number;
  /** A process is killed at a random time, this long after it listens at the latest. */
  longestRunMs: number;
}

/** Every so many processes, one is killed before it listens: while it recovers. */
const earlyKillEvery = 10;
const longestStartMs = 250;

/** Builds, drives through every kill, and checks what a last process finds. */
export async function survives(
  { build, drive, check }: Traffic,
  { cycles, longestRunMs }: Kills,
): Promise<void> {
  const { dir, remove } = temporaryDirectory();
  const rootKey = newEncodedKey();
  let present: Child | undefined;
  try {
    const first = await begin(dir, rootKey);
    present = first.child;
    await build(first);
    await end(first.child, "SIGTERM");
    for (let cycle = 0; cycle < cycles; cycle += 1) {
      if (cycle % earlyKillEvery === earlyKillEvery - 1) {
        present = spawned(dir, rootKey);
        await sleep(Math.random() * longestStartMs);
        await end(present, "SIGKILL");
        continue;
      }
      const running = await begin(dir, rootKey);
      present = running.child;
      const driving = drive(running, cycle);
      await sleep(Math.random() * longestRunMs);
      await end(running.child, "SIGKILL");
      await driving;
    }
    const last = await begin(dir, rootKey);
    present = last.child;
    await check(last);
    await end(last.child, "SIGTERM");
  } finally {
    present?.process.kill("SIGKILL");
    remove();
  }
}

/** How long a test of so many kills may take, on a machine that is busy with others. */
export function timeoutOf({ cycles }: Kills): number {
  return 240_000 + cycles * 5_000;
}

const longestSettlingMs = 120_000;

/** Reads until what is read is enough, or will not become enough any more. */
export async function readUntil<T>(read: () => Promise<T>, isEnough: (found: T) => boolean): Promise<T> {
  const deadline = Date.now() + longestSettlingMs;
  for (;;) {
    const found = await read();
    if (isEnough(found) || Date.now() > deadline) return found;
    await sleep(500);
  }
}
