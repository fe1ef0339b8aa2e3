import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));

/** Bundles a script of this folder, since a bundle starts in a fraction of the time. Returns its path. */
export async function bundle(name: string): Promise<string> {
  // Inside the repository, so that packages are found.
  const outdir = join(here, "../../build/durability");
  mkdirSync(outdir, { recursive: true });
  const outfile = join(mkdtempSync(join(outdir, "worker-")), `${name}.mjs`);
  await build({
    entryPoints: [join(here, `${name}.ts`)],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    external: ["classic-level"],
    logLevel: "silent",
  });
  return outfile;
}

export function temporaryDirectory(): { dir: string; remove: () => void } {
  const dir = mkdtempSync(join(tmpdir(), "cloudkeep-durability-"));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

export function newEncodedKey(): string {
  return randomBytes(32).toString("base64");
}

export interface Child {
  process: ChildProcess;
  /** Resolves with whether a line came, false if the process ended first. */
  firstLine: Promise<string | undefined>;
  /** All whole lines, once the process has ended. */
  lines: Promise<string[]>;
  errors: () => string;
}

export function start(script: string, args: string[], rootKey: string): Child {
  const child = spawn(process.execPath, [script, ...args], {
    env: { ...process.env, CLOUDKEEP_ROOT_KEY: rootKey },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let errors = "";
  let first: (line: string | undefined) => void = () => {};
  const firstLine = new Promise<string | undefined>((resolve) => {
    first = resolve;
  });
  child.stdout.on("data", (data: Buffer) => {
    output += data.toString();
    if (output.includes("\n")) first(output.slice(0, output.indexOf("\n")));
  });
  child.stderr.on("data", (data: Buffer) => {
    errors += data.toString();
  });
  const lines = new Promise<string[]>((resolve) => {
    child.on("close", () => {
      first(undefined);
      resolve(output.split("\n").slice(0, -1));
    });
  });
  return { process: child, firstLine, lines, errors: () => errors };
}
