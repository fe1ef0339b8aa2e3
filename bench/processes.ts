import { type ChildProcess, fork } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Servers under measurement run in processes of their own, so that the load does not share their thread. */

export interface Server {
  port: number;
  pid: number;
  stop(): Promise<void>;
}

export async function startBare(answerBytes: number): Promise<Server> {
  const child = fork(fileURLToPath(new URL("bare.ts", import.meta.url)), [String(answerBytes)], {
    execArgv: ["--import", "tsx"],
  });
  const { port } = await firstMessage<{ port: number }>(child);
  return { port, pid: child.pid ?? 0, stop: () => ended(child) };
}

export interface CloudkeepServer extends Server {
  credentials: { accessKeyId: string; secretAccessKey: string };
  /** ms from starting the process to its first answer. */
  startMs: number;
  directory: string;
}

const credentials = {
  accessKeyId: "AKIABENCHMARKBENCH00",
  secretAccessKey: "benchmark/only+0000000000000000000000000",
};

/** The bundle as a user starts it, on its own data directory. */
export async function startCloudkeepProcess(
  directory = mkdtempSync(join(tmpdir(), "cloudkeep-bench-")),
): Promise<CloudkeepServer> {
  const started = performance.now();
  const child = fork(
    fileURLToPath(new URL("../dist/main.js", import.meta.url)),
    ["start", "--port", "0", "--data", directory, "--log", "error"],
    {
      execArgv: process.env.BENCH_PROFILE
        ? ["--cpu-prof", "--cpu-prof-interval=200", `--cpu-prof-dir=${process.env.BENCH_PROFILE}`]
        : [],
      stdio: ["ignore", "pipe", "inherit", "ipc"],
      env: {
        ...process.env,
        XDG_CONFIG_HOME: join(directory, "config"),
        CLOUDKEEP_ROOT_ACCESS_KEY_ID: credentials.accessKeyId,
        CLOUDKEEP_ROOT_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      },
    },
  );
  const port = await announcedPort(child);
  await fetch(`http://127.0.0.1:${port}/`, { method: "POST" });
  const startMs = performance.now() - started;
  return {
    port,
    pid: child.pid ?? 0,
    credentials,
    startMs,
    directory,
    stop: () => ended(child),
  };
}

export function removeData({ directory }: CloudkeepServer): void {
  rmSync(directory, { recursive: true, force: true });
}

function announcedPort(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk;
      const match = /listens on https?:\/\/[^:]+:(\d+)/.exec(text);
      if (match) resolve(Number(match[1]));
    });
    child.once("exit", (code) => reject(new Error(`Cloudkeep ended with ${code}: ${text}`)));
  });
}

function firstMessage<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once("message", (message) => resolve(message as T));
    child.once("exit", (code) => reject(new Error(`The process ended with ${code}.`)));
  });
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    child.once("exit", () => resolve());
    child.kill("SIGTERM");
  });
}

/** CPU time of all threads of a process, as Linux counts it: in hundredths of a second. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
