import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Cloudkeep } from "../../src/start.ts";
import { startForTest } from "../harness.ts";
import { aws, environment, hasCli, hasCliV2 } from "./unmodified.ts";

/** Lines with the AWS CLI as it is: written, searched, followed, queried. */

let cloudkeep: Cloudkeep;
beforeAll(async () => {
  cloudkeep = await startForTest();
});
afterAll(() => cloudkeep.stop());

const logs = async (...args: string[]) => (await aws(environment(cloudkeep), "logs", ...args)).trim();

const group = ["--log-group-name", "/app/web"];
const stream = ["--log-stream-name", "i-1"];
const asText = ["--output", "text"];

describe.skipIf(!hasCli)("the AWS CLI", () => {
  it("writes lines, finds them, and queries them", async () => {
    await logs("create-log-group", ...group, "--tags", "team=a");
    await logs("create-log-stream", ...group, ...stream);
    const now = Date.now();
    const events = ["hello world", "ERROR one", "ERROR two"].map((message, i) => ({
      timestamp: now + i,
      message,
    }));
    await logs("put-log-events", ...group, ...stream, "--log-events", JSON.stringify(events));
    const found = await logs(
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
    const paged = await logs(
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
    const queryId = await logs(
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
        () => logs("get-query-results", "--query-id", queryId, "--query", "results[0][].value", ...asText),
        {
          timeout: 20_000,
        },
      )
      .toBe("i-1\t2");
  }, 60_000);

  it.skipIf(!hasCliV2)(
    "follows them",
    async () => {
      const tailed = await logs("tail", "/app/web", "--since", "1h", "--format", "short");
      expect(tailed.split("\n").map((line) => line.split(" ").slice(1).join(" "))).toEqual([
        "hello world",
        "ERROR one",
        "ERROR two",
      ]);
    },
    60_000,
  );
});
