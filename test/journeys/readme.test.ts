import { execFile, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

/** The README's tour, word for word, against the program that a user starts. */

const run = promisify(execFile);
const hasCli = await run("aws", ["--version"]).then(
  () => true,
  () => false,
);
if (!hasCli) console.warn("Skipped: the AWS CLI is not installed.");

/** The shell commands of the tour. */
function tour(): string {
  const readme = readFileSync("README.md", "utf8");
  const section = readme.slice(readme.indexOf("## A tour"), readme.indexOf("## Commands"));
  return [...section.matchAll(/```sh\n(.*?)```/gs)].map((match) => match[1]).join("\n");
}

it.skipIf(!hasCli)(
  "the README's tour works, and ends with what alice may",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "cloudkeep-tour-"));
    const env = {
      ...process.env,
      HOME: folder,
      XDG_CONFIG_HOME: join(folder, "config"),
      XDG_DATA_HOME: join(folder, "data"),
      AWS_PAGER: "",
      PATH: `${folder}:${process.env.PATH}`,
    };
    // In a folder of its own, where `npx` would not find the checkout.
    writeFileSync(
      join(folder, "npx"),
      `#!/bin/sh\nshift\nexec "${process.execPath}" "${resolve("dist/main.js")}" "$@"\n`,
    );
    chmodSync(join(folder, "npx"), 0o755);
    const server = spawn(process.execPath, [resolve("dist/main.js"), "start", "--port", "0"], {
      env,
      cwd: folder,
    });
    try {
      await new Promise<void>((started, failed) => {
        server.stdout.on("data", (text: Buffer) => text.includes("listens on") && started());
        server.once("exit", (code) => failed(new Error(`Cloudkeep ended with ${code}.`)));
      });
      const script = `eval "$(npx cloudkeep env)"\n${tour()}`;
      // Two of its commands are refused on purpose, so the shell must go on.
      const { stdout, stderr } = await run("bash", ["-c", script], { env, cwd: folder });
      expect(stdout).toContain("arn:aws:iam::000000000000:root");
      expect(stdout).toContain("What would have allowed it:");
      expect(stdout.match(/4111 1111 1111 1111/g)).toHaveLength(2);
      expect(stderr).toContain("InvalidCiphertextException");
      expect(stderr).toContain("is not authorized to perform: kms:Decrypt");
    } finally {
      server.kill();
      await new Promise((ended) => server.once("exit", ended));
      rmSync(folder, { recursive: true, force: true });
    }
  },
  120_000,
);
