import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Lambda } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Cloudkeep, start } from "../../start.ts";
import { LevelStore } from "../../storage/level.ts";
import { lambdaClient, lambdaRole, makeFunction } from "./testing.ts";

/** Environments that are kept warm; what AWS was recorded to answer stands in test/conformance/lambda.test.ts. */

const source = `export const handler = async (event) => {
  if (event.dies) process.exit(1);
  return { kind: process.env.AWS_LAMBDA_INITIALIZATION_TYPE, process: process.pid };
};`;

const dir = mkdtempSync(join(tmpdir(), "cloudkeep-lambda-"));
const before = process.env.XDG_CONFIG_HOME;
let cloudkeep: Cloudkeep;
let lambda: Lambda;

async function open(): Promise<void> {
  const store = await LevelStore.open({ dir: join(dir, "data") });
  cloudkeep = await start({ store, credentialsFile: join(dir, "credentials") });
  lambda = lambdaClient(cloudkeep);
}

beforeAll(async () => {
  process.env.XDG_CONFIG_HOME = join(dir, "config");
  await open();
});
afterAll(async () => {
  await cloudkeep.stop();
  process.env.XDG_CONFIG_HOME = before;
  rmSync(dir, { recursive: true, force: true });
});

async function status(FunctionName: string, Qualifier = "1"): Promise<string | undefined> {
  for (;;) {
    const { Status } = await lambda.getProvisionedConcurrencyConfig({ FunctionName, Qualifier });
    if (Status !== "IN_PROGRESS") return Status;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function invoke(FunctionName: string, event: object = {}) {
  const asked = { FunctionName, Qualifier: "1", Payload: Buffer.from(JSON.stringify(event)) };
  const { Payload } = await lambda.invoke(asked);
  return JSON.parse(Buffer.from(Payload as Uint8Array).toString()) as { kind?: string };
}

async function provisioned(FunctionName: string): Promise<void> {
  const Role = await lambdaRole(cloudkeep, `${FunctionName}-role`, { Action: "logs:*", Resource: "*" });
  await makeFunction(lambda, FunctionName, Role, source, { Publish: true });
  const asked = { FunctionName, Qualifier: "1", ProvisionedConcurrentExecutions: 1 };
  await lambda.putProvisionedConcurrencyConfig(asked);
  expect(await status(FunctionName)).toBe("READY");
}

it("an environment that ends is replaced, and a change of $LATEST ends none", async () => {
  await provisioned("kept");
  const first = await invoke("kept");
  expect(first.kind).toBe("provisioned-concurrency");
  await lambda.updateFunctionConfiguration({ FunctionName: "kept", Description: "other" });
  expect(await invoke("kept")).toEqual(first);
  await invoke("kept", { dies: true });
  expect(await status("kept")).toBe("READY");
  expect((await invoke("kept")).kind).toBe("provisioned-concurrency");
});

it("they are warm again after a restart", async () => {
  await provisioned("restarted");
  await cloudkeep.stop();
  await open();
  expect(await status("restarted")).toBe("READY");
  expect((await invoke("restarted")).kind).toBe("provisioned-concurrency");
});
