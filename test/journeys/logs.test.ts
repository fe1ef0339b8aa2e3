import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Cloudkeep } from "../../src/start.ts";
import { startForTest } from "../harness.ts";

/** Lines with the AWS CLI as it is: written, searched, followed, queried. */

const run = promisify(execFile);

async function succeeds(args: string[]): Promise<boolean> {
  return await run("aws", args).then(
    () => true,
    () => false,
  );
}

const hasCli = await succeeds(["--version"]);
/** The first version of the CLI has no `tail`. */
const hasTail = hasCli && (await run("aws", ["--version"])).stdout.startsWith("aws-cli/2");

let cloudkeep: Cloudkeep;
beforeAll(async () => {
  cloudkeep = await startForTest();
});
afterAll(() => cloudkeep.stop());

async function aws(...args: string[]): Promise<string> {
  const { accessKeyId, secretAccessKey } = cloudkeep.credentials;
  const env = {
    PATH: process.env.PATH,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_PAGER: "",
  };
  const { stdout } = await run("aws", ["logs", ...args, "--endpoint-url", cloudkeep.endpoint], { env });
  return stdout.trim();
}

const group = ["--log-group-name", "/app/web"];
const stream = ["--log-stream-name", "i-1"];
const asText = ["--output", "text"];

describe.skipIf(!hasCli)("the AWS CLI", () => {
  it("writes lines, finds them, and queries them", async () => {
    await aws("create-log-group", ...group, "--tags", "team=a");
    await aws("create-log-stream", ...group, ...stream);
    const now = Date.now();
    const events = ["hello world", "ERROR one", "ERROR two"].map((message, i) => ({
      timestamp: now + i,
      message,
    }));
    await aws("put-log-events", ...group, ...stream, "--log-events", JSON.stringify(events));
    const found = await aws(
      "filter-log-events",
      ...group,
      "--filter-pattern",
      "ERROR -one",
      "--query",
      "events[].message",
      ...asText,
    );
    expect(found).toBe("ERROR two");
    // The client pages by itself, one event at a time.
    const paged = await aws(
      "filter-log-events",
      ...group,
      "--page-size",
      "1",
      "--query",
      "events[].message",
      ...asText,
    );
    expect(paged.split(/\t|\n/)).toEqual(["hello world", "ERROR one", "ERROR two"]);
    const range = [
      "--start-time",
      String(Math.floor(now / 1000) - 60),
      "--end-time",
      String(Math.ceil(now / 1000) + 60),
    ];
    const text = "filter @message like /ERROR/ | stats count(*) as n by @logStream";
    const queryId = await aws(
      "start-query",
      ...group,
      ...range,
      "--query-string",
      text,
      "--query",
      "queryId",
      ...asText,
    );
    await expect
      .poll(
        () => aws("get-query-results", "--query-id", queryId, "--query", "results[0][].value", ...asText),
        {
          timeout: 20_000,
        },
      )
      .toBe("i-1\t2");
  }, 60_000);

  it.skipIf(!hasTail)(
    "follows them",
    async () => {
      const tailed = await aws("tail", "/app/web", "--since", "1h", "--format", "short");
      expect(tailed.split("\n").map((line) => line.split(" ").slice(1).join(" "))).toEqual([
        "hello world",
        "ERROR one",
        "ERROR two",
      ]);
    },
    60_000,
  );
});
