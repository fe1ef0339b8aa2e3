import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Cloudkeep } from "../../src/start.ts";
import type { Credentials } from "../harness.ts";

/** The AWS CLI and boto3 as they are, told of Cloudkeep by their environment alone. */

const run = promisify(execFile);

async function works(command: string, ...args: string[]): Promise<boolean> {
  return await run(command, args).then(
    () => true,
    () => false,
  );
}

export const hasCli = await works("aws", "--version");
const interpreter = (await works("python3", "-c", "import boto3")) ? "python3" : "/usr/bin/python3";
export const hasBoto3 = await works(interpreter, "-c", "import boto3");
if (!hasCli) console.warn("Skipped: the AWS CLI is not installed.");
if (!hasBoto3) console.warn("Skipped: boto3 is not installed.");

/** The first version of the CLI has no `logs tail`. */
export const hasCliV2 = hasCli && (await run("aws", ["--version"])).stdout.startsWith("aws-cli/2");

export function environment(
  { endpoint, credentials: root }: Cloudkeep,
  { accessKeyId, secretAccessKey, sessionToken }: Credentials = root,
): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    // No settings of whoever runs the tests.
    HOME: "/nonexistent",
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    ...(sessionToken !== undefined && { AWS_SESSION_TOKEN: sessionToken }),
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_PAGER: "",
    AWS_MAX_ATTEMPTS: "1",
  };
}

/** What the AWS CLI prints. Throws an error with `stdout` and `stderr` if it ends otherwise than well. */
export async function aws(env: NodeJS.ProcessEnv, ...args: string[]): Promise<string> {
  // The endpoint is also given as an option: older versions do not read it from the environment.
  const all = [...args, "--endpoint-url", env.AWS_ENDPOINT_URL ?? ""];
  const { stdout } = await run("aws", all, { env, maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}

/** What a script prints. */
export async function python(env: NodeJS.ProcessEnv, script: string): Promise<string> {
  const { stdout } = await run(interpreter, ["-c", script], { env });
  return stdout;
}
